"""What hidden tests may import: numbers from the secret seed, comparisons that explain, and derivations.

    ### BEGIN HIDDEN TESTS
    from grader.hidden import Checks, close, rng

    draw = rng()                                # another stream for each student and each cell
    x = draw.normal(size=5)
    checks = Checks()
    with checks("five random numbers", 2):
        close(loss(x, 0.5), ((x - 0.5) ** 2).sum(), "loss(x, 0.5)")
    with checks("an empty array", 1):
        close(loss(x[:0], 0.5), 0.0, "loss of nothing")
    checks.points                               # the last line: how many points
    ### END HIDDEN TESTS

In a plain Jupyter kernel, or under nbgrader, all of this works too: the seed is then fresh for each run.
"""

from __future__ import annotations

import contextlib
import hashlib
import math
import numbers
import os
from collections.abc import Iterator

from .milestones import derivation, form, once, uses, without
from .notebook import Cell
from .values import Misbehaved, RemoteObject, StudentError, brief, described

__all__ = ["Checks", "close", "derivation", "form", "once", "rng", "same", "uses", "without"]


class Log:
    """What a test says about itself while it runs, for the feedback."""

    def __init__(self) -> None:
        self.shown: list[dict] = []

    def summary(self) -> str:
        """The failed checks, in words."""
        return "; ".join(f"{entry['check']}: {entry['message']}" for entry in self.shown if entry.get("message"))


class _Now:
    """The test that is running."""

    seed: bytes = b""
    cell: Cell | None = None
    assignment: str = ""
    log: Log | None = None
    draws: int = 0


@contextlib.contextmanager
def at_work(seed: bytes, assignment: str, cell: Cell, log: Log) -> Iterator[None]:
    """While a test of a cell runs."""
    _Now.seed, _Now.assignment, _Now.cell, _Now.log, _Now.draws = seed, assignment, cell, log, 0
    try:
        yield
    finally:
        _Now.seed, _Now.assignment, _Now.cell, _Now.log, _Now.draws = b"", "", None, None, 0


def note(entry: dict) -> None:
    """Say something for the feedback; nothing happens outside the grader."""
    if _Now.log is not None:
        _Now.log.shown.append(entry)


def rng(name: str = "") -> object:
    """A NumPy generator whose numbers nobody knows who does not know the secret.

    Each student, each cell and each name has its own stream; the same call in the next grading gives the same numbers.
    """
    import numpy as np

    if _Now.cell is None:
        return np.random.default_rng(int.from_bytes(os.urandom(16)))
    _Now.draws += 1
    words = [_Now.seed, _Now.assignment.encode(), _Now.cell.grade_id.encode(), name.encode(), str(_Now.draws).encode()]
    digest = hashlib.sha256(b"\0".join(hashlib.sha256(word).digest() for word in words)).digest()
    return np.random.default_rng(int.from_bytes(digest))


class Checks:
    """Several checks in one cell, each with its own points; one that fails does not stop the others."""

    def __init__(self) -> None:
        self.points: float = 0.0

    @contextlib.contextmanager
    def __call__(self, name: str, points: float) -> Iterator[None]:
        """Give points for what follows, unless it fails."""
        try:
            yield
        except Exception as error:
            said = str(error).strip()
            if isinstance(error, StudentError):
                said = f"your code raised {described(error)}"
            elif not isinstance(error, AssertionError | Misbehaved):
                said = described(error)
            note({"check": name, "points": 0.0, "max": points, "message": said or "not right"})
        else:
            self.points = round(self.points + points, 9)
            note({"check": name, "points": points, "max": points, "message": ""})


def close(
    actual: object, expected: object, what: str = "the result", *, rtol: float = 1e-7, atol: float = 1e-12
) -> None:
    """Fail, with an explanation, unless ``actual`` is a number or an array of numbers near ``expected``.

    Strings, truth values and None are no numbers, and a shape that would be broadcast is wrong.
    """
    import numpy as np

    wanted = np.asarray(expected)
    if isinstance(actual, RemoteObject):
        actual._refuse()
    if actual is None:
        raise AssertionError(f"{what} is None: is there a return?")
    if isinstance(actual, str | bytes | bool) or (
        not isinstance(actual, numbers.Number | np.ndarray | list | tuple | np.generic)
        and not getattr(actual, "is_number", False)
    ):
        raise AssertionError(f"{what} should be a number{_of(wanted)}; it is {brief(actual)} ({type(actual).__name__})")
    try:
        given = np.asarray(actual if not getattr(actual, "is_number", False) else complex(actual))
    except (ValueError, TypeError):
        raise AssertionError(f"{what} should be numbers{_of(wanted)}; it is {brief(actual)}") from None
    if given.dtype.kind == "c" and not np.any(given.imag):
        given = given.real
    if given.dtype.kind not in "iufc":
        raise AssertionError(f"{what} should be numbers{_of(wanted)}; it is {brief(actual)}")
    if given.shape != wanted.shape:
        raise AssertionError(f"{what} should have the shape {wanted.shape}; it has {given.shape}")
    wrong = ~np.isclose(given, wanted, rtol=rtol, atol=atol, equal_nan=True)
    if np.any(wrong):
        place = tuple(int(i) for i in np.argwhere(wrong)[0])
        at = f"[{', '.join(map(str, place))}]" if place else ""
        raise AssertionError(f"{what}{at} should be {_number(wanted[place])}; it is {_number(given[place])}")


def _of(wanted: object) -> str:
    return f" (shape {wanted.shape})" if wanted.shape else ""


def _number(x: object) -> str:
    value = x.item() if hasattr(x, "item") else x
    return f"{value:.8g}" if isinstance(value, float) and math.isfinite(value) else str(value)


def same(actual: object, expected: object, what: str = "the result") -> None:
    """Fail, with an explanation, unless ``actual`` equals ``expected`` and is of a like type."""
    if isinstance(actual, RemoteObject):
        actual._refuse()
    like = type(actual) is type(expected) or (
        isinstance(actual, numbers.Number)
        and isinstance(expected, numbers.Number)
        and isinstance(actual, bool) == isinstance(expected, bool)
    )
    if not like or actual != expected:
        raise AssertionError(f"{what} should be {brief(expected)}; it is {brief(actual)}")
