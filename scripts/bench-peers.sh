#!/usr/bin/env bash
# Compares Faxmill with Ghostscript, mutool, libtiff and ffmpeg on this machine; see bench_peers.py.
#
# usage: [CORPUS=folder] scripts/bench-peers.sh [PROGRAM]
#        without one, the release build is made and taken
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
if [ $# -eq 0 ]; then
    cargo build --release --locked
    set -- target/release/faxmill
fi
cargo build --release --locked --example raster_floor
scripts/fetch-pdfium.sh >/dev/null
exec python3 scripts/bench_peers.py "$1" target/release/examples/raster_floor
