#!/bin/sh
# Runs every benchmark once and prints its table. See docs/performance.md.
set -eu
swift build -c release
bin=$(swift build -c release --show-bin-path)
# Half a million commits are slow on a disk and say nothing about it.
if [ -d /dev/shm ]; then export TMPDIR="${TMPDIR:-/dev/shm}"; fi
for name in decode append query scale collect; do
    echo "== $name"
    "$bin/benchmark-$name"
done
if [ -n "${MON_SHARED:-}" ]; then
    echo "== size"
    recordings=$(mktemp -d)
    trap 'rm -rf "$recordings"' EXIT
    for set in stretched stable node host; do
        python3 "$MON_SHARED/bench/recording.py" --data "$MON_SHARED/data" --set "$set" --hours 8 \
            --out "$recordings/$set.om" >/dev/null
        "$bin/benchmark-size" "$recordings/$set.om"
    done
fi
# Beside its peers, where they are installed: some minutes, and 2 GB in the temporary folder.
if [ -n "${MON_SPEED_DATASET:-}" ] && command -v prometheus >/dev/null && command -v victoria-metrics >/dev/null; then
    echo "== queries over HTTP"
    python3 benchmarks/http_speed.py --mon "$bin/mon" --dataset "$MON_SPEED_DATASET"
fi
echo "== cold query"
python3 benchmarks/cold_query.py --mon "$bin/mon" --maker "$bin/benchmark-append"
echo "== agent"
python3 benchmarks/agent.py --mon "$bin/mon"
