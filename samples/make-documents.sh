#!/usr/bin/env bash
# Makes the sample PDFs from the PostScript programs in samples/source. Needs ghostscript.
#
# The PDFs are kept in the repository; run this only after a change to their sources.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

# A fixed date keeps the files from changing each time they are made.
export SOURCE_DATE_EPOCH=1773446400

for source in source/*.ps; do
    name=$(basename "$source" .ps)
    [ "$name" = prose ] && continue
    gs -q -dNOPAUSE -dBATCH -dSAFER -sDEVICE=pdfwrite -dCompatibilityLevel=1.5 \
        -dAutoRotatePages=/None -sOutputFile="$name.pdf" \
        -c '<< /EmbedAllFonts true /NeverEmbed [ ] >> setdistillerparams' \
        -f source/prose.ps "$source"
done
ls -l ./*.pdf
