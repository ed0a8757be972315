#!/usr/bin/env python3
"""Makes the bitmap font of the header line: src/header/font/, from DejaVu Sans Mono.

  pip install freetype-py==2.5.1; apt-get install fonts-dejavu-core libtiff-tools
  scripts/header-font.py [/usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf]

Every density has one file, an MMR strip of 16 pixels' width in which the glyphs stand one below the
other, hinted for that density and black or white from the start. characters.txt names them in
order; composed.txt lists letter, combining mark and the character that both make together.
"""
import os
import struct
import subprocess
import sys
import tempfile
import unicodedata
from pathlib import Path

# Full hinting, as it was made for black and white: the later interpreters smooth horizontally.
os.environ["FREETYPE_PROPERTIES"] = "truetype:interpreter-version=35"
import freetype  # noqa: E402

FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf"
OUT = Path(__file__).resolve().parent.parent / "src/header/font"
POINTS = 9.25
CELL = 16
X_DPI = 204
DENSITIES = {"standard": 98, "fine": 196, "superfine": 391}
RANGES = [
    (0x20, 0x7E), (0xA0, 0xAC), (0xAE, 0x17F),  # Latin-1 without its soft hyphen, Extended-A
    (0x218, 0x21B), (0x1E9E, 0x1E9E),  # Romanian, capital sharp s
    (0x386, 0x386), (0x388, 0x3CE),  # Greek
    (0x400, 0x45F), (0x490, 0x491),  # Cyrillic
    (0x2013, 0x2014), (0x2018, 0x201A), (0x201C, 0x201E), (0x2020, 0x2020), (0x2022, 0x2022),
    (0x2026, 0x2026), (0x2030, 0x2030), (0x2039, 0x203A), (0x20AC, 0x20AC), (0x2116, 0x2116),
    (0x2122, 0x2122), (0x2212, 0x2212),
]


def main():
    face = freetype.Face(sys.argv[1] if len(sys.argv) > 1 else FONT)
    every = [chr(code) for first, last in RANGES for code in range(first, last + 1)]
    characters = sorted(c for c in every if face.get_char_index(c))
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "characters.txt").write_text("".join(characters), encoding="utf-8")
    (OUT / "composed.txt").write_text("".join(compositions(characters)), encoding="utf-8")
    for name, y_dpi in DENSITIES.items():
        sheet, rows = draw(face, characters, y_dpi)
        (OUT / f"{name}.mmr").write_bytes(mmr(sheet, rows))
        print(f"{name}: {len(characters)} characters of {rows // len(characters)} rows")


def compositions(characters):
    """Letter, mark and what they make, in the order of what is looked for."""
    known = set(characters)
    triples = []
    for character in characters:
        parts = unicodedata.normalize("NFD", character)
        # A letter with two marks is made of one with the first mark.
        base = unicodedata.normalize("NFC", parts[:-1])
        if len(parts) > 1 and len(base) == 1 and base in known and unicodedata.combining(parts[-1]):
            triples.append(base + parts[-1] + character)
    return sorted(triples)


def draw(face, characters, y_dpi):
    """The glyphs in cells of the same size, one below the other: packed rows and their number."""
    size = round(POINTS * 64)
    face.set_char_size(size, size, X_DPI, y_dpi)
    glyphs = []
    for character in characters:
        face.load_char(character, freetype.FT_LOAD_RENDER | freetype.FT_LOAD_TARGET_MONO)
        bitmap, slot = face.glyph.bitmap, face.glyph
        lines = []
        for y in range(bitmap.rows):
            row = bytes(bitmap.buffer[y * bitmap.pitch:(y + 1) * bitmap.pitch])
            bits = int.from_bytes(row, "big") >> (len(row) * 8 - bitmap.width) if row else 0
            left = slot.bitmap_left
            if bitmap.width <= CELL:
                # A glyph that leans out of its cell is moved into it; of the few that are wider,
                # accented capitals of Greek above all, the edge of the accent is lost.
                left = max(min(left, CELL - bitmap.width), 0)
            shift = CELL - left - bitmap.width
            lines.append((bits << shift if shift >= 0 else bits >> -shift) & 0xFFFF)
        glyphs.append((slot.bitmap_top, lines))
    inked = [(top, lines) for top, lines in glyphs if lines]
    ascent = max(top for top, _ in inked)
    descent = max(len(lines) - top for top, lines in inked)
    sheet = []
    for top, lines in glyphs:
        above = ascent - top if lines else 0
        cell = [0] * above + lines
        sheet += cell + [0] * (ascent + descent - len(cell))
    return b"".join(struct.pack(">H", row) for row in sheet), len(sheet)


def mmr(sheet, rows):
    """The sheet coded by libtiff, whose strip is taken from the file."""
    with tempfile.TemporaryDirectory() as folder:
        plain, coded = Path(folder) / "plain.tif", Path(folder) / "coded.tif"
        entries = [(256, CELL), (257, rows), (258, 1), (259, 1), (262, 0), (273, 8), (277, 1),
                   (278, rows), (279, len(sheet))]
        directory = struct.pack("<H", len(entries))
        directory += b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in entries)
        plain.write_bytes(b"II*\0" + struct.pack("<I", 8 + len(sheet)) + sheet + directory
                          + bytes(4))
        subprocess.run(["tiffcp", "-c", "g4", "-r", str(rows), plain, coded], check=True)
        return strip(coded.read_bytes())


def strip(tiff):
    """The one strip of a little-endian TIFF."""
    (at,) = struct.unpack_from("<I", tiff, 4)
    (count,) = struct.unpack_from("<H", tiff, at)
    fields = {}
    for index in range(count):
        tag, kind, number = struct.unpack_from("<HHI", tiff, at + 2 + index * 12)
        (value,) = struct.unpack_from("<H" if kind == 3 else "<I", tiff, at + 10 + index * 12)
        assert tag not in (273, 279) or number == 1, "one strip was asked for"
        fields[tag] = value
    return tiff[fields[273]:fields[273] + fields[279]]


if __name__ == "__main__":
    main()
