"""Overflow-safe building blocks: each formula is the textbook one, arranged so that it keeps its digits wherever it is evaluated.

Three ideas recur.  *Never exponentiate a positive number*: e^{−|x|} is at most 1.  *Never form 1 + tiny or 1 − tiny*: `log1p` and `expm1` take the
tiny part by itself.  *Never subtract what could be left out*: log Σ e^{z_k} = m + log1p(Σ_{k≠m} e^{z_k − z_m}) leaves the largest term out of the sum
instead of taking it off again.

float32 input gives float32 results; integers and float64 give float64.  Infinities give the limit where there is one.  NaN is refused.
"""

import numpy as np

from lossbook import _checks, _rows

__all__ = [
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


# --- one number at a time ---------------------------------------------------------------------------------------------------------------------


@np.errstate(all="ignore")
def sigmoid(x) -> np.ndarray:
    """The logistic function 1 / (1 + e^{−x}): turns log-odds into a probability.

    Parameters
    ----------
    x
        Log-odds in nats, any shape; −∞ and ∞ give 0 and 1.

    Returns
    -------
        Probabilities in [0, 1], same shape.

    Raises
    ------
    TypeError, ValueError
        If `x` is not real numbers, or holds a NaN.

    See Also
    --------
    lossbook.special.logit : its inverse.
    lossbook.special.log_sigmoid : its logarithm, which still has digits where the probability has underflowed.

    Notes
    -----
    For x < 0 the equal form e^x / (1 + e^x) is used, so that the exponential never overflows.
    Derived in: Bernoulli → binary cross-entropy.

    Examples
    --------
    >>> sigmoid([-1000.0, 0.0, 2.0])
    array([0.        , 0.5       , 0.88079708])
    """
    x = _checks.real(x, "x")
    e = np.exp(-np.abs(x))
    result = np.where(x >= 0, 1, e) / (1 + e)
    _checks.refuse_nan(result, "", x=x)
    return result


@np.errstate(all="ignore")
def softplus(x) -> np.ndarray:
    """log(1 + e^x): the smooth version of max(x, 0).

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
    lossbook.special.log_sigmoid : log_sigmoid(x) = −softplus(−x).

    Notes
    -----
    Computed as max(x, 0) + log1p(e^{−|x|}): two non-negative terms, and an exponential that cannot overflow.
    Derived in: Bernoulli → binary cross-entropy.

    Examples
    --------
    >>> softplus([-800.0, 0.0, 800.0])
    array([0.00000000e+00, 6.93147181e-01, 8.00000000e+02])
    """
    x = _checks.real(x, "x")
    result = np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))
    _checks.refuse_nan(result, "", x=x)
    return result


@np.errstate(all="ignore")
def log_sigmoid(x) -> np.ndarray:
    """The logarithm of the logistic function, −log(1 + e^{−x}).

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
    lossbook.special.sigmoid, lossbook.special.softplus

    Notes
    -----
    Computed as min(x, 0) − log1p(e^{−|x|}).
    Derived in: Bernoulli → binary cross-entropy.

    Examples
    --------
    >>> log_sigmoid([-1000.0, 0.0])
    array([-1.00000000e+03, -6.93147181e-01])
    """
    x = _checks.real(x, "x")
    result = np.minimum(x, 0) - np.log1p(np.exp(-np.abs(x)))
    _checks.refuse_nan(result, "", x=x)
    return result


@np.errstate(all="ignore")
def logit(p) -> np.ndarray:
    """The log-odds log(p / (1 − p)) of a probability.

    Parameters
    ----------
    p
        Probabilities in [0, 1], any shape; 0 and 1 give −∞ and ∞.

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
    _checks.within(p, "p", 0, 1, "a probability from 0 to 1")
    near_half = (p >= 0.25) & (p <= 0.75)
    odds = np.where(near_half, (2 * p - 1) / (1 - p), p / (1 - p))
    return np.where(near_half, np.log1p(odds), np.log(odds))[()]


@np.errstate(all="ignore")
def xlogy(x, y) -> np.ndarray:
    """x · log(y), with 0 · log(0) = 0: the limit that makes an impossible outcome contribute nothing.

    Parameters
    ----------
    x
        Real numbers, any shape.
    y
        Non-negative numbers, of the same shape, unless `x` or `y` is a single number.

    Returns
    -------
        Array of the common shape, in nats if `x` is a probability.

    Raises
    ------
    TypeError, ValueError
        If the arguments are not real numbers of one shape, if `y` is negative, or if one holds a NaN.

    Notes
    -----
    In the plain formula 0 · log(0) = 0 · (−∞) is NaN.
    Derived in: Multinoulli → cross-entropy.

    Examples
    --------
    >>> xlogy([0.0, 2.0], [0.0, 3.0])
    lossbook.special.stirling_remainder 'array([0.        , 1.        , 3.22235741])\n' "lossbook.special.softplus 'array([  0.        ,   0.69314718, 800.        ])\\n' 'array([0.00000000e+00, 6.93147181e-01, 8.00000000e+02])\\n'\narray([0.        , 1.        , 3.22235696])\n"
    array([0.        , 2.19722458])
    """
    x, y = _checks.real(x, "x"), _checks.real(y, "y")
    if x.ndim and y.ndim:
        _checks.same_shape(x, "x", y, "y")
    _checks.within(y, "y", 0, np.inf, "at least 0")
    result = np.where(x == 0, x.dtype.type(0), x * np.log(y))[()]
    _checks.refuse_nan(result, "±∞ · log 1", x=x, y=y)
    return result


@np.errstate(all="ignore")
def log1mexp(x) -> np.ndarray:
    """log(1 − e^x) for x ≤ 0: the log-probability of the complement, from a log-probability.

    Parameters
    ----------
    x
        Log-probabilities in nats, at most 0, any shape.

    Returns
    -------
        Log-probabilities in nats, same shape; x = 0 gives −∞.

    Raises
    ------
    TypeError, ValueError
        If `x` is not real numbers, or holds a positive number or a NaN.

    Notes
    -----
    log(−expm1(x)) keeps its digits when e^x is near 1, log1p(−e^x) when it is small; they change over at x = −log 2.

    References
    ----------
    M. Mächler, *Accurately computing log(1 − exp(−\\|a\\|))*, vignette of the R package Rmpfr, 2012, equation 7.

    Examples
    --------
    >>> log1mexp([-1e-20, -50.0])
    array([-4.60517019e+01, -1.92874985e-22])
    """
    x = _checks.real(x, "x")
    _checks.within(x, "x", -np.inf, 0, "a log-probability, at most 0")
    # Adding 0 turns the −0.0 of log1p(−0.0) into 0.0.
    return np.where(x > -np.log(2), np.log(-np.expm1(x)), np.log1p(-np.exp(x)) + 0)[()]


@np.errstate(all="ignore")
def exp_remainder(x) -> np.ndarray:
    """φ(x) = e^x − 1 − x ≥ 0: by how much the exponential exceeds its tangent at 0.

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

    Notes
    -----
    The divergences of the book are sums of this function: it is what makes them non-negative.  Near 0 the terms 1 and x would
    cancel all digits, so its Taylor series x²/2! + x³/3! + … is summed instead.

    Examples
    --------
    >>> exp_remainder([-1.0, 0.0, 1e-8])
    array([3.67879441e-01, 0.00000000e+00, 5.00000002e-17])
    """
    x = _checks.real(x, "x")
    # x²/2 · (1 + x/3 · (1 + x/4 · (1 + …)))
    near = np.clip(x, -1, 1)
    series = np.ones_like(near)
    for j in range(20, 2, -1):
        series *= near / j
        series += 1
    result = np.where(np.abs(x) <= 1, near * near / 2 * series, np.expm1(x) - x)
    result = np.where(x == np.inf, x, result)[()]
    _checks.refuse_nan(result, "", x=x)
    return result


# --- factorials ---------------------------------------------------------------------------------------------------------------------------------


# log(k! e^k / k^k) for k = 0 … 15; from 16 on, Stirling's series gives all digits of a float64.
_SMALL_REMAINDERS = np.array(
    [
        *(
            0.0,
            1.0,
            1.3068528194400546,
            1.4959226032237258,
            1.6328763858683832,
            1.7403021806115442,
            1.828694396641771,
            1.9037903176782212,
        ),
        *(
            1.9690705693065629,
            2.0268062840554952,
            2.0785616431350586,
            2.12545984509181,
            2.168334698205882,
            2.207822206123445,
        ),
        *(2.244418568125061, 2.2785183673077407),
    ]
)


@np.errstate(all="ignore")
def stirling_remainder(counts) -> np.ndarray:
    """log k! − (k log k − k) ≥ 0: what Stirling's approximation of log k! leaves over.

    Parameters
    ----------
    counts
        Whole numbers k = 0, 1, 2, …, any shape.

    Returns
    -------
        Non-negative numbers, same shape: 0 at k = 0 and k = ∞ excluded, close to ½ log(2πk) for large k.

    Raises
    ------
    TypeError, ValueError
        If `counts` are not whole numbers.

    Notes
    -----
    A table below 16; above, Stirling's series ½ log(2πk) + 1/(12k) − 1/(360k³) + 1/(1260k⁵) − 1/(1680k⁷) + 1/(1188k⁹).

    References
    ----------
    C. Loader, *Fast and accurate computation of binomial probabilities*, 2000, page 3.

    Examples
    --------
    >>> stirling_remainder([0, 1, 100])
    lossbook.special.softplus 'array([  0.        ,   0.69314718, 800.        ])\n' 'array([0.00000000e+00, 6.93147181e-01, 8.00000000e+02])\n'
    array([0.        , 1.        , 3.22235696])
    """
    k = _checks.real(counts, "counts")
    _checks.whole_numbers(k, "counts", "whole numbers 0, 1, 2, …")
    x = 1 / np.maximum(k, 1)
    series = x * (1 / 12 - x**2 * (1 / 360 - x**2 * (1 / 1260 - x**2 * (1 / 1680 - x**2 / 1188))))
    small = _SMALL_REMAINDERS.astype(k.dtype)[np.minimum(k, 15).astype(int)]
    return np.where(k < 16, small, 0.5 * np.log(2 * np.pi * np.maximum(k, 1)) + series)[()]


@np.errstate(all="ignore")
def log_factorial(counts) -> np.ndarray:
    """log k!

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
    lossbook.special.stirling_remainder : what is added to Stirling's approximation k log k − k.

    Examples
    --------
    >>> log_factorial([0, 1, 5])
    array([0.        , 0.        , 4.78749174])
    """
    k = _checks.real(counts, "counts")
    remainder = stirling_remainder(k)
    return np.where(k <= 1, k.dtype.type(0), k * (np.log(np.maximum(k, 1)) - 1) + remainder)[()]


@np.errstate(all="ignore")
def log_gamma_ratio(a) -> np.ndarray:
    """log Γ(a + ½) − log Γ(a): the normalising constant of Student's t distribution needs it.

    Parameters
    ----------
    a
        Positive numbers, any shape.

    Returns
    -------
        Real numbers, same shape.

    Raises
    ------
    TypeError, ValueError
        If `a` is not positive.

    Notes
    -----
    The difference of two log-gamma functions loses all digits for large `a`.  Its own asymptotic series is used from a = 16 on; below,
    Γ(a + 1) = a Γ(a) moves the argument up by 16.

    Examples
    --------
    >>> log_gamma_ratio([0.5, 1e12])
    array([-0.57236494, 13.81551056])
    """
    a = _checks.real(a, "a")
    a = np.asarray(_checks.positive(a, "a", a.shape), a.dtype)
    small = a < 16
    shift = np.where(small, 16, 0).astype(a.dtype)
    moved = np.zeros_like(a)
    for i in range(16):
        moved += np.log1p(0.5 / (a + i))  # log((a + i + ½) / (a + i))
    x = 1 / (a + shift)
    x2 = x * x
    series = 0.5 * np.log(a + shift) - x * (
        1 / 8 - x2 * (1 / 192 - x2 * (1 / 640 - x2 * (17 / 14336 - x2 * (31 / 18432))))
    )
    return np.where(small, series - moved, series)[()]


# --- one row at a time --------------------------------------------------------------------------------------------------------------------------


def logsumexp(logits, *, axis: int = -1) -> np.ndarray:
    """log Σ_k e^{z_k}: the logarithm of the normalising constant of softmax.

    Parameters
    ----------
    logits
        Real numbers in nats, any shape with at least one axis; ±∞ allowed.
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
    lossbook.special.log_softmax, lossbook.special.softmax

    Notes
    -----
    With the largest entry m taken out of the sum: m + log1p(Σ_{k≠m} e^{z_k − m}).
    Derived in: Multinoulli → cross-entropy.

    Examples
    --------
    >>> logsumexp([[1000.0, 1000.0], [-1000.0, -1000.0]])
    array([1000.69314718, -999.30685282])
    """
    return _over_rows(_logsumexp, logits, axis, keeps_axis=False)


def softmax(logits, *, axis: int = -1) -> np.ndarray:
    """e^{z_k} / Σ_j e^{z_j}: turns logits into the probabilities of c classes.

    Parameters
    ----------
    logits
        Real numbers in nats, any shape with at least one axis; ±∞ allowed where the limit exists.
    axis
        The axis that holds the classes.

    Returns
    -------
        Probabilities, same shape; they sum to 1 along the axis.

    Raises
    ------
    TypeError, ValueError
        If `logits` is not real numbers, has no entry along the axis, holds a NaN, or has two entries +∞ or only −∞ in a row.

    See Also
    --------
    lossbook.special.log_softmax : its logarithm, which still has digits where the probability has underflowed.

    Notes
    -----
    Unchanged when the same number is added to every logit, so the row's maximum is subtracted first.
    Derived in: Multinoulli → cross-entropy.

    Examples
    --------
    >>> softmax([1000.0, 1000.0, -1000.0])
    array([0.5, 0.5, 0. ])
    """
    return _over_rows(_softmax, logits, axis, keeps_axis=True)


def log_softmax(logits, *, axis: int = -1) -> np.ndarray:
    """z_k − log Σ_j e^{z_j}: the log-probabilities of c classes.

    Parameters
    ----------
    logits
        Real numbers in nats, any shape with at least one axis; ±∞ allowed where the limit exists.
    axis
        The axis that holds the classes.

    Returns
    -------
        Log-probabilities in nats, at most 0, same shape.

    Raises
    ------
    TypeError, ValueError
        If `logits` is not real numbers, has no entry along the axis, holds a NaN, or has two entries +∞ or only −∞ in a row.

    See Also
    --------
    lossbook.special.softmax, lossbook.losses.cross_entropy

    Notes
    -----
    Computed as (z_k − m) − log1p(Σ_{j≠m} e^{z_j − m}), m the row's maximum: the log-probability of a confident class keeps all its digits.
    Derived in: Multinoulli → cross-entropy.

    Examples
    --------
    >>> log_softmax([10.0, 0.0, -100.0])
    array([-4.53988992e-05, -1.00000454e+01, -1.10000045e+02])
    """
    return _over_rows(_log_softmax, logits, axis, keeps_axis=True)


@np.errstate(all="ignore")
def _over_rows(kernel, logits, axis: int, keeps_axis: bool) -> np.ndarray:
    """Apply a kernel (rows, scratch or result) to the logits, block by block, with the given axis last."""
    logits = _checks.real(logits, "logits")
    if not -logits.ndim <= axis < logits.ndim:
        raise ValueError(f"logits must have an axis {axis}, given shape {logits.shape}")
    moved = np.moveaxis(logits, axis, -1)
    c = moved.shape[-1]
    if c == 0:
        raise ValueError(f"logits must have at least one entry along axis {axis}, given shape {logits.shape}")
    matrix = moved.reshape(-1, c)
    result = np.empty(matrix.shape if keeps_axis else len(matrix), logits.dtype)
    for rows, z, scratch in _rows.row_blocks(matrix):
        if keeps_axis:
            kernel(z, result[rows])
        else:
            result[rows] = kernel(z, scratch)
    _checks.refuse_nan(result, "two logits are ∞, or all are −∞", logits=matrix)
    if keeps_axis:
        return np.moveaxis(result.reshape(moved.shape), -1, axis)
    return result.reshape(moved.shape[:-1])[()]


def _logsumexp(z: np.ndarray, scratch: np.ndarray) -> np.ndarray:
    """m + log1p(s), s = Σ_{k≠m} e^{z_k − m}."""
    top = _rows.positions(z.argmax(axis=1), z.shape[1])
    m = _rows.pick(z, top)
    s = _rows.exp_gaps(z, top, scratch)
    return np.where(np.isinf(m), m, m + np.log1p(s))


def _softmax(z: np.ndarray, p: np.ndarray) -> None:
    """p_k = e_k / (1 + s), with e_m = 1."""
    top = _rows.positions(z.argmax(axis=1), z.shape[1])
    s = _rows.exp_gaps(z, top, p)
    p.reshape(-1)[top] = 1
    p /= (1 + s)[:, None]


def _log_softmax(z: np.ndarray, log_p: np.ndarray) -> None:
    """(z_k − m) − log1p(s)."""
    top = _rows.positions(z.argmax(axis=1), z.shape[1])
    s = _rows.exp_gaps(z, top, log_p)
    np.subtract(z, _rows.pick(z, top)[:, None], out=log_p)
    log_p.reshape(-1)[top] = 0  # also where ∞ − ∞ is NaN
    log_p -= np.log1p(s)[:, None]
