"""The site, built from a copy of the book as `make book` builds it, once for all tests; and a server that shows it."""

import functools
import http.server
import json
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml
from pages import ROOT
from system import require_program

sys.path.insert(0, str(ROOT / "site"))

from lossbook_site import packages

BUILD = [str(Path(sys.executable).with_name("jupyter-book")), "build", ".", "-W", "-n", "--keep-going"]


def documents() -> list[str]:
    """The pages of the book, in its order."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    return [toc["root"], *(chapter["file"] for part in toc["parts"] for chapter in part["chapters"])]


def copy_book(target: Path) -> Path:
    """A copy of what belongs to the repository (files that git ignores do not)."""
    git = require_program("git")
    listed = subprocess.run(
        [git, "ls-files", "--cached", "--others", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True, check=True
    )
    for name in listed.stdout.decode().rstrip("\0").split("\0"):
        if (ROOT / name).is_file():  # not one that has just been removed
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, target / name)
    share_packages(target)
    return target


def share_packages(target: Path) -> None:
    """Let a book in another folder use the third-party files of this one."""
    (target / "node_modules").symlink_to(packages.install(ROOT), target_is_directory=True)


def build(book: Path) -> Path:
    """Build a book; the folder of its pages.  Fails with what the build said."""
    result = subprocess.run(BUILD, cwd=book, capture_output=True, text=True)
    assert result.returncode == 0, f"{result.stdout}\n{result.stderr}"
    return book / "_build" / "html"


def build_once(folder: Path) -> Path:
    """Build the book in `folder`, unless another process of this test run has done so or is about to."""
    outcome = folder / "built.json"
    try:
        folder.mkdir()
    except FileExistsError:
        while not outcome.exists():
            time.sleep(0.2)
        error = json.loads(outcome.read_text(encoding="utf-8"))
        assert error is None, error
        return folder / "book" / "_build" / "html"
    error = "the build was interrupted"
    try:
        site = build(copy_book(folder / "book"))
        error = None
    except AssertionError as failure:
        error = str(failure)
        raise
    finally:
        partial = outcome.with_suffix(".part")
        partial.write_text(json.dumps(error), encoding="utf-8")
        partial.rename(outcome)
    return site


@contextmanager
def served(site: Path) -> Iterator[str]:
    """The site at an address of this machine."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    handler = functools.partial(Quiet, directory=str(site))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()
