"""The students' version of a source: the same content as ``nbgrader generate_assignment``."""

from __future__ import annotations

import copy
import json

from .notebook import BadNotebook, check_source, checksum, lines_outside, parse

CODE_STUB = "# YOUR CODE HERE\nraise NotImplementedError()"
TEXT_STUB = "YOUR ANSWER HERE"


def release(source: bytes) -> str:
    """The text of the release.

    Raises
    ------
    BadNotebook
        If nbgrader would refuse the source.
    """
    raw = parse(source)
    check_source(raw)
    return to_text(released(raw))


def released(raw: dict) -> dict:
    """The release of a source, both as JSON; the source is left alone."""
    notebook = copy.deepcopy(raw)
    language = notebook.get("metadata", {}).get("kernelspec", {}).get("language", "python")
    if language != "python":
        raise BadNotebook(f"its language is {language}; expected python")
    notebook["metadata"].pop("celltoolbar", None)
    for cell in notebook["cells"]:
        cell["source"] = "".join(cell["source"]) if isinstance(cell["source"], list) else cell["source"]
        _release_cell(cell)
    return notebook


def _release_cell(cell: dict) -> None:
    kind, marks = cell["cell_type"], cell["metadata"].get("nbgrader")
    marks = marks or {"grade": False, "solution": False, "locked": False}
    is_code, is_task = kind == "code", marks.get("task", False)
    grade, solution = marks["grade"], marks["solution"]
    locked = not solution and (grade or marks["locked"])
    if solution or grade or locked:
        cell["metadata"]["deletable"] = False
        if not solution:
            cell["metadata"]["editable"] = False
    stub = CODE_STUB if is_code else TEXT_STUB
    before = cell["source"]
    cell["source"] = "\n".join(lines_outside(before, "SOLUTION", stub))
    if solution and "BEGIN SOLUTION" not in before:
        cell["source"] = stub
    if is_code:
        cell["outputs"], cell["execution_count"] = [], None
        for key in ("collapsed", "scrolled"):
            cell["metadata"].pop(key, None)
    cell["source"] = "\n".join(lines_outside(cell["source"], "HIDDEN TESTS"))
    if is_task:
        cell["source"] = "\n".join(lines_outside(cell["source"], "MARK SCHEME"))
    if grade or solution or locked:
        marks["checksum"] = checksum(kind, cell["source"], marks)
        marks["cell_type"] = kind


def to_text(notebook: dict) -> str:
    """A notebook as Jupyter writes it."""
    split = copy.deepcopy(notebook)
    for cell in split["cells"]:
        cell["source"] = cell["source"].splitlines(keepends=True)
    return json.dumps(split, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
