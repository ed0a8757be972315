#!/usr/bin/env bash
# Puts the PDFium library that Faxmill is tested with into .cache/pdfium/ and prints its path.
#
# The library comes from the wheel pypdfium2, pinned by version and by the hash of the library in
# it. Nothing is fetched when a good copy is there already, so this may run before every build.
# Needs the Debian packages python3, python3-pip and unzip. FAXMILL_PDFIUM at run time overrides
# the library; this script ignores it.
set -euo pipefail

wheel='pypdfium2==5.15.2'
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
folder=$root/.cache/pdfium
library=$folder/libpdfium.so

fail() {
    echo "fetch-pdfium: $*" >&2
    exit 1
}

# The hash of libpdfium.so (PDFium 8149) inside the wheel of each platform.
case $(uname -s)-$(uname -m) in
    Linux-x86_64) sha256=c76dc0f7839644bfa7c3e3107a6068df714e339c861bb7d4519907b821d427f9 ;;
    *)
        fail "no pinned library for $(uname -s) on $(uname -m):" \
            "build or fetch PDFium yourself and set FAXMILL_PDFIUM to its path"
        ;;
esac

is_good() {
    [ -f "$1" ] && [ "$(sha256sum <"$1" | cut -d' ' -f1)" = "$sha256" ]
}

if is_good "$library"; then
    echo "$library"
    exit 0
fi

command -v unzip >/dev/null || fail 'unzip is missing: apt-get install unzip'
python3 -m pip --version >/dev/null 2>&1 ||
    fail 'python3 with pip is missing: apt-get install python3 python3-pip'

mkdir -p "$folder"
work=$(mktemp -d "$folder/fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT

if ! python3 -m pip download --quiet --disable-pip-version-check --no-deps \
    --only-binary :all: --dest "$work" "$wheel" >&2; then
    fail "pip could not download $wheel: check the network or pip's index settings"
fi
unzip -q -j "$work"/pypdfium2-*.whl pypdfium2_raw/libpdfium.so -d "$work" ||
    fail "the wheel $wheel holds no libpdfium.so"
is_good "$work/libpdfium.so" ||
    fail "the library in $wheel has not the pinned hash $sha256: it was not installed"

# The rename makes a half-written library impossible, also when two builds run this at once.
mv "$work/libpdfium.so" "$library"
echo "$library"
