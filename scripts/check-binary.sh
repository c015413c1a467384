#!/bin/sh
# What the release binary must not contain or need: full Foundation, ICU, shared Swift or store libraries, and size.
set -eu
binary=${1:-.build/release/mon}
failed=0
fail() { echo "check-binary: $1" >&2; failed=1; }

# Symbols of full Foundation's module begin with $s10Foundation, FoundationEssentials' with $s20FoundationEssentials.
if nm "$binary" | grep -q ' \$s10Foundation[A-Z0-9]'; then fail "full Foundation is linked in"; fi
if nm "$binary" | grep -qiE ' (_?u_[a-z]+_[0-9]+|icu_[0-9]+|_ZN6icu_)'; then fail "ICU is linked in"; fi
for library in libFoundation lib_FoundationICU libswiftCore libicu liblmdb libre2; do
    if ldd "$binary" | grep -q "$library"; then fail "$library is needed at run time"; fi
done
stripped=$(mktemp)
strip -o "$stripped" "$binary"
size=$(stat -c %s "$stripped")
rm -f "$stripped"
echo "$binary: $((size / 1000)) kB stripped"
[ "$size" -le 25000000 ] || fail "over 25 MB stripped"
exit $failed
