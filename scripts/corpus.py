"""Converts every PDF and TIFF of a corpus and prints, file by file, whether second tools agree.

usage: scripts/corpus.sh [FOLDER]

Without a folder: ../shared/corpus if there is one, else samples/. Documents are taken from the
folder and from its folders pdf, tiff and itu. Two are converted at a time, each by a process of
its own. The table says of each document

  outcome   converted, or the code of the reason it was refused for
  pages     of the fax, and by pdfinfo or tiffinfo (thumbnails and masks aside)
  check     of a TIFF: whether its pixels are those that libtiff reads, and how they were compared;
            of a refusal: whether a second tool refuses the document too, or the kind that is named

Ends in counts, and with status 1 when a document hung, a process died of anything but an answer, a
second tool disagrees, or a rendering process was left behind.
"""

import collections
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
SECONDS_MAX = 360  # the default limit on rendering is 300
DONE = "converted"
UNSUPPORTED = "media_unsupported"

Row = collections.namedtuple("Row", "name outcome pages other_pages check is_agreed seconds")


def main():
    program, comparer = built("faxmill"), built("examples/tiff_against_libtiff")
    folder = find_folder()
    documents = find_documents(folder)
    if not documents:
        sys.exit(f"corpus: no PDF or TIFF in {folder}")
    print(f"{len(documents)} documents of {folder}, converted by {program}\n")
    print(f"{'document':58} {'outcome':20} {'pages':>9}  {'check':48}     s")
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        rows = list(pool.map(lambda path: judge(program, comparer, folder, path), documents))
    for row in rows:
        print_row(row)
    left = processes_of(program)
    sys.exit(report(rows, left))


def built(name):
    for profile in ("release", "debug"):
        program = ROOT / "target" / profile / name
        if program.exists():
            return program
    sys.exit(f"corpus: {name} is not built; run make corpus")


def find_folder():
    if len(sys.argv) > 1:
        return pathlib.Path(sys.argv[1])
    shared = ROOT.parent / "shared" / "corpus"
    return shared if shared.is_dir() else ROOT / "samples"


def find_documents(folder):
    folders = [folder] + [folder / name for name in ("pdf", "tiff", "itu")]
    return [
        path
        for each in folders
        if each.is_dir()
        for path in sorted(each.iterdir())
        if path.suffix.lower() in (".pdf", ".tif", ".tiff")
    ]


def judge(program, comparer, folder, document):
    begun = time.monotonic()
    outcome, pages, words = convert(program, document)
    seconds = time.monotonic() - begun
    is_pdf = document.suffix.lower() == ".pdf"
    other_pages = pdf_pages(document) if is_pdf else tiff_pages(document)
    if outcome == DONE:
        check, is_agreed = ("", True) if is_pdf else compare(comparer, document)
        is_agreed = is_agreed and pages == other_pages
    else:
        check, is_agreed = judge_refusal(document, is_pdf, outcome, words)
    name = str(document.relative_to(folder))
    return Row(name, outcome, pages, other_pages, check, is_agreed, seconds)


def convert(program, document):
    """Returns the outcome, the number of pages if it was converted, and words if it was not."""
    with tempfile.TemporaryDirectory() as folder:
        output = pathlib.Path(folder) / "fax.tif"
        command = [program, "convert", document, "-o", output, "--json"]
        try:
            run = subprocess.run(command, capture_output=True, timeout=SECONDS_MAX)
        except subprocess.TimeoutExpired:
            return "hung", None, ""
        files = os.listdir(folder)
    try:
        told = json.loads(run.stdout.splitlines()[-1])
        if run.returncode == 0 and files == ["fax.tif"]:
            return DONE, len(told["pages"]), ""
        code, words = told["error"]["code"], told["error"]["message"]
    except (IndexError, KeyError, TypeError, ValueError):
        words = run.stderr.decode(errors="replace").strip()
        return f"died with status {run.returncode}", None, words
    return (f"left {files}", None, words) if files else (code, None, words)


def run_tool(*command):
    run = subprocess.run(command, capture_output=True, timeout=SECONDS_MAX)
    return run.returncode, run.stdout.decode(errors="replace"), run.stderr.decode(errors="replace")


def pdf_pages(document):
    _, told, _ = run_tool("pdfinfo", document)
    found = re.search(r"^Pages: +(\d+)", told, re.MULTILINE)
    return int(found.group(1)) if found else None


def tiff_pages(document):
    _, told, _ = run_tool("tiffinfo", document)
    images = [image.split("--- SubIFD")[0] for image in told.split("=== TIFF directory")[1:]]
    is_aside = re.compile(r"Subfile Type:.*(reduced|transparency)")
    return sum(not is_aside.search(image) for image in images)


def compare(comparer, document):
    """What the comparison of pixels says, and whether they are the same."""
    status, told, words = run_tool(comparer, document)
    if status != 0:
        return words.strip(), False
    _, _, verdict, words = told.rstrip("\n").split("\t")
    return f"{verdict}: {words}", verdict == "same"


def judge_refusal(document, is_pdf, outcome, words):
    if outcome == UNSUPPORTED:
        return f"named: {words.rpartition(': ')[2]}", True
    words = words.partition(": ")[2] or words
    if is_pdf:
        status, _, complaint = run_tool("pdfinfo", document)
        is_refused = status != 0
        complaint = f"pdfinfo: {complaint.strip().rpartition(': ')[2]}"
    else:
        with tempfile.TemporaryDirectory() as folder:
            output = pathlib.Path(folder) / "plain.tif"
            ends = [
                run_tool("tiffcp", "-c", "none", document, output)[0],
                run_tool("tiff2rgba", "-c", "none", document, output)[0],
            ]
        is_refused = any(ends)
        complaint = "libtiff refuses it too"
    return (f"{words} ({complaint})" if is_refused else f"{words}: alone with it"), is_refused


def processes_of(program):
    """Processes that still run the program and render, by their command lines."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and os.path.samefile(entry / "exe", program):
                words = (entry / "cmdline").read_bytes().split(b"\0")
                if b"render-child" in words:
                    found.append(f"process {entry.name}")
        except OSError:
            continue
    return found


def print_row(row):
    numbers = [number for number in (row.pages, row.other_pages) if number is not None]
    pages = "/".join(map(str, numbers))
    mark = "" if row.is_agreed else "  <-- DISAGREES"
    name = row.name if len(row.name) <= 58 else f"{row.name[:28]}…{row.name[-29:]}"
    print(f"{name:58} {row.outcome:20} {pages:>9}  {row.check:48} {row.seconds:5.2f}{mark}")


def report(rows, left):
    counts = collections.Counter(row.outcome for row in rows)
    print()
    for outcome, count in counts.most_common():
        print(f"{count:6}  {outcome}")
    slowest = max(rows, key=lambda row: row.seconds)
    print(f"slowest: {slowest.name}, {slowest.seconds:.2f} s")
    disagreed = [row for row in rows if not row.is_agreed]
    print(f"second tools disagree on {len(disagreed)} {' '.join(row.name for row in disagreed)}")
    print(f"rendering processes left: {len(left)} {' '.join(left)}")
    compared = sum(row.check.startswith("same") for row in rows)
    print(f"figure corpus-documents {len(rows)}")
    print(f"figure corpus-converted {counts[DONE]}")
    print(f"figure corpus-tiff-pixels-as-libtiff {compared}")
    print(f"figure corpus-disagreements {len(disagreed)}")
    return 1 if left or disagreed else 0


main()
