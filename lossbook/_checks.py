"""Input checks: say at once what was wrong, what was expected and what was given.

Every check costs at most one pass, and most cost less: a NaN in the input always shows in the result, so the (smaller) result is searched, and the
input only when something was found there.
"""

from typing import NoReturn

import numpy as np

__all__ = [
    "class_numbers",
    "distribution_rows",
    "generator",
    "label_rows",
    "number",
    "positive",
    "real",
    "real_or_bool",
    "refuse_nan",
    "same_shape",
    "whole_numbers",
    "within",
]

ROW_SUM_TOLERANCE = {np.dtype(np.float64): 1e-9, np.dtype(np.float32): 1e-5}


def real(values, name: str) -> np.ndarray:
    """`values` as a float64 or float32 array (integers become float64); anything that is not real numbers is refused."""
    if type(values) is np.ndarray and values.dtype.char in "df" and values.dtype.isnative:
        return values
    array = _array(values, name)
    if array.dtype.kind in "iu":
        return array.astype(np.float64)
    if array.dtype.kind == "f" and array.dtype.itemsize <= 8:
        return array.astype(np.float64 if array.dtype.itemsize == 8 else np.float32)
    raise TypeError(f"{name} must be real numbers (float64, float32 or integers), given {_described(array)}")


def real_or_bool(values, name: str) -> np.ndarray:
    """Like `real`, but keeps the type of integers, and True and False may stand for 1 and 0."""
    if type(values) is np.ndarray and values.dtype.kind in "fiub" and values.dtype.itemsize <= 8:
        return values
    array = _array(values, name)
    if array.dtype.kind in "fiub" and array.dtype.itemsize <= 8:
        return array
    raise TypeError(f"{name} must be real numbers, given {_described(array)}")


def _array(values, name: str) -> np.ndarray:
    if isinstance(values, np.ma.MaskedArray):
        raise TypeError(
            f"{name} must be a plain array, given a masked array: choose what the masked entries mean first"
        )
    try:
        return np.asarray(values)
    except ValueError as error:
        raise ValueError(f"{name} must be a rectangular array of real numbers: {error}") from None


def _described(array: np.ndarray) -> str:
    return f"an array of type {array.dtype} and shape {array.shape}"


def same_shape(first: np.ndarray, first_name: str, second: np.ndarray, second_name: str) -> None:
    """Nothing is broadcast: (3, 1) against (3,) would silently become (3, 3)."""
    if first.shape != second.shape:
        raise ValueError(
            f"{first_name} and {second_name} must have the same shape (nothing is broadcast), "
            f"given {first.shape} and {second.shape}"
        )


def number(value, name: str, low: float, high: float, expected: str) -> float:
    """One real number strictly between `low` and `high`."""
    array = real(value, name)
    if array.ndim:
        raise ValueError(f"{name} must be one number, given {_described(array)}")
    value = float(array)
    if not low < value < high:
        raise ValueError(f"{name} must be {expected}, given {value!r}")
    return value


def positive(value, name: str, shape: tuple[int, ...]):
    """One positive finite number, or an array of them in the given shape."""
    if type(value) is float and 0.0 < value < np.inf:
        return value
    array = real(value, name)
    if array.ndim and array.shape != shape:
        raise ValueError(f"{name} must be one number or have the shape {shape} of the data, given shape {array.shape}")
    _refuse(~((array > 0) & (array < np.inf)), array, name, "positive and finite")
    return array if array.ndim else float(array)


def within(values: np.ndarray, name: str, low: float, high: float, expected: str) -> None:
    """Every value in the closed interval [low, high]; NaN is not."""
    if values.size and not (
        np.minimum.reduce(values, axis=None) >= low and np.maximum.reduce(values, axis=None) <= high
    ):
        _refuse(~((values >= low) & (values <= high)), values, name, expected)


def whole_numbers(values: np.ndarray, name: str, expected: str) -> None:
    """Counts: 0, 1, 2, … (as integers or as floats)."""
    if values.dtype.kind in "ub":
        return
    good = values >= 0
    if values.dtype.kind == "f":
        good &= (np.floor(values) == values) & (values < np.inf)
    _refuse(~good, values, name, expected)


def class_numbers(labels: np.ndarray, name: str, rows: int, classes: int) -> None:
    """One class number 0 … c−1 for each row."""
    if labels.shape != (rows,):
        raise ValueError(f"{name} must hold one label a row: shape ({rows},), given {labels.shape}")
    if labels.dtype.kind not in "iu":
        raise TypeError(
            f"{name} of shape (N,) must be integers, the class numbers 0 to {classes - 1}, given {labels.dtype}"
        )
    if rows:
        # Read as unsigned, a negative number is a huge one: one comparison finds both kinds.
        unsigned = labels.view(f"u{labels.dtype.itemsize}") if labels.dtype.kind == "i" else labels
        if np.maximum.reduce(unsigned) >= classes:
            _refuse((labels < 0) | (labels >= classes), labels, name, f"a class number from 0 to {classes - 1}")


def label_rows(labels: np.ndarray, name: str, shape: tuple[int, int]) -> None:
    """The shape of one-hot or soft label rows; `distribution_rows` checks what they hold."""
    if labels.shape != shape:
        raise ValueError(
            f"{name} must be {shape[0]} class numbers, shape ({shape[0]},), or rows of shape {shape}, given shape {labels.shape}"
        )


def distribution_rows(rows: np.ndarray, sums: np.ndarray, name: str, first_row: int = 0) -> None:
    """Rows without a negative entry that sum to 1, up to the rounding of their type; `sums` are their sums."""
    if not rows.size:
        return
    tolerance = ROW_SUM_TOLERANCE.get(rows.dtype, 0.0)
    if not np.minimum.reduce(rows, axis=None) >= 0:
        _refuse(~(rows >= 0), rows, name, "a probability from 0 to 1", first_row)
    # Written so that NaN, which compares false with everything, is refused.
    if not (
        np.minimum.reduce(sums, axis=None) >= 1 - tolerance and np.maximum.reduce(sums, axis=None) <= 1 + tolerance
    ):
        off = np.flatnonzero(~(np.abs(np.atleast_1d(sums) - 1) <= tolerance))[0]
        raise ValueError(
            f"each row of {name} must sum to 1, given a row that sums to {np.atleast_1d(sums)[off]!s} (row {first_row + off})"
        )


def generator(rng) -> np.random.Generator:
    """A seeded generator: the one given, or a fresh one from an integer seed."""
    if isinstance(rng, np.random.Generator):
        return rng
    if isinstance(rng, (int, np.integer)) and not isinstance(rng, bool) and rng >= 0:
        return np.random.default_rng(rng)
    raise TypeError(f"rng must be a numpy.random.Generator or a seed (an integer ≥ 0), given {rng!r}")


def refuse_nan(result: np.ndarray, undefined: str, **inputs: np.ndarray) -> None:
    """A NaN in `result` comes from a NaN in the input or from an expression without a limit, such as ∞ − ∞."""
    if result.size and np.isnan(np.minimum.reduce(result, axis=None)):
        for name, values in inputs.items():
            if isinstance(values, np.ndarray) and values.dtype.kind == "f":
                _refuse(np.isnan(values), values, name, "a real number")
        where = _position(np.isnan(result))
        raise ValueError(f"the result has no limit at position {where}: {undefined}")


def _refuse(bad: np.ndarray, values: np.ndarray, name: str, expected: str, first_row: int = 0) -> None:
    if np.any(bad):
        position = _position(bad)
        raise_bad(values[np.unravel_index(np.argmax(bad), bad.shape)], position, name, expected, first_row)


def raise_bad(value, position, name: str, expected: str, first_row: int = 0) -> NoReturn:
    """Raise the error for one bad value."""
    if position == ():
        raise ValueError(f"{name} must be {expected}, given {value!s}")
    if isinstance(position, tuple):
        position = (position[0] + first_row, *position[1:])
    else:
        position += first_row
    raise ValueError(f"{name} must be {expected}, given {value!s} at position {position}")


def _position(bad: np.ndarray):
    """The first true entry: an integer for a vector, a tuple of integers for more axes."""
    position = tuple(int(i) for i in np.unravel_index(np.argmax(bad), np.shape(bad)))
    return position[0] if len(position) == 1 else position


def in_shape(array: np.ndarray, name: str, shape: tuple[int, ...]) -> np.ndarray:
    """One number, or one for each of the values."""
    if array.ndim and array.shape != shape:
        raise ValueError(
            f"{name} must be one number or have the shape {shape} of the values, given shape {array.shape}"
        )
    return array


def signs(values: np.ndarray, name: str) -> None:
    """−1 or 1."""
    _refuse(np.abs(values) != 1, values, name, "−1 or 1 (labels 0 and 1 are for binary_cross_entropy)")
