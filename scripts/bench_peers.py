"""Compares Faxmill with what people use for the same work: CPU time, whole processes.

usage: [CORPUS=folder] scripts/bench_peers.py PROGRAM FLOOR

Each pair runs the two programs in turn, several rounds, so that both see the same machine. A
figure is the peer's CPU time (user and system, child processes included) over ours, from the
medians of the rounds; above 1 is faster than the peer. Lines that begin with "figure" are for
machines: figure NAME VALUE. All others are for people.

What is compared:
- pdf-vs-ghostscript: each sample PDF to a G4 fax TIFF at 204x196 by a fresh process; Ghostscript
  draws without anti-aliasing, which is less work than the grey pages we make. Geometric mean.
- corpus-vs-ghostscript, corpus-vs-mutool: every PDF of CORPUS/pdf that all three programs convert, a
  fresh process a file, rounds of all three in turn. Ghostscript as above. mutool has no fax output: it
  draws to PBM, its bilevel format, at 200 dpi, which is as many pixels as 204x196. Geometric means.
- scanned-pdf-vs-ghostscript: PDFs of five scanned pages at 300 dpi (scripts/scanned_pdfs.py makes them of the
  samples), one for each way to code an image: CCITT, JBIG2, bits and grey levels in Flate, grey and colour
  JPEG. Ghostscript as above; it picks pixels where we average them. Geometric mean.
- text-pdf-above-raster-ms: milliseconds of CPU a page that a PDF of 120 pages of text costs beyond what
  PDFium's drawing costs: all processes of a conversion, less a process (raster_floor) that loads the
  library, opens the document and draws each page into a white grey buffer of the same geometry.
- two-process-scaling: time of two conversions of that PDF one after the other over the time of both at
  once, each conversion with all its processes kept on one core.
- plain-tiff-to-mmr-vs-libtiff: a plain bilevel fax TIFF of 60 pages to MMR, by tiffcp -c g4. Ours also
  hashes every page and flushes the file to the disk.
- mmr-tiff-to-mmr-vs-libtiff: MMR to MMR, which is a decoding and an encoding in both programs.
- voicemail-vs-ffmpeg: a minute of PCM, u-law and WAV49 telephone audio to MP3 at 32 kbit/s mono.
  Geometric mean.
"""

import json
import math
import os
import pathlib
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import scanned_pdfs

ROOT = pathlib.Path(__file__).resolve().parent.parent
SAMPLES = ROOT / "samples"
ROUNDS = 7
CORPUS_ROUNDS = 5
TEXT_COPIES = 6


def main():
    program, floor = (pathlib.Path(argument).resolve() for argument in sys.argv[1:3])
    for tool in ("gs", "mutool", "tiffcp", "ffmpeg"):
        if shutil.which(tool) is None:
            sys.exit(f"bench-peers: {tool} is missing: scripts/setup.sh bench installs it")
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        figures = {
            "pdf-vs-ghostscript": pdfs(program, folder),
            "scanned-pdf-vs-ghostscript": scans(program, folder),
            **corpus(program, folder),
            **text(program, floor, folder),
            **codecs(program, folder),
            "voicemail-vs-ffmpeg": recordings(program, folder),
        }
    for name, value in figures.items():
        print(f"figure {name} {value:.2f}")


def pdfs(program, folder):
    ratios = []
    for pdf in sorted(SAMPLES.glob("*.pdf")):
        ours = convert(program, pdf, folder / "ours.tif")
        ratios.append(compare(pdf.name, "Ghostscript", ghostscript(pdf, folder), ours))
    return geometric_mean(ratios)


def scans(program, folder):
    ratios = []
    for pdf in scanned_pdfs.make(folder):
        ours = convert(program, pdf, folder / "ours.tif")
        ratios.append(compare(pdf.name, "Ghostscript", ghostscript(pdf, folder), ours))
    return geometric_mean(ratios)


def corpus(program, folder):
    pdfs = sorted((corpus_folder() / "pdf").glob("*.pdf")) or sorted(SAMPLES.glob("*.pdf"))
    ratios = {"ghostscript": [], "mutool": []}
    for pdf in pdfs:
        commands = {
            "faxmill": convert(program, pdf, folder / "ours.tif"),
            "ghostscript": ghostscript(pdf, folder),
            "mutool": ["mutool", "draw", "-q", "-r", "200", "-F", "pbm", "-o", folder / "%d.pbm", pdf],
        }
        rounds = [try_all(commands) for _ in range(CORPUS_ROUNDS)]
        if None in rounds:
            print(f"{pdf.name[:40]:40} left out: one of the programs refuses it", flush=True)
            continue
        median = {
            name: statistics.median(times[name] for times in rounds) * 1000 for name in commands
        }
        print(f"{pdf.name[:40]:40}"
              + "".join(f" {name} {ms:6.1f} ms" for name, ms in median.items()), flush=True)
        for peer, values in ratios.items():
            values.append(median[peer] / median["faxmill"])
    print(f"{len(ratios['mutool'])} of {len(pdfs)} PDFs")
    return {f"corpus-vs-{peer}": geometric_mean(values) for peer, values in ratios.items()}


def corpus_folder():
    named = os.environ.get("CORPUS")
    return pathlib.Path(named) if named else ROOT.parent / "shared" / "corpus"


def try_all(commands):
    """CPU seconds of each command, or None when one of them fails."""
    times = {name: cpu_seconds(command, may_fail=True) for name, command in commands.items()}
    return None if None in times.values() else times


def text(program, floor, folder):
    pdf = folder / "text.pdf"
    run(["gs", "-q", "-dNOPAUSE", "-dBATCH", "-dSAFER", "-sDEVICE=pdfwrite",
         f"-sOutputFile={pdf}", *[SAMPLES / "report.pdf"] * TEXT_COPIES])
    ours = convert(program, pdf, folder / "ours.tif")
    rounds = [(cpu_seconds(ours), cpu_seconds([floor, pdf])) for _ in range(ROUNDS)]
    pages = len(json.loads(run(ours))["pages"])
    whole, drawing = (statistics.median(times) * 1000 / pages for times in zip(*rounds))
    print(f"{pages} pages of text            faxmill {whole:6.3f} ms a page"
          f"   of which drawing {drawing:6.3f} ms", flush=True)
    return {"text-pdf-above-raster-ms": whole - drawing, "two-process-scaling": scaling(program, pdf, folder)}


def scaling(program, pdf, folder):
    cores = sorted(os.sched_getaffinity(0))[:2]
    if len(cores) < 2:
        sys.exit("bench-peers: two-process-scaling needs two cores")
    commands = [convert(program, pdf, folder / f"{core}.tif") for core in cores]
    ratios = []
    for _ in range(ROUNDS):
        begun = time.monotonic()
        for command in commands:
            finish(begin(command, cores[0]))
        middle = time.monotonic()
        for process in [begin(command, core) for command, core in zip(commands, cores)]:
            finish(process)
        ratios.append((middle - begun) / (time.monotonic() - middle))
    return statistics.median(ratios)


def begin(command, core):
    return subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=ROOT,
        preexec_fn=lambda: os.sched_setaffinity(0, {core}),
    )


def finish(process):
    _, complaint = process.communicate()
    if process.returncode != 0:
        sys.exit(f"bench-peers: {process.args[0]} failed: {complaint.decode(errors='replace').strip()}")


def convert(program, document, fax):
    return [program, "convert", document, "-o", fax, "--json"]


def ghostscript(pdf, folder):
    return ["gs", "-q", "-dNOPAUSE", "-dBATCH", "-dSAFER", "-sDEVICE=tiffg4", "-r204x196",
            f"-sOutputFile={folder / 'gs.tif'}", pdf]


def codecs(program, folder):
    pages = folder / "pages.tif"
    run([program, "convert", SAMPLES / "report.pdf", "-o", folder / "report.tif", "--json"])
    mmr, plain = folder / "mmr.tif", folder / "plain.tif"
    run(["tiffcp", "-c", "g4", *[folder / "report.tif"] * 3, mmr])
    run(["tiffcp", "-c", "none", mmr, plain])
    figures = {}
    for name, source in (("plain-tiff-to-mmr-vs-libtiff", plain), ("mmr-tiff-to-mmr-vs-libtiff", mmr)):
        peer = ["tiffcp", "-c", "g4", source, pages]
        ours = [program, "convert", source, "-o", folder / "ours.tif", "--json"]
        figures[name] = compare(source.name, "libtiff", peer, ours)
    return figures


def recordings(program, folder):
    ratios = []
    sources = sorted(SAMPLES.glob("voicemail-*.wav"))
    if not sources:
        sys.exit("bench-peers: samples/ holds no voicemail-*.wav")
    for source in sources:
        minute = folder / source.name
        run(["ffmpeg", "-v", "error", "-y", "-stream_loop", "-1", "-i", source, "-t", "60",
             "-c", "copy", minute])
        peer = ["ffmpeg", "-v", "error", "-nostdin", "-y", "-i", minute,
                "-ac", "1", "-b:a", "32k", folder / "peer.mp3"]
        ours = [program, "transcode", minute, "-o", folder / "ours.mp3", "--json"]
        ratios.append(compare(source.name, "ffmpeg", peer, ours))
    return geometric_mean(ratios)


def compare(what, name, peer, ours):
    """The peer's median CPU time over ours."""
    rounds = [(cpu_seconds(peer), cpu_seconds(ours)) for _ in range(ROUNDS)]
    theirs = statistics.median(seconds for seconds, _ in rounds)
    mine = statistics.median(seconds for _, seconds in rounds)
    print(f"{what:24} {name:12} {theirs * 1000:8.1f} ms   faxmill {mine * 1000:8.1f} ms"
          f"   {theirs / mine:6.2f}", flush=True)
    return theirs / mine


def cpu_seconds(command, may_fail=False):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = run(command, may_fail)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done is None:
        return None
    return (after.ru_utime - before.ru_utime) + (after.ru_stime - before.ru_stime)


def run(command, may_fail=False):
    """What the command prints; None when it fails and may."""
    done = subprocess.run(command, capture_output=True, cwd=ROOT)
    if done.returncode == 0:
        return done.stdout
    if may_fail:
        return None
    words = (done.stderr or done.stdout).decode(errors="replace").strip()
    sys.exit(f"bench-peers: {command[0]} failed: {words}")


def geometric_mean(ratios):
    return math.exp(statistics.fmean(math.log(ratio) for ratio in ratios))


main()
