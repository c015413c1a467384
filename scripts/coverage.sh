#!/bin/sh
# Prints the share of lines of Sources that the last `swift test --enable-code-coverage` ran, room by room, and fails
# where the whole is below the given percentage.
set -eu
least=${1:-87}
profile=$(find .build -path '*/codecov/default.profdata' | head -1)
tests=$(find .build -maxdepth 3 -name '*PackageTests.xctest' -path '*debug*' | head -1)
[ -n "$profile" ] && [ -n "$tests" ] || { echo "no coverage data: run make test first" >&2; exit 1; }
swift_home=$(dirname "$(dirname "$(readlink -f "$(command -v swift)")")")
"$swift_home/bin/llvm-cov" export "$tests" -instr-profile "$profile" -summary-only \
    -ignore-filename-regex='(\.build|Tests|benchmarks)/' >.build/coverage.json
/usr/bin/env python3 - "$least" <<'PY'
import json, sys
files = json.load(open(".build/coverage.json"))["data"][0]["files"]
rooms, total, covered = {}, 0, 0
for file in files:
    _, found, rest = file["filename"].partition("/Sources/")
    if not found:
        continue
    lines = file["summary"]["lines"]
    room = rooms.setdefault(rest.split("/")[0], [0, 0])
    room[0] += lines["covered"]
    room[1] += lines["count"]
    covered += lines["covered"]
    total += lines["count"]
for name, (part, whole) in sorted(rooms.items()):
    print(f"{name:10} {100 * part / max(1, whole):6.2f} %  of {whole} lines")
share = 100 * covered / max(1, total)
print(f"{'Sources':10} {share:6.2f} %  of {total} lines; at least {sys.argv[1]} % are wanted")
sys.exit(share < float(sys.argv[1]))
PY
