"""A submission at work: its cells run in order in a sandbox, and its functions answer for tests.

A cell or a test that loops, crashes or floods costs only itself: the sandbox is thrown away, and a fresh one runs the
other cells again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from .inside.lockdown import Limits
from .inside.wire import Closed, Handle, TooSlow, WireError, decode, encode
from .sandbox import Sandbox
from .values import Misbehaved, RemoteObject, brief, described, raised

NOISE = {"stdout": "it prints while it is tested", "stderr": "it writes to stderr while it is tested"}
# A thread that an answer leaves behind may end the process at any moment; the next attempt is likely to be quicker.
ATTEMPTS = 4


@dataclass(frozen=True)
class Times:
    """Seconds that a cell, a test and a whole submission may take."""

    cell: float = 20
    test: float = 20
    submission: float = 120


class OutOfTime(BaseException):
    """The time of the whole submission is over; no test may catch it."""


class Student:
    """The notebook of a student in its sandbox.

    Parameters
    ----------
    cells : list of str
        Its code cells, in order.
    limits, times, unsafe, files
        As for :class:`~grader.sandbox.Sandbox`.

    Attributes
    ----------
    errors : dict
        Number of a cell -> ``(line, what went wrong)``.
    calls : list of (str, str)
        What the test in progress has asked, and what came back, in short.
    noise : set of str
        ``stdout`` if something was printed during a test, ``stderr`` likewise.
    """

    def __init__(
        self, cells: list[str], limits: Limits, times: Times, *, unsafe: bool = False, files: Path | None = None
    ) -> None:
        self.cells, self.limits, self.times, self.unsafe, self.files = cells, limits, times, unsafe, files
        self.errors: dict[int, tuple[int | None, str]] = {}
        self.lost: set[int] = set()
        self.calls: list[tuple[str, str]] = []
        self.noise: set[str] = set()
        self.end = time.monotonic() + times.submission
        self.sandbox: Sandbox | None = None
        self.position = 0
        self.testing = False
        self.functions: list[Callable] = []
        self.deadline = self.end

    def close(self, *, patience: float = 0) -> None:
        """End the sandbox; a later question starts a fresh one."""
        if self.sandbox is not None:
            self.sandbox.close(patience=patience)
        self.sandbox, self.position, self.testing = None, 0, False

    # -- cells --------------------------------------------------------------------------------------------------------

    def advance(self, upto: int) -> None:
        """Run the cells before ``upto`` that have not run yet."""
        if self.sandbox is not None and self.position > upto:
            self.close()
        while self.position < upto or self.sandbox is None:
            self._open()
            if self.position >= upto:
                return
            place = self.position
            self.position += 1
            if place in self.lost:
                continue
            try:
                answer = self.sandbox.ask({"op": "cell", "source": self.cells[place]}, self._until(self.times.cell))
            except (Closed, TooSlow, WireError) as error:
                self.close()
                self._refuse_overtime()
                self.lost.add(place)
                self.errors[place] = (None, _how_it_ended(error, self.times.cell))
                continue
            if "raised" in answer:
                kind, message, line = _three(answer["raised"])
                self.errors[place] = (line, f"{kind}: {message}" if message else kind)

    def _open(self) -> None:
        self._refuse_overtime()
        if self.sandbox is None:
            self.sandbox = Sandbox(self.limits, unsafe=self.unsafe, files=self.files)
            self.position = 0

    def _refuse_overtime(self) -> None:
        if time.monotonic() >= self.end:
            raise OutOfTime

    def _until(self, seconds: float) -> float:
        return min(time.monotonic() + seconds, self.end)

    # -- tests --------------------------------------------------------------------------------------------------------

    def begin(self, upto: int) -> None:
        """Prepare for a test after the cells before ``upto``: a fork will answer, and be forgotten."""
        self.calls, self.functions = [], []
        for _ in range(ATTEMPTS):
            self.advance(upto)
            self.deadline = self._until(self.times.test)
            try:
                if "begun" in self.sandbox.ask({"op": "begin"}, self.deadline):
                    self.testing = True
                    return
            except (Closed, TooSlow, WireError):
                pass
            self.close()  # something that an earlier test left behind is in the way
        raise Misbehaved("Your notebook's process did not answer.")

    def finish(self) -> None:
        """The test is over."""
        if not self.testing:
            return
        self.testing = False
        try:
            answer = self.sandbox.ask({"op": "end"}, time.monotonic() + 5)
            if "noise" in answer:
                heard = answer["noise"] if isinstance(answer["noise"], list) else []
                self.noise |= {name for name in NOISE if name in heard}
                answer = self.sandbox.answer(time.monotonic() + 5)
            if "ended" not in answer:
                self.close()
        except (Closed, TooSlow, WireError):
            self.close()

    def has(self, names: Iterable[str]) -> set[str]:
        """Which of these names the submission defines."""
        names = sorted(names)
        found = self._ask({"op": "has", "names": names}).get("has")
        return {name for name in names if isinstance(found, dict) and found.get(name) is True}

    def fetch(self, name: str) -> object:
        """A plain value, or a stand-in for a function or an object."""
        return self._value(self._ask({"op": "name", "name": name}), name)

    def call(self, handle: Handle, name: str, args: tuple, kwargs: dict) -> object:
        """Call a function of the submission."""
        asked = f"{name}({', '.join([*map(brief, args), *(f'{key}={brief(x)}' for key, x in kwargs.items())])})"
        self.calls.append((asked, "nothing came back"))
        request = {"op": "call", "handle": handle.number, "args": self._encode(args), "kwargs": self._encode(kwargs)}
        try:
            value = self._value(self._ask(request), f"{name}(…)")
        except Exception as error:
            self.calls[-1] = (asked, str(error) if isinstance(error, Misbehaved) else f"raised {described(error)}")
            raise
        self.calls[-1] = (asked, brief(value))
        return value

    def attribute(self, handle: Handle, name: str, label: str) -> object:
        """An attribute of an object of the submission."""
        return self._value(self._ask({"op": "attribute", "handle": handle.number, "name": name}), f"{label}.{name}")

    def _encode(self, value: object) -> object:
        return encode(value, self._hold)

    def _hold(self, value: object) -> Handle:
        if isinstance(value, RemoteObject):
            return Handle(vars(value)["_handle"].number, "held", True)
        if not callable(value):
            raise TypeError(f"a test cannot hand a {type(value).__name__} to a submission: plain values and functions")
        self.functions.append(value)
        return Handle(len(self.functions) - 1, "function", True)

    def _value(self, answer: dict, label: str) -> object:
        if "value" in answer:
            try:
                return decode(answer["value"], lambda handle: RemoteObject(self, handle, label))
            except WireError as error:
                raise Misbehaved(f"{label} gave back {error}, which cannot be graded.") from None
        if "raised" in answer:
            kind, message, line = _three(answer["raised"])
            raise raised(kind, message, line)
        raise Misbehaved(str(answer.get("refused", "Your notebook's process gave no answer."))[:300])

    def _ask(self, request: dict) -> dict:
        """Ask, and serve the calls that come back until the answer is there."""
        if not self.testing:
            raise Misbehaved("Your notebook's process has ended.")
        try:
            answer = self.sandbox.ask(request, self.deadline)
            while "call" in answer:
                self.sandbox.channel.send(self._call_back(answer), self.deadline)
                answer = self.sandbox.answer(self.deadline)
        except (Closed, TooSlow) as error:
            self.close()
            self._refuse_overtime()
            raise Misbehaved(_how_it_ended(error, self.times.test)) from None
        except WireError as error:
            self.close()
            raise Misbehaved(f"Your notebook's process sent {error}.") from None
        if "ended" in answer:
            self.testing = False
            raise Misbehaved(f"Your code ended its own process ({str(answer['ended'])[:80] or 'exit status 0'}).")
        return answer

    def _call_back(self, request: dict) -> dict:
        """A function of the test, called by the submission."""
        number = request["call"]
        if not isinstance(number, int) or not 0 <= number < len(self.functions):
            raise WireError("a call of a function that it was not given")
        meet = lambda handle: RemoteObject(self, handle, "an argument")  # noqa: E731
        args, kwargs = decode(request.get("args"), meet), decode(request.get("kwargs"), meet)
        if not isinstance(args, tuple) or not isinstance(kwargs, dict):
            raise WireError("a call with damaged arguments")
        try:
            return {"value": self._encode(self.functions[number](*args, **kwargs))}
        except Exception as error:
            return {"error": f"{type(error).__name__}: {error}"[:300]}


def _three(described: object) -> tuple[str, str, int | None]:
    """Kind, message and line of an exception, whatever was sent."""
    if not isinstance(described, list) or len(described) != 3:
        return "Exception", "", None
    kind, message, line = described
    return str(kind)[:80], str(message)[:500], line if type(line) is int else None


def _how_it_ended(error: Exception, seconds: float) -> str:
    if isinstance(error, TooSlow):
        return f"It was stopped after {seconds:g} seconds: does it loop for ever?"
    if isinstance(error, Closed):
        return "Your code ended its own process, or used more memory or time than it may."
    return f"Your notebook's process sent {error}."
