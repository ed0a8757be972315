#!/usr/bin/env python3
"""Prints what the last `cargo bench` measured, one line each: figure NAME MICROSECONDS (median).

usage: scripts/criterion-figures.py [FOLDER]     default: target/criterion
"""

import json
import pathlib
import sys


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "target/criterion")
    estimates = sorted(folder.glob("**/new/estimates.json"))
    if not estimates:
        sys.exit(f"criterion-figures: nothing was measured in {folder}")
    for path in estimates:
        benchmark = json.loads((path.parent / "benchmark.json").read_text())
        median = json.loads(path.read_text())["median"]["point_estimate"]
        name = benchmark["full_id"].replace("/", "-").replace(" ", "-").replace("_", "-")
        print(f"figure {name}-us {median / 1000:.1f}")


if __name__ == "__main__":
    main()
