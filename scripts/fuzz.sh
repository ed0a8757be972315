#!/usr/bin/env bash
# Runs the fuzz targets of the converter, one after the other, each for a while; ends with status 1
# at the first finding, whose input lies in fuzz/artifacts/.
#   FUZZ_SECONDS=600       for each target
#   FUZZ_TARGETS="…"       which ones; any file of fuzz/fuzz_targets/
#   FUZZ_SANITIZER=address or none
# Starts from the samples, from files that libtiff's tools make of one, and from the crash corpus.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${FUZZ_SECONDS:-600}
targets=${FUZZ_TARGETS:-t4_decode t4_encode tiff_input pdf_inspect scanned_pages}
sanitizer=${FUZZ_SANITIZER:-address}

# Instrumentation needs compiler flags that a stable compiler keeps back.
export RUSTC_BOOTSTRAP=1

cargo fuzz --version >/dev/null 2>&1 || cargo install cargo-fuzz --locked

seed() { # TARGET FILE…: copies of small files, named by their content
  local corpus=fuzz/corpus/$1 file
  shift
  mkdir -p "$corpus"
  for file in "$@"; do
    if [ -f "$file" ] && [ "$(stat -c %s "$file")" -le 65536 ]; then
      cp "$file" "$corpus/$(sha1sum <"$file" | cut -c1-40)"
    fi
  done
}

made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT
tiffcp -c none samples/fax-mh.tif,0 "$made/plain.tif"
tiffcp -c none -r 100 -t -w 256 -l 128 "$made/plain.tif" "$made/tiles.tif"
for coding in g3:1d g3:2d:fill g4 lzw:1 zip:1 packbits; do
  tiffcp -c "$coding" -r 500 "$made/plain.tif" "$made/$coding.tif"
  tiffcp -c "$coding" -f lsb2msb -B "$made/plain.tif" "$made/$coding-lsb.tif"
done
# Small pictures in colour, which reach the samples' code sooner than pages do.
for format in gray rgb24 rgb48le pal8 monow yuv420p; do
  for coding in raw lzw deflate packbits; do
    ffmpeg -v error -f lavfi -i testsrc=size=24x16:rate=1:duration=1 -frames:v 1 \
      -pix_fmt "$format" -compression_algo "$coding" "$made/$format-$coding.tif"
  done
done
tiffcp -c jpeg -r 16 "$made/rgb24-raw.tif" "$made/jpeg.tif"

status=0
for target in $targets; do
  case $target in
    tiff_input) seed "$target" samples/*.tif "$made"/*.tif tests/fuzz_corpus/*/tiff_input-* ;;
    pdf_inspect | scanned_pages) seed "$target" samples/*.pdf tests/fuzz_corpus/*/pdf_* ;;
    t4_*) seed "$target" tests/fuzz_corpus/*/t4_decode-* ;;
  esac
  echo "fuzz: $target for $seconds s"
  cargo fuzz run -s "$sanitizer" "$target" -- -max_total_time="$seconds" -max_len=65536 \
    -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 || { status=1; break; }
done
exit $status
