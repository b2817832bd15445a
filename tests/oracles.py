"""What the functions of lossbook should return: the textbook formulas in mpmath, on the very floats that were given.

An independent road: the plain formulas, with enough digits that cancellation does not matter.  A float is a binary
fraction, so it enters exactly.  `DIGITS` is what a result is good for; where a formula cancels, `precise` works with
more.  Infinite arguments are replaced by their limits, which are written down one by one.
"""

import functools

import mpmath
import numpy as np
from mpmath import mp, mpf

DIGITS = 50


def precise(digits):
    """Run a function with so many digits; its arguments become exact mpmath numbers (lists stay lists)."""

    def decorate(function):
        @functools.wraps(function)
        def run(*args, **kwargs):
            with mpmath.workdps(digits):
                return function(*map(exact, args), **{name: exact(value) for name, value in kwargs.items()})

        return run

    return decorate


def exact(value):
    """A float, or a nested list or array of floats, without any rounding."""
    if isinstance(value, np.ndarray | list | tuple):
        return [exact(v) for v in value]
    return value if isinstance(value, mpf | int) else mpf(float(value))


@mpmath.workdps(DIGITS)
def ulps(actual, expected, dtype=np.float64):
    """How far `actual` is from the mpmath number `expected`, in units in the last place of `dtype` at `expected`."""
    info = np.finfo(dtype)
    overflow = mpf(2) ** info.maxexp  # what ∞ stands for: the next float, if there were one
    if np.isnan(actual):
        return np.inf
    actual = min(max(exact(actual), -overflow), overflow)
    expected = max(min(expected, overflow), -overflow)
    _, exponent = mp.frexp(abs(expected)) if expected else (0, info.minexp)
    smallest = mpf(2) ** (info.minexp - info.nmant)
    last_place = max(mpf(2) ** (int(exponent) - 1 - info.nmant), smallest)
    return float(abs(actual - expected) / last_place)


# --- real targets -------------------------------------------------------------------------------------------------


@precise(DIGITS)
def squared_error(y, t):
    return (y - t) ** 2


@precise(DIGITS)
def half_squared_error(y, t):
    return (y - t) ** 2 / 2


@precise(DIGITS)
def absolute_error(y, t):
    return abs(y - t)


@precise(DIGITS)
def huber_loss(y, t, *, delta):
    r = abs(y - t)
    return r**2 / 2 if r <= delta else delta * (r - delta / 2)


@precise(DIGITS)
def pinball_loss(y, t, *, quantile):
    return quantile * (t - y) if t >= y else (1 - quantile) * (y - t)


@precise(DIGITS)
def gaussian_nll(y, t, *, scale):
    return -mp.log(mp.exp(-((t - y) ** 2) / (2 * scale**2)) / mp.sqrt(2 * mp.pi * scale**2))


@precise(DIGITS)
def laplace_nll(y, t, *, scale):
    return -mp.log(mp.exp(-abs(t - y) / scale) / (2 * scale))


@precise(DIGITS)
def student_t_nll(y, t, *, scale, degrees):
    r = (t - y) / scale
    with mpmath.extradps(40):  # the two log-gamma functions cancel
        constant = mp.loggamma((degrees + 1) / 2) - mp.loggamma(degrees / 2)
    return (degrees + 1) / 2 * mp.log1p(r**2 / degrees) - constant + mp.log(degrees * mp.pi) / 2 + mp.log(scale)


@precise(DIGITS)
def poisson_nll(log_rate, count):
    with mpmath.extradps(40):  # the three terms cancel
        return mp.exp(log_rate) - count * log_rate + mp.loggamma(count + 1)


# --- classes ------------------------------------------------------------------------------------------------------


@precise(DIGITS)
def binary_cross_entropy(z, t):
    if mp.isinf(z):  # the limit: nothing where the label agrees, ∞ elsewhere
        return mpf(0) if t == (z > 0) else mp.inf
    return t * mp.log1p(mp.exp(-z)) + (1 - t) * mp.log1p(mp.exp(z))


@precise(DIGITS)
def binary_cross_entropy_gradient(z, t):
    if mp.isinf(z):
        return (z > 0) - t
    return (1 - t) / (1 + mp.exp(-z)) - t / (1 + mp.exp(z))


@precise(DIGITS)
def binary_cross_entropy_of_probabilities(y, t):
    return -t * mp.log(y) - (1 - t) * mp.log(1 - y)


@precise(DIGITS)
def cross_entropy_of_probabilities(y, t):
    return -mp.fsum(t_k * mp.log(y_k) for y_k, t_k in zip(y, t, strict=True))


@precise(DIGITS)
def soft_margin(z, s):
    return mp.log1p(mp.exp(-s * z))


def _others(z, y):
    """Σ_{k≠y} e^{z_k − z_y}, or its limit; only two equal infinities, and no greater one, have none."""
    gaps = [(mp.ninf if z_k == mp.ninf or z[y] == mp.inf else z_k - z[y], z_k) for k, z_k in enumerate(z) if k != y]
    if any(mp.isinf(z[y]) and z_k == z[y] for _, z_k in gaps) and max(z) == z[y]:
        raise ValueError("∞ − ∞")
    return mp.fsum(mp.exp(gap) for gap, _ in gaps)


@precise(DIGITS)
def cross_entropy(z, y):
    """−ln softmax(z)_y."""
    return mp.log1p(_others(z, y))


@precise(DIGITS)
def soft_cross_entropy(z, t):
    """−Σ_k t_k ln softmax(z)_k."""
    return mp.fsum(t_k * mp.log1p(_others(z, k)) for k, t_k in enumerate(t) if t_k)


@precise(DIGITS)
def softmax(z):
    return [1 / (1 + _others(z, k)) for k in range(len(z))]


@precise(DIGITS)
def softmax_rest(z):
    """1 − softmax(z), for each entry."""
    rests = [_others(z, k) for k in range(len(z))]
    return [1 - 1 / (1 + s) if mp.isinf(s) else s / (1 + s) for s in rests]


@precise(DIGITS)
def log_softmax(z):
    return [-mp.log1p(_others(z, k)) for k in range(len(z))]


@precise(DIGITS)
def cross_entropy_gradient(z, y):
    p, rest = softmax(z), softmax_rest(z)
    return [-rest[k] if k == y else p[k] for k in range(len(z))]


@precise(500)
def soft_cross_entropy_gradient(z, t):
    """T softmax(z)_k − t_k, with enough digits for any cancellation of floats."""
    shares = [mp.exp(z_k - max(z)) for z_k in z]
    return [mp.fsum(t) * share / mp.fsum(shares) - t_k for share, t_k in zip(shares, t, strict=True)]


# --- information --------------------------------------------------------------------------------------------------


@precise(DIGITS)
def entropy(p):
    return -mp.fsum(p_k * mp.log(p_k) for p_k in p if p_k)


@precise(DIGITS)
def cross_entropy_of_distributions(p, q):
    if any(p_k and not q_k for p_k, q_k in zip(p, q, strict=True)):
        return mp.inf
    return -mp.fsum(p_k * mp.log(q_k) for p_k, q_k in zip(p, q, strict=True) if p_k)


@precise(2 * DIGITS)
def kl_divergence(p, q):
    """KL of the distributions that p and q are up to rounding: both are scaled to sum to 1 exactly."""
    p, q = ([x / mp.fsum(row) for x in row] for row in (p, q))
    if any(p_k and not q_k for p_k, q_k in zip(p, q, strict=True)):
        return mp.inf
    return mp.fsum(p_k * mp.log(p_k / q_k) for p_k, q_k in zip(p, q, strict=True) if p_k)


@precise(400)
def kl_divergence_of_logits(a, b):
    """Σ_k p_k (ln p_k − ln q_k) by the plain formula, with enough digits for any cancellation of floats."""
    log_a, log_b = (mp.log(mp.fsum(map(mp.exp, z))) for z in (a, b))
    log_p, log_q = [a_k - log_a for a_k in a], [b_k - log_b for b_k in b]
    return mp.fsum(mp.exp(lp) * (lp - lq) for lp, lq in zip(log_p, log_q, strict=True))
