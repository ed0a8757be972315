#!/usr/bin/env bash
# Measures how well Faxmill's pages can be read; see quality.py.
#   scripts/quality.sh PROGRAM [CORPUS]
# Debian's own Python goes first: NumPy and Pillow are installed for it.
set -euo pipefail
python=python3
if [ -x /usr/bin/python3 ] && /usr/bin/python3 -c 'import numpy, PIL' 2>/dev/null; then
  python=/usr/bin/python3
fi
PYTHONDONTWRITEBYTECODE=1 exec "$python" "$(dirname "${BASH_SOURCE[0]}")/quality.py" "$@"
