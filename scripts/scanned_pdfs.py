"""Scanned PDFs for benchmarks: pages of a sample drawn by Ghostscript at 300 dpi, an image each.

make(folder) writes one file for each way in which scanners code their images and returns the paths.
"""

import pathlib
import struct
import subprocess
import zlib

SAMPLES = pathlib.Path(__file__).resolve().parent.parent / "samples"
DPI = 300
PAGES = 5


def make(folder):
    text, photo = SAMPLES / "report.pdf", SAMPLES / "photo.pdf"
    kinds = {
        "scan-ccitt": [ccitt(page) for page in drawn(folder, text, "tiffg4")],
        "scan-jbig2": [jbig2(page) for page in drawn(folder, text, "pbmraw", pages=1)] * PAGES,
        "scan-flate-bits": [flate(page) for page in drawn(folder, text, "pbmraw")],
        "scan-flate-grey": [flate(page) for page in drawn(folder, text, "pgmraw")],
        "scan-jpeg-grey": [jpeg(page) for page in drawn(folder, text, "jpeggray")],
        "scan-jpeg-rgb": [jpeg(page) for page in drawn(folder, photo, "jpeg")] * PAGES,
    }
    paths = []
    for name, images in kinds.items():
        path = folder / f"{name}.pdf"
        path.write_bytes(pdf(images))
        paths.append(path)
    return paths


def drawn(folder, document, device, pages=PAGES):
    """The first pages of a document in files of a Ghostscript device, read back."""
    for old in folder.glob("page-*"):
        old.unlink()
    command = ["gs", "-q", "-dNOPAUSE", "-dBATCH", "-dSAFER", f"-sDEVICE={device}", f"-r{DPI}",
               f"-dLastPage={pages}", f"-sOutputFile={folder}/page-%d"]
    if device not in ("tiffg4", "pbmraw"):
        command.append("-dTextAlphaBits=4")
    subprocess.run([*command, document], check=True)
    return [path.read_bytes() for path in sorted(folder.glob("page-*"))]


def ccitt(tiff):
    """The only strip of a TIFF in MMR."""
    (directory,) = struct.unpack_from("<I", tiff, 4)
    (count,) = struct.unpack_from("<H", tiff, directory)
    tags = {}
    for entry in range(count):
        tag, kind, _, value = struct.unpack_from("<HHII", tiff, directory + 2 + 12 * entry)
        tags[tag] = value & 0xFFFF if kind == 3 else value
    width, height, offset, length = (tags[tag] for tag in (256, 257, 273, 279))
    entries = ("/ColorSpace /DeviceGray /BitsPerComponent 1 /Filter /CCITTFaxDecode "
               f"/DecodeParms << /K -1 /Columns {width} /Rows {height} >>")
    return width, height, entries, tiff[offset:offset + length]


def jpeg(data):
    at = 2
    while data[at + 1] not in (0xC0, 0xC1, 0xC2):
        at += 2 + int.from_bytes(data[at + 2:at + 4], "big")
    height, width, components = struct.unpack_from(">HHB", data, at + 5)
    space = "/DeviceGray" if components == 1 else "/DeviceRGB"
    return width, height, f"/ColorSpace {space} /BitsPerComponent 8 /Filter /DCTDecode", data


def flate(pnm):
    width, height, bits, samples = raw(pnm)
    decode = "/Decode [1 0]" if bits == 1 else ""
    entries = f"/ColorSpace /DeviceGray /BitsPerComponent {bits} /Filter /FlateDecode {decode}"
    return width, height, entries, zlib.compress(samples)


def raw(pnm):
    """Width, height, bits and samples of a binary PBM or PGM."""
    lines = [line for line in pnm[:200].split(b"\n") if not line.startswith(b"#")]
    width, height = map(int, lines[1].split())
    bits = 1 if pnm.startswith(b"P4") else 8
    return width, height, bits, pnm[-((width * bits + 7) // 8 * height):]


def jbig2(pbm):
    """A generic region in the arithmetic coding, template 0 (ITU-T T.88, 6.2.5)."""
    width, height, _, samples = raw(pbm)
    coded = arithmetic(samples, width, height)
    info = struct.pack(">IIII", width, height, 0, 0)
    adaptive = struct.pack("bbbbbbbb", 3, -1, -3, -1, 2, -2, -2, -2)
    region = info + b"\0" + b"\0" + adaptive + coded
    data = segment(0, 48, info + b"\0\0\0") + segment(1, 38, region)
    return width, height, "/ColorSpace /DeviceGray /BitsPerComponent 1 /Filter /JBIG2Decode", data


def segment(number, kind, data):
    return struct.pack(">IBBBI", number, kind, 0, 1, len(data)) + data


# ITU-T T.88, Table E.1: Qe, next if more probable, next if less, switch.
QE = [
    (0x5601, 1, 1, 1), (0x3401, 2, 6, 0), (0x1801, 3, 9, 0), (0x0AC1, 4, 12, 0),
    (0x0521, 5, 29, 0), (0x0221, 38, 33, 0), (0x5601, 7, 6, 1), (0x5401, 8, 14, 0),
    (0x4801, 9, 14, 0), (0x3801, 10, 14, 0), (0x3001, 11, 17, 0), (0x2401, 12, 18, 0),
    (0x1C01, 13, 20, 0), (0x1601, 29, 21, 0), (0x5601, 15, 14, 1), (0x5401, 16, 14, 0),
    (0x5101, 17, 15, 0), (0x4801, 18, 16, 0), (0x3801, 19, 17, 0), (0x3401, 20, 18, 0),
    (0x3001, 21, 19, 0), (0x2801, 22, 19, 0), (0x2401, 23, 20, 0), (0x2201, 24, 21, 0),
    (0x1C01, 25, 22, 0), (0x1801, 26, 23, 0), (0x1601, 27, 24, 0), (0x1401, 28, 25, 0),
    (0x1201, 29, 26, 0), (0x1101, 30, 27, 0), (0x0AC1, 31, 28, 0), (0x09C1, 32, 29, 0),
    (0x08A1, 33, 30, 0), (0x0521, 34, 31, 0), (0x0441, 35, 32, 0), (0x02A1, 36, 33, 0),
    (0x0221, 37, 34, 0), (0x0141, 38, 35, 0), (0x0111, 39, 36, 0), (0x0085, 40, 37, 0),
    (0x0049, 41, 38, 0), (0x0025, 42, 39, 0), (0x0015, 43, 40, 0), (0x0009, 44, 41, 0),
    (0x0005, 45, 42, 0), (0x0001, 45, 43, 0), (0x5601, 46, 46, 0),
]


def arithmetic(samples, width, height):
    """Pixels by the MQ coder (T.88, Annex E), in contexts of sixteen neighbours."""
    states, likely = [0] * 65536, [0] * 65536
    a, c, left = 0x8000, 0, 12
    out = bytearray([0])

    def byte_out():
        nonlocal c, left
        if out[-1] != 0xFF and c >= 0x8000000:
            out[-1] += 1
            c &= 0x7FFFFFF
        if out[-1] == 0xFF:
            out.append(c >> 20 & 0xFF)
            c, left = c & 0xFFFFF, 7
        else:
            out.append(c >> 19 & 0xFF)
            c, left = c & 0x7FFFF, 8

    stride = (width + 7) // 8
    # Four white columns on either side spare the edges.
    row_of = lambda y: int.from_bytes(samples[y * stride:(y + 1) * stride], "big") >> stride * 8 - width
    unpack = lambda y: [0] * 4 + [int(bit) for bit in f"{row_of(y):0{width}b}"] + [0] * 4
    above2 = above = [0] * (width + 8)
    for y in range(height):
        row = unpack(y)
        top = above2[4] << 1 | above2[5]
        middle = above[4] << 2 | above[5] << 1 | above[6]
        before = 0
        for x in range(4, width + 4):
            # Rows of five, seven and four pixels; with the adaptive ones where they usually are.
            top = (top << 1 | above2[x + 2]) & 31
            middle = (middle << 1 | above[x + 3]) & 127
            context = (top << 11) | (middle << 4) | before
            pixel = row[x]
            before = (before << 1 | pixel) & 15
            qe, if_more, if_less, switch = QE[states[context]]
            a -= qe
            if pixel == likely[context]:
                if a & 0x8000:
                    c += qe
                    continue
                if a < qe:
                    a = qe
                else:
                    c += qe
                states[context] = if_more
            else:
                if a < qe:
                    c += qe
                else:
                    a = qe
                likely[context] ^= switch
                states[context] = if_less
            while True:
                a <<= 1
                c <<= 1
                left -= 1
                if left == 0:
                    byte_out()
                if a & 0x8000:
                    break
        above2, above = above, row
    high = c + a
    c |= 0xFFFF
    if c >= high:
        c -= 0x8000
    c <<= left
    byte_out()
    c <<= left
    byte_out()
    if out[-1] != 0xFF:
        out.append(0xFF)
    out.append(0xAC)
    return bytes(out[1:])


def pdf(images):
    """A file of pages that are one image each."""
    objects = [b"", b""]
    pages = []
    for width, height, entries, data in images:
        across, along = width * 72 / DPI, height * 72 / DPI
        content = f"q {across:.3f} 0 0 {along:.3f} 0 0 cm /I Do Q".encode()
        head = f"<< /Type /XObject /Subtype /Image /Width {width} /Height {height} {entries}"
        objects.append(f"{head} /Length {len(data)} >>\nstream\n".encode() + data + b"\nendstream")
        objects.append(f"<< /Length {len(content)} >>\nstream\n".encode() + content + b"\nendstream")
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {across:.3f} {along:.3f}] "
            f"/Contents {len(objects)} 0 R "
            f"/Resources << /XObject << /I {len(objects) - 1} 0 R >> >> >>".encode())
        pages.append(len(objects))
    objects[0] = b"<< /Type /Catalog /Pages 2 0 R >>"
    kids = " ".join(f"{page} 0 R" for page in pages)
    objects[1] = f"<< /Type /Pages /Count {len(pages)} /Kids [{kids}] >>".encode()
    file, places = b"%PDF-1.5\n", b""
    for number, body in enumerate(objects, 1):
        places += b"%010d 00000 n \n" % len(file)
        file += b"%d 0 obj\n" % number + body + b"\nendobj\n"
    size, start = len(objects) + 1, len(file)
    file += b"xref\n0 %d\n0000000000 65535 f \n" % size + places
    return file + b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (size, start)
