"""What a chapter computes, for the tests that compare it with other programs."""

from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace

import execute
import matplotlib.pyplot as plt


def run_cells(chapter: Path, cells: Iterable[str]) -> SimpleNamespace:
    """Run the named cells of a chapter, in the given order; the names that they define, as attributes."""
    sources = {cell["id"]: "".join(cell["source"]) for cell in execute.read(chapter)["cells"]}
    names: dict = {}
    for cell_id in cells:
        exec(compile(sources[cell_id], f"{chapter.name}, {cell_id}", "exec"), names)
    plt.close("all")
    return SimpleNamespace(**names)
