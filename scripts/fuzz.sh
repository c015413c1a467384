#!/bin/sh
# Runs libFuzzer on every decoder and parser, or on the targets named, $MON_FUZZ_SECONDS (60) each, beginning with what
# the program writes and with Tests/FuzzTests/Corpora. The smallest inputs that together reach all that was reached
# become the target's corpus, 20 KiB of them at most. A crash ends the script; its input lies in .build-fuzz/crashes.
set -eu
cd "$(dirname "$0")/.."
seconds=${MON_FUZZ_SECONDS:-60}
library=$(dirname "$(dirname "$(readlink -f "$(command -v swift)")")")
library=$(find "$library" -name "libclang_rt.fuzzer_no_main-$(uname -m).a" | head -n 1)
[ -n "$library" ] || { echo "no libFuzzer beside $(command -v swift)" >&2; exit 1; }
MON_FUZZ=$library
export MON_FUZZ
# A crash has to end, not to wait for a backtracer.
export SWIFT_BACKTRACE=enable=no
# Inlined checks of the release build, and the tests' way to what is internal.
${MON_FUZZ_BUILD:-swift build} -c release -Xswiftc -enable-testing --product fuzz --scratch-path "$PWD/.build-fuzz"
fuzz=$PWD/.build-fuzz/release/fuzz
work=$PWD/.build-fuzz
mkdir -p "$work/seeds" "$work/found" "$work/crashes"
# Each run of some targets is a commit; memory takes it without a disk.
MON_FUZZ_FOLDER=$(mktemp -d /dev/shm/mon-fuzz-XXXXXX)
export MON_FUZZ_FOLDER
trap 'rm -rf "$MON_FUZZ_FOLDER"' EXIT INT TERM
"$fuzz" seeds "$work/seeds"
for target in ${*:-$("$fuzz" list)}; do
    mkdir -p "$work/found/$target"
    echo "== $target, $seconds s"
    MON_FUZZ_TARGET=$target
    export MON_FUZZ_TARGET
    "$fuzz" -max_total_time="$seconds" -max_len=4096 -rss_limit_mb=4096 -timeout=10 \
        -artifact_prefix="$work/crashes/$target-" "$work/found/$target" "$work/seeds/$target" \
        >"$work/$target.log" 2>&1 || { tail -n 40 "$work/$target.log" >&2; exit 1; }
    grep 'cov: ' "$work/$target.log" | tail -n 1
    rm -rf "$work/merged"
    mkdir "$work/merged"
    "$fuzz" -merge=1 -max_len=4096 -rss_limit_mb=4096 "$work/merged" "$work/found/$target" "$work/seeds/$target" \
        >"$work/$target-merge.log" 2>&1
    [ -n "$(ls "$work/merged")" ] || { tail -n 20 "$work/$target-merge.log" >&2; exit 1; }
    "$fuzz" keep "$work/merged"
done
