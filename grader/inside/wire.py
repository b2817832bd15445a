"""Plain values and messages that cross the pipe between the grader and a submission.

A message is four bytes of length and JSON.  A value is JSON too, with a tag in front of what JSON does not have:
``{"t": [1, 2]}`` is a tuple, ``{"a": [...]}`` an array, ``{"e": [...]}`` a SymPy expression.  :func:`decode` builds
only numbers, strings, containers, arrays of numbers and whitelisted expressions, each within limits; there is no
``eval`` and no pickle.  Whatever else a submission holds stays there, and only its number crosses: a :class:`Handle`.
"""

from __future__ import annotations

import base64
import json
import math
import os
import select
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass

MESSAGE_BYTES = 4 << 20  # a longer message is refused: 390 000 numbers fit
NODES = 300_000
DEPTH = 50
INT_BITS = 4096
STRING = 1 << 20
ARRAY_KINDS = "biufcU"
KEYS = 10_000  # of a set or a dictionary: keys that are made to collide take the square of their number
WATCH_SECONDS = 0.25


class WireError(Exception):
    """Something that may not cross: too large, too deep, or not a plain value."""


class Closed(Exception):
    """The other side is gone."""


class TooSlow(Exception):
    """No answer in time."""


@dataclass(frozen=True)
class Handle:
    """The number of something that stays on the other side."""

    number: int
    kind: str
    callable: bool


def encode(value: object, hold: Callable[[object], Handle] | None = None, depth: int = 0) -> object:
    """JSON for a value; what is not plain becomes a handle, or an error where ``hold`` is None."""
    if depth > DEPTH:
        raise WireError(f"a value nested more than {DEPTH} deep")
    if value is None or value is True or value is False:
        return value
    kind = type(value)
    if isinstance(value, str) and kind.__name__ != "str_":
        text = str.__str__(value)
        if len(text) > STRING:
            raise WireError(f"a string of {len(text)} characters; {STRING} is the limit")
        return text
    if kind.__module__.partition(".")[0] == "numpy" or hasattr(kind, "__array_priority__"):
        packed = _encode_numpy(value)
        if packed is not None:
            return packed
    if isinstance(value, int):
        number = int.__int__(value)
        if number.bit_length() > INT_BITS:
            raise WireError(f"a whole number of {number.bit_length()} binary digits; {INT_BITS} is the limit")
        return number if -(2**53) < number < 2**53 else {"i": hex(number)}
    if isinstance(value, float):
        number = float.__float__(value)
        return number if math.isfinite(number) else {"f": repr(number)}
    if isinstance(value, complex):
        return {"c": [encode(value.real), encode(value.imag)]}
    if isinstance(value, bytes | bytearray):
        return {"b": base64.b64encode(bytes(value)).decode()}
    for types, tag in (((list, range), None), ((tuple,), "t"), ((set, frozenset), "s")):
        if isinstance(value, types):
            items = [encode(item, hold, depth + 1) for item in value]
            return items if tag is None else {tag: items}
    if isinstance(value, dict):
        return {"d": [[encode(k, hold, depth + 1), encode(v, hold, depth + 1)] for k, v in value.items()]}
    if any(base.__module__.partition(".")[0] == "sympy" for base in kind.__mro__):
        from . import expressions

        tree = expressions.to_tree(value)
        if tree is not None:
            return {"e": tree}
    if isinstance(value, Handle):
        return {"h": [value.number, value.kind, value.callable]}
    if hold is None:
        raise WireError(f"a value of type {kind.__name__}, which is not plain")
    return encode(hold(value))


def _encode_numpy(value: object) -> dict | None:
    import numpy as np

    if not isinstance(value, np.ndarray | np.generic):
        return None
    array = np.asarray(value)
    if array.dtype.kind == "O" and all(isinstance(item, int | float) for item in array.flat):
        array = array.astype(float)
    if array.dtype.kind not in ARRAY_KINDS or array.dtype.itemsize > 4096:
        return None
    if array.nbytes > MESSAGE_BYTES:
        raise WireError(f"an array of {array.nbytes} bytes; {MESSAGE_BYTES} is the limit")
    dtype = array.dtype.newbyteorder("<")
    data = base64.b64encode(np.ascontiguousarray(array, dtype).tobytes()).decode()
    return {"n" if isinstance(value, np.generic) else "a": [dtype.str, list(array.shape), data]}


def decode(message: object, meet: Callable[[Handle], object] | None = None) -> object:
    """The value that a message stands for.

    Raises
    ------
    WireError
        If it is no value, or beyond a limit.
    """
    return _Decoder(meet).value(message, 0)


class _Decoder:
    def __init__(self, meet: Callable[[Handle], object] | None) -> None:
        self.meet, self.nodes = meet, 0

    def value(self, x: object, depth: int) -> object:
        self.nodes += 1
        if depth > DEPTH or self.nodes > NODES:
            raise WireError("a value that is too large or too deeply nested")
        if x is None or isinstance(x, bool | float):
            return x
        if isinstance(x, int):
            return self.whole(x)
        if isinstance(x, str):
            if len(x) > STRING:
                raise WireError("a string that is too long")
            return x
        if isinstance(x, list):
            return [self.value(item, depth + 1) for item in x]
        if not isinstance(x, dict) or len(x) != 1:
            raise WireError("a message that is no value")
        ((tag, body),) = x.items()
        try:
            return self.tagged(tag, body, depth + 1)
        except (TypeError, ValueError, KeyError, OverflowError, RecursionError) as error:
            raise WireError(f"a damaged value ({type(error).__name__})") from error

    @staticmethod
    def whole(number: int) -> int:
        if number.bit_length() > INT_BITS:
            raise WireError("a whole number that is too large")
        return number

    def tagged(self, tag: str, body: object, depth: int) -> object:
        if tag == "i" and isinstance(body, str) and len(body) < INT_BITS:
            return self.whole(int(body, 16))
        if tag == "f" and body in ("nan", "inf", "-inf"):
            return float(body)
        if tag == "c":
            real, imaginary = (float(self.value(part, depth)) for part in body)
            return complex(real, imaginary)
        if tag == "b":
            return base64.b64decode(body, validate=True)
        if tag in ("s", "d") and len(body) > KEYS:
            raise WireError(f"a set or a dictionary of more than {KEYS} items")
        if tag in ("t", "s") and isinstance(body, list):
            items = [self.value(item, depth) for item in body]
            return tuple(items) if tag == "t" else set(items)
        if tag == "d" and isinstance(body, list):
            return {self.value(key, depth): self.value(item, depth) for key, item in body}
        if tag in ("a", "n"):
            return self.array(tag, *body)
        if tag == "e":
            from . import expressions

            return expressions.from_tree(body)
        if tag == "h" and self.meet is not None:
            number, kind, is_callable = body
            return self.meet(Handle(int(number), str(kind)[:80], bool(is_callable)))
        raise WireError("a message that is no value")

    def array(self, tag: str, dtype: str, shape: list, data: str) -> object:
        import numpy as np

        if not isinstance(dtype, str):
            raise WireError("an array of something that is no number")
        kind = np.dtype(dtype)
        sizes = [int(size) for size in shape]
        if kind.kind not in ARRAY_KINDS or kind.itemsize > 4096 or len(sizes) > 16 or min(sizes, default=0) < 0:
            raise WireError("an array of something that is no number")
        raw = base64.b64decode(data, validate=True)
        if math.prod(sizes) * kind.itemsize != len(raw):
            raise WireError("an array whose shape does not fit")
        if kind.kind == "b":
            raw = bytes(byte & 1 for byte in raw)
        array = np.frombuffer(raw, kind).reshape(sizes).astype(kind.newbyteorder("="))
        return array[()] if tag == "n" else array


class Channel:
    """Messages over two file descriptors; the reading end is given a deadline for each."""

    def __init__(self, incoming: int, outgoing: int, watch: Callable[[], None] | None = None) -> None:
        self.incoming, self.outgoing = incoming, outgoing
        self.watch = watch  # called now and then while it waits

    def send(self, message: object, deadline: float | None = None) -> None:
        """Write one message; with a deadline, the writing end must be non-blocking.

        Raises
        ------
        WireError
            If it is longer than the limit.
        Closed
            If nobody reads it.
        TooSlow
            If it is not read before the deadline (``time.monotonic``).
        """
        body = json.dumps(message, separators=(",", ":"), allow_nan=False).encode()
        if len(body) > MESSAGE_BYTES:
            raise WireError(f"a message of {len(body)} bytes; {MESSAGE_BYTES} is the limit")
        left = memoryview(struct.pack(">I", len(body)) + body)
        while left:
            if deadline is not None:
                self._wait(self.outgoing, deadline, writing=True)
            try:
                left = left[os.write(self.outgoing, left) :]
            except BlockingIOError:
                continue
            except OSError as error:
                raise Closed from error

    def receive(self, deadline: float | None = None) -> object:
        """Read one message.

        Raises
        ------
        TooSlow
            If it has not come whole before the deadline (``time.monotonic``).
        Closed
            If the other side is gone.
        WireError
            If it is too long, or no JSON.
        """
        (length,) = struct.unpack(">I", self._exactly(4, deadline))
        if length > MESSAGE_BYTES:
            raise WireError(f"a message that says it has {length} bytes; {MESSAGE_BYTES} is the limit")
        try:
            return json.loads(self._exactly(length, deadline), parse_constant=_no_constant)
        except (ValueError, RecursionError) as error:
            raise WireError("a message that is no JSON") from error

    def _exactly(self, count: int, deadline: float | None) -> bytes:
        parts = []
        while count:
            if deadline is not None:
                self._wait(self.incoming, deadline)
            try:
                part = os.read(self.incoming, min(count, 1 << 16))
            except OSError as error:
                raise Closed from error
            if not part:
                raise Closed
            parts.append(part)
            count -= len(part)
        return b"".join(parts)

    def _wait(self, descriptor: int, deadline: float, writing: bool = False) -> None:
        sets = ([], [descriptor], []) if writing else ([descriptor], [], [])
        while (left := deadline - time.monotonic()) > 0:
            if any(select.select(*sets, min(left, WATCH_SECONDS) if self.watch else left)):
                return
            if self.watch:
                self.watch()
        raise TooSlow


def _no_constant(name: str) -> object:
    raise ValueError(name)
