"""Which cell of a submission answers which cell of the assignment.

Students copy cells, move them, delete them, and upload through programs that strip everything but the text.  A cell is
recognised by its ``grade_id``, else by its text, else by the names it defines; a written answer, else, by its place.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from .notebook import Cell, Notebook
from .source import Assignment, defined_names


@dataclass
class Match:
    """What was recognised.

    Attributes
    ----------
    code : list of str
        The code cells to run, in the order of the submission; copies of tests are left out.
    anchors : dict
        grade_id of a test -> how many of these cells run before it.
    written : dict
        grade_id of a cell that is marked by hand -> the answer, empty if untouched.
    flags : list of str
        What is unusual.
    found : bool
        Whether anything of the assignment was recognised.
    owner : list
        For each code cell, the source cell that it answers, or -1.
    """

    code: list[str] = field(default_factory=list)
    anchors: dict[str, int] = field(default_factory=dict)
    written: dict[str, str] = field(default_factory=dict)
    flags: list[str] = field(default_factory=list)
    found: bool = False
    owner: list[int] = field(default_factory=list)


def match(assignment: Assignment, submission: Notebook) -> Match:
    """Recognise the cells of a submission."""
    source = assignment.released.cells
    owner = _owners(assignment, submission.cells)
    result = Match(flags=list(submission.flags))
    result.found = any(place >= 0 and source[place].grade_id for place in owner)
    result.flags += _oddities(source, submission.cells, owner)
    pairs = list(zip(submission.cells, owner, strict=True))
    runs = [cell.kind == "code" and not (place >= 0 and source[place].is_test) for cell, place in pairs]
    result.code = [cell.source for cell, run in zip(submission.cells, runs, strict=True) if run]
    result.owner = [place for place, run in zip(owner, runs, strict=True) if run]
    before = [sum(runs[:position]) for position in range(len(runs) + 1)]
    for place, cell in enumerate(source):
        if cell.is_test:
            result.anchors[cell.grade_id] = before[_position(place, owner, submission.cells, source)]
        if cell.is_manual:
            result.written[cell.grade_id] = _answer(place, source, submission.cells, owner)
    return result


def _owners(assignment: Assignment, cells: tuple[Cell, ...]) -> list[int]:
    """For each cell of the submission the place of the source cell it comes from, or -1."""
    source = assignment.released.cells
    by_id = {cell.grade_id: place for place, cell in enumerate(source) if cell.grade_id}
    by_text: dict[tuple[str, str], list[int]] = {}
    for place, cell in enumerate(source):
        by_text.setdefault((cell.kind, _normal(cell.source)), []).append(place)
    owner = [by_id.get(cell.grade_id, -1) if cell.grade_id else -1 for cell in cells]
    for number, cell in enumerate(cells):
        candidates = by_text.get((cell.kind, _normal(cell.source)), [])
        if owner[number] < 0 and candidates and _normal(cell.source):
            free = [place for place in candidates if place not in owner]
            owner[number] = free[0] if free else candidates[-1]
    by_name = {name: place for place, cell in enumerate(source) for name in assignment.defined.get(cell.grade_id, ())}
    for number, cell in enumerate(cells):
        if owner[number] < 0 and cell.kind == "code":
            votes = [by_name[name] for name in sorted(defined_names(cell.source)) if name in by_name]
            if votes:
                owner[number] = max(set(votes), key=votes.count)
    found = any(place >= 0 and source[place].grade_id for place in owner)
    for place, cell in enumerate(source if found else ()):
        if cell.is_manual and cell.kind == "markdown" and not cell.task and place not in owner:
            _find_by_place(place, cells, owner)
    return owner


def _find_by_place(place: int, cells: tuple[Cell, ...], owner: list[int]) -> None:
    """A written answer whose id is gone stands between the cells that stood around it."""
    first = max((number + 1 for number, other in enumerate(owner) if 0 <= other < place), default=0)
    last = min((number for number, other in enumerate(owner) if other > place and number >= first), default=len(cells))
    for number in range(first, last):
        if owner[number] < 0 and cells[number].kind != "code":
            owner[number] = place


def _normal(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def _position(place: int, owner: list[int], cells: tuple[Cell, ...], source: tuple[Cell, ...]) -> int:
    """Where in the submission a test belongs: after all that belongs before it, as late as that allows."""
    last = max((number + 1 for number, other in enumerate(owner) if 0 <= other <= place), default=0)
    return min((number for number, other in enumerate(owner) if other > place and number >= last), default=len(cells))


def _answer(place: int, source: tuple[Cell, ...], cells: tuple[Cell, ...], owner: list[int]) -> str:
    """What was written for a cell that is marked by hand."""
    cell = source[place]
    if cell.task:
        first = max((number + 1 for number, other in enumerate(owner) if 0 <= other <= place), default=None)
        if first is None:
            return ""
        end = min(
            (number for number, other in enumerate(owner) if other > place and number >= first), default=len(cells)
        )
        return "\n\n".join(part.source for part in cells[first:end] if part.source.strip())
    by_id = [number for number, other in enumerate(owner) if other == place and cells[number].grade_id]
    chosen = by_id[-1:] or [number for number, other in enumerate(owner) if other == place]
    written = "\n\n".join(cells[number].source for number in chosen)
    return "" if _normal(written) == _normal(cell.source) else written


def _oddities(source: tuple[Cell, ...], cells: tuple[Cell, ...], owner: list[int]) -> list[str]:
    flags = []
    for place, cell in enumerate(source):
        if not cell.grade_id:
            continue
        numbers = [number for number, other in enumerate(owner) if other == place]
        own = [number for number in numbers if cells[number].grade_id == cell.grade_id]
        if not numbers and not cell.task:
            flags.append(f"cell {cell.grade_id} is missing")
        elif len(own) > 1:
            flags.append(f"cell {cell.grade_id} occurs {len(own)} times")
        elif numbers and not own:
            flags.append(f"cell {cell.grade_id} has lost its id")
        if cell.is_test and own and any(_normal(cells[number].source) != _normal(cell.source) for number in own):
            flags.append(f"test {cell.grade_id} was edited")
        if own and any(_marks(cells[number]) != _marks(cell) for number in own):
            flags.append(f"the marks of cell {cell.grade_id} were edited")
    order = [place for place in owner if place >= 0 and source[place].grade_id]
    firsts = [place for number, place in enumerate(order) if place not in order[:number]]
    if firsts != sorted(firsts):
        flags.append("cells were moved")
    return flags


def _marks(cell: Cell) -> tuple:
    return cell.grade, cell.solution, cell.points if cell.grade else 0
