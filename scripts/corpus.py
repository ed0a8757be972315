"""Converts every PDF and TIFF of a folder and prints how many ended for which reason.

usage: scripts/corpus.sh [FOLDER]

Without a folder: ../shared/corpus/pdf if there is one, else samples/. Two documents are
converted at a time, each by a process of its own. Ends with status 1 when a document hung,
when a process died of anything but an answer, or when a rendering process was left behind.
"""

import collections
import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
SECONDS_MAX = 360  # the default limit on rendering is 300
DONE = "converted"


def main():
    program = find_program()
    folder = find_folder()
    documents = sorted(
        path for path in folder.iterdir() if path.suffix.lower() in (".pdf", ".tif", ".tiff")
    )
    if not documents:
        sys.exit(f"corpus: no PDF or TIFF in {folder}")
    print(f"{len(documents)} documents of {folder}, converted by {program}")
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        ends = list(pool.map(lambda path: convert(program, path), documents))
    left = processes_of(program)
    sys.exit(report(ends, left))


def find_program():
    for profile in ("release", "debug"):
        program = ROOT / "target" / profile / "faxmill"
        if program.exists():
            return program
    sys.exit("corpus: no program; run cargo build --release")


def find_folder():
    if len(sys.argv) > 1:
        return pathlib.Path(sys.argv[1])
    shared = ROOT.parent / "shared" / "corpus" / "pdf"
    return shared if shared.is_dir() else ROOT / "samples"


def convert(program, document):
    """Returns name, reason, whether the reason is a typed one, seconds, words."""
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        output = pathlib.Path(folder) / "fax.tif"
        command = [program, "convert", document, "-o", output, "--json"]
        try:
            run = subprocess.run(command, capture_output=True, timeout=SECONDS_MAX)
        except subprocess.TimeoutExpired:
            return document.name, "hung", False, time.monotonic() - begun, ""
        seconds = time.monotonic() - begun
        files = os.listdir(folder)
    if run.returncode == 0 and files == ["fax.tif"]:
        return document.name, DONE, True, seconds, ""
    try:
        error = json.loads(run.stdout.splitlines()[-1])["error"]
        code, words = error["code"], error["message"]
    except (IndexError, KeyError, TypeError, ValueError):
        words = run.stderr.decode(errors="replace").strip()
        return document.name, f"died with status {run.returncode}", False, seconds, words
    if files:
        return document.name, f"left {files}", False, seconds, words
    return document.name, code, True, seconds, words


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


def report(ends, left):
    counts = collections.Counter(reason for _, reason, _, _, _ in ends)
    for reason, count in counts.most_common():
        print(f"{count:6}  {reason}")
    for name, reason, _, _, words in ends:
        if reason != DONE:
            print(f"        {name}: {reason}: {words}")
    name, _, _, seconds, _ = max(ends, key=lambda end: end[3])
    print(f"slowest: {name}, {seconds:.2f} s; all: {sum(end[3] for end in ends):.2f} s")
    print(f"rendering processes left: {len(left)} {' '.join(left)}")
    return 1 if left or not all(typed for _, _, typed, _, _ in ends) else 0


main()
