#!/usr/bin/env bash
# Makes samples/fax-mh.tif: a fax of two pages in MH (T.4 1-D), as an older fax server exports it,
# the first at standard resolution, the second at fine. Needs ghostscript and libtiff-tools.
#
# The file is kept in the repository; run this only after a change to the pages below.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The words that both pages are set with: `line` at the left margin, `rule` across the page.
cat >"$work/words.ps" <<'POSTSCRIPT'
<< /PageSize [595 842] >> setpagedevice
/face { findfont exch scalefont setfont } def
/y 780 def
/line { 64 y moveto show /y y 17 sub def } def
/rule { 64 y 10 add moveto 467 0 rlineto 0.8 setlinewidth stroke /y y 8 sub def } def
/down { /y y 3 -1 roll sub def } def
POSTSCRIPT

cat >"$work/1.ps" <<'POSTSCRIPT'
20 /Helvetica-Bold face (FAX) line 6 down rule
11 /Helvetica face
(To:       Brackwater Chandlers, stock room) line
(From:   Ferry office, Lower Quay) line
(Date:    9 February 2026) line
(Pages:  2, this one included) line
rule 14 down
12 /Times-Roman face
(Please put the following by for the Saturday boat. Our deck hand collects) line
(it at half past six from the side door; he signs the list on the next page.) line
10 down
(The rope that came last month was 12 mm where we had asked for 14 mm.) line
(We kept it for the dinghies. This time the size matters: it is for the bow) line
(line of the car ferry, and the inspector will measure it.) line
10 down
(If the lamp oil is still out of stock, send half now and half on Tuesday.) line
20 down
/Times-Italic findfont 15 scalefont setfont (J. Marrable) line
showpage
POSTSCRIPT

cat >"$work/2.ps" <<'POSTSCRIPT'
13 /Helvetica-Bold face (List for the Saturday boat) line 4 down rule 8 down
11 /Courier face
(  1   mooring rope, 14 mm, three strand        60 m) line
(  2   shackle, galvanised, 10 mm               12) line
(  3   lamp oil, clear                          20 l) line
(  4   deck brush with handle                    3) line
(  5   signal flag set, size 2                   1) line
(  6   grease, lithium, cartridge                8) line
10 down rule 12 down
9 /Helvetica face
(Small print of the order: prices as in the list of January 2026, without tax.) line
7 /Helvetica face
(Goods stay the property of the chandlers until they are paid. Claims within eight days.) line
5 /Helvetica face
(This line is set in five points and shows what fine resolution still carries.) line
20 down
% A scale of line widths and a box with a cross, for the eye.
0 1 7 { /i exch def 64 i 40 mul add y moveto 0 -60 rlineto i 0.25 mul 0.1 add setlinewidth stroke } for
0.5 setlinewidth 420 y 60 sub 60 60 rectstroke
420 y moveto 480 y 60 sub lineto 480 y moveto 420 y 60 sub lineto stroke
100 down
11 /Helvetica face (Received by: ______________________   Time: __________) line
showpage
POSTSCRIPT

render() { # page, lines per inch
  gs -q -dNOPAUSE -dBATCH -dSAFER -sDEVICE=tiffg3 -r204x"$2" -sOutputFile="$work/$1.tif" \
    "$work/words.ps" "$work/$1.ps"
  tiffset -u 306 "$work/$1.tif" # the date of making would change the file each time
}
render 1 98
render 2 196
tiffcp -c g3:1d -r 10000 "$work/1.tif" "$work/2.tif" fax-mh.tif
tiffinfo fax-mh.tif
