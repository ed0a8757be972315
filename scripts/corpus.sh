#!/usr/bin/env bash
# Converts every PDF of a folder and prints what became of them; see corpus.py.
exec python3 "$(dirname "${BASH_SOURCE[0]}")/corpus.py" "$@"
