"""Notebooks in nbgrader's cell format (schema 3): judging a source, and reading whatever a student hands in."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass

SCHEMA = 3
MOST_BYTES = 20 << 20
MOST_CELLS = 2000


class BadNotebook(ValueError):
    """Something that cannot be read as a notebook; the message says why."""


@dataclass(frozen=True)
class Cell:
    """One cell, in the form that all notebook formats share."""

    kind: str  # code, markdown or raw
    source: str
    grade_id: str = ""
    grade: bool = False
    solution: bool = False
    locked: bool = False
    task: bool = False
    points: float = 0
    id: str = ""

    @property
    def is_test(self) -> bool:
        """Whether its output decides points."""
        return self.grade and not self.solution

    @property
    def is_manual(self) -> bool:
        """Whether a person gives its points."""
        return (self.grade and self.solution) or self.task

    @property
    def is_answer(self) -> bool:
        """Whether students write in it."""
        return self.solution


@dataclass(frozen=True)
class Notebook:
    """The cells of a notebook, and what is unusual about it."""

    cells: tuple[Cell, ...]
    flags: tuple[str, ...] = ()
    language: str = "python"


def parse(data: bytes) -> dict:
    """The JSON of a notebook.

    Raises
    ------
    BadNotebook
        If there is none.
    """
    if not data.strip():
        raise BadNotebook("the file is empty")
    if len(data) > MOST_BYTES:
        raise BadNotebook(f"the file has {len(data) / 2**20:.0f} MiB; {MOST_BYTES >> 20} MiB is the limit")
    try:
        found = json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise BadNotebook("the file is no text in UTF-8, so it is no notebook") from None
    except json.JSONDecodeError as error:
        raise BadNotebook(f"the file is no valid JSON (line {error.lineno}), so it is no notebook") from None
    except (RecursionError, MemoryError, ValueError):
        raise BadNotebook("the file is no JSON that a notebook could be") from None
    if not isinstance(found, dict) or not ("cells" in found or "worksheets" in found):
        raise BadNotebook("the file is JSON, but no notebook: it has no cells")
    return found


def read(data: bytes) -> Notebook:
    """Whatever a student hands in, read as leniently as can be.

    Raises
    ------
    BadNotebook
        If it is no notebook.
    """
    raw = parse(data)
    flags = []
    if "worksheets" in raw and "cells" not in raw:
        sheets = raw["worksheets"] if isinstance(raw["worksheets"], list) else []
        raw_cells = [cell for sheet in sheets if isinstance(sheet, dict) for cell in _list(sheet.get("cells"))]
        flags.append("older notebook format")
    else:
        raw_cells = _list(raw["cells"])
        version = raw.get("nbformat"), raw.get("nbformat_minor")
        if version != (4, 5) and all(isinstance(part, int) for part in version):
            flags.append(f"notebook format {version[0]}.{version[1]}")
    if len(raw_cells) > MOST_CELLS:
        raise BadNotebook(f"the notebook has {len(raw_cells)} cells; {MOST_CELLS} is the limit")
    metadata = raw.get("metadata") if isinstance(raw.get("metadata"), dict) else {}
    kernel = metadata.get("kernelspec") if isinstance(metadata.get("kernelspec"), dict) else {}
    if kernel.get("name", "python3") != "python3":
        flags.append("another kernel")
    language = str(kernel.get("language", "python"))
    return Notebook(tuple(map(_cell, filter(_is_dict, raw_cells))), tuple(flags), language)


def _is_dict(x: object) -> bool:
    return isinstance(x, dict)


def _list(x: object) -> list:
    return x if isinstance(x, list) else []


def _cell(raw: dict) -> Cell:
    source = raw.get("source", raw.get("input", ""))
    if isinstance(source, list):
        source = "".join(part for part in source if isinstance(part, str))
    metadata = raw.get("metadata") if isinstance(raw.get("metadata"), dict) else {}
    marks = metadata.get("nbgrader") if isinstance(metadata.get("nbgrader"), dict) else {}
    points = marks.get("points", 0)
    return Cell(
        kind=raw["cell_type"] if raw.get("cell_type") in ("code", "raw") else "markdown",
        source=source if isinstance(source, str) else "",
        grade_id=str(marks.get("grade_id", "")),
        grade=marks.get("grade") is True,
        solution=marks.get("solution") is True,
        locked=marks.get("locked") is True,
        task=marks.get("task") is True,
        points=points if isinstance(points, int | float) and not isinstance(points, bool) else 0,
        id=str(raw.get("id", "")),
    )


# --- Sources


_ALLOWED = {"schema_version", "grade", "locked", "solution", "task", "grade_id", "points", "checksum", "cell_type"}


def read_source(data: bytes) -> Notebook:
    """A teacher's source; nbgrader's own rules are checked, so that mistakes show before students see them.

    Raises
    ------
    BadNotebook
        If nbgrader would refuse it, or it would not do what it seems to.
    """
    raw = parse(data)
    check_source(raw)
    return read(data)


def check_source(raw: dict) -> None:
    """Refuse a source that nbgrader would refuse."""
    if raw.get("nbformat") != 4:
        raise BadNotebook("a source must be in notebook format 4")
    seen: set[str] = set()
    for number, cell in enumerate(_list(raw.get("cells")), start=1):
        marks = cell.get("metadata", {}).get("nbgrader")
        if marks is not None:
            try:
                _check_marks(cell, marks, seen)
            except BadNotebook as error:
                raise BadNotebook(f"cell {number}: {error}") from None
        _check_regions(number, _cell(cell))


def _check_marks(cell: dict, marks: dict, seen: set[str]) -> None:
    version = marks.get("schema_version", 0)
    if version != SCHEMA:
        raise BadNotebook(f"its nbgrader schema is {version}; expected {SCHEMA} (nbgrader update brings old ones up)")
    if not {"grade", "locked", "solution"} <= marks.keys() <= _ALLOWED:
        odd = sorted({"grade", "locked", "solution"} - marks.keys()) or sorted(marks.keys() - _ALLOWED)
        raise BadNotebook(f"its nbgrader metadata lacks something or has too much: {', '.join(odd)}")
    if not all(isinstance(marks.get(key, False), bool) for key in ("grade", "locked", "solution", "task")):
        raise BadNotebook("grade, locked, solution and task are true or false")
    grade, solution, task = marks["grade"], marks["solution"], marks.get("task", False)
    name = marks.get("grade_id", "")
    if (grade or solution or marks["locked"]) and not re.fullmatch(r"[\w-]+", str(name), re.ASCII):
        raise BadNotebook(f"its grade_id is {name!r}; expected letters, digits, _ and -")
    points = marks.get("points")
    if (grade or task) and (isinstance(points, bool) or not isinstance(points, int | float) or not points >= 0):
        raise BadNotebook(f"its points are {points!r}; expected a number that is not negative")
    if cell.get("cell_type") == "markdown" and not task and grade != solution:
        raise BadNotebook("a text cell is graded and a solution, or neither")
    if task and (cell.get("cell_type") != "markdown" or not marks["locked"] or grade or solution):
        raise BadNotebook("a task cell is a text cell that is locked, and neither graded nor a solution")
    if grade or solution or marks["locked"]:
        if name in seen:
            raise BadNotebook(f"the grade_id {name} occurs twice")
        seen.add(name)


def _check_regions(number: int, cell: Cell) -> None:
    for what, allowed, where in (
        ("SOLUTION", cell.solution, "a solution cell"),
        ("HIDDEN TESTS", cell.grade, "a graded cell"),
        ("MARK SCHEME", cell.task, "a task cell"),
    ):
        regions = list(lines_outside(cell.source, what))
        if regions != cell.source.split("\n") and not allowed:
            raise BadNotebook(f"cell {number}: it has ### BEGIN {what}, but is not marked as {where}")
    if re.search(r"AUTOTEST", cell.source) and cell.is_test:
        raise BadNotebook(f"cell {number}: ### AUTOTEST needs nbgrader itself; write the tests out")


def lines_outside(source: str, what: str, stub: str = "") -> list[str]:
    """The lines outside the regions between ``### BEGIN what`` and ``### END what``, a stub in the place of each.

    Raises
    ------
    BadNotebook
        If a region begins in another one, or does not end.
    """
    kept, inside = [], False
    for line in source.split("\n"):
        if f"BEGIN {what}" in line:
            if inside:
                raise BadNotebook(f"### BEGIN {what} inside another one")
            inside = True
            indent = re.match(r"\s*", line)[0]
            kept += [indent + part for part in stub.split("\n")] if stub else []
        elif f"END {what}" in line:
            inside = False
        elif not inside:
            kept.append(line)
    if inside:
        raise BadNotebook(f"### BEGIN {what} without ### END {what}")
    return kept


def checksum(kind: str, source: str, marks: dict) -> str:
    """The checksum that nbgrader gives a cell: it tells an answer that nobody has touched."""
    grade, solution = marks.get("grade", False), marks.get("solution", False)
    locked = False if solution else True if grade else marks.get("locked", False)
    parts = [source, kind, str(grade), str(solution), str(locked), marks["grade_id"]]
    if grade:
        parts.append(str(float(marks["points"])))
    return hashlib.md5("".join(parts).encode(), usedforsecurity=False).hexdigest()
