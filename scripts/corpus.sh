#!/usr/bin/env bash
# Converts every document of a corpus and prints what became of it; see corpus.py.
exec python3 "$(dirname "${BASH_SOURCE[0]}")/corpus.py" "$@"
