"""Compile requirements.in into requirements.txt: `make lock`.

    python tools/lock.py               add what requirements.in now asks for, keep the other versions
    python tools/lock.py --upgrade     the newest versions that its ranges allow

The result serves every Python from 3.11 on and every system, pins everything, and names no package index.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OPTIONS = ["--universal", "--python-version", "3.11", "--no-header", "--no-annotate", "--no-emit-index-url", "--quiet"]


def main(arguments: list[str]) -> int:
    """Write requirements.txt; returns the exit status."""
    command = [sys.executable, "-m", "uv", "pip", "compile", *OPTIONS, *arguments]
    return subprocess.call([*command, "requirements.in", "--output-file", "requirements.txt"], cwd=ROOT)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
