"""Overflow-safe building blocks: each is the textbook formula, arranged so that it keeps its digits.

Three ideas recur.

- *Exponentiate only what is at most 0*: e^{−|x|} cannot overflow.
- *Hand over what is tiny by itself*: ``log1p(x)`` is ln(1 + x) and ``expm1(x)`` is e^x − 1, without rounding 1 + x.
- *Leave out instead of taking off*: ln Σ e^{z_k} = m + ln(1 + Σ_{k≠m} e^{z_k − m}) leaves the largest term out.

float32 input gives float32 results; integers and float64 give float64.  Infinities give the limit where there is one.
"""

import numpy as np
from numpy.typing import ArrayLike

from lossbook import _checks
from lossbook._blocks import entries, exp_gaps, pick, row_blocks

__all__ = [
    "difference",
    "exp_remainder",
    "log1mexp",
    "log_factorial",
    "log_gamma_ratio",
    "log_sigmoid",
    "log_softmax",
    "logit",
    "logsumexp",
    "sigmoid",
    "softmax",
    "softplus",
    "stirling_remainder",
    "xlogy",
]


# --- one number at a time -----------------------------------------------------------------------------------------


@np.errstate(all="ignore")
def sigmoid(x: ArrayLike) -> np.ndarray:
    """Turn log-odds into a probability: σ(x) = 1 / (1 + e^{−x}).

    Parameters
    ----------
    x
        Log-odds in nats, any shape; −∞ gives 0, ∞ gives 1.

    Returns
    -------
        Probabilities from 0 to 1, same shape.

    Raises
    ------
    TypeError, ValueError
        If `x` is not real numbers, or holds a NaN.

    See Also
    --------
    lossbook.special.logit : its inverse.
    lossbook.special.log_sigmoid : its logarithm, which keeps its digits where the probability underflows.

    Notes
    -----
    For x < 0 the equal form e^x / (1 + e^x) is used, so that the exponential cannot overflow.
    Derived in: Bernoulli → binary cross-entropy.

    Examples
    --------
    >>> sigmoid([-1000.0, 0.0, 2.0])
    array([0.        , 0.5       , 0.88079708])
    """
    x = _checks.real(x, "x")
    e = np.exp(-np.abs(x))
    return _finished(np.where(x >= 0, x.dtype.type(1), e) / (1 + e), x)


@np.errstate(all="ignore")
def softplus(x: ArrayLike) -> np.ndarray:
    """Smooth version of max(x, 0): ln(1 + e^x).

    Parameters
    ----------
    x
        Real numbers, any shape.

    Returns
    -------
        Non-negative numbers, same shape.

    Raises
    ------
    TypeError, ValueError
        If `x` is not real numbers, or holds a NaN.

    See Also
    --------
    lossbook.special.log_sigmoid : ln σ(x) = −softplus(−x).

    Notes
    -----
    Computed as max(x, 0) + log1p(e^{−|x|}): two terms that are not negative.
    Derived in: Bernoulli → binary cross-entropy.

    Examples
    --------
    >>> softplus([-800.0, 0.0, 80.0]).round(4)
    array([ 0.    ,  0.6931, 80.    ])
    """
    x = _checks.real(x, "x")
    return _finished(np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))), x)


@np.errstate(all="ignore")
def log_sigmoid(x: ArrayLike) -> np.ndarray:
    """Logarithm of the logistic function: ln σ(x) = −ln(1 + e^{−x}).

    Parameters
    ----------
    x
        Log-odds in nats, any shape.

    Returns
    -------
        Log-probabilities in nats, at most 0, same shape.

    Raises
    ------
    TypeError, ValueError
        If `x` is not real numbers, or holds a NaN.

    See Also
    --------
    lossbook.special.sigmoid : the probability itself.
    lossbook.special.softplus : −ln σ(−x).

    Notes
    -----
    Computed as min(x, 0) − log1p(e^{−|x|}).
    Derived in: Bernoulli → binary cross-entropy.

    Examples
    --------
    >>> log_sigmoid([-100.0, 0.0]).round(4)
    array([-100.    ,   -0.6931])
    """
    x = _checks.real(x, "x")
    return _finished(np.minimum(x, 0) - np.log1p(np.exp(-np.abs(x))), x)


@np.errstate(all="ignore")
def logit(p: ArrayLike) -> np.ndarray:
    """Log-odds of a probability: ln(p / (1 − p)).

    Parameters
    ----------
    p
        Probabilities from 0 to 1, any shape; 0 gives −∞, 1 gives ∞.

    Returns
    -------
        Log-odds in nats, same shape.

    Raises
    ------
    TypeError, ValueError
        If `p` is not real numbers, or holds a number outside [0, 1] or a NaN.

    See Also
    --------
    lossbook.special.sigmoid : its inverse.

    Notes
    -----
    Near p = ½, where the result passes through 0, log1p((2p − 1) / (1 − p)) keeps the digits: 2p − 1 is exact there.
    Derived in: Bernoulli → binary cross-entropy.

    Examples
    --------
    >>> logit([0.0, 0.5, 0.9])
    array([      -inf, 0.        , 2.19722458])
    """
    p = _checks.real(p, "p")
    _checks.probabilities(p, "p")
    near_half = (p >= 0.25) & (p <= 0.75)
    return np.where(near_half, np.log1p((2 * p - 1) / (1 - p)), np.log(p / (1 - p)))[()]


@np.errstate(all="ignore")
def xlogy(x: ArrayLike, y: ArrayLike) -> np.ndarray:
    """Product x · ln y with 0 · ln 0 = 0, the limit by which an impossible outcome contributes nothing.

    Parameters
    ----------
    x
        Real numbers, any shape.
    y
        Numbers from 0 to ∞; the shape of `x`, unless one of the two is a single number.

    Returns
    -------
        Array of the common shape; in nats if `x` holds probabilities.

    Raises
    ------
    TypeError, ValueError
        If the arguments are not real numbers of one shape, hold a NaN, or `y` is negative.

    Notes
    -----
    The plain formula gives 0 · (−∞), which is NaN.
    Derived in: Multinoulli → cross-entropy.

    Examples
    --------
    >>> xlogy([0.0, 2.0], [0.0, 3.0])
    array([0.        , 2.19722458])
    """
    x, y = _checks.real(x, "x"), _checks.real(y, "y")
    _checks.common_shape(x=x, y=y)
    _checks.within(y, "y", 0, np.inf, "at least 0")
    result = np.where(x == 0, x * 0, x * np.log(y))[()]
    _checks.refuse_nan(result, "±∞ · ln 1", x=x, y=y)
    return result


@np.errstate(all="ignore")
def log1mexp(x: ArrayLike) -> np.ndarray:
    """Log-probability of the complement: ln(1 − e^x) for x ≤ 0.

    Parameters
    ----------
    x
        Log-probabilities in nats, at most 0, any shape.

    Returns
    -------
        Log-probabilities in nats, at most 0, same shape; x = 0 gives −∞.

    Raises
    ------
    TypeError, ValueError
        If `x` is not real numbers, or holds a positive number or a NaN.

    Notes
    -----
    ln(−expm1(x)) keeps its digits where e^x is near 1, log1p(−e^x) where it is small; they change over at e^x = ½.
    Some libraries write the argument with the other sign: their log1mexp(a) is log1mexp(−a) here.

    References
    ----------
    Mächler, *Accurately computing log(1 − exp(−|a|))*, vignette of the R package Rmpfr, 2012, equation (7).

    Examples
    --------
    >>> log1mexp([-1e-20, -50.0])
    array([-4.60517019e+01, -1.92874985e-22])
    """
    x = _checks.real(x, "x")
    _checks.within(x, "x", -np.inf, 0, "a log-probability, at most 0")
    # Adding 0 turns the −0.0 of log1p(−0.0) into 0.0.
    return np.where(x > -0.6931, np.log(-np.expm1(x)), np.log1p(-np.exp(x)) + 0)[()]


@np.errstate(all="ignore")
def difference(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, int]:
    """Return (r, unit) with a − b = unit · r: the unit is 1, or 2 if a − b itself overflows anywhere.

    Parameters
    ----------
    a, b
        Arrays of real numbers, any shapes that NumPy can subtract.

    Returns
    -------
        The differences r, and their unit.

    Notes
    -----
    10³⁰⁸ − (−10³⁰⁸) overflows, but (10³⁰⁸ − (−10³⁰⁸)) / 10³⁰⁰ does not: divide r first, and multiply by the unit last.

    Examples
    --------
    >>> difference(np.array([1e308]), np.array([-1e308]))
    (array([1.e+308]), 2)
    """
    r = a - b
    if np.isinf(r).any():
        return a / 2 - b / 2, 2
    return r, 1


@np.errstate(all="ignore")
def exp_remainder(x: ArrayLike) -> np.ndarray:
    """What the exponential is above its tangent at 0: φ(x) = e^x − 1 − x ≥ 0.

    Parameters
    ----------
    x
        Real numbers, any shape.

    Returns
    -------
        Non-negative numbers, same shape.

    Raises
    ------
    TypeError, ValueError
        If `x` is not real numbers, or holds a NaN.

    See Also
    --------
    lossbook.information.kl_divergence : a sum of φ, and so never negative.
    lossbook.losses.poisson_nll : likewise.

    Notes
    -----
    Near 0 the terms 1 and x would cancel all digits; there the series x²/2! + x³/3! + … is summed.

    Examples
    --------
    >>> exp_remainder([-1.0, 0.0, 1e-8])
    array([3.67879441e-01, 0.00000000e+00, 5.00000002e-17])
    """
    x = _checks.real(x, "x")
    near = np.clip(x, -1, 1)
    series = np.ones_like(near)
    for j in range(20, 2, -1):  # 1 + x/3 (1 + x/4 (1 + x/5 (…)))
        series = 1 + series * (near / j)
    far = np.where(x < np.inf, np.expm1(x) - x, x)
    return _finished(np.where(np.abs(x) <= 1, near * near / 2 * series, far), x)


# --- factorials ---------------------------------------------------------------------------------------------------


# ln k! − (k ln k − k) for k = 0 … 15; from 16 on, Stirling's series has all digits of a float64.
_STIRLING_REMAINDERS = np.array(
    [
        *(0.0, 1.0, 1.3068528194400546, 1.4959226032237258, 1.6328763858683832, 1.7403021806115442),
        *(1.828694396641771, 1.9037903176782212, 1.9690705693065629, 2.0268062840554952, 2.0785616431350586),
        *(2.12545984509181, 2.168334698205882, 2.207822206123445, 2.244418568125061, 2.2785183673077407),
    ]
)
_LOG_FACTORIALS = np.log([float(np.prod(np.arange(1.0, k + 1))) for k in range(16)])


@np.errstate(all="ignore")
def stirling_remainder(counts: ArrayLike) -> np.ndarray:
    """What Stirling's approximation k ln k − k leaves over: ln k! − (k ln k − k) ≥ 0.

    Parameters
    ----------
    counts
        Whole numbers k = 0, 1, 2, …, any shape.

    Returns
    -------
        Non-negative numbers, same shape: 0 at k = 0, about ½ ln(2πk) for large k.

    Raises
    ------
    TypeError, ValueError
        If `counts` are not whole numbers.

    See Also
    --------
    lossbook.special.log_factorial : the whole logarithm.

    Notes
    -----
    A table below 16; from there ½ ln(2πk) + 1/(12k) − 1/(360k³) + 1/(1260k⁵) − 1/(1680k⁷) + 1/(1188k⁹).

    References
    ----------
    Loader, *Fast and accurate computation of binomial probabilities*, 2000.

    Examples
    --------
    >>> stirling_remainder([0, 1, 100])
    array([0.        , 1.        , 3.22235696])
    """
    k = _checks.real(counts, "counts")
    _checks.whole_numbers(k, "counts")
    x = 1 / np.maximum(k, 1)
    x2 = x * x
    series = x * (1 / 12 - x2 * (1 / 360 - x2 * (1 / 1260 - x2 * (1 / 1680 - x2 / 1188))))
    large = 0.5 * np.log(2 * np.pi * np.maximum(k, 1)) + series
    small = _STIRLING_REMAINDERS.astype(k.dtype)[np.minimum(k, 15).astype(np.intp)]
    return np.where(k < 16, small, large)[()]


@np.errstate(all="ignore")
def log_factorial(counts: ArrayLike) -> np.ndarray:
    """Logarithm of the factorial: ln k! = ln 1 + ln 2 + … + ln k.

    Parameters
    ----------
    counts
        Whole numbers k = 0, 1, 2, …, any shape.

    Returns
    -------
        Non-negative numbers, same shape.

    Raises
    ------
    TypeError, ValueError
        If `counts` are not whole numbers.

    See Also
    --------
    lossbook.special.stirling_remainder : what is added to k ln k − k.

    Notes
    -----
    A table below 16; from there k (ln k − 1) plus Stirling's remainder.

    Examples
    --------
    >>> log_factorial([0, 1, 5])
    array([0.        , 0.        , 4.78749174])
    """
    k = _checks.real(counts, "counts")
    large = k * (np.log(np.maximum(k, 1)) - 1) + stirling_remainder(k)
    small = _LOG_FACTORIALS.astype(k.dtype)[np.minimum(k, 15).astype(np.intp)]
    return np.where(k < 16, small, large)[()]


@np.errstate(all="ignore")
def log_gamma_ratio(a: ArrayLike) -> np.ndarray:
    """Logarithm of Γ(a + ½) / Γ(a), which the normalising constant of Student's t distribution contains.

    Parameters
    ----------
    a
        Positive numbers, any shape.

    Returns
    -------
        Real numbers, same shape; about ½ ln a for large a.

    Raises
    ------
    TypeError, ValueError
        If `a` is not positive and finite.

    Notes
    -----
    The difference of two log-gamma functions loses all its digits for large a.  Here its own asymptotic series is used;
    for a < 16, Γ(a + 1) = a Γ(a) first moves the argument up by 16.

    Examples
    --------
    >>> log_gamma_ratio([0.5, 1e12])
    array([-0.57236494, 13.81551056])
    """
    a = _checks.real(a, "a")
    _checks.positive(a, "a", a.shape)
    moved = np.where(a < 16, a + 16, a)
    x = 1 / moved
    x2 = x * x
    series = 0.5 * np.log(moved) - x * (1 / 8 - x2 * (1 / 192 - x2 * (1 / 640 - x2 * (17 / 14336 - x2 * 31 / 18432))))
    steps = sum(np.log1p(0.5 / (a + i)) for i in range(16))  # ln of (a + i + ½) / (a + i)
    return np.where(a < 16, series - steps, series)[()]


# --- one row at a time --------------------------------------------------------------------------------------------


@np.errstate(all="ignore")
def logsumexp(logits: ArrayLike, *, axis: int = -1) -> np.ndarray:
    """Logarithm of the normalising constant of softmax: ln Σ_k e^{z_k}.

    Parameters
    ----------
    logits
        Real numbers in nats, any shape with at least one axis.
    axis
        The axis to sum over.

    Returns
    -------
        Array without that axis.

    Raises
    ------
    TypeError, ValueError
        If `logits` is not real numbers, has no entry along the axis, or holds a NaN.

    See Also
    --------
    lossbook.special.log_softmax : each logit minus this.

    Notes
    -----
    The largest entry m is left out of the sum: m + log1p(Σ_{k≠m} e^{z_k − m}).
    Derived in: Multinoulli → cross-entropy.

    Examples
    --------
    >>> logsumexp([[1000.0, 1000.0], [-1000.0, -1000.0]])
    array([1000.69314718, -999.30685282])
    """
    matrix, shape = _rows(logits, axis)
    result = np.empty(len(matrix), matrix.dtype)
    for rows, z, e in row_blocks(matrix):
        top = entries(z.argmax(axis=1), z.shape[1])
        m = pick(z, top)
        s = exp_gaps(z, top, out=e)
        result[rows] = np.where(np.isinf(m), m, m + np.log1p(s))
    _checks.refuse_nan(result, "", logits=np.asarray(logits))
    return result.reshape(shape[:-1])[()]


@np.errstate(all="ignore")
def softmax(logits: ArrayLike, *, axis: int = -1) -> np.ndarray:
    """Turn logits into the probabilities of c classes: e^{z_k} / Σ_j e^{z_j}.

    Parameters
    ----------
    logits
        Real numbers in nats, any shape with at least one axis.
    axis
        The axis of the classes.

    Returns
    -------
        Probabilities, same shape; they sum to 1 along the axis.

    Raises
    ------
    TypeError, ValueError
        If `logits` is not real numbers, has no entry along the axis, holds a NaN, or a row that has no limit because
        two of its logits are ∞ or all of them −∞.

    See Also
    --------
    lossbook.special.log_softmax : its logarithm, which keeps its digits where the probability underflows.

    Notes
    -----
    Adding a number to all logits of a row changes nothing, so the largest is subtracted first.
    Derived in: Multinoulli → cross-entropy.

    Examples
    --------
    >>> softmax([1000.0, 1000.0, -1000.0])
    array([0.5, 0.5, 0. ])
    """
    matrix, shape = _rows(logits, axis)
    result = np.empty(matrix.shape, matrix.dtype)
    for rows, z, _ in row_blocks(matrix, scratch=False):
        p = result[rows]
        top = entries(z.argmax(axis=1), z.shape[1])
        s = exp_gaps(z, top, out=p)
        p.reshape(-1)[top] = 1
        p /= (1 + s)[:, None]
    result = np.moveaxis(result.reshape(shape), -1, axis)
    _checks.refuse_nan(result, _checks.NO_LIMIT, logits=np.asarray(logits))
    return result


@np.errstate(all="ignore")
def log_softmax(logits: ArrayLike, *, axis: int = -1) -> np.ndarray:
    """Log-probabilities of c classes from logits: z_k − ln Σ_j e^{z_j}.

    Parameters
    ----------
    logits
        Real numbers in nats, any shape with at least one axis.
    axis
        The axis of the classes.

    Returns
    -------
        Log-probabilities in nats, at most 0, same shape.

    Raises
    ------
    TypeError, ValueError
        If `logits` is not real numbers, has no entry along the axis, holds a NaN, or a row that has no limit because
        two of its logits are ∞ or all of them −∞.

    See Also
    --------
    lossbook.special.softmax : the probabilities themselves.
    lossbook.losses.cross_entropy : minus the entry of the label.

    Notes
    -----
    Computed as (z_k − m) − log1p(Σ_{j≠m} e^{z_j − m}), m the largest logit: even −10⁻⁴⁰ keeps all its digits.
    Derived in: Multinoulli → cross-entropy.

    Examples
    --------
    >>> log_softmax([10.0, 0.0, -100.0])
    array([-4.53988992e-05, -1.00000454e+01, -1.10000045e+02])
    """
    matrix, shape = _rows(logits, axis)
    result = np.empty(matrix.shape, matrix.dtype)
    for rows, z, _ in row_blocks(matrix, scratch=False):
        log_p = result[rows]
        top = entries(z.argmax(axis=1), z.shape[1])
        s = exp_gaps(z, top, out=log_p)
        np.subtract(z, pick(z, top)[:, None], out=log_p)
        log_p.reshape(-1)[top] = 0  # also where it is ∞ − ∞
        log_p -= np.log1p(s)[:, None]
    result = np.moveaxis(result.reshape(shape), -1, axis)
    _checks.refuse_nan(result, _checks.NO_LIMIT, logits=np.asarray(logits))
    return result


# --- shared -------------------------------------------------------------------------------------------------------


def _finished(result, x: np.ndarray) -> np.ndarray:
    result = result[()]
    _checks.refuse_nan(result, "", x=x)
    return result


def _rows(logits, axis: int) -> tuple[np.ndarray, tuple[int, ...]]:
    """The logits as a matrix, one row for each sum over `axis`, and their shape with that axis last."""
    logits = _checks.real(logits, "logits")
    if not -logits.ndim <= axis < logits.ndim:
        raise ValueError(f"logits must have an axis {axis}, given shape {logits.shape}")
    if logits.shape[axis] == 0:
        raise ValueError(f"logits must have at least one entry along axis {axis}, given shape {logits.shape}")
    moved = np.moveaxis(logits, axis, -1)
    return moved.reshape(-1, moved.shape[-1]), moved.shape
