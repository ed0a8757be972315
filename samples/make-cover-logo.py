#!/usr/bin/env python3
"""Draws cover-logo.png, the logo of the sample cover page: RGBA, transparent, nothing but Python."""
import math
import struct
import zlib

WIDTH, HEIGHT = 980, 240
INK, WAVE, NOTHING = (20, 40, 110, 255), (30, 110, 160, 255), (255, 255, 255, 0)
LETTERS = {
    "N": "10001 11001 10101 10011 10001", "O": "01110 10001 10001 10001 01110",
    "R": "11110 10001 11110 10100 10010", "T": "11111 00100 00100 00100 00100",
    "H": "10001 10001 11111 10001 10001", "G": "01111 10000 10011 10001 01111",
    "A": "01110 10001 11111 10001 10001", "E": "11111 10000 11110 10000 11111",
}
WORD, DOT, LEFT, TOP = "NORTHGATE", 13, 260, 88


def pixel(x, y):
    distance = math.hypot(x - 120, y - 120)
    if 86 < distance <= 100:
        return INK
    if distance <= 86 and abs(y - 120 - 30 * math.sin((x - 120) / 28)) < 16:
        return WAVE
    column, row = (x - LEFT) // DOT, (y - TOP) // DOT
    letter, place = divmod(column, 6)
    if 0 <= row < 5 and 0 <= letter < len(WORD) and place < 5:
        if LETTERS[WORD[letter]].split()[row][place] == "1":
            return INK
    return NOTHING


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


rows = b"".join(
    b"\0" + b"".join(bytes(pixel(x, y)) for x in range(WIDTH)) for y in range(HEIGHT)
)
with open("cover-logo.png", "wb") as file:
    file.write(b"\x89PNG\r\n\x1a\n")
    file.write(chunk(b"IHDR", struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 6, 0, 0, 0)))
    file.write(chunk(b"IDAT", zlib.compress(rows, 9)))
    file.write(chunk(b"IEND", b""))
