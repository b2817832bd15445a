"""A warm process that grades one submission after the other: ``python -m grader.service``.

It has imported what takes long and run the teacher's cells.  Each submission is graded in a fork of it, which can be
killed; what was known before is kept, and a second fork goes on behind the cell that was fatal.
"""

from __future__ import annotations

import base64
import contextlib
import ctypes
import hashlib
import hmac
import json
import os
import select
import signal
import struct
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from .inside.lockdown import Limits
from .notebook import BadNotebook
from .sandbox import NoSandbox
from .source import Assignment
from .student import Times

MARGIN = 20  # seconds beyond the time of a submission, for the grader's own work


@dataclass(frozen=True)
class Setup:
    """What is the same for all submissions of a batch."""

    name: str
    source: bytes
    secret: bytes
    limits: Limits = field(default_factory=Limits)
    times: Times = field(default_factory=Times)
    unsafe: bool = False
    files: str = ""

    def to_json(self) -> dict:
        """As plain values."""
        plain = asdict(self)
        return plain | {key: base64.b64encode(plain[key]).decode() for key in ("source", "secret")}

    @classmethod
    def from_json(cls, plain: dict) -> Setup:
        """The setup again."""
        more = {key: base64.b64decode(plain[key]) for key in ("source", "secret")}
        return cls(**{**plain, **more, "limits": Limits(**plain["limits"]), "times": Times(**plain["times"])})


def empty_record(student: str, file: str) -> dict:
    """The record of a submission of which nothing is known yet."""
    return {
        "student": student,
        "file": file,
        "status": "graded",
        "reason": "",
        "flags": [],
        "seconds": 0.0,
        "cells": {},
        "errors": [],
    }


# --- The warm process


def main() -> None:
    """Read a setup and then jobs from stdin, write records to stdout."""
    stream_in, stream_out = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a teacher's cell prints must not mix with the records
    setup = Setup.from_json(_read(stream_in))
    assignment = Assignment.read(setup.name, setup.source)
    _warm()
    with contextlib.redirect_stdout(sys.stderr):
        trusted = assignment.trusted_names()
    _write(stream_out, {"ready": True})
    with contextlib.suppress(EOFError):
        while True:
            job = _read(stream_in)
            _write(stream_out, grade(setup, assignment, trusted, job))


def _warm() -> None:
    """Import what takes long, once for all submissions."""
    from sympy import Symbol
    from sympy.printing.mathml import mathml

    from lossbook.derivation import Derivation

    Derivation(Symbol("x", real=True) + 1).equals(1 + Symbol("x", real=True))
    mathml(Symbol("x"), printer="presentation")


def grade(setup: Setup, assignment: Assignment, trusted: dict[str, object], job: dict) -> dict:
    """The record of one submission."""
    record = empty_record(job["student"], job["file"])
    started = time.monotonic()
    end = started + setup.times.submission
    data = base64.b64decode(job["data"])
    seed = hmac.digest(setup.secret, job["student"].encode("utf-8", "surrogatepass"), hashlib.sha256)
    finished = False
    for _ in range(2 + len(assignment.graded)):
        left = end - time.monotonic()
        if finished or left <= 0:
            break
        current = replace(setup, times=replace(setup.times, submission=left))
        finished = _in_a_fork(current, assignment, trusted, data, seed, record, end + MARGIN)
    _complete(assignment, record)
    record["seconds"] = round(time.monotonic() - started, 3)
    return record


def _complete(assignment: Assignment, record: dict) -> None:
    """Every graded cell has an entry."""
    failed = record["status"] != "graded"
    for cell in assignment.graded:
        entry = record["cells"].setdefault(cell.grade_id, {"points": 0.0, "message": record["reason"]})
        entry["max"] = float(cell.points)
        entry["manual"] = cell.is_manual
        if failed:
            entry["points"] = 0.0
        if not failed and "message" not in entry and not cell.is_manual:
            entry["message"] = ""
        if entry.get("points") is not None:
            entry["points"] = min(max(float(entry["points"]), 0.0), float(cell.points))
        if entry.pop("unjudged", False):
            record["flags"].append(f"a line of {cell.grade_id} could not be judged: look at it")
        if entry.pop("late", False):
            record["flags"].append(f"what {cell.grade_id} needs is defined below it")


def _in_a_fork(
    setup: Setup,
    assignment: Assignment,
    trusted: dict[str, object],
    data: bytes,
    seed: bytes,
    record: dict,
    end: float,
) -> bool:
    """Let a fork grade; True if it came to the end, False if another should go on."""
    incoming, outgoing = os.pipe()
    parent = os.getpid()
    child = os.fork()
    if child == 0:
        os.close(incoming)
        _judge(setup, assignment, trusted, data, seed, record, outgoing, parent)
    os.close(outgoing)
    buffer, current, finished = b"", "", False
    per_test = setup.times.test * 2 + MARGIN + 60  # derivations have a time of their own
    try:
        while not finished:
            left = min(end - time.monotonic(), per_test)
            if left <= 0 or not select.select([incoming], [], [], left)[0]:
                break
            part = os.read(incoming, 1 << 16)
            if not part:
                break
            *lines, buffer = (buffer + part).split(b"\n")
            for message in map(json.loads, lines):
                current = message.get("begins", current)
                finished = _take(record, message) or finished
    finally:
        os.close(incoming)
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    if finished:
        return True
    if not current or current in record["cells"]:
        if not record["cells"]:
            record["status"], record["reason"] = "not graded", "reading it needed more memory or time than it may have"
        return True
    record["cells"][current] = {
        "points": 0.0,
        "message": "Grading this needed more memory or time than it may have.",
    }
    return False


def _take(record: dict, message: dict) -> bool:
    """Enter what a fork has said; True if that was the end."""
    if "matched" in message:
        record["flags"] = list(message["matched"]["flags"])
    elif "cell" in message:
        record["cells"][message.pop("cell")] = message
    elif "errors" in message:
        record["errors"] = message["errors"]
        record["flags"] += message["flags"]
    elif "learned" in message:
        from . import engine

        engine.remember(message["learned"])
    elif "bad" in message:
        record["status"], record["reason"] = "not graded", message["bad"]
    return "end" in message


def _judge(
    setup: Setup,
    assignment: Assignment,
    trusted: dict[str, object],
    data: bytes,
    seed: bytes,
    record: dict,
    outgoing: int,
    parent: int,
) -> None:
    """The fork: grade, say what becomes known, end."""
    import resource

    from . import engine, trial

    try:
        ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)  # end when the parent ends
        if os.getppid() != parent:
            os._exit(1)
        memory = setup.limits.memory + (1 << 29)
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        devnull = os.open(os.devnull, os.O_RDWR)
        os.dup2(devnull, 0)
        os.dup2(devnull, 1)
        files = Path(setup.files) if setup.files else None
        engine.learned.clear()
        try:
            for message in trial.hold(
                assignment,
                trusted,
                data,
                seed=seed,
                limits=setup.limits,
                times=setup.times,
                unsafe=setup.unsafe,
                files=files,
                done=record["cells"],
            ):
                _say(outgoing, message)
                if engine.learned:
                    _say(outgoing, {"learned": dict(engine.learned)})
                    engine.learned.clear()
        except BadNotebook as error:
            _say(outgoing, {"bad": str(error)})
        except NoSandbox as error:
            _say(outgoing, {"bad": f"the grader has no sandbox for it: {error}"})
        _say(outgoing, {"end": True})
        os._exit(0)
    except BaseException:
        if os.environ.get("GRADER_DEBUG"):
            import traceback

            traceback.print_exc()
    finally:
        os._exit(1)


def _say(outgoing: int, message: dict) -> None:
    data = memoryview(json.dumps(message).encode() + b"\n")
    while data:
        data = data[os.write(outgoing, data) :]


# --- Messages between trusted processes


def _write(stream: object, message: dict) -> None:
    body = json.dumps(message).encode()
    stream.write(struct.pack(">Q", len(body)) + body)
    stream.flush()


def _read(stream: object) -> dict:
    head = stream.read(8)
    if len(head) < 8:
        raise EOFError
    return json.loads(stream.read(struct.unpack(">Q", head)[0]))


class Service:
    """A warm process, from outside; started at the first job, and again after it has died."""

    def __init__(self, setup: Setup) -> None:
        self.setup, self.process = setup, None

    def grade(self, job: dict) -> dict:
        """The record of one submission, whatever happens."""
        for _ in range(2):
            try:
                self._start()
                _write(self.process.stdin, job)
                return self._reply(self.setup.times.submission + 4 * MARGIN + 120)
            except (OSError, EOFError, ValueError, AttributeError) as error:
                why = f"the grader's own process failed ({type(error).__name__})"
                self.close()
        record = empty_record(job["student"], job["file"])
        return {**record, "status": "not graded", "reason": why}

    def _start(self) -> None:
        if self.process is not None:
            return
        root = str(Path(__file__).resolve().parent.parent)
        path = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH", "")]))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "grader.service"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": path, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
            start_new_session=True,
        )
        _write(self.process.stdin, self.setup.to_json())
        self._reply(120)

    def _reply(self, seconds: float) -> dict:
        ready, _, _ = select.select([self.process.stdout], [], [], seconds)
        if not ready:
            raise TimeoutError
        return _read(self.process.stdout)

    def close(self) -> None:
        """End the process and all that came from it."""
        process, self.process = self.process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for stream in (process.stdin, process.stdout):
            with contextlib.suppress(OSError):
                stream.close()


if __name__ == "__main__":
    main()
