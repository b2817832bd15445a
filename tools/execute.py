"""Run notebooks from a fresh kernel and leave behind only what says something: `make execute`.

    python tools/execute.py                     every notebook of the book
    python tools/execute.py gaussian            one chapter, by name (or by path)
    python tools/execute.py --normalise         tidy the files, run nothing
    python tools/execute.py --check             say which files are not tidy, change nothing

A notebook runs in its own folder, all cells in order, and is written only if every cell succeeded.  What is written
does not depend on the machine, the time or the editor: cell ids are words, counts run 1, 2, 3 …, metadata that an
editor added is gone, pictures carry no version stamp.  Running it twice changes nothing, so a diff shows what an
author changed.
"""

import argparse
import atexit
import base64
import copy
import functools
import json
import os
import re
import shutil
import struct
import sys
import tempfile
import unicodedata
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = (".", "chapters", "reference")
CELL_TIMEOUT = 180

NOTEBOOK_METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
# What a cell may say of itself: tags, how its picture is shown, nbgrader's marks.  The rest is an editor's memory.
CELL_METADATA = ("mystnb", "nbgrader", "tags")

READABLE_ID = re.compile(r"(?=.{1,40}$)[a-z][a-z0-9]*(-[a-z0-9]+)*")
# What editors invent: a UUID, or some hexadecimal digits.
RANDOM_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?=[a-f]*[0-9])[0-9a-f]{6,}")

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
VOLATILE_CHUNKS = {b"tEXt", b"zTXt", b"iTXt", b"tIME", b"eXIf"}


# --- Which notebooks


def notebooks(root: Path = ROOT) -> list[Path]:
    """The notebooks of the book, in the order of their paths."""
    return sorted(path for folder in FOLDERS for path in (root / folder).glob("*.ipynb"))


def find(name: str, root: Path = ROOT) -> Path:
    """The notebook called `name`: a path, or the word in its file name."""
    if Path(name).suffix == ".ipynb":
        path = Path(name).resolve()
        if not path.is_file():
            raise FileNotFoundError(f"there is no notebook {name}")
        return path
    found = [path for path in notebooks(root) if path.stem == name]
    if not found:
        known = ", ".join(path.stem for path in notebooks(root)) or "none"
        raise FileNotFoundError(f"there is no notebook called {name!r}; the notebooks are: {known}")
    return found[0]


# --- What is written


def read(path: Path) -> dict:
    """The notebook as it stands in the file (nbformat would invent ids for cells that have none)."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    if notebook.get("nbformat") != 4:
        raise ValueError(f"{path}: expected a notebook of format 4, given {notebook.get('nbformat')!r}")
    return notebook


def to_text(notebook: dict) -> str:
    """The bytes of the file: indented by 1 like Jupyter's own, sorted keys, UTF-8, a newline at the end."""
    return json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def normalise(notebook: dict) -> dict:
    """A tidy copy.  Normalising twice is the same as normalising once."""
    cells = [_cell(cell) for cell in notebook["cells"]]
    count = 0
    for cell in cells:
        if cell["cell_type"] == "code" and cell["execution_count"] is not None:
            count += 1
            cell["execution_count"] = count
            for output in cell["outputs"]:
                if output["output_type"] == "execute_result":
                    output["execution_count"] = count
    _name_cells(cells)
    return {"cells": cells, "metadata": copy.deepcopy(NOTEBOOK_METADATA), "nbformat": 4, "nbformat_minor": 5}


def _cell(cell: dict) -> dict:
    tidy = {
        "cell_type": cell["cell_type"],
        "id": cell.get("id"),
        "metadata": {key: cell["metadata"][key] for key in CELL_METADATA if cell.get("metadata", {}).get(key)},
        "source": _lines(_joined(cell["source"]).replace("\r\n", "\n").strip("\n")),
    }
    if cell.get("attachments"):
        tidy["attachments"] = cell["attachments"]
    if cell["cell_type"] == "code":
        # An empty cell cannot be run, so it never has a count.
        tidy["execution_count"] = cell.get("execution_count") if tidy["source"] else None
        tidy["outputs"] = _outputs(cell.get("outputs", []))
    return tidy


def _outputs(outputs: list[dict]) -> list[dict]:
    """Tidy outputs.  A kernel cuts printed text into pieces at any moment: the pieces of one stream become one."""
    tidy: list[dict] = []
    streams: dict[str, dict] = {}
    for output in map(copy.deepcopy, outputs):
        kind = output["output_type"]
        if kind == "stream":
            text = _joined(output["text"])
            if output["name"] in streams:
                text = _joined(streams[output["name"]]["text"]) + text
            else:
                streams[output["name"]] = output
                tidy.append(output)
            streams[output["name"]]["text"] = _lines(text)
            continue
        output.pop("transient", None)
        for mime, data in output.get("data", {}).items():
            if mime == "image/png":
                output["data"][mime] = _picture(_joined(data))
            elif mime.startswith("text/") or mime == "image/svg+xml":
                output["data"][mime] = _lines(_joined(data))
        tidy.append(output)
    return tidy


def _picture(encoded: str) -> str:
    return base64.b64encode(without_stamps(base64.b64decode(encoded))).decode("ascii")


def without_stamps(png: bytes) -> bytes:
    """The same picture without the chunks that name a program, a version or a time."""
    if not png.startswith(PNG_SIGNATURE):
        raise ValueError(f"expected a PNG picture, given {len(png)} bytes that begin with {png[:8]!r}")
    kept, at = [PNG_SIGNATURE], len(PNG_SIGNATURE)
    while at < len(png):
        (length,) = struct.unpack_from(">I", png, at)
        kind, end = png[at + 4 : at + 8], at + 12 + length
        if kind not in VOLATILE_CHUNKS:
            kept.append(png[at:end])
        at = end
    return b"".join(kept)


def _joined(text: str | list[str]) -> str:
    return text if isinstance(text, str) else "".join(text)


def _lines(text: str) -> list[str]:
    """Lines with their ends, cut at newlines only (`str.splitlines` knows a dozen other separators)."""
    return [line for line in re.split(r"(?<=\n)", text) if line]


# --- Cell ids


def is_readable(cell_id: object) -> bool:
    """Whether an id is a few lower-case words: stable, and something one can talk about."""
    return isinstance(cell_id, str) and bool(READABLE_ID.fullmatch(cell_id)) and not RANDOM_ID.fullmatch(cell_id)


def _name_cells(cells: list[dict]) -> None:
    """Keep readable ids; make the others of the nearest heading or the first words, the same ones in every run."""
    taken = {cell["id"] for cell in cells if is_readable(cell["id"])}
    kept: set[str] = set()
    section = "start"
    for cell in cells:
        text = _joined(cell["source"])
        heading = re.search(r"^#{1,6}\s+(.+)$", text, re.MULTILINE) if cell["cell_type"] == "markdown" else None
        if heading:
            section = _slug(heading[1]) or section
        if is_readable(cell["id"]) and cell["id"] not in kept:
            kept.add(cell["id"])
            continue
        if cell["cell_type"] == "code":
            wish = f"{section}-code"
        else:
            wish = section if heading else _slug(text) or f"{section}-text"
        cell["id"], number = wish, 2
        while cell["id"] in taken:
            cell["id"] = f"{wish}-{number}"
            number += 1
        taken.add(cell["id"])
        kept.add(cell["id"])


def _slug(text: str, words: int = 4, length: int = 28) -> str:
    text = re.sub(r"\{[^}]*\}`[^`]*`|\$[^$]*\$|\]\([^)]*\)|^\([^)]*\)=$", " ", text, flags=re.MULTILINE)
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    slug = ""
    for word in re.findall(r"[a-z0-9]+", plain)[:words]:
        longer = f"{slug}-{word}" if slug else word
        if len(longer) > length:
            break
        slug = longer
    slug = slug.lstrip("0123456789-")
    return slug if is_readable(slug) else ""


# --- Running


@functools.cache
def _empty_folder() -> str:
    folder = tempfile.mkdtemp(prefix="lossbook-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def clean_environment() -> dict[str, str]:
    """The settings that make a kernel independent of its owner: no start-up files, no private matplotlibrc."""
    import matplotlib

    return {
        "IPYTHONDIR": _empty_folder(),
        "MATPLOTLIBRC": str(Path(matplotlib.get_data_path()) / "matplotlibrc"),
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",  # or the debugger prints a warning at every start
    }


def execute(path: Path, before: str = "", after: str = "") -> dict:
    """Run the notebook at `path` from a fresh kernel of this very Python, in its own folder; returns it tidy.

    Call ``os.environ.update(clean_environment())`` once before.  `before` and `after` are run silently around the cells
    and leave no trace, except that what `after` prints becomes ``notebook["metadata"]["after"]``: tests look into a
    running notebook this way.
    """
    import nbformat
    from jupyter_client.kernelspec import KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager
    from jupyter_core.utils import run_sync
    from nbclient import NotebookClient

    tidy = normalise(read(path))
    for cell in tidy["cells"]:
        if cell["cell_type"] == "code":
            cell["execution_count"], cell["outputs"] = None, []
    notebook = nbformat.from_dict(tidy)
    for cell in notebook.cells:
        cell["source"] = _joined(cell["source"])
    # A kernel called python3 in the reader's home may be any Python at all: look nowhere but here.
    specs = KernelSpecManager(kernel_dirs=[str(Path(sys.prefix) / "share" / "jupyter" / "kernels")])
    manager = AsyncKernelManager(kernel_name="python3", kernel_spec_manager=specs)
    client = NotebookClient(
        notebook,
        km=manager,
        extra_arguments=["--log-level=ERROR"],
        timeout=CELL_TIMEOUT,
        record_timing=False,
        store_widget_state=False,
        resources={"metadata": {"path": str(path.parent)}},
    )
    printed = ""
    try:
        with client.setup_kernel():
            if before:
                _run_silently(client, before)
            for index, cell in enumerate(notebook.cells):
                client.execute_cell(cell, index)
            if after:
                printed = _run_silently(client, after)
    finally:
        run_sync(manager.shutdown_kernel)(now=True)
    result = normalise(notebook)
    if after:
        result["metadata"]["after"] = printed
    return result


def _run_silently(client, code: str) -> str:
    """Run code that is not in the notebook and counts nowhere; returns what it prints."""
    from jupyter_core.utils import run_sync

    return ask(run_sync(client.kc._async_execute_interactive), code)


def ask(run: Callable, code: str) -> str:
    """What code prints that is not in the notebook; `run` is the `execute_interactive` of a kernel's client."""
    printed: list[str] = []

    def collect(message: dict) -> None:
        if message["msg_type"] == "stream":
            printed.append(message["content"]["text"])
        elif message["msg_type"] == "error":
            raise RuntimeError("\n".join(message["content"]["traceback"]))

    run(code, store_history=False, allow_stdin=False, output_hook=collect, timeout=CELL_TIMEOUT)
    return "".join(printed)


# --- The command


def _treat(path: Path, run: bool, write: bool) -> tuple[Path, str, str]:
    """(path, verdict, details) with verdict "unchanged", "changed" or "failed"."""
    before = path.read_text(encoding="utf-8")
    try:
        after = to_text(execute(path) if run else normalise(read(path)))
    except Exception as error:  # whatever stops one notebook is reported, and the others still run
        return path, "failed", re.sub(r"\x1b\[[0-9;]*m", "", str(error)).strip()
    if after == before:
        return path, "unchanged", ""
    if write:
        path.write_text(after, encoding="utf-8", newline="\n")
    return path, "changed", ""


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    parser = argparse.ArgumentParser(description="Run notebooks from a fresh kernel and normalise their metadata.")
    parser.add_argument("names", nargs="*", help="chapters by name or path (default: every notebook of the book)")
    parser.add_argument("--jobs", type=int, default=2, help="notebooks at a time (default: 2)")
    parser.add_argument("--normalise", action="store_true", help="run nothing, only tidy the files")
    parser.add_argument("--check", action="store_true", help="run nothing, change nothing, fail if a file is not tidy")
    options = parser.parse_args(arguments)
    try:
        paths = [find(name) for name in options.names] if options.names else notebooks()
    except FileNotFoundError as error:
        parser.error(str(error))
    if not paths:
        print("There are no notebooks yet.")
        return 0
    run, write = not (options.normalise or options.check), not options.check
    if run:
        os.environ.update(clean_environment())
    bad = False
    with ProcessPoolExecutor(max_workers=max(1, min(options.jobs, len(paths)))) as pool:
        tasks = [pool.submit(_treat, path, run, write) for path in paths]
        for task in tasks:
            path, verdict, details = task.result()
            name = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
            print(f"{verdict:>9}  {name}", flush=True)
            if details:
                print(details, file=sys.stderr, flush=True)
            bad |= verdict == "failed" or (options.check and verdict == "changed")
    return int(bad)


if __name__ == "__main__":
    sys.exit(main())
