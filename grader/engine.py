"""The derivation engine at arm's length: a forked process that can be killed, and a memory of its verdicts.

A step is a question about two expressions and what is known of their symbols; the answer is the same for every student
who asks it.  So verdicts are remembered for a whole batch, by the exact form of both lines.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import select
import signal
import time
from collections.abc import Callable, Iterator

STEP_SECONDS = 15
MEMORY = 1 << 30
REMEMBERED = 50_000

# What the engine said, by the digest of the question; new answers are collected to be passed on.
memory: dict[str, dict] = {}
learned: dict[str, dict] = {}


def remember(verdicts: dict[str, dict]) -> None:
    """Take over verdicts that another process has found."""
    if len(memory) + len(verdicts) > REMEMBERED:
        memory.clear()
    memory.update(verdicts)


def digest(*parts: str) -> str:
    """A name for a question."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def recalled(question: str, answer: Callable[[], dict]) -> dict:
    """The answer to a question, from memory if it has been asked before."""
    if question in memory:
        return memory[question]
    found = answer()
    memory[question] = learned[question] = found
    return found


def at_arms_length(work: Callable[[], Iterator[dict]], seconds: float) -> tuple[list[dict], str]:
    """What ``work`` yields in a process of its own, and why it stopped early ("" if it did not).

    What was yielded before the process was stopped is kept, and so is what it learned.
    """
    incoming, outgoing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(incoming)
        _work(work, outgoing, seconds)
    os.close(outgoing)
    results, why, buffer = [], "", b""
    alarm = signal.setitimer(signal.ITIMER_REAL, 0)[0]  # derivations have a time of their own
    end = time.monotonic() + seconds
    try:
        while True:
            left = min(end - time.monotonic(), STEP_SECONDS)
            if left <= 0 or not select.select([incoming], [], [], left)[0]:
                why = "it took too long"
                break
            part = os.read(incoming, 1 << 16)
            if not part:
                break
            *lines, buffer = (buffer + part).split(b"\n")
            for line in map(json.loads, lines):
                if "learned" in line:
                    learned.update(line["learned"])
                    remember(line["learned"])
                elif "stopped" in line:
                    why = line["stopped"]
                elif "finished" in line:
                    return results, why
                else:
                    results.append(line)
        return results, why or "it needed more memory or time than it may have"
    finally:
        os.close(incoming)
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        signal.setitimer(signal.ITIMER_REAL, alarm)


def _work(work: Callable[[], Iterator[dict]], outgoing: int, seconds: float) -> None:
    """The child: yields go down the pipe, one line each."""
    import resource

    try:
        signal.setitimer(signal.ITIMER_REAL, 0)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        cpu = int(seconds) + 5
        resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu))
        learned.clear()
        last: dict = {"finished": True}
        try:
            for result in work():
                _write(outgoing, result)
                if learned:
                    _write(outgoing, {"learned": dict(learned)})
                    learned.clear()
        except (MemoryError, RecursionError):
            last = {"stopped": "the expressions are too large"}
        _write(outgoing, last)
        if "stopped" in last:
            _write(outgoing, {"finished": True})
    except BaseException as error:
        with contextlib.suppress(BaseException):
            _write(outgoing, {"stopped": f"{type(error).__name__}: {error}"[:300]})
            _write(outgoing, {"finished": True})
    finally:
        os._exit(0)


def _write(outgoing: int, message: dict) -> None:
    data = memoryview(json.dumps(message).encode() + b"\n")
    while data:
        data = data[os.write(outgoing, data) :]
