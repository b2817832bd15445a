"""Stand-ins, in the grader, for what stays in the sandbox; and short words for values."""

from __future__ import annotations

import builtins
import contextlib
import reprlib

from .inside.wire import Handle


class Misbehaved(Exception):
    """A submission gave no proper answer; the message is for the student."""


class StudentError(Exception):
    """An exception that the student's code raised."""


class RemoteObject:
    """A function or an object of the submission.

    It can be called and its public attributes fetched.  It has no value: comparing it, adding it, asking whether it is
    true are errors, so that an object that "equals everything" equals nothing.
    """

    def __init__(self, student: object, handle: Handle, label: str) -> None:
        vars(self).update(_student=student, _handle=handle, _label=label)

    def __call__(self, *args: object, **kwargs: object) -> object:
        return self._student.call(self._handle, self._label.removesuffix("(…)"), args, kwargs)

    def __getattr__(self, name: str) -> object:
        if name.startswith("_"):
            raise AttributeError(f"{self._label} has no attribute {name} that a test may read")
        return self._student.attribute(self._handle, name, self._label)

    def __repr__(self) -> str:
        return f"<{self._handle.kind} of the submission>"

    def _refuse(self, *args: object) -> None:
        raise Misbehaved(f"{self._label} gave back a {self._handle.kind}, where a plain value was expected.")

    __hash__ = object.__hash__


# `__array__`, `__index__` and the like too: NumPy and Python ask for them.
for _name in (
    "eq ne lt le gt ge bool len iter getitem contains add radd sub rsub mul rmul truediv rtruediv floordiv pow rpow "
    "mod neg pos abs int float complex index round array array_ufunc array_function next matmul rmatmul and or invert"
).split():
    setattr(RemoteObject, f"__{_name}__", RemoteObject._refuse)


def raised(kind: str, message: str, line: int | None) -> Exception:
    """The built-in exception of that name, which is a :class:`StudentError` too."""
    base = getattr(builtins, kind, None)
    at = f" (line {line} of the cell)" if line else ""
    if not (isinstance(base, type) and issubclass(base, Exception) and base is not Exception):
        return StudentError(f"{kind}: {message}{at}" if message else f"{kind}{at}")
    with contextlib.suppress(TypeError):
        error = type(kind, (StudentError, base), {"__str__": lambda self: self.said})()
        error.said = f"{message}{at}".strip()
        return error
    return StudentError(f"{kind}: {message}{at}")


def described(error: Exception) -> str:
    """Name and message of an exception, as the student knows it."""
    name = next(kind.__name__ for kind in type(error).__mro__ if kind is not StudentError)
    text = str(error).strip()
    return f"{name}: {text}" if text and not text.startswith("(") else f"{name} {text}".strip()


class _Brief(reprlib.Repr):
    def __init__(self) -> None:
        super().__init__()
        self.maxstring = self.maxother = 80
        self.maxlist = self.maxtuple = self.maxdict = self.maxset = 8
        self.maxlong = 40

    def repr_float(self, value: float, level: int) -> str:
        return f"{value:.8g}"

    def repr_ndarray(self, value: object, level: int) -> str:
        shown = self.repr(value.tolist())
        return shown if value.size <= 8 else f"{shown} (an array of shape {value.shape})"

    def repr_RemoteObject(self, value: object, level: int) -> str:
        return repr(value)

    def repr_function(self, value: object, level: int) -> str:
        return getattr(value, "__name__", "a function")

    def repr_instance(self, value: object, level: int) -> str:
        if hasattr(value, "dtype") and hasattr(value, "item"):
            return self.repr(value.item())
        if type(value).__module__.startswith("sympy"):
            text = str(value)
            return text if len(text) <= 300 else text[:300] + "…"
        return super().repr_instance(value, level)


_shorten = _Brief()


def brief(value: object) -> str:
    """A value in at most some hundred characters."""
    return _shorten.repr(value)[:400]
