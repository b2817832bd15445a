"""The live figures of the book: from its notebooks as stored, and as objects from running a chapter's cells."""

import contextlib
import functools
import io
import json
import os
from dataclasses import dataclass
from pathlib import Path

import loss_table
import matplotlib.pyplot as plt
from pages import ROOT

from lossbook.interactive import Figure

CHAPTERS = sorted((ROOT / "chapters").glob("*.ipynb"))


@dataclass(frozen=True)
class Stored:
    """A live figure as a notebook holds it."""

    chapter: str
    cell: str
    html: str


@functools.cache
def stored() -> tuple[Stored, ...]:
    """All live figures of the book, in the order of the files."""
    found = []
    for path in CHAPTERS:
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            for output in cell.get("outputs", []):
                html = "".join(output.get("data", {}).get("text/html", ""))
                if 'class="live-figure"' in html:
                    found.append(Stored(path.stem, cell["id"], html))
    return tuple(found)


def page(*htmls: str, style: str = "") -> str:
    """A page with nothing but these figures, as Jupyter would show them."""
    cells = "".join(f'<div class="cell_output">{html}</div>' for html in htmls)
    head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    return f'<!doctype html><html lang="en">{head}<title>Live</title><style>{style}</style><body><main>{cells}</main>'


@functools.cache
def figures(chapter: str) -> tuple[Figure, ...]:
    """The figures that a chapter shows, made anew by the cells that show them and those that define what these use."""
    made: list[Figure] = []
    begin = Figure.__init__

    def watched(self: Figure, *args: object, **options: object) -> None:
        begin(self, *args, **options)
        made.append(self)

    path = ROOT / "chapters" / f"{chapter}.ipynb"
    shown = {one.cell for one in stored() if one.chapter == chapter}
    namespace: dict = {"__name__": chapter}
    here = Path.cwd()
    try:
        Figure.__init__ = watched
        os.chdir(ROOT / "chapters")
        with contextlib.redirect_stdout(io.StringIO()):
            for cell_id, source in loss_table.needed(path, lambda name, _: name in shown):
                exec(compile(source, f"{chapter}:{cell_id}", "exec"), namespace)
    finally:
        Figure.__init__ = begin
        os.chdir(here)
        plt.close("all")
    return tuple(made)
