#!/bin/sh
# Runs every benchmark once and prints its table. See docs/performance.md.
set -eu
for folder in benchmarks/*/; do
    name=$(basename "$folder")
    echo "== $name"
    swift run -c release "benchmark-$name"
done
