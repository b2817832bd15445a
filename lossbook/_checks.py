"""Input checks: an error at once that says what was wrong, what was expected and what was given.

A check costs at most one pass over the data.  Most cost less: a NaN in the input always shows in the result, so the
result is searched, and the input only if something was found.
"""

import math

import numpy as np

from lossbook._blocks import largest, smallest

__all__ = [
    "NO_LIMIT",
    "binary_labels",
    "class_numbers",
    "common_shape",
    "distribution_rows",
    "generator",
    "label_array",
    "logits_and_labels",
    "number",
    "positive",
    "probabilities",
    "real",
    "refuse",
    "refuse_nan",
    "same_shape",
    "signs",
    "whole_number",
    "whole_numbers",
    "within",
]

# How far a row of probabilities may be from summing to 1: what rounding can do to a row, and little more.
ROW_SUM_TOLERANCE = {"d": 1e-8, "f": 1e-5}

NO_LIMIT = "two logits of the row are ∞, or all are −∞"


# --- types --------------------------------------------------------------------------------------------------------


def real(values, name: str) -> np.ndarray:
    """An array of real numbers: float64 and float32 stay what they are, integers become float64."""
    if type(values) is np.ndarray and values.dtype.char in "df" and values.dtype.isnative:
        return values
    array = _numeric(values, name, "fiu")
    if array.dtype.kind == "f" and array.dtype.itemsize < 8:
        return array.astype(np.float32)
    return array.astype(np.float64)


def label_array(values, name: str) -> np.ndarray:
    """An array of real numbers whose integers stay integers; True and False may stand for 1 and 0."""
    if type(values) is np.ndarray and values.dtype.char in "dfl" and values.dtype.isnative:
        return values
    array = _numeric(values, name, "fiub")
    if array.dtype.kind == "f":
        return real(array, name)
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def _numeric(values, name: str, kinds: str) -> np.ndarray:
    if isinstance(values, np.ma.MaskedArray):
        raise TypeError(f"{name} must be a plain array, given a masked array: decide first what masked entries mean")
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise ValueError(f"{name} must be an array of real numbers: {error}") from None
    if array.dtype.kind not in kinds or array.dtype.itemsize > 8:
        raise TypeError(f"{name} must be real numbers (float64, float32 or integers), given {array.dtype}")
    return array


def generator(rng) -> np.random.Generator:
    """A seeded generator: the one given, or a fresh one from an integer seed."""
    if isinstance(rng, np.random.Generator):
        return rng
    if isinstance(rng, int | np.integer) and not isinstance(rng, bool) and rng >= 0:
        return np.random.default_rng(rng)
    raise TypeError(f"rng must be a numpy.random.Generator or an integer seed ≥ 0, given {rng!r}")


# --- shapes -------------------------------------------------------------------------------------------------------


def same_shape(first: np.ndarray, first_name: str, second: np.ndarray, second_name: str) -> None:
    """Nothing is broadcast: (3, 1) against (3,) would silently become (3, 3)."""
    if first.shape != second.shape:
        raise ValueError(
            f"{first_name} and {second_name} must have the same shape (nothing is broadcast), "
            f"given {first.shape} and {second.shape}"
        )


def common_shape(**arrays: np.ndarray) -> tuple[int, ...]:
    """The one shape of all arrays; single numbers go with every shape."""
    shapes = {name: np.shape(array) for name, array in arrays.items() if np.ndim(array)}
    if len(set(shapes.values())) > 1:
        given = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
        raise ValueError(f"{' and '.join(arrays)} must be single numbers or have one common shape, given {given}")
    return next(iter(shapes.values()), ())


# --- single numbers -----------------------------------------------------------------------------------------------


def number(value, name: str, low: float, high: float, expected: str) -> float:
    """One real number strictly between `low` and `high`."""
    array = real(value, name)
    if array.ndim:
        raise ValueError(f"{name} must be one number, given an array of shape {array.shape}")
    if not low < array < high:
        raise ValueError(f"{name} must be {expected}, given {value}")
    return float(array)


def whole_number(value, name: str) -> int:
    """One whole number 0, 1, 2, …"""
    array = label_array(value, name)
    if array.ndim:
        raise ValueError(f"{name} must be one number, given an array of shape {array.shape}")
    whole_numbers(array, name)
    return int(array)


def positive(value, name: str, shape: tuple[int, ...]):
    """One positive finite number, as a float, or an array of them in the given shape."""
    array = real(value, name)
    if array.ndim and array.shape != shape:
        raise ValueError(f"{name} must be one number or have the shape {shape} of the data, given {array.shape}")
    refuse(~((array > 0) & (array < np.inf)), array, name, "positive and finite")
    return array if array.ndim else float(array)


# --- values -------------------------------------------------------------------------------------------------------


def within(values: np.ndarray, name: str, low: float, high: float, expected: str, first: int = 0) -> None:
    """Every value in the closed interval [low, high]; NaN is not."""
    if values.size and not (smallest(values) >= low and largest(values) <= high):
        refuse(~((values >= low) & (values <= high)), values, name, expected, first)


def probabilities(values: np.ndarray, name: str) -> None:
    """Probabilities: numbers from 0 to 1."""
    within(values, name, 0, 1, "a probability from 0 to 1")


def binary_labels(values: np.ndarray, name: str) -> None:
    """Labels of two classes, hard or soft."""
    within(values, name, 0, 1, "0, 1 or a probability between (signs −1 and 1 are for soft_margin)")


def whole_numbers(values: np.ndarray, name: str) -> None:
    """Counts: 0, 1, 2, …, as integers or as floats."""
    with np.errstate(invalid="ignore"):
        bad = ~((values >= 0) & (values < np.inf) & (values == np.floor(values)))
    refuse(bad, values, name, "a whole number 0, 1, 2, …")


def signs(values: np.ndarray, name: str) -> None:
    """−1 or 1."""
    expected = "−1 or 1 (labels 0 and 1 are for binary_cross_entropy)"
    if values.dtype.kind == "b":
        raise TypeError(f"{name} must be {expected}, given booleans")
    refuse((values != 1) & (values != -1), values, name, expected)


# --- rows of classes ----------------------------------------------------------------------------------------------


def logits_and_labels(logits, labels, name: str = "logits") -> tuple[np.ndarray, np.ndarray]:
    """Logits (N, c), with either N class numbers, checked, or rows (N, c) whose shape only is checked."""
    z, t = real(logits, name), label_array(labels, "labels")
    if z.ndim != 2 or z.shape[1] == 0:
        raise ValueError(f"{name} must have shape (N, c), one row for each example, c ≥ 1 classes, given {z.shape}")
    if t.ndim == 1 and len(t) == len(z):
        class_numbers(t, "labels", z.shape[1])
    elif t.shape != z.shape:
        raise ValueError(
            f"labels must be N = {len(z)} class numbers, shape ({len(z)},), or N rows of shape {z.shape}, "
            f"as {name} has shape {z.shape}; given shape {t.shape}"
        )
    if z.shape[1] == 1:
        refuse_nan(z, "", **{name: z})  # a single class is certain, so its logit would never show in a result
    return z, t


def class_numbers(labels: np.ndarray, name: str, classes: int) -> None:
    """Integers from 0 to c − 1."""
    if labels.dtype.kind not in "iu":
        raise TypeError(
            f"{name} of shape (N,) must be integers, class numbers 0 to {classes - 1}, given {labels.dtype}"
        )
    if labels.size and not (smallest(labels) >= 0 and largest(labels) < classes):
        refuse((labels < 0) | (labels >= classes), labels, name, f"class numbers from 0 to {classes - 1}")


def distribution_rows(rows: np.ndarray, sums: np.ndarray, name: str, first: int = 0) -> None:
    """Rows without a negative entry that sum to 1, up to rounding; `sums` are their sums."""
    if not rows.size:
        if rows.shape[-1] == 0:
            raise ValueError(f"{name} must have at least one class, given shape {rows.shape}")
        return
    within(rows, name, 0, np.inf, "probabilities from 0 to 1", first)
    off = ~(np.abs(np.subtract(sums, 1)) <= ROW_SUM_TOLERANCE.get(rows.dtype.char, 0))
    if np.any(off):
        row = int(np.argmax(off))
        where = f" in row {row + first}" if rows.ndim > 1 else ""
        raise ValueError(f"{name} must sum to 1 in each row, given the sum {np.ravel(sums)[row]}{where}")


# --- errors -------------------------------------------------------------------------------------------------------


def refuse_nan(result: np.ndarray, undefined: str, first: int = 0, **inputs: np.ndarray) -> None:
    """A NaN in `result` comes from a NaN in the input, or from an expression without a limit, such as ∞ − ∞."""
    if result.size and math.isnan(smallest(result)):
        for name, values in inputs.items():
            if values.dtype.kind == "f":
                refuse(np.isnan(values), values, name, "a real number", first)
        raise ValueError(f"{' and '.join(inputs)} have no limit{_place(np.isnan(result), first)}: {undefined}")


def refuse(bad: np.ndarray, values: np.ndarray, name: str, expected: str, first: int = 0) -> None:
    """Raise an error that shows the first bad value and its position; `first` is the position of the first row."""
    if np.any(bad):
        raise ValueError(f"{name} must be {expected}, given {values.ravel()[np.argmax(bad)]}{_place(bad, first)}")


def _place(bad: np.ndarray, first: int) -> str:
    if np.ndim(bad) == 0:
        return ""
    i, *rest = (int(index) for index in np.unravel_index(np.argmax(bad), bad.shape))
    return f" at position {(i + first, *rest) if rest else i + first}"
