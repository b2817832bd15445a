"""One submission on trial: what each graded cell of the assignment gives for it.

Runs in a process of its own, forked from a warm one.  The tests run here; the student's functions do not.
"""

from __future__ import annotations

import ast
import contextlib
import io
import numbers
import signal
import sys
import time
import traceback
import warnings
from collections.abc import Iterator
from pathlib import Path

from . import hidden
from .inside.lockdown import Limits
from .inside.worker import plain_python
from .matching import Match, match
from .notebook import BadNotebook, Cell, read
from .sandbox import NoSandbox
from .source import Assignment, needed_names
from .student import NOISE, OutOfTime, Student, Times
from .values import Misbehaved, StudentError, described

OUT_OF_TIME = "The time for the whole notebook was over before this could be looked at."


class TestTimeout(BaseException):
    """A test took too long in the grader itself."""


def hold(
    assignment: Assignment,
    trusted: dict[str, object],
    data: bytes,
    *,
    seed: bytes,
    limits: Limits,
    times: Times,
    unsafe: bool,
    files: Path | None,
    done: dict[str, str],
) -> Iterator[dict]:
    """Yield a dictionary for each thing that becomes known.

    ``{"matched": …}`` comes first, then ``{"cell": grade_id, …}`` for each graded cell, with ``points`` and words for
    the student.  Cells in ``done`` are skipped.

    Raises
    ------
    BadNotebook
        If there is nothing to grade.
    """
    notebook = read(data)
    found = match(assignment, notebook)
    if notebook.language.lower() not in ("python", "python3", ""):
        found.flags.append(f"its language is {notebook.language}"[:60])
    if not found.found:
        raise BadNotebook("this is a notebook, but not of this assignment: no cell or function of it was recognised")
    yield {"matched": {"flags": found.flags}}
    student = Student(found.code, limits, times, unsafe=unsafe, files=files)
    try:
        yield from _grade(assignment, trusted, student, found, seed, times, done)
    finally:
        student.close(patience=0.2)


def _grade(
    assignment: Assignment,
    trusted: dict[str, object],
    student: Student,
    found: Match,
    seed: bytes,
    times: Times,
    done: dict[str, str],
) -> Iterator[dict]:
    late: list[Cell] = []
    for cell in assignment.source.cells:
        if cell.is_manual:
            written = found.written[cell.grade_id]
            yield {"cell": cell.grade_id, "answer": written, "points": None if written.strip() else 0.0}
        elif cell.is_test and cell.grade_id not in done:
            yield {"begins": cell.grade_id}
            outcome = run_test(assignment, trusted, student, cell, found.anchors[cell.grade_id], seed, times)
            if outcome is None:
                late.append(cell)
            else:
                yield {"cell": cell.grade_id, **outcome}
    for cell in late:  # what they need is defined nowhere above them: perhaps further down
        yield {"begins": cell.grade_id}
        end = len(student.cells)
        outcome = run_test(assignment, trusted, student, cell, end, seed, times, last=True)
        yield {"cell": cell.grade_id, **outcome}
    yield {"errors": _errors(assignment, student, found), "flags": [NOISE[name] for name in sorted(student.noise)]}


def _errors(assignment: Assignment, student: Student, found: Match) -> list[dict]:
    """The cells that failed, for the student; untouched stubs are no news."""
    listed = []
    for number, (line, message) in sorted(student.errors.items()):
        if message.startswith("NotImplementedError"):
            continue
        place = found.owner[number]
        name = assignment.source.cells[place].grade_id if place >= 0 else ""
        listed.append({"cell": name, "number": number + 1, "line": line, "message": message[:500]})
    return listed


def run_test(
    assignment: Assignment,
    trusted: dict[str, object],
    student: Student,
    cell: Cell,
    anchor: int,
    seed: bytes,
    times: Times,
    *,
    last: bool = False,
) -> dict | None:
    """Points and words for one test; None if it needs names that are defined further down."""
    needed = needed_names(cell.source, trusted, assignment.students_names)
    started = time.monotonic()
    log = hidden.Log()
    try:
        student.begin(anchor)
        there = student.has(needed) if needed else set()
        if needed - there and not last and anchor < len(student.cells):
            student.finish()
            return None
        missing = sorted((needed - there) & assignment.students_names)
        if missing and not there & assignment.students_names:
            return _nothing(f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} not defined", student)
        with _time_limit(student, times), hidden.at_work(seed, assignment.name, cell, log):
            names = {**trusted, **{name: student.fetch(name) for name in sorted(there)}}
            value = execute(cell.source, names)
        points = earned(value, cell.points)
        outcome = {"points": points, "message": "" if points >= cell.points else log.summary()}
    except OutOfTime:
        return {"points": 0.0, "message": OUT_OF_TIME}
    except TestTimeout:
        student.close()  # it may have come in the middle of a message
        outcome = _nothing(f"The test was stopped after {times.test:g} seconds.", student)
    except NoSandbox:
        raise  # no fault of the student's
    except Misbehaved as error:
        outcome = _nothing(str(error), student)
    except (StudentError, NotImplementedError) as error:
        outcome = _nothing(_told(error), student)
    except (AssertionError, ArithmeticError, LookupError, TypeError, ValueError, AttributeError) as error:
        outcome = _nothing(_told(error) or _failed_line(cell), student)
    except Exception as error:
        outcome = _nothing(f"The test stopped with {type(error).__name__}: {error}"[:500], student)
    finally:
        with contextlib.suppress(Exception):
            student.finish()
    if last and anchor == len(student.cells):
        outcome["late"] = True
    outcome["calls"] = [] if any("derivation" in entry for entry in log.shown) else student.calls[-3:]
    outcome["shown"] = log.shown
    if any(line["verdict"] == "unjudged" for entry in log.shown for line in entry.get("derivation", ())):
        outcome["unjudged"] = True
    outcome["seconds"] = time.monotonic() - started
    return outcome


def _nothing(message: str, student: Student) -> dict:
    return {"points": 0.0, "message": message}


def _told(error: BaseException) -> str:
    text = str(error).strip()
    if isinstance(error, AssertionError) and not isinstance(error, StudentError):
        return text
    if isinstance(error, StudentError) and isinstance(error, NotImplementedError):
        return "There is no answer here yet: your code raised NotImplementedError."
    return f"Your code raised {described(error)}" if isinstance(error, StudentError) else described(error)


def _failed_line(cell: Cell) -> str:
    """The line of a bare ``assert``, if students know it."""
    trace = sys.exc_info()[2]
    line = next((frame.lineno for frame in traceback.extract_tb(trace)[::-1] if frame.filename == "<test>"), None)
    hide = False
    for number, text in enumerate(cell.source.split("\n"), start=1):
        hide = (hide or "BEGIN HIDDEN TESTS" in text) and "END HIDDEN TESTS" not in text
        if number == line:
            return "A hidden test failed." if hide else f"This test failed: {text.strip()}"
    return "A test failed."


def execute(source: str, names: dict[str, object]) -> object:
    """Run a test cell; returns the value of its last line, if that is an expression."""
    tree = ast.parse(plain_python(source))
    ending = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    silence = io.StringIO()
    with contextlib.redirect_stdout(silence), contextlib.redirect_stderr(silence), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exec(compile(tree, "<test>", "exec"), names)
        if ending is None:
            return None
        return eval(compile(ast.Expression(ending.value), "<test>", "eval"), names)


def earned(value: object, points: float) -> float:
    """The rule of nbgrader: a number as the last value is the points, anything else that does not fail earns all."""
    if isinstance(value, numbers.Real) and not isinstance(value, bool) and 0 <= value <= points:
        return float(value)
    return float(points)


@contextlib.contextmanager
def _time_limit(student: Student, times: Times) -> Iterator[None]:
    """A test that runs for too long in the grader, for whatever the submission made of it, is stopped."""

    def stop(*_: object) -> None:
        raise TestTimeout

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, max(0.01, min(times.test * 1.5, student.end - time.monotonic())))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
