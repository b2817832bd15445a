"""Runs the cells of a submission and calls its functions, as the grader asks over the pipe.

Everything here is at the mercy of the submission, which shares the process: it can lie, and the grader believes
nothing but plain values.  Each test is answered by a fork, so that it changes nothing for the next.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import gc
import io
import json
import os
import re
import signal
import sys
import types

from . import lockdown
from .wire import Channel, Closed, Handle, WireError, decode, encode

MESSAGE = 500  # characters of an error message


def main() -> None:
    """Close the door, then serve: ``worker INCOMING OUTGOING LIMITS USER``."""
    incoming, outgoing, limits, user, *paths = sys.argv[1:]
    sys.path[:] = [*paths, *sys.path]
    lockdown.close_in(lockdown.Limits(**json.loads(limits)), int(user) if user else None)
    channel = Channel(int(incoming), int(outgoing))
    channel.send({"ready": os.getpid()})
    sys.argv[:] = ["notebook"]
    with contextlib.suppress(Closed):
        Session(channel).serve()
    os._exit(0)


class Session:
    """The names of a submission, and what the grader may ask about them."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.module = types.ModuleType("__main__")
        sys.modules["__main__"] = self.module
        self.module.display = lambda *args, **kwargs: None
        self.module.get_ipython = lambda: _Quiet()
        self.held: list[object] = []
        self.noise = {"stdout": _Noise(1), "stderr": _Noise(2)}
        sys.stdout, sys.stderr = self.noise.values()

    def serve(self) -> None:
        """Answer until the grader is gone."""
        while True:
            request = self.channel.receive()
            if request["op"] == "begin":
                self._serve_in_a_fork()
            elif request["op"] == "end":
                self.channel.send({"noise": [name for name in ("stdout", "stderr") if self.noise[name].heard]})
                os._exit(0)
            else:
                self.channel.send(self._answer(request))

    def _serve_in_a_fork(self) -> None:
        gc.freeze()
        try:
            child = os.fork()
        except OSError as error:
            self.channel.send({"ended": f"no process could be started ({error.strerror})"})
            return
        if child == 0:
            for stream in self.noise.values():
                stream.heard = False
            self.channel.send({"begun": True})
            try:
                self.serve()
            finally:
                os._exit(1)
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status):
            why = f"stopped by {signal.Signals(os.WTERMSIG(status)).name}"
        else:
            why = f"exit status {os.WEXITSTATUS(status)}" if os.WEXITSTATUS(status) else ""
        self.channel.send({"ended": why})

    def _answer(self, request: dict) -> dict:
        try:
            if request["op"] == "cell":
                self._run(request["source"])
                return {"done": True}
            if request["op"] == "has":
                return {"has": {name: name in vars(self.module) for name in request["names"]}}
            return {"value": encode(self._value(request), self._hold)}
        except (Closed, KeyboardInterrupt):
            raise
        except WireError as error:
            return {"refused": f"It gave back {error}, which cannot be graded."}
        except RecursionError:
            return {"raised": ["RecursionError", "maximum recursion depth exceeded", None]}
        except BaseException as error:
            return {"raised": _described(error)}

    def _value(self, request: dict) -> object:
        operation = request["op"]
        if operation == "name":
            return vars(self.module)[request["name"]]
        target = self.held[request["handle"]]
        if operation == "attribute":
            return getattr(target, request["name"])
        args, kwargs = decode(request["args"], self._meet), decode(request["kwargs"], self._meet)
        return target(*args, **kwargs)

    def _hold(self, value: object) -> Handle:
        self.held.append(value)
        return Handle(len(self.held) - 1, type(value).__name__, callable(value))

    def _meet(self, handle: Handle) -> object:
        if handle.kind == "held":
            return self.held[handle.number]

        def function(*args: object, **kwargs: object) -> object:
            """A function of the test, which runs in the grader."""
            asked = {"call": handle.number, "args": encode(args, self._hold), "kwargs": encode(kwargs, self._hold)}
            self.channel.send(asked)
            reply = self.channel.receive()
            if "value" in reply:
                return decode(reply["value"], self._meet)
            raise RuntimeError(reply.get("error", "the test's function failed"))

        return function

    def _run(self, source: str) -> None:
        tree = compile(plain_python(source), "<cell>", "exec", ast.PyCF_ONLY_AST)
        exec(compile(tree, "<cell>", "exec"), vars(self.module))


class _Noise(io.TextIOWrapper):
    """Where prints and warnings go: nowhere, but it is remembered that there were some."""

    heard = False

    def __init__(self, descriptor: int) -> None:
        stream = open(descriptor, "wb", closefd=False)  # noqa: SIM115 -- open as long as the process
        super().__init__(stream, encoding="utf-8", errors="replace")

    def write(self, text: str) -> int:
        self.heard = True
        return super().write(text)


class _Quiet:
    """Stands for IPython's shell: takes everything, does nothing."""

    def __getattr__(self, name: str) -> object:
        return self

    def __call__(self, *args: object, **kwargs: object) -> None:
        return None


def _described(error: BaseException) -> list:
    """Name of the built-in exception it is, its message, and the line of the cell."""
    name = next(
        (kind.__name__ for kind in type(error).__mro__ if getattr(builtins, kind.__name__, None) is kind), "Exception"
    )
    line, trace = None, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "<cell>":
            line = trace.tb_lineno
        trace = trace.tb_next
    if isinstance(error, SyntaxError) and error.filename == "<cell>":
        line = error.lineno
    try:
        message = str(error)[:MESSAGE]
    except Exception:
        message = ""
    shown = type(error).__name__
    return [name, message if shown == name else f"{shown}: {message}", line]


def plain_python(source: str) -> str:
    """A cell without IPython's own commands, line for line."""
    first = re.match(r"\s*%%(\w+).*", source)
    if first:
        keep = first[1] in ("time", "timeit", "capture", "prun")
        source = source.replace(first[0], "\n" * first[0].count("\n"), 1) if keep else ""
    try:
        ast.parse(source)
        return source
    except (SyntaxError, ValueError):
        lines = [re.sub(r"^(\s*)([%!].*|.*\?)$", r"\1pass", line) for line in source.split("\n")]
        lines = [re.sub(r"^(\s*\w[\w, ]*=\s*)[%!].*$", r"\1None", line) for line in lines]
        return "\n".join(lines)


if __name__ == "__main__":
    main()
