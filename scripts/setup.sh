#!/usr/bin/env bash
# Installs what Faxmill needs to build, run and test on Debian, and says what is missing elsewhere.
#   scripts/setup.sh [run|test|bench|quality]     what for; test, bench and quality include run
# Idempotent: when everything is there it takes no network and under a second.
set -euo pipefail
cd "$(dirname "$0")/.."
purpose=${1:-run}

packages=(build-essential pkg-config libclang-dev libtiff-dev libjpeg-dev libtiff-tools
          python3 python3-pip unzip ffmpeg tzdata)
case $purpose in
  run) ;;
  test) packages+=(tshark mpg123 sox ghostscript poppler-utils iproute2 fonts-dejavu-core
                   fonts-urw-base35 tesseract-ocr postgresql rabbitmq-server openssl) ;;
  bench) packages+=(ghostscript mupdf-tools poppler-utils) ;;
  quality) packages+=(ghostscript poppler-utils tesseract-ocr tesseract-ocr-eng python3-numpy
                      python3-pil) ;;
  *) echo "setup: unknown purpose '$purpose': use run, test, bench or quality" >&2; exit 64 ;;
esac

installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

if command -v dpkg-query >/dev/null; then
  missing=()
  for package in "${packages[@]}"; do installed "$package" || missing+=("$package"); done
  if [ ${#missing[@]} -gt 0 ]; then
    echo "setup: installing ${missing[*]}"
    as_root=()
    if [ "$(id -u)" -ne 0 ]; then
      command -v sudo >/dev/null || {
        echo "setup: these Debian packages are missing and need root to install: ${missing[*]}" >&2
        exit 69
      }
      as_root=(sudo)
    fi
    "${as_root[@]}" apt-get update -qq
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
      apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
  fi
else
  echo "setup: this is not a Debian system; make sure you have: ${packages[*]}" >&2
fi

if ! command -v cargo >/dev/null; then
  # A toolchain that is installed but not on the path of this shell.
  [ -x "$HOME/.cargo/bin/cargo" ] || {
    echo "setup: the Rust toolchain is missing: install Rust 1.92 or later from https://rustup.rs," >&2
    echo "setup: open a new shell so that 'cargo' is found, and run this command again" >&2
    exit 69
  }
  echo "setup: cargo is in $HOME/.cargo/bin but not on your PATH: add it and run this again" >&2
  exit 69
fi

if [ -n "${FAXMILL_PDFIUM:-}" ]; then
  [ -r "$FAXMILL_PDFIUM" ] || { echo "setup: FAXMILL_PDFIUM=$FAXMILL_PDFIUM cannot be read" >&2; exit 66; }
else
  scripts/fetch-pdfium.sh >/dev/null
fi
