"""How well the pages that Faxmill makes can be read: by tesseract, and by comparison of shades.

usage: scripts/quality.py PROGRAM [CORPUS]

Pages are converted by PROGRAM at 204x196 with `--mode auto`, scaled to square pixels and read by
tesseract. A figure is the share of the words that `pdftotext` finds in the source (three letters or
digits and more, capitals and punctuation apart) that tesseract reads on the fax page, over all pages
of the set. Lines that begin with "figure" are for machines: figure NAME VALUE. All others are for
people.

What is read:
- ocr-text: the samples letter, report and landscape-table, a page in three faces from 7 to 12
  points that this script sets, and the CORPUS's PDFs of Latin text, their first two pages.
- ocr-grey: the sample form, and pages that this script sets: text from 30 to 70 per cent black on
  white, forms with pale labels and boxes, black on shaded and coloured grounds, white on dark.
- ocr-scan: pages of text drawn at 200 and 300 dpi and then spoilt as scanners and cameras do, by noise,
  uneven light, yellowed paper, a skew of up to four degrees and JPEG, inside PDF and TIFF.
- photo-ssim: structural similarity (8-bit, Gaussian window of 1.5) of pages with a photograph to the
  grey page that Ghostscript draws at the same geometry, both blurred by a Gaussian of 2.5 pixels, which is
  a third of a millimetre; the lowest of all pages. The lines for people also tell what it is within the
  photograph alone, without the page around it.
- photo-kb: bytes of MMR of the largest page with a photograph, over 1024.
"""

import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from PIL import Image

from quality_pages import forms, grey_text, photographs, scans, text_faces

ROOT = pathlib.Path(__file__).resolve().parent.parent
SAMPLES = ROOT / "samples"
X_DPI, Y_DPI = 204.14, 195.58
WORDS_OF_A_TEXT_PAGE = 60


def main():
    program = pathlib.Path(sys.argv[1]).resolve()
    corpus = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else None
    for tool in ("tesseract", "pdftotext", "gs"):
        if shutil.which(tool) is None:
            sys.exit(f"quality: {tool} is missing: run scripts/setup.sh quality")
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        figures = {
            "ocr-text": recall(program, folder, text_set(folder, corpus)),
            "ocr-grey": recall(program, folder, grey_set(folder)),
            "ocr-scan": recall(program, folder, scan_set(folder)),
        }
        figures["photo-ssim"], figures["photo-kb"] = shades(program, folder)
    for name, value in figures.items():
        print(f"figure {name} {value:.4f}" if value < 2 else f"figure {name} {value:.0f}")


def text_set(folder, corpus):
    """Documents with the pages of each that are read and the PDF that knows their words."""
    faces = text_faces(folder / "faces.pdf")
    pages = [(SAMPLES / "letter.pdf", n) for n in (1, 2)]
    pages += [(SAMPLES / "report.pdf", n) for n in (1, 2, 3, 4)]
    pages += [(SAMPLES / "landscape-table.pdf", 1), (faces, 1), (faces, 2), (faces, 3)]
    for pdf in sorted(corpus.glob("*.pdf")) if corpus else ():
        pages += [(pdf, n) for n in (1, 2) if is_latin_text(pdf, n)]
    return [(pdf, page, pdf) for pdf, page in pages]


def grey_set(folder):
    made = [(grey_text(folder / "grey.pdf"), 3), (forms(folder / "forms.pdf"), 3)]
    pages = [(SAMPLES / "form.pdf", 1)]
    pages += [(pdf, page) for pdf, count in made for page in range(1, count + 1)]
    return [(pdf, page, pdf) for pdf, page in pages]


def scan_set(folder):
    sources = [(SAMPLES / "letter.pdf", 1), (SAMPLES / "report.pdf", 2)]
    sources.append((text_faces(folder / "scan-faces.pdf"), 1))
    return [
        (document, 1, pdf, page)
        for pdf, page in sources
        for document in scans(pdf, page, folder)
    ]


def is_latin_text(pdf, page):
    text = pdf_text(pdf, page)
    letters = [c for c in text if c.isalpha()]
    latin = sum(c.isascii() for c in letters)
    return len(words(text)) >= WORDS_OF_A_TEXT_PAGE and latin > 0.98 * len(letters)


def recall(program, folder, pages):
    """Shares of each page and of all their words together."""
    with ThreadPoolExecutor(2) as pool:
        counts = list(pool.map(lambda page: read(program, folder, page), pages))
    for (document, page, *_), (found, known) in zip(pages, counts):
        print(f"  {document.name} page {page}: {found} of {known} words ({found / known:.3f})")
    return sum(found for found, _ in counts) / sum(known for _, known in counts)


def read(program, folder, page):
    document, number, source, *source_page = page
    known = words(pdf_text(source, source_page[0] if source_page else number))
    fax = folder / f"{document.name}-{number}.fax.tif"
    convert(program, document, fax)
    with Image.open(fax) as image:
        image.seek(number - 1)
        square = image.convert("L")
    fax.unlink()
    size = (square.width * 2, round(square.height * 2 * X_DPI / Y_DPI))
    picture = fax.with_suffix(".png")
    square = square.resize(size, Image.BICUBIC)
    if is_landscape(source, source_page[0] if source_page else number):
        square = square.rotate(-90, expand=True)
    square.save(picture)
    command = ["tesseract", picture, "-", "--dpi", str(round(2 * X_DPI)), "-l", "eng"]
    environment = {"OMP_THREAD_LIMIT": "1", "PATH": "/usr/bin:/bin:/usr/local/bin"}
    text = subprocess.run(
        command, check=True, capture_output=True, text=True, env=environment
    ).stdout
    return sum((known & words(text)).values()), sum(known.values())


def convert(program, document, fax):
    command = [program, "convert", document, "-o", fax, "--mode", "auto", "--json"]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return json.loads(told.splitlines()[-1])["pages"]


def pdf_text(pdf, page):
    command = ["pdftotext", "-f", str(page), "-l", str(page), pdf, "-"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def is_landscape(pdf, page):
    """Whether a page lies on its side on the fax page."""
    command = ["pdfinfo", "-f", str(page), "-l", str(page), pdf]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    width, height = map(float, re.search(r"size: +([\d.]+) x ([\d.]+)", told).groups())
    return width > height


def words(text):
    """Words with how often each occurs; ligatures and typographic marks as typewriters have them."""
    text = text.lower().replace("\ufb01", "fi").replace("\ufb02", "fl")
    text = re.sub(r"[\u2018\u2019']", "", text)
    return Counter(re.findall(r"[a-z0-9]{3,}", text))


def shades(program, folder):
    """The lowest similarity and the largest page of all photographs."""
    similarities, kilobytes = [], []
    for pdf, frame in photographs(folder, SAMPLES):
        fax = folder / "photo.tif"
        pages = convert(program, pdf, fax)
        with Image.open(fax) as image:
            ours = np.asarray(image.convert("L"), dtype=float)
        theirs = drawn(pdf, ours.shape, folder)
        left, top, right, bottom = frame
        rows, columns = ours.shape
        inside = np.s_[round(top * rows):round(bottom * rows), round(left * columns):round(right * columns)]
        ours, theirs = blurred(ours, 2.5), blurred(theirs, 2.5)
        similarities.append(similarity(ours, theirs))
        alone = similarity(ours[inside], theirs[inside])
        kilobytes.append(pages[0]["bytes"] / 1024)
        told = f"{similarities[-1]:.4f}, photograph alone {alone:.4f}, {kilobytes[-1]:.0f} KB"
        print(f"  {pdf.name}: similarity {told}")
    return min(similarities), max(kilobytes)


def drawn(pdf, shape, folder):
    """A Letter page in grey at fax geometry."""
    rows, columns = shape
    page = folder / "page.pgm"
    command = [
        "gs", "-q", "-dNOPAUSE", "-dBATCH", "-dSAFER", "-sDEVICE=pgmraw", "-dTextAlphaBits=4",
        f"-r{columns * 72 / 612}x{rows * 72 / 792}", f"-g{columns}x{rows}", "-o", str(page), str(pdf),
    ]
    subprocess.run(command, check=True)
    with Image.open(page) as image:
        return np.asarray(image, dtype=float)


def blurred(image, sigma):
    reach = round(sigma * 4)
    kernel = np.exp(-np.square(np.arange(-reach, reach + 1)) / (2 * sigma * sigma))
    kernel /= kernel.sum()
    for axis in (0, 1):
        padding = [(0, 0), (0, 0)]
        padding[axis] = (reach, reach)
        padded = np.pad(image, padding, mode="edge")
        length = image.shape[axis]
        parts = (padded.take(range(at, at + length), axis) for at in range(2 * reach + 1))
        image = sum(weight * part for weight, part in zip(kernel, parts))
    return image


def similarity(a, b):
    """Z. Wang et al., "Image quality assessment: from error visibility to structural similarity"."""
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    mean_a, mean_b = blurred(a, 1.5), blurred(b, 1.5)
    variance_a = blurred(a * a, 1.5) - mean_a**2
    variance_b = blurred(b * b, 1.5) - mean_b**2
    covariance = blurred(a * b, 1.5) - mean_a * mean_b
    light = (2 * mean_a * mean_b + c1) / (mean_a**2 + mean_b**2 + c1)
    structure = (2 * covariance + c2) / (variance_a + variance_b + c2)
    return float((light * structure).mean())


if __name__ == "__main__":
    main()
