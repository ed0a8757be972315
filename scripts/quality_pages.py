"""Pages to be read by scripts/quality.py: text, grey text, forms, scans and photographs."""

import io
import subprocess

import numpy as np
from PIL import Image, ImageDraw

SENTENCES = [
    "The inspector measured the height of the water twice and wrote both values into the register.",
    "Please return the signed copy before Friday, together with the receipt for the deposit.",
    "Seven crates of lamps were delivered on Monday; two of them had been opened by customs.",
    "Our technician will visit your office between nine and eleven to replace the broken valve.",
    "The quarterly statement lists every payment that was received after the first of October.",
    "Visitors are kindly asked to leave bicycles outside the northern gate of the shipyard.",
    "A reference number is printed on the upper right corner of each page of this document.",
    "The pharmacy confirms that the prescription was collected by a member of the family.",
    "Minor scratches on the housing do not affect the guarantee that covers the instrument.",
    "Whoever finds the missing notebook should hand it to the librarian on the second floor.",
    "Because of the storm the ferry to the island was cancelled and passengers were refunded.",
    "Three witnesses described a small green van that stopped briefly near the old railway bridge.",
    "The committee approved the budget for repairs, provided that the roof is finished by winter.",
    "Fresh bread, cheese, olives and fruit will be served in the garden after the lecture.",
]


class Pdf:
    """A PDF written by hand: Letter pages of drawing operators, and JPEG or plain images."""

    FACES = {"F1": "Times-Roman", "F2": "Helvetica", "F3": "Courier"}

    def __init__(self):
        self.pages = []

    def page(self, operators, image=None, size=(612, 792)):
        self.pages.append((operators, image, size))

    def write(self, path):
        objects = [b"<</Type/Catalog/Pages 2 0 R>>", b""]
        fonts = b"".join(
            f"/{name}<</Type/Font/Subtype/Type1/BaseFont/{face}/Encoding/WinAnsiEncoding>>".encode()
            for name, face in self.FACES.items()
        )
        kids = []
        for operators, image, (width, height) in self.pages:
            resources = b"/Font<<" + fonts + b">>"
            if image:
                objects.append(stream(image[1], image[0]))
                resources += f"/XObject<</I {len(objects)} 0 R>>".encode()
            objects.append(stream(operators.encode("latin-1"), ""))
            content = len(objects)
            objects.append(
                f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 {width} {height}]/Contents {content} 0 R"
                f"/Resources<<".encode() + resources + b">>>>"
            )
            kids.append(f"{len(objects)} 0 R")
        objects[1] = f"<</Type/Pages/Count {len(kids)}/Kids[{' '.join(kids)}]>>".encode()
        out = bytearray(b"%PDF-1.4\n")
        offsets = []
        for number, body in enumerate(objects, 1):
            offsets.append(len(out))
            out += f"{number} 0 obj\n".encode() + body + b"\nendobj\n"
        start = len(out)
        out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
        out += b"".join(f"{offset:010} 00000 n \n".encode() for offset in offsets)
        out += f"trailer<</Size {len(objects) + 1}/Root 1 0 R>>\nstartxref\n{start}\n%%EOF\n".encode()
        path.write_bytes(out)
        return path


def stream(data, entries):
    return f"<<{entries}/Length {len(data)}>>stream\n".encode() + data + b"\nendstream"


def line(x, y, points, text, face="F1", colour="0 g"):
    text = text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
    return f"{colour} BT /{face} {points} Tf {x} {y} Td ({text}) Tj ET\n"


def jpeg(picture, quality):
    space = "/DeviceRGB" if picture.mode == "RGB" else "/DeviceGray"
    data = io.BytesIO()
    picture.save(data, "JPEG", quality=quality)
    entries = (
        f"/Type/XObject/Subtype/Image/Width {picture.width}/Height {picture.height}"
        f"/ColorSpace{space}/BitsPerComponent 8/Filter/DCTDecode"
    )
    return entries, data.getvalue()


def text_faces(path):
    """A page in each of three faces, from 7 to 12 points."""
    pdf = Pdf()
    for start, face in enumerate(pdf.FACES):
        operators, y = "", 740
        for index in range(36):
            points = 12 - index // 6
            sentence = SENTENCES[(index + start * 5) % len(SENTENCES)]
            measure = 468 / points / (0.6 if face == "F3" else 0.5)
            for part in wrapped(sentence, int(measure)):
                operators += line(72, y, points, part, face)
                y -= points * 1.25
        pdf.page(operators)
    return pdf.write(path)


def wrapped(sentence, columns):
    parts = [""]
    for word in sentence.split():
        if len(parts[-1]) + len(word) >= columns:
            parts.append("")
        parts[-1] = f"{parts[-1]} {word}".strip()
    return parts


def grey_text(path):
    """Text from 30 to 70 per cent black in two faces and a page of colours, all on white."""
    pdf = Pdf()
    for face in ("F1", "F2"):
        operators, y = "", 735
        for index in range(30):
            grey = [0.7, 0.65, 0.6, 0.5, 0.4, 0.3][index // 5]
            sentence = SENTENCES[index % len(SENTENCES)]
            operators += line(60, y, 11 - index % 3, sentence, face, f"{grey} g")
            y -= 22
        pdf.page(operators)
    colours = ["0.45 0.65 0.95 rg", "0.95 0.5 0.45 rg", "0.45 0.75 0.45 rg", "0.9 0.6 0.2 rg",
               "0.6 0.5 0.8 rg", "0.5 0.7 0.7 rg"]
    operators = "".join(
        line(60, 735 - 24 * index, 10, SENTENCES[index % len(SENTENCES)], "F2", colours[index % 6])
        for index in range(28)
    )
    pdf.page(operators)
    return pdf.write(path)


def forms(path):
    """Pale labels with black entries in boxes; shaded rows; dark bars with white text."""
    pdf = Pdf()
    labels = ["Name", "Street and number", "Postal code", "Telephone", "Date of birth", "Insurance",
              "Account holder", "Reference", "Amount due", "Signature"]
    entries = ["Margaret Holloway", "Harbour Street 48", "90210", "555 0142", "14 March 1972",
               "Northern Mutual", "Holloway and Sons", "INV 20260311", "1480.50", "pending"]
    operators = "0.5 w "
    for index, (label, entry) in enumerate(zip(labels * 2, entries * 2)):
        x, y = 60 + index % 2 * 250, 720 - index // 2 * 62
        operators += f"0.75 G {x} {y - 30} 230 42 re S\n"
        operators += line(x + 4, y, 8, label, "F2", "0.6 g")
        operators += line(x + 8, y - 20, 12, entry, "F1")
    pdf.page(operators)
    operators = ""
    grounds = ["0.92 g", "0.85 g", "0.75 g", "0.8 0.9 1 rg", "1 0.9 0.7 rg", "0.6 g"]
    for index in range(26):
        y = 730 - index * 26
        operators += f"{grounds[index % 6]} 50 {y - 8} 512 24 re f\n"
        operators += line(58, y, 10, SENTENCES[index % len(SENTENCES)], "F2")
    pdf.page(operators)
    operators = ""
    bars = ["0 g", "0.2 g", "0.35 g", "0.1 0.2 0.5 rg", "0.6 0.1 0.1 rg"]
    for index in range(12):
        y = 725 - index * 56
        operators += f"{bars[index % 5]} 50 {y - 8} 512 24 re f\n"
        operators += line(58, y, 11, SENTENCES[index], "F2", "1 g")
        operators += line(58, y - 26, 10, SENTENCES[-1 - index], "F1")
    pdf.page(operators)
    return pdf.write(path)


def scans(pdf, page, folder):
    """The same page, drawn and spoilt in several ways, as documents of one scanned page."""
    ways = [
        # dpi, noise, light at the dark edge, paper, skew in degrees, JPEG quality
        (300, 6, 1.0, 245, 0.0, 80),
        (200, 10, 0.85, 235, 0.7, 60),
        (300, 14, 0.65, 225, -1.6, 45),
        (200, 8, 0.75, 215, 2.8, 70),
        (300, 18, 0.8, 230, -4.0, 60),
    ]
    for number, (dpi, noise, light, paper, degrees, quality) in enumerate(ways):
        picture = spoilt(drawn(pdf, page, dpi, folder), noise, light, paper, degrees)
        name = f"{pdf.stem}-{page}-scan-{number}"
        if number % 2:
            path = folder / f"{name}.tif"
            picture.save(path, dpi=(dpi, dpi), compression="jpeg", quality=quality)
        else:
            document = Pdf()
            document.page("q 612 0 0 792 0 0 cm /I Do Q", jpeg(picture, quality))
            path = document.write(folder / f"{name}.pdf")
        yield path


def drawn(pdf, page, dpi, folder):
    path = folder / "drawn.pgm"
    command = [
        "gs", "-q", "-dNOPAUSE", "-dBATCH", "-dSAFER", "-sDEVICE=pgmraw", "-dTextAlphaBits=4",
        f"-dFirstPage={page}", f"-dLastPage={page}", f"-r{dpi}", "-o", str(path), str(pdf),
    ]
    subprocess.run(command, check=True)
    with Image.open(path) as image:
        return image.copy()


def spoilt(page, noise, light, paper, degrees):
    """Paper of a shade under light that falls off to one corner, turned, blurred and noisy."""
    random = np.random.default_rng(round(noise * 1000 + light * 100 + paper))
    turned = page.rotate(degrees, Image.BICUBIC, fillcolor=255)
    width, height = turned.size
    soft = turned.resize((width * 3 // 4, height * 3 // 4), Image.BOX).resize((width, height), Image.BICUBIC)
    levels = 40 + np.asarray(soft, dtype=float) / 255 * (paper - 40)
    across = np.linspace(0, 1, width)[None, :]
    down = np.linspace(0, 1, height)[:, None]
    levels *= 1 - (1 - light) * (across + down) / 2
    levels += random.normal(0, noise, levels.shape)
    return Image.fromarray(np.clip(levels, 0, 255).astype(np.uint8))


def photographs(folder, samples):
    """Documents of a Letter page with a photograph, and its frame in shares of the page."""
    yield samples / "photo.pdf", frame(72, 380, 540, 692)
    for number, seed in enumerate((3, 11)):
        pdf = Pdf()
        operators = "q 504 0 0 378 54 340 cm /I Do Q\n"
        operators += line(54, 300, 12, SENTENCES[number])
        pdf.page(operators, jpeg(landscape(800, 600, seed), 85))
        yield pdf.write(folder / f"landscape-{number}.pdf"), frame(54, 340, 558, 718)


def frame(left, bottom, right, top):
    return left / 612, 1 - top / 792, right / 612, 1 - bottom / 792


def landscape(width, height, seed):
    """A sky, clouds, hills in mist and a meadow: smooth shades, edges and fine detail in colour."""
    random = np.random.default_rng(seed)
    sky = np.linspace(1, 0, height)[:, None]
    clouds = fractal(random, width, height, 6)
    picture = np.stack([120 + 100 * (1 - sky) + 60 * clouds, 150 + 70 * (1 - sky) + 50 * clouds,
                        210 + 30 * clouds], axis=-1)
    rows = np.arange(height)[:, None]
    for depth in range(4):
        ridge = height * (0.45 + 0.13 * depth) + fractal(random, width, 8, 5)[0] * height * 0.12
        detail = fractal(random, width, height, 8)
        shade = 150 - 35 * depth + 40 * detail
        hill = np.stack([shade * 0.8, shade, shade * 0.7], axis=-1)
        picture = np.where((rows > ridge[None, :])[:, :, None], hill, picture)
    image = Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(image)
    draw.polygon([(width * 0.6, height * 0.62), (width * 0.68, height * 0.5), (width * 0.76, height * 0.62)],
                 fill=(110, 50, 40))
    draw.rectangle([width * 0.61, height * 0.62, width * 0.75, height * 0.78], fill=(220, 210, 190))
    draw.rectangle([width * 0.66, height * 0.68, width * 0.7, height * 0.78], fill=(60, 40, 30))
    return image


def fractal(random, width, height, octaves):
    """Noise of many sizes, about -1 to 1."""
    total = np.zeros((height, width))
    for octave in range(octaves):
        cells = 2 ** (octave + 1)
        noise = random.normal(0, 1, (max(2, cells * height // width + 1), cells + 1))
        layer = Image.fromarray(noise.astype(np.float32)).resize((width, height), Image.BICUBIC)
        total += np.asarray(layer) * 0.55**octave
    return total / 2
