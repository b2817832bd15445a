"""The distributions of the book: log-density or log-probability, support, and seeded samples.

Each distribution has three functions: ``…_logpdf`` (continuous) or ``…_logpmf`` (discrete), ``…_support`` and
``…_sample``.  The values come first and the parameters are keyword-only.  Each is a single number or an array, and all
arrays have one shape: nothing else is broadcast.  Logarithms are natural.  A value outside the support has probability
0, of which the logarithm is −∞; a parameter that is impossible raises an error.
"""

import math

import numpy as np
from numpy.typing import ArrayLike

from lossbook import _checks
from lossbook.special import difference, exp_remainder, log_factorial, log_gamma_ratio, stirling_remainder, xlogy

__all__ = [
    "bernoulli_logpmf",
    "bernoulli_sample",
    "bernoulli_support",
    "categorical_logpmf",
    "categorical_sample",
    "categorical_support",
    "laplace_logpdf",
    "laplace_sample",
    "laplace_support",
    "multinomial_logpmf",
    "multinomial_sample",
    "multinomial_support",
    "normal_logpdf",
    "normal_sample",
    "normal_support",
    "poisson_logpmf",
    "poisson_sample",
    "poisson_support",
    "student_t_logpdf",
    "student_t_sample",
    "student_t_support",
]

LN_2, LN_PI, LN_2PI = math.log(2), math.log(math.pi), math.log(2 * math.pi)


# --- Gaussian -----------------------------------------------------------------------------------------------------


@np.errstate(all="ignore")
def normal_logpdf(values: ArrayLike, *, mean: ArrayLike, scale: ArrayLike) -> np.ndarray:
    """Log-density of the Gaussian: −(v − μ)² / (2σ²) − ln σ − ½ ln 2π.

    Parameters
    ----------
    values
        v, real numbers, in the unit of the data.
    mean
        μ, in the same unit.
    scale
        σ > 0, the standard deviation, in the same unit.

    Returns
    -------
        Log-densities in nats.  A density has the unit 1/unit and can exceed 1, so its logarithm can be positive.

    Raises
    ------
    TypeError, ValueError
        If an argument is not real numbers, of another shape, or holds a NaN, or if `scale` is not positive and finite.

    See Also
    --------
    lossbook.losses.gaussian_nll : its negative, as a loss.

    Notes
    -----
    The residual is divided by σ before it is squared, so that nothing overflows but what is truly too large.
    Derived in: Maximum likelihood.

    References
    ----------
    Bishop, *Pattern Recognition and Machine Learning*, 2006, section 1.2.4, page 24.

    Examples
    --------
    >>> normal_logpdf([0.0, 1.0], mean=0.0, scale=1.0)
    array([-0.91893853, -1.41893853])
    """
    values, mean, scale = _located(values, mean, scale=scale)
    r, unit = difference(values, mean)
    r = unit * (r / scale)
    return _finished(-(0.5 * r * r) - (np.log(scale) + 0.5 * LN_2PI), values, mean=mean)


def normal_support(values: ArrayLike) -> np.ndarray:
    """Where values lie in the support of the Gaussian: every finite number.

    Examples
    --------
    >>> normal_support([0.0, -3.5, np.inf])
    array([ True,  True, False])
    """
    return np.isfinite(_checks.real(values, "values"))


def normal_sample(
    size: int | tuple[int, ...], *, mean: ArrayLike, scale: ArrayLike, rng: np.random.Generator | int
) -> np.ndarray:
    """Independent draws from the Gaussian.

    Parameters
    ----------
    size
        How many: an integer or a shape.
    mean, scale
        μ and σ > 0, single numbers or arrays of the shape `size`.
    rng
        A `numpy.random.Generator` or an integer seed: the same seed gives the same draws.

    Returns
    -------
        Real numbers in the unit of `mean`.

    Examples
    --------
    >>> normal_sample(3, mean=10.0, scale=2.0, rng=0).round(3)
    array([10.251,  9.736, 11.281])
    """
    mean, scale = _sampled(size, mean, scale=scale)
    return _checks.generator(rng).normal(mean, scale, size)


# --- Laplace ------------------------------------------------------------------------------------------------------


@np.errstate(all="ignore")
def laplace_logpdf(values: ArrayLike, *, mean: ArrayLike, scale: ArrayLike) -> np.ndarray:
    """Log-density of the Laplace distribution: −|v − μ| / b − ln 2b.

    Parameters
    ----------
    values
        v, real numbers, in the unit of the data.
    mean
        μ, also the median, in the same unit.
    scale
        b > 0, the mean absolute deviation, in the same unit; the standard deviation is √2 b.

    Returns
    -------
        Log-densities in nats.

    Raises
    ------
    TypeError, ValueError
        If an argument is not real numbers, of another shape, or holds a NaN, or if `scale` is not positive and finite.

    See Also
    --------
    lossbook.losses.laplace_nll : its negative, as a loss.

    Examples
    --------
    >>> laplace_logpdf([0.0, 1.0], mean=0.0, scale=1.0)
    array([-0.69314718, -1.69314718])
    """
    values, mean, scale = _located(values, mean, scale=scale)
    r, unit = difference(values, mean)
    return _finished(-unit * (np.abs(r) / scale) - (np.log(scale) + LN_2), values, mean=mean)


def laplace_support(values: ArrayLike) -> np.ndarray:
    """Where values lie in the support of the Laplace distribution: every finite number.

    Examples
    --------
    >>> laplace_support([0.0, np.inf])
    array([ True, False])
    """
    return np.isfinite(_checks.real(values, "values"))


def laplace_sample(
    size: int | tuple[int, ...], *, mean: ArrayLike, scale: ArrayLike, rng: np.random.Generator | int
) -> np.ndarray:
    """Independent draws from the Laplace distribution.

    Parameters
    ----------
    size
        How many: an integer or a shape.
    mean, scale
        μ and b > 0, single numbers or arrays of the shape `size`.
    rng
        A `numpy.random.Generator` or an integer seed: the same seed gives the same draws.

    Returns
    -------
        Real numbers in the unit of `mean`.

    Examples
    --------
    >>> laplace_sample(3, mean=0.0, scale=1.0, rng=0).round(3)
    array([ 0.32 , -0.617, -2.502])
    """
    mean, scale = _sampled(size, mean, scale=scale)
    return _checks.generator(rng).laplace(mean, scale, size)


# --- Student's t --------------------------------------------------------------------------------------------------


@np.errstate(all="ignore")
def student_t_logpdf(values: ArrayLike, *, mean: ArrayLike, scale: ArrayLike, degrees: ArrayLike) -> np.ndarray:
    """Log-density of Student's t: ln Γ((ν+1)/2) − ln Γ(ν/2) − ½ ln νπ − ln σ − (ν+1)/2 · ln(1 + r²/ν), r = (v − μ)/σ.

    Parameters
    ----------
    values
        v, real numbers, in the unit of the data.
    mean
        μ, the location (and the mean, if ν > 1), in the same unit.
    scale
        σ > 0, in the same unit; the standard deviation is larger, if there is one.
    degrees
        ν > 0, degrees of freedom: small for heavy tails; ν → ∞ gives the Gaussian.

    Returns
    -------
        Log-densities in nats.

    Raises
    ------
    TypeError, ValueError
        If an argument is not real numbers, of another shape, or holds a NaN, or if `scale` or `degrees` is not positive
        and finite.

    See Also
    --------
    lossbook.losses.student_t_nll : its negative, as a loss.

    Examples
    --------
    >>> student_t_logpdf([0.0, 1e200], mean=0.0, scale=1.0, degrees=1.0)
    array([  -1.14472989, -922.17876708])
    """
    values, mean, scale, degrees = _located(values, mean, scale=scale, degrees=degrees)
    r, unit = difference(values, mean)
    q = unit * (np.abs(r) / scale) / np.sqrt(degrees)
    log_q = np.where(q < np.inf, np.log(q), np.log(np.abs(r)) - np.log(scale / unit) - 0.5 * np.log(degrees))
    tail = np.where(q < 1e9, np.log1p(q * q), 2 * log_q)  # the square of a large q would overflow
    constant = log_gamma_ratio(degrees / 2) - 0.5 * np.log(degrees) - 0.5 * LN_PI - np.log(scale)
    return _finished(constant - (degrees + 1) / 2 * tail, values, mean=mean)


def student_t_support(values: ArrayLike) -> np.ndarray:
    """Where values lie in the support of Student's t distribution: every finite number.

    Examples
    --------
    >>> student_t_support([0.0, np.inf])
    array([ True, False])
    """
    return np.isfinite(_checks.real(values, "values"))


def student_t_sample(
    size: int | tuple[int, ...],
    *,
    mean: ArrayLike,
    scale: ArrayLike,
    degrees: ArrayLike,
    rng: np.random.Generator | int,
) -> np.ndarray:
    """Independent draws from Student's t distribution.

    Parameters
    ----------
    size
        How many: an integer or a shape.
    mean, scale, degrees
        μ, σ > 0 and ν > 0, single numbers or arrays of the shape `size`.
    rng
        A `numpy.random.Generator` or an integer seed: the same seed gives the same draws.

    Returns
    -------
        Real numbers in the unit of `mean`.

    Examples
    --------
    >>> student_t_sample(3, mean=0.0, scale=1.0, degrees=3.0, rng=0).round(3)
    array([0.152, 0.156, 1.007])
    """
    mean, scale, degrees = _sampled(size, mean, scale=scale, degrees=degrees)
    return mean + scale * _checks.generator(rng).standard_t(degrees, size)


# --- Bernoulli ----------------------------------------------------------------------------------------------------


@np.errstate(all="ignore")
def bernoulli_logpmf(values: ArrayLike, *, probability: ArrayLike) -> np.ndarray:
    """Log-probability of the Bernoulli distribution: v ln y + (1 − v) ln(1 − y).

    Parameters
    ----------
    values
        v, outcomes 0 or 1 (or False, True).
    probability
        y, the probability of a 1, from 0 to 1.

    Returns
    -------
        Log-probabilities in nats.

    Raises
    ------
    TypeError, ValueError
        If an argument is not real numbers, of another shape, or holds a NaN, or if `probability` lies outside [0, 1].

    See Also
    --------
    lossbook.losses.binary_cross_entropy : its negative, as a loss of the log-odds.

    Notes
    -----
    One of the factors v and 1 − v is 0, and 0 · ln 0 = 0: the outcome selects one term.
    Derived in: Bernoulli → binary cross-entropy.

    References
    ----------
    Bishop, *Pattern Recognition and Machine Learning*, 2006, section 2.1, page 69.

    Examples
    --------
    >>> bernoulli_logpmf([0, 1, 1], probability=0.25)
    array([-0.28768207, -1.38629436, -1.38629436])
    """
    v, y = _checks.label_array(values, "values"), _checks.real(probability, "probability")
    _checks.common_shape(values=v, probability=y)
    _checks.refuse_nan(v, "", values=v)
    _checks.probabilities(y, "probability")
    result = np.where(v == 1, np.log(y), np.log1p(-y) + 0)
    return np.where((v == 0) | (v == 1), result, -np.inf).astype(y.dtype, copy=False)[()]


def bernoulli_support(values: ArrayLike) -> np.ndarray:
    """Where values lie in the support of the Bernoulli distribution: 0 and 1.

    Examples
    --------
    >>> bernoulli_support([0, 1, 2])
    array([ True,  True, False])
    """
    values = _checks.label_array(values, "values")
    return (values == 0) | (values == 1)


def bernoulli_sample(
    size: int | tuple[int, ...], *, probability: ArrayLike, rng: np.random.Generator | int
) -> np.ndarray:
    """Independent draws: 1 with the given probability, otherwise 0.

    Parameters
    ----------
    size
        How many: an integer or a shape.
    probability
        y, the probability of a 1, from 0 to 1: a single number or an array of the shape `size`.
    rng
        A `numpy.random.Generator` or an integer seed: the same seed gives the same draws.

    Returns
    -------
        Integers 0 and 1.

    Examples
    --------
    >>> bernoulli_sample(5, probability=0.5, rng=0)
    array([0, 1, 1, 1, 0])
    """
    (y,) = _sampled(size, probability=probability)
    _checks.probabilities(y, "probability")
    return (_checks.generator(rng).random(size) < y).astype(np.int64)


# --- categorical (Multinoulli) ------------------------------------------------------------------------------------


@np.errstate(all="ignore")
def categorical_logpmf(values: ArrayLike, *, probabilities: ArrayLike) -> np.ndarray:
    """Log-probability of one draw from c classes, the categorical (Multinoulli) distribution: ln y_v.

    Parameters
    ----------
    values
        v, class numbers from 0 to c − 1: one number, or shape (N,).
    probabilities
        y, from 0 to 1, rows that sum to 1: shape (c,), the same for all values, or (N, c), a row for each.

    Returns
    -------
        Log-probabilities in nats, in the shape of `values`.

    Raises
    ------
    TypeError, ValueError
        If an argument is not real numbers, of another shape, or holds a NaN, or if a row of `probabilities` is no
        distribution.

    See Also
    --------
    lossbook.losses.cross_entropy : its negative, as a loss of the logits.
    lossbook.distributions.multinomial_logpmf : of the counts of many draws.

    Notes
    -----
    With v written as a one-hot row this is ln Π_k y_k^{v_k}: the row selects one probability.
    Derived in: Multinoulli → cross-entropy.

    Examples
    --------
    >>> categorical_logpmf([2, 0], probabilities=[0.1, 0.2, 0.7])
    array([-0.35667494, -2.30258509])
    """
    v, y = _checks.label_array(values, "values"), _probability_rows(probabilities)
    if v.ndim > 1 or (y.ndim == 2 and v.shape != y.shape[:1]):
        raise ValueError(
            "values must be one number, shape (N,), or one for each row of probabilities, "
            f"given values {v.shape} and probabilities {y.shape}"
        )
    _checks.refuse_nan(v, "", values=v)
    inside = categorical_support(v, classes=y.shape[-1])
    k = np.where(inside, v, 0).astype(np.intp)
    chosen = y[k] if y.ndim == 1 else y[np.arange(len(y)), k]
    return np.where(inside, np.log(chosen), -np.inf).astype(y.dtype, copy=False)[()]


def categorical_support(values: ArrayLike, *, classes: int) -> np.ndarray:
    """Where values lie in the support of the categorical distribution: 0, 1, …, c − 1.

    Examples
    --------
    >>> categorical_support([0, 2, 3], classes=3)
    array([ True,  True, False])
    """
    values, classes = _checks.label_array(values, "values"), _checks.whole_number(classes, "classes")
    return (values >= 0) & (values < classes) & (values == np.floor(values))


def categorical_sample(
    size: int | tuple[int, ...], *, probabilities: ArrayLike, rng: np.random.Generator | int
) -> np.ndarray:
    """Independent draws of a class number, k with probability y_k.

    Parameters
    ----------
    size
        How many: an integer or a shape; N for `probabilities` of shape (N, c).
    probabilities
        y, from 0 to 1, rows that sum to 1: shape (c,), or (N, c) for one draw from each row.
    rng
        A `numpy.random.Generator` or an integer seed: the same seed gives the same draws.

    Returns
    -------
        Integers from 0 to c − 1.

    Notes
    -----
    A uniform number u from [0, 1) chooses the first class k with u < y_0 + … + y_k.

    Examples
    --------
    >>> categorical_sample(6, probabilities=[0.1, 0.2, 0.7], rng=0)
    array([2, 1, 0, 0, 2, 2])
    """
    y = _probability_rows(probabilities)
    if y.ndim == 2 and _shape(size) != y.shape[:1]:
        raise ValueError(f"size must be the number of rows of probabilities, {len(y)}, given {size}")
    bounds = np.cumsum(y, axis=-1, dtype=np.float64)
    bounds /= bounds[..., -1:]  # the last bound is 1 exactly, so that u is always below it
    u = _checks.generator(rng).random(size)
    if y.ndim == 1:
        return np.searchsorted(bounds, u, side="right")
    return (bounds <= u[:, None]).sum(axis=1)


# --- multinomial --------------------------------------------------------------------------------------------------


@np.errstate(all="ignore")
def multinomial_logpmf(values: ArrayLike, *, trials: int, probabilities: ArrayLike) -> np.ndarray:
    """Log-probability of the counts of n draws from c classes: ln n! − Σ_k ln v_k! + Σ_k v_k ln y_k.

    Parameters
    ----------
    values
        v, how often each class came up: counts, shape (c,) or (N, c).
    trials
        n, the number of draws; a row of counts that does not sum to it has probability 0.
    probabilities
        y, from 0 to 1, rows that sum to 1: shape (c,), the same for all rows, or (N, c).

    Returns
    -------
        Log-probabilities in nats: one number, or shape (N,).

    Raises
    ------
    TypeError, ValueError
        If an argument is not real numbers, of another shape, or holds a NaN, or if a row of `probabilities` is no
        distribution.

    See Also
    --------
    lossbook.distributions.categorical_logpmf : of one draw.

    Notes
    -----
    Not the distribution of one label: that is the Multinoulli.  The factorials count the orders in which the same
    counts can come about; they do not depend on y.
    Derived in: Multinoulli → cross-entropy.

    Examples
    --------
    >>> multinomial_logpmf([[1, 2, 0], [3, 0, 0]], trials=3, probabilities=[0.5, 0.25, 0.25])
    array([-2.36712361, -2.07944154])
    """
    v, y = _checks.real(values, "values"), _probability_rows(probabilities)
    n = _checks.whole_number(trials, "trials")
    if v.ndim not in (1, 2) or v.shape[-1] != y.shape[-1] or (y.ndim == 2 and v.shape != y.shape):
        raise ValueError(
            "values must be rows of counts, shape (c,) or (N, c), that fit the probabilities, "
            f"given values {v.shape} and probabilities {y.shape}"
        )
    _checks.refuse_nan(v, "", values=v)
    inside = multinomial_support(v, trials=n)
    v = np.where(inside[..., None], v, 0)
    orders = log_factorial(n) - log_factorial(v).sum(axis=-1)
    result = orders + xlogy(v, np.broadcast_to(y, v.shape)).sum(axis=-1)
    return np.where(inside, result, -np.inf).astype(y.dtype, copy=False)[()]


def multinomial_support(values: ArrayLike, *, trials: int) -> np.ndarray:
    """Where rows lie in the support of the multinomial: counts that sum to the number of trials.

    Examples
    --------
    >>> multinomial_support([[1, 2, 0], [1, 1, 0]], trials=3)
    array([ True, False])
    """
    values, n = _checks.real(values, "values"), _checks.whole_number(trials, "trials")
    if values.ndim == 0:
        raise ValueError("values must be rows of counts, shape (c,) or (N, c), given one number")
    counts = (values >= 0) & (values == np.floor(values))
    return counts.all(axis=-1) & (values.sum(axis=-1) == n)


def multinomial_sample(
    size: int | tuple[int, ...], *, trials: int, probabilities: ArrayLike, rng: np.random.Generator | int
) -> np.ndarray:
    """Independent rows of counts: how often each of c classes comes up in n draws.

    Parameters
    ----------
    size
        How many rows: an integer or a shape.
    trials
        n, the number of draws for each row.
    probabilities
        y, from 0 to 1, shape (c,), summing to 1.
    rng
        A `numpy.random.Generator` or an integer seed: the same seed gives the same draws.

    Returns
    -------
        Integers of shape (size, c); each row sums to n.

    Examples
    --------
    >>> multinomial_sample(2, trials=10, probabilities=[0.1, 0.2, 0.7], rng=0)
    array([[ 1,  1,  8],
           [ 0,  0, 10]])
    """
    y = _probability_rows(probabilities).astype(np.float64)
    if y.ndim != 1:
        raise ValueError(f"probabilities must have shape (c,), given {y.shape}")
    return _checks.generator(rng).multinomial(_checks.whole_number(trials, "trials"), y / y.sum(), size)


# --- Poisson ------------------------------------------------------------------------------------------------------


@np.errstate(all="ignore")
def poisson_logpmf(values: ArrayLike, *, rate: ArrayLike) -> np.ndarray:
    """Log-probability of the Poisson distribution: v ln λ − λ − ln v!

    Parameters
    ----------
    values
        v, counts 0, 1, 2, …
    rate
        λ ≥ 0, the expected count.

    Returns
    -------
        Log-probabilities in nats.

    Raises
    ------
    TypeError, ValueError
        If an argument is not real numbers, of another shape, or holds a NaN, or if `rate` is negative or infinite.

    See Also
    --------
    lossbook.losses.poisson_nll : its negative, as a loss of the log-rate.

    Notes
    -----
    The three large terms would cancel where λ is near v.  With φ(u) = e^u − 1 − u the same quantity is
    −v φ(ln(λ/v)) − (ln v! − (v ln v − v)): two terms of one sign.

    References
    ----------
    Loader, *Fast and accurate computation of binomial probabilities*, 2000.

    Examples
    --------
    >>> poisson_logpmf([0, 1, 2], rate=1.0)
    array([-1.        , -1.        , -1.69314718])
    """
    v, rate = _checks.real(values, "values"), _checks.real(rate, "rate")
    _checks.common_shape(values=v, rate=rate)
    _checks.refuse_nan(v, "", values=v)
    _checks.within(rate, "rate", 0, np.finfo(np.float64).max, "at least 0 and finite")
    inside = poisson_support(v)
    k = np.where(inside, v, 0)
    u = np.log(rate / np.maximum(k, 1))
    far = rate - np.where(k == 0, 0, k * (1 + u))  # k φ(u) without rounding e^u twice
    distance = np.where((k == 0) | (u > 1), far, k * exp_remainder(np.minimum(u, 1)))
    return np.where(inside, -(distance + stirling_remainder(k)) + 0, -np.inf).astype(v.dtype, copy=False)[()]


def poisson_support(values: ArrayLike) -> np.ndarray:
    """Where values lie in the support of the Poisson distribution: 0, 1, 2, …

    Examples
    --------
    >>> poisson_support([0, 3, -1, 0.5])
    array([ True,  True, False, False])
    """
    values = _checks.label_array(values, "values")
    return (values >= 0) & (values == np.floor(values)) & (values < np.inf)


def poisson_sample(size: int | tuple[int, ...], *, rate: ArrayLike, rng: np.random.Generator | int) -> np.ndarray:
    """Independent counts with expectation λ.

    Parameters
    ----------
    size
        How many: an integer or a shape.
    rate
        λ ≥ 0, a single number or an array of the shape `size`.
    rng
        A `numpy.random.Generator` or an integer seed: the same seed gives the same draws.

    Returns
    -------
        Integers 0, 1, 2, …

    Examples
    --------
    >>> poisson_sample(4, rate=2.0, rng=0)
    array([2, 0, 7, 1])
    """
    (rate,) = _sampled(size, rate=rate)
    _checks.within(rate, "rate", 0, np.finfo(np.float64).max, "at least 0 and finite")
    return _checks.generator(rng).poisson(rate, size)


# --- shared -------------------------------------------------------------------------------------------------------


def _located(values, mean, **positive) -> list[np.ndarray]:
    """Values, location and positive parameters of a continuous distribution, checked."""
    arrays = {"values": _checks.real(values, "values"), "mean": _checks.real(mean, "mean")}
    arrays |= {name: _checks.real(parameter, name) for name, parameter in positive.items()}
    shape = _checks.common_shape(**arrays)
    for name in positive:
        _checks.positive(arrays[name], name, shape)
    # A single number takes the type of the values: a float64 scale must not turn float32 data into float64.
    return [a if a.ndim else a.astype(arrays["values"].dtype, copy=False) for a in arrays.values()]


def _sampled(size, *location, **parameters) -> list[np.ndarray]:
    """Parameters of a sample, single numbers or in its shape; `scale` and `degrees` positive."""
    names = ["mean"] * len(location) + list(parameters)
    arrays = [_checks.real(a, name) for name, a in zip(names, (*location, *parameters.values()), strict=True)]
    for name, a in zip(names, arrays, strict=True):
        if a.ndim and a.shape != _shape(size):
            raise ValueError(f"{name} must be a single number or have the shape {_shape(size)}, given {a.shape}")
        _checks.refuse_nan(a, "", **{name: a})
        if name in ("scale", "degrees"):
            _checks.positive(a, name, a.shape)
    return arrays


def _shape(size) -> tuple[int, ...]:
    return (size,) if np.ndim(size) == 0 else tuple(size)


def _probability_rows(probabilities) -> np.ndarray:
    y = _checks.real(probabilities, "probabilities")
    if y.ndim not in (1, 2):
        raise ValueError(f"probabilities must have shape (c,) or (N, c), given {y.shape}")
    _checks.probabilities(y, "probabilities")
    _checks.distribution_rows(y, y.sum(axis=-1), "probabilities")
    return y


def _finished(result, values: np.ndarray, **others: np.ndarray) -> np.ndarray:
    """In the type of the values; adding 0 turns −0.0 into 0.0."""
    result = (result + 0).astype(values.dtype, copy=False)[()]
    _checks.refuse_nan(result, "∞ − ∞", values=values, **others)
    return result
