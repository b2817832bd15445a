"""Every picture in the book is the one its code draws, and every axis is labelled.

nbval compares what cells print, not their pictures.  So the pictures of its run (chapter_runs) are compared with the
stored ones here, and every figure was asked for its labels at the moment it was drawn.
"""

import base64
import copy
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import execute
import numpy as np
import pytest
from chapter_runs import run
from pages import ROOT
from PIL import Image

# A processor may round a coordinate differently, which tints pixels along an edge; it does not move a point.
TINT = 24  # of 255
MOST_PIXELS = 40  # that may differ by more; a data point covers about 150


def pictures(notebook: dict) -> list[tuple[str, str]]:
    """The pictures of a notebook, with the id of the cell that draws them."""
    return [
        (cell["id"], output["data"]["image/png"])
        for cell in notebook["cells"]
        for output in cell.get("outputs", [])
        if "image/png" in output.get("data", {})
    ]


def differing_pixels(left: str, right: str) -> int:
    """How many pixels of two pictures differ visibly; pictures of different size differ everywhere."""
    one, other = (
        np.asarray(Image.open(io.BytesIO(base64.b64decode(png))).convert("RGBA"), dtype=int) for png in (left, right)
    )
    if one.shape != other.shape:
        return max(one.size, other.size) // 4
    return int((np.abs(one - other).max(axis=2) > TINT).sum())


def stale(stored: dict, fresh: dict) -> list[str]:
    """What differs between a stored notebook and the same notebook run anew."""
    old, new = pictures(stored), pictures(fresh)
    if [cell for cell, _ in old] != [cell for cell, _ in new]:
        return [
            f"pictures stand in the cells {[cell for cell, _ in old]}, the code draws in {[cell for cell, _ in new]}"
        ]
    counts = [(cell, differing_pixels(left, right)) for (cell, left), (_, right) in zip(old, new, strict=True)]
    return [
        f"{cell}: {count} pixels differ: run make execute and look" for cell, count in counts if count > MOST_PIXELS
    ]


def changed_outputs(stored: dict, fresh: dict) -> list[str]:
    """The cells whose outputs differ in anything but the pictures themselves."""

    def outputs(cell: dict) -> list[dict]:
        kept = copy.deepcopy(cell.get("outputs", []))
        for output in kept:
            if "image/png" in output.get("data", {}):
                output["data"]["image/png"] = "a picture"
        return kept

    pairs = zip(stored["cells"], fresh["cells"], strict=True)
    return [
        f"{old['id']}: expected {outputs(old)}, given {outputs(new)}"
        for old, new in pairs
        if outputs(old) != outputs(new)
    ]


def ids(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", execute.notebooks(), ids=ids)
def test_running_the_notebook_anew_changes_nothing(path):
    fresh = run(path).notebook
    stored = execute.read(path)

    assert not changed_outputs(stored, fresh), "\n".join(changed_outputs(stored, fresh))
    assert stale(stored, fresh) == []


@pytest.mark.parametrize("path", execute.notebooks(), ids=ids)
def test_every_axis_is_labelled(path):
    assert run(path).unlabelled == []


# --- The checks themselves: one notebook whose cells draw the same figure, changed in one way each

FIGURE = """fig, ax = plotting.figure()
_ = plotting.points(ax, [1, 2, 3], [1, 4, 9])
plotting.label_axes(ax, x='a', y='b')"""
TITLED = FIGURE.replace("y='b'", "y='b', title='{}'")
COLOUR_BAR = TITLED + "\nbar = fig.colorbar(ax.scatter([1], [1], c=[1]))"
CELLS = {
    "set-up": """from sympy import Symbol
from lossbook import plotting
from lossbook.derivation import Derivation
a = Symbol('a', real=True)
derivation = Derivation(a + a).equals(2 * a)""",
    "original": FIGURE,
    "again": FIGURE,
    "point-moved": FIGURE.replace("[1, 4, 9]", "[1, 4.2, 9]"),
    "label-changed": FIGURE.replace("y='b'", "y='c'"),
    "size-changed": FIGURE.replace("figure()", "figure(height=3.6)"),
    "curve-added": FIGURE + "\n_ = plotting.curve(ax, [1, 3], [1, 9])",
    "no-labels": TITLED + "\n_ = ax.set(xlabel='', ylabel='')",
    "only-x": TITLED + "\n_ = ax.set_ylabel('')",
    "only-y": TITLED + "\n_ = ax.set_xlabel(' ')",
    "shared": """fig, axes = plotting.figure(columns=3, share_y=True)
for ax in axes:
    _ = ax.set_xlabel('a')
_ = axes[0].set_ylabel('b')
_ = axes[2].axis('off')""",
    "colour-bar": COLOUR_BAR + "\nbar.set_label('c')",
    "bare-colour-bar": COLOUR_BAR + "\n_ = bar.ax.set_title('{}', loc='left')",
}


@pytest.fixture(scope="module")
def demonstration(tmp_path_factory) -> tuple[dict, list]:
    """The notebook of all these cells, run, and its unlabelled axes."""
    path = tmp_path_factory.mktemp("figures") / "demo.ipynb"
    cells = [
        {"cell_type": "code", "id": name, "metadata": {}, "source": source.replace("{}", name), "outputs": []}
        for name, source in CELLS.items()
    ]
    path.write_text(json.dumps({"cells": cells, "nbformat": 4, "nbformat_minor": 5}), encoding="utf-8")
    demo = run(path)
    return demo.notebook, demo.unlabelled


AFTERWARDS = """
import json
from pathlib import Path

import execute
from chapter_runs import run

def test_nothing_runs_again(monkeypatch):
    monkeypatch.delattr(execute, "execute")
    here = Path(__file__).parent
    seen = run(here / "demo.ipynb")
    (here / "seen.json").write_text(json.dumps([seen.notebook, seen.unlabelled, len(seen.records)]))
"""


def test_the_run_of_nbval_is_as_good_as_our_own(demonstration, tmp_path):
    notebook, unlabelled = demonstration
    (tmp_path / "demo.ipynb").write_text(execute.to_text(notebook), encoding="utf-8")
    (tmp_path / "test_afterwards.py").write_text(AFTERWARDS, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-c", ROOT / "pyproject.toml", "--rootdir", ROOT, "-p", "conftest"]
    command += ["-p", "no:cacheprovider", tmp_path / "demo.ipynb", tmp_path / "test_afterwards.py"]
    settings = {**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_ADDOPTS": ""}
    result = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=settings)
    assert result.returncode == 0, result.stdout + result.stderr
    nbvals, seen, steps = json.loads((tmp_path / "seen.json").read_text(encoding="utf-8"))

    assert seen == unlabelled
    assert steps == 1
    assert changed_outputs(notebook, nbvals) == []
    assert stale(notebook, nbvals) == []


def alone(demonstration: tuple[dict, list], name: str) -> dict:
    """A notebook with the picture of one cell, under the same name as any other."""
    cell = next(cell for cell in demonstration[0]["cells"] if cell["id"] == name)
    return {"cells": [{**cell, "id": "figure"}]}


def test_every_cell_has_drawn(demonstration):
    assert [name for name, _ in pictures(demonstration[0])] == list(CELLS)[1:]


def test_the_same_picture_is_not_stale(demonstration):
    assert stale(alone(demonstration, "original"), alone(demonstration, "again")) == []


@pytest.mark.parametrize("name", ["point-moved", "label-changed", "size-changed", "curve-added"])
def test_a_changed_figure_is_stale(demonstration, name):
    assert stale(alone(demonstration, "original"), alone(demonstration, name))


def test_a_changed_output_is_seen(demonstration):
    changed = copy.deepcopy(demonstration[0])
    changed["cells"][1]["outputs"][0]["data"]["text/html"] = ["new"]

    assert changed_outputs(demonstration[0], demonstration[0]) == []
    assert [line.split(":")[0] for line in changed_outputs(demonstration[0], changed)] == ["original"]


def test_a_picture_too_few_or_too_many_is_stale(demonstration):
    drawn, empty = alone(demonstration, "original"), {"cells": [{"id": "figure", "outputs": []}]}

    assert stale(empty, drawn)
    assert stale(drawn, empty)


def test_an_axis_without_a_label_is_found(demonstration):
    expected = [
        ["no-labels", ["x label", "y label"]],
        ["only-x", ["y label"]],
        ["only-y", ["x label"]],
        ["bare-colour-bar", ["x label", "y label"]],
    ]

    assert demonstration[1] == expected
