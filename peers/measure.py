"""Run the calls: on random input they must agree with lossbook, on extreme input what they return is written down."""

import importlib.util
import math
import os
import warnings
from importlib.metadata import version

# Keras runs on JAX; no library looks for a graphics card, or writes to the terminal.
os.environ |= {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu", "CUDA_VISIBLE_DEVICES": "-1"}
os.environ |= {"TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "0"}

import numpy as np
from libraries import LIBRARIES
from model import Call, Inputs, Library, Section, Trap

from lossbook import information, losses

DIGITS = 12  # that must agree on random input, relative to the largest loss of the batch
END_DIGITS = 6  # a loss on extreme input counts as right if so many of its digits are
NOISE = 1e-15  # the digits of a wrong number below this are rounding errors, which differ between processors

IMPORTS = {"NumPy": "numpy", "SciPy": "scipy", "scikit-learn": "sklearn", "PyTorch": "torch"}
IMPORTS |= {"JAX/optax": "optax", "Keras": "keras", "TensorFlow": "tensorflow"}

_names: dict[str, dict] = {}


def installed(library: Library) -> bool:
    """Whether its calls can be run here."""
    return importlib.util.find_spec(IMPORTS[library.name]) is not None


def library(name: str) -> Library:
    """The library of that name."""
    return next(library for library in LIBRARIES if library.name == name)


def names(of: Library) -> dict:
    """What the calls of a library may use, besides their inputs: NumPy, and what its set-up imports."""
    if of.name not in _names:
        _names[of.name] = {"np": np, "len": len, "range": range, "str": str}
        exec(of.set_up, _names[of.name])
    return _names[of.name]


def versions() -> dict[str, str]:
    """The version of every package that takes part, as far as it is installed."""
    return {package: version(package) for of in LIBRARIES if installed(of) for package in of.packages}


def evaluate(call: Call | Trap, inputs: Inputs) -> np.ndarray:
    """What a call returns, as a NumPy array of float64."""
    of = library(call.library)
    known = names(of)
    own = {n: eval(of.arrays, known | {"x": x}) if isinstance(x, np.ndarray) else x for n, x in inputs.items()}
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return np.asarray(eval(call.code, known | own), dtype=np.float64)


def expected(section: Section, inputs: Inputs, equals: str = "each") -> np.ndarray:
    """What lossbook says: its losses, or an expression of them."""
    known = {"np": np, "losses": losses, "information": information, **inputs}
    with np.errstate(all="ignore"):
        each = eval(section.each, known)
        return np.asarray(eval(equals, known | {"each": each}), dtype=np.float64)


def agree(actual: np.ndarray, right: np.ndarray, digits: int = DIGITS) -> bool:
    """Whether two arrays of numbers are the same to so many digits; NaN is the same as NaN."""
    allowed = 10.0**-digits * np.nanmax(np.abs(right), initial=np.finfo(float).tiny)
    return actual.shape == right.shape and np.allclose(actual, right, rtol=0, atol=allowed, equal_nan=True)


def shown(value: float, other: float = math.nan) -> str:
    """A number as the page prints it: with four digits, or as many as it takes to tell it from another."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if value == 0:
        return "−0.0" if math.copysign(1, value) < 0 else "0"
    precision = next((d for d in range(4, 16) if f"{value:.{d}g}" != f"{other:.{d}g}"), 16)
    digits, _, exponent = f"{value:.{precision}g}".partition("e")
    digits = digits.replace("-", "−")
    if not exponent:
        return digits
    sign, power = ("⁻" if "-" in exponent else ""), str(abs(int(exponent)))
    power = f"10{sign}{power.translate(str.maketrans('0123456789', '⁰¹²³⁴⁵⁶⁷⁸⁹'))}"
    return power if digits == "1" else f"{digits} · {power}"


def _wrong(actual: float, right: float) -> str:
    if actual != 0 and max(abs(actual), abs(right)) < NOISE and right != 0:
        return "negative" if actual < 0 else "no digit right"
    return shown(actual, right)


def at_ends(section: Section, call: Call) -> dict[str, str]:
    """Where a call returns something else than lossbook: what it returns."""
    found = {}
    for name, inputs in section.ends.items():
        right = expected(section, inputs, call.equals)
        try:
            actual = evaluate(call, inputs)
        except Exception as error:  # whatever a library raises is what the page says
            found[name] = type(error).__name__
            continue
        digits = min(call.digits, END_DIGITS)
        same = np.isclose(actual, right, rtol=10.0**-digits, atol=0) & (np.signbit(actual) == np.signbit(right))
        if not same.all():
            found[name] = _wrong(float(np.ravel(actual)[0]), float(np.ravel(right)[0]))
    return found


def raised(trap: Trap, inputs: Inputs) -> str:
    """The name of the exception that a call raises; "" if none."""
    try:
        evaluate(trap, inputs)
    except Exception as error:
        return type(error).__name__
    return ""


def functions(of: Library) -> set[str]:
    """The names of the functions that a library has where its losses live."""
    return {name for where in of.functions for name in dir(eval(where, names(of))) if not name.startswith("_")}


def measure(section: Section, only: set[str] | None = None) -> dict:
    """Everything the page says about a section that only a run can tell; `only` these libraries."""
    calls = [call for call in section.calls if only is None or call.library in only]
    return {
        "lossbook": {name: shown(float(expected(section, inputs)[0])) for name, inputs in section.ends.items()},
        "calls": [
            {"library": call.library, "code": call.code, "equals": call.equals, "ends": at_ends(section, call)}
            for call in calls
        ],
    }
