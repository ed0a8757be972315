"""Compares Faxmill with what people use for the same work: CPU time, whole processes.

usage: scripts/bench_peers.py PROGRAM

Each pair runs the two programs in turn, several rounds, so that both see the same machine. A
figure is the peer's CPU time (user and system, child processes included) over ours, from the
medians of the rounds; above 1 is faster than the peer. Lines that begin with "figure" are for
machines: figure NAME VALUE. All others are for people.

What is compared:
- pdf-vs-ghostscript: each sample PDF to a G4 fax TIFF at 204x196 by a fresh process; Ghostscript
  draws without anti-aliasing, which is less work than the grey pages we make. Geometric mean.
- plain-tiff-to-mmr-vs-libtiff: a plain bilevel fax TIFF of 60 pages to MMR, by tiffcp -c g4. Ours also
  hashes every page and flushes the file to the disk.
- mmr-tiff-to-mmr-vs-libtiff: MMR to MMR, which is a decoding and an encoding in both programs.
- voicemail-vs-ffmpeg: a minute of PCM, u-law and WAV49 telephone audio to MP3 at 32 kbit/s mono.
  Geometric mean.
"""

import math
import pathlib
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
SAMPLES = ROOT / "samples"
ROUNDS = 7


def main():
    program = pathlib.Path(sys.argv[1]).resolve()
    for tool in ("gs", "tiffcp", "ffmpeg"):
        if shutil.which(tool) is None:
            sys.exit(f"bench-peers: {tool} is missing: apt-get install ghostscript libtiff-tools ffmpeg")
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        figures = {
            "pdf-vs-ghostscript": pdfs(program, folder),
            **codecs(program, folder),
            "voicemail-vs-ffmpeg": recordings(program, folder),
        }
    for name, value in figures.items():
        print(f"figure {name} {value:.2f}")


def pdfs(program, folder):
    ratios = []
    for pdf in sorted(SAMPLES.glob("*.pdf")):
        peer = [
            "gs", "-q", "-dNOPAUSE", "-dBATCH", "-dSAFER", "-sDEVICE=tiffg4", "-r204x196",
            f"-sOutputFile={folder / 'gs.tif'}", str(pdf),
        ]
        ours = [program, "convert", pdf, "-o", folder / "ours.tif", "--json"]
        ratios.append(compare(pdf.name, "Ghostscript", peer, ours))
    return geometric_mean(ratios)


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


def cpu_seconds(command):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run(command)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime - before.ru_utime) + (after.ru_stime - before.ru_stime)


def run(command):
    done = subprocess.run(command, capture_output=True, cwd=ROOT)
    if done.returncode != 0:
        words = (done.stderr or done.stdout).decode(errors="replace").strip()
        sys.exit(f"bench-peers: {command[0]} failed: {words}")


def geometric_mean(ratios):
    return math.exp(statistics.fmean(math.log(ratio) for ratio in ratios))


main()
