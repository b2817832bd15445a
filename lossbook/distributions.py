"""The distributions of the book: log-density or log-probability, support, and seeded samples.

For each distribution ``d`` there are three functions: ``d_logpdf`` (continuous) or ``d_logpmf`` (discrete), ``d_support`` and ``d_sample``.  The value
comes first, the parameters are keyword-only, and each argument is a single number or has the shape of the values: nothing else is broadcast.
Outside the support the density is 0, so its logarithm is −∞.  Logarithms are natural.
"""

import numpy as np

from lossbook import _checks
from lossbook.special import exp_remainder, log_factorial, log_gamma_ratio, stirling_remainder, xlogy

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


# --- continuous ---------------------------------------------------------------------------------------------------


def normal_support(values) -> np.ndarray:
    """Every (finite) real number: True where `values` lie in the support of the Gaussian.

    Examples
    --------
    >>> normal_support([0.0, -3.5, np.inf])
    lossbook.distributions.normal_sample 'array([10.25146044,  9.73579027])\n' 'lossbook.distributions.normal_logpdf \'array([-0.91893853, -1.41893853])\\n\' \'lossbook.distributions.multinomial_support \\\'array([ True, False])\\\\n\\\' \\\'lossbook.distributions.multinomial_sample \\\\\\\'array([[1, 1, 8],\\\\\\\\n       [0, 0, 10]])\\\\\\\\n\\\\\\\' "lossbook.distributions.multinomial_logpmf \\\\\\\'np.float64(-2.367123614131617)\\\\\\\\\\\\\\\\n\\\\\\\' \\\\\\\'np.float64(-2.3671236141316165)\\\\\\\\\\\\\\\\n\\\\\\\'\\\\\\\\narray([[ 1,  1,  8],\\\\\\\\n       [ 0,  0, 10]])\\\\\\\\n"\\\\narray([ True, False])\\\\n\\\'\\narray([-0.91893853, -1.41893853])\\n\'\narray([10.25146044,  9.73579027])\n'
    array([ True,  True, False])
    """
    return np.isfinite(_checks.real(values, "values"))


@np.errstate(all="ignore")
def normal_logpdf(values, *, mean, scale) -> np.ndarray:
    """Log-density of the Gaussian: −(v − μ)² / (2σ²) − ln σ − ½ ln 2π.

    Parameters
    ----------
    values
        Real numbers v, any shape, in the unit of the data.
    mean
        μ, one number or one for each value, in the same unit.
    scale
        The standard deviation σ > 0, one number or one for each value, in the same unit.

    Returns
    -------
        Log-densities in nats (of a density in 1/unit: it can exceed 1, so its logarithm can be positive), same shape.

    Raises
    ------
    TypeError, ValueError
        If an argument is not real numbers of the right shape or holds a NaN, or `scale` is not positive and finite.

    See Also
    --------
    lossbook.losses.gaussian_nll : its negative, as a loss.

    Notes
    -----
    The residual is divided by σ before it is squared, so that only results that are truly too large overflow.
    Derived in: Maximum likelihood.

    Examples
    --------
    >>> normal_logpdf([0.0, 1.0], mean=0.0, scale=1.0)
    lossbook.distributions.multinomial_support 'array([ True, False])\n' 'lossbook.distributions.multinomial_sample \'array([[1, 1, 8],\\n       [0, 0, 10]])\\n\' "lossbook.distributions.multinomial_logpmf \'np.float64(-2.367123614131617)\\\\n\' \'np.float64(-2.3671236141316165)\\\\n\'\\narray([[ 1,  1,  8],\\n       [ 0,  0, 10]])\\n"\narray([ True, False])\n'
    array([-0.91893853, -1.41893853])
    """
    values, mean = _values_and_location(values, mean)
    scale = _checks.positive(scale, "scale", values.shape)
    r = (values - mean) / scale
    result = -(0.5 * r * r) - (np.log(scale) + 0.5 * np.log(2 * np.pi))
    return _finished(result, values, mean)


def normal_sample(size, *, mean, scale, rng) -> np.ndarray:
    """Independent draws from the Gaussian with mean μ and standard deviation σ.

    Parameters
    ----------
    size
        How many: an integer or a shape.
    mean, scale
        μ and σ > 0, one number each or arrays of the shape `size`.
    rng
        A `numpy.random.Generator`, or an integer seed: the same seed gives the same draws.

    Returns
    -------
        Real numbers in the unit of `mean`.

    Examples
    --------
    >>> normal_sample(2, mean=10.0, scale=2.0, rng=0)
    lossbook.distributions.normal_logpdf 'array([-0.91893853, -1.41893853])\n' 'lossbook.distributions.multinomial_support \'array([ True, False])\\n\' \'lossbook.distributions.multinomial_sample \\\'array([[1, 1, 8],\\\\n       [0, 0, 10]])\\\\n\\\' "lossbook.distributions.multinomial_logpmf \\\'np.float64(-2.367123614131617)\\\\\\\\n\\\' \\\'np.float64(-2.3671236141316165)\\\\\\\\n\\\'\\\\narray([[ 1,  1,  8],\\\\n       [ 0,  0, 10]])\\\\n"\\narray([ True, False])\\n\'\narray([-0.91893853, -1.41893853])\n'
    array([10.25146044,  9.73579027])
    """
    return _checks.generator(rng).normal(mean, _checks.positive(scale, "scale", _shape(size)), size)


def laplace_support(values) -> np.ndarray:
    """Every (finite) real number: True where `values` lie in the support of the Laplace distribution.

    Examples
    --------
    >>> laplace_support([0.0, np.inf])
    array([ True, False])
    """
    return np.isfinite(_checks.real(values, "values"))


@np.errstate(all="ignore")
def laplace_logpdf(values, *, mean, scale) -> np.ndarray:
    """Log-density of the Laplace distribution: −|v − μ| / b − ln 2b.

    Parameters
    ----------
    values
        Real numbers v, any shape, in the unit of the data.
    mean
        μ (also the median), one number or one for each value, in the same unit.
    scale
        b > 0, the mean absolute deviation (the standard deviation is √2 b), one number or one for each value.

    Returns
    -------
        Log-densities in nats, same shape.

    Raises
    ------
    TypeError, ValueError
        If an argument is not real numbers of the right shape or holds a NaN, or `scale` is not positive and finite.

    See Also
    --------
    lossbook.losses.laplace_nll : its negative, as a loss.

    Examples
    --------
    >>> laplace_logpdf([0.0, 1.0], mean=0.0, scale=1.0)
    array([-0.69314718, -1.69314718])
    """
    values, mean = _values_and_location(values, mean)
    scale = _checks.positive(scale, "scale", values.shape)
    result = -np.abs(values - mean) / scale - (np.log(scale) + np.log(2))
    return _finished(result, values, mean)


def laplace_sample(size, *, mean, scale, rng) -> np.ndarray:
    """Independent draws from the Laplace distribution with mean μ and scale b.

    Parameters
    ----------
    size
        How many: an integer or a shape.
    mean, scale
        μ and b > 0, one number each or arrays of the shape `size`.
    rng
        A `numpy.random.Generator`, or an integer seed: the same seed gives the same draws.

    Returns
    -------
        Real numbers in the unit of `mean`.

    Examples
    --------
    >>> laplace_sample(3, mean=0.0, scale=1.0, rng=0).round(3)
    array([ 0.32 , -0.617, -2.502])
    """
    return _checks.generator(rng).laplace(mean, _checks.positive(scale, "scale", _shape(size)), size)


def student_t_support(values) -> np.ndarray:
    """Every (finite) real number: True where `values` lie in the support of Student's t distribution.

    Examples
    --------
    >>> student_t_support([0.0, np.inf])
    lossbook.distributions.student_t_sample 'array([ 0.07 ,  0.362, -0.321])\n' 'lossbook.distributions.student_t_logpdf \'array([  -1.14472989, -922.17876749])\\n\' \'lossbook.distributions.poisson_support \\\'array([ True,  True, False, False])\\\\n\\\' \\\'lossbook.distributions.poisson_sample \\\\\\\'array([3, 1, 2, 5])\\\\\\\\n\\\\\\\' \\\\\\\'lossbook.distributions.poisson_logpmf \\\\\\\\\\\\\\\'array([-1.        , -1.        , -1.69314718])\\\\\\\\\\\\\\\\n\\\\\\\\\\\\\\\' \\\\\\\\\\\\\\\'lossbook.distributions.normal_support \\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\'array([ True,  True, False])\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\n\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\' \\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\'lossbook.distributions.normal_sample \\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\'array([10.25146044,  9.73579027])\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\n\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\' \\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\'lossbook.distributions.normal_logpdf \\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\'array([-0.91893853, -1.41893853])\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\n\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\' \\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\'lossbook.distributions.multinomial_support \\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\'array([ True, False])\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\n\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\' \\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\'lossbook.distributions.multinomial_sample \\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\'array([[1, 1, 8],\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\n       [0, 0, 10]])\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\n\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\' "lossbook.distributions.multinomial_logpmf \\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\'np.float64(-2.367123614131617)\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\n\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\' \\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\'np.float64(-2.3671236141316165)\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\n\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\'\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\narray([[ 1,  1,  8],\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\n       [ 0,  0, 10]])\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\n"\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\narray([ True, False])\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\n\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\'\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\narray([-0.91893853, -1.41893853])\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\n\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\'\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\narray([10.25146044,  9.73579027])\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\n\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\'\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\narray([ True,  True, False])\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\n\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\'\\\\\\\\\\\\\\\\narray([-1.        , -1.        , -1.69314718])\\\\\\\\\\\\\\\\n\\\\\\\\\\\\\\\'\\\\\\\\narray([2, 0, 7, 1])\\\\\\\\n\\\\\\\'\\\\narray([ True,  True, False, False])\\\\n\\\'\\narray([  -1.14472989, -922.17876708])\\n\'\narray([0.152, 0.156, 1.007])\n'
    array([ True, False])
    """
    return np.isfinite(_checks.real(values, "values"))


@np.errstate(all="ignore")
def student_t_logpdf(values, *, mean, scale, degrees) -> np.ndarray:
    """Log-density of Student's t: −(ν + 1)/2 · ln(1 + r²/ν) − ln σ + ln Γ((ν+1)/2) − ln Γ(ν/2) − ½ ln νπ, r = (v − μ)/σ.

    Parameters
    ----------
    values
        Real numbers v, any shape, in the unit of the data.
    mean
        The location μ (the mean if ν > 1), one number or one for each value, in the same unit.
    scale
        σ > 0 (not the standard deviation), one number or one for each value, in the same unit.
    degrees
        Degrees of freedom ν > 0, one number or one for each value; small ν means heavy tails, ν → ∞ the Gaussian.

    Returns
    -------
        Log-densities in nats, same shape.

    Raises
    ------
    TypeError, ValueError
        If an argument is not real numbers of the right shape or holds a NaN, or `scale` or `degrees` is not positive and finite.

    See Also
    --------
    lossbook.losses.student_t_nll : its negative, as a loss.

    Examples
    --------
    >>> student_t_logpdf([0.0, 1e200], mean=0.0, scale=1.0, degrees=1.0)
    lossbook.distributions.poisson_support 'array([ True,  True, False, False])\n' 'lossbook.distributions.poisson_sample \'array([3, 1, 2, 5])\\n\' \'lossbook.distributions.poisson_logpmf \\\'array([-1.        , -1.        , -1.69314718])\\\\n\\\' \\\'lossbook.distributions.normal_support \\\\\\\'array([ True,  True, False])\\\\\\\\n\\\\\\\' \\\\\\\'lossbook.distributions.normal_sample \\\\\\\\\\\\\\\'array([10.25146044,  9.73579027])\\\\\\\\\\\\\\\\n\\\\\\\\\\\\\\\' \\\\\\\\\\\\\\\'lossbook.distributions.normal_logpdf \\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\'array([-0.91893853, -1.41893853])\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\n\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\' \\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\'lossbook.distributions.multinomial_support \\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\'array([ True, False])\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\n\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\' \\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\'lossbook.distributions.multinomial_sample \\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\'array([[1, 1, 8],\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\n       [0, 0, 10]])\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\n\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\' "lossbook.distributions.multinomial_logpmf \\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\'np.float64(-2.367123614131617)\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\n\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\' \\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\'np.float64(-2.3671236141316165)\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\n\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\'\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\narray([[ 1,  1,  8],\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\n       [ 0,  0, 10]])\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\n"\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\narray([ True, False])\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\n\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\'\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\narray([-0.91893853, -1.41893853])\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\n\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\'\\\\\\\\\\\\\\\\narray([10.25146044,  9.73579027])\\\\\\\\\\\\\\\\n\\\\\\\\\\\\\\\'\\\\\\\\narray([ True,  True, False])\\\\\\\\n\\\\\\\'\\\\narray([-1.        , -1.        , -1.69314718])\\\\n\\\'\\narray([2, 0, 7, 1])\\n\'\narray([ True,  True, False, False])\n'
    array([  -1.14472989, -922.17876708])
    """
    values, mean = _values_and_location(values, mean)
    scale = _checks.positive(scale, "scale", values.shape)
    degrees = _checks.positive(degrees, "degrees", values.shape)
    q = np.abs(values - mean) / scale / np.sqrt(degrees)
    log_tail = np.where(q < 1e10, np.log1p(q * q), 2 * np.log(q))  # the square of a large q would overflow
    constant = log_gamma_ratio(degrees / 2) - 0.5 * np.log(np.pi * degrees) - np.log(scale)
    return _finished((constant - (degrees + 1) / 2 * log_tail).astype(values.dtype), values, mean)


def student_t_sample(size, *, mean, scale, degrees, rng) -> np.ndarray:
    """Independent draws from Student's t distribution with location μ, scale σ and ν degrees of freedom.

    Parameters
    ----------
    size
        How many: an integer or a shape.
    mean, scale, degrees
        μ, σ > 0 and ν > 0, one number each or arrays of the shape `size`.
    rng
        A `numpy.random.Generator`, or an integer seed: the same seed gives the same draws.

    Returns
    -------
        Real numbers in the unit of `mean`.

    Examples
    --------
    >>> student_t_sample(3, mean=0.0, scale=1.0, degrees=3.0, rng=0).round(3)
    lossbook.distributions.student_t_logpdf 'array([  -1.14472989, -922.17876749])\n' 'lossbook.distributions.poisson_support \'array([ True,  True, False, False])\\n\' \'lossbook.distributions.poisson_sample \\\'array([3, 1, 2, 5])\\\\n\\\' \\\'lossbook.distributions.poisson_logpmf \\\\\\\'array([-1.        , -1.        , -1.69314718])\\\\\\\\n\\\\\\\' \\\\\\\'lossbook.distributions.normal_support \\\\\\\\\\\\\\\'array([ True,  True, False])\\\\\\\\\\\\\\\\n\\\\\\\\\\\\\\\' \\\\\\\\\\\\\\\'lossbook.distributions.normal_sample \\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\'array([10.25146044,  9.73579027])\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\n\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\' \\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\'lossbook.distributions.normal_logpdf \\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\'array([-0.91893853, -1.41893853])\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\n\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\' \\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\'lossbook.distributions.multinomial_support \\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\'array([ True, False])\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\n\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\' \\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\'lossbook.distributions.multinomial_sample \\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\'array([[1, 1, 8],\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\n       [0, 0, 10]])\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\n\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\' "lossbook.distributions.multinomial_logpmf \\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\'np.float64(-2.367123614131617)\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\n\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\' \\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\'np.float64(-2.3671236141316165)\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\n\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\'\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\narray([[ 1,  1,  8],\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\n       [ 0,  0, 10]])\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\n"\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\narray([ True, False])\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\n\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\'\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\narray([-0.91893853, -1.41893853])\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\n\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\'\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\narray([10.25146044,  9.73579027])\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\n\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\'\\\\\\\\\\\\\\\\narray([ True,  True, False])\\\\\\\\\\\\\\\\n\\\\\\\\\\\\\\\'\\\\\\\\narray([-1.        , -1.        , -1.69314718])\\\\\\\\n\\\\\\\'\\\\narray([2, 0, 7, 1])\\\\n\\\'\\narray([ True,  True, False, False])\\n\'\narray([  -1.14472989, -922.17876708])\n'
    array([0.152, 0.156, 1.007])
    """
    scale = _checks.positive(scale, "scale", _shape(size))
    degrees = _checks.positive(degrees, "degrees", _shape(size))
    return mean + scale * _checks.generator(rng).standard_t(degrees, size)


# --- discrete -----------------------------------------------------------------------------------------------------


def bernoulli_support(values) -> np.ndarray:
    """0 and 1: True where `values` lie in the support of the Bernoulli distribution.

    Examples
    --------
    >>> bernoulli_support([0, 1, 2])
    array([ True,  True, False])
    """
    values = _checks.real_or_bool(values, "values")
    return (values == 0) | (values == 1)


@np.errstate(all="ignore")
def bernoulli_logpmf(values, *, probability) -> np.ndarray:
    """Log-probability of the Bernoulli distribution: v ln y + (1 − v) ln(1 − y).

    Parameters
    ----------
    values
        Outcomes v, 0 or 1 (or False, True), any shape.
    probability
        y, the probability of a 1, in [0, 1]: one number or one for each value.

    Returns
    -------
        Log-probabilities in nats, same shape.

    Raises
    ------
    TypeError, ValueError
        If an argument is not real numbers of the right shape or holds a NaN, or `probability` lies outside [0, 1].

    See Also
    --------
    lossbook.losses.binary_cross_entropy : its negative, as a loss of the log-odds.

    Notes
    -----
    The factor that is 0 selects: one of the two terms always vanishes (0 · ln 0 = 0).
    Derived in: Bernoulli → binary cross-entropy.

    Examples
    --------
    >>> bernoulli_logpmf([0, 1, 1], probability=0.25)
    array([-0.28768207, -1.38629436, -1.38629436])
    """
    values, probability = _values_and_probability(values, probability)
    result = np.where(values == 1, np.log(probability), np.log1p(-probability) + 0)
    return np.where(bernoulli_support(values), result, -np.inf).astype(probability.dtype)[()]


def bernoulli_sample(size, *, probability, rng) -> np.ndarray:
    """Independent draws, 1 with the given probability and 0 otherwise.

    Parameters
    ----------
    size
        How many: an integer or a shape.
    probability
        The probability of a 1, in [0, 1]: one number or an array of the shape `size`.
    rng
        A `numpy.random.Generator`, or an integer seed: the same seed gives the same draws.

    Returns
    -------
        Integers 0 and 1.

    Examples
    --------
    >>> bernoulli_sample(5, probability=0.5, rng=0)
    array([0, 1, 1, 1, 0])
    """
    probability = _checks.real(probability, "probability")
    _checks.within(probability, "probability", 0, 1, "a probability from 0 to 1")
    return (_checks.generator(rng).random(size) < probability).astype(np.int64)


def categorical_support(values, *, classes) -> np.ndarray:
    """0, 1, …, c − 1: True where `values` are class numbers of the categorical (Multinoulli) distribution.

    Examples
    --------
    >>> categorical_support([0, 2, 3], classes=3)
    array([ True,  True, False])
    """
    values = _checks.real_or_bool(values, "values")
    return (values >= 0) & (values < classes) & (values == np.floor(values))


@np.errstate(all="ignore")
def categorical_logpmf(values, *, probabilities) -> np.ndarray:
    """Log-probability of the categorical (Multinoulli) distribution, one draw from c classes: ln y_v.

    Parameters
    ----------
    values
        Class numbers v from 0 to c − 1, shape (N,) or one number.
    probabilities
        y, in [0, 1] and summing to 1: shape (c,), the same for all values, or (N, c), one row for each.

    Returns
    -------
        Log-probabilities in nats, the shape of `values`.

    Raises
    ------
    TypeError, ValueError
        If an argument is not real numbers of the right shape or holds a NaN, or a row of `probabilities` is not a distribution.

    See Also
    --------
    lossbook.losses.cross_entropy : its negative, as a loss of the logits.
    lossbook.distributions.multinomial_logpmf : the counts of many draws.

    Notes
    -----
    With a one-hot v this is Π_k y_k^{v_k}: the one-hot row selects one probability.
    Derived in: Multinoulli → cross-entropy.

    Examples
    --------
    >>> categorical_logpmf([2, 0], probabilities=[0.1, 0.2, 0.7])
    array([-0.35667494, -2.30258509])
    """
    values, y = _checks.real_or_bool(values, "values"), _probability_rows(probabilities)
    if values.dtype.kind == "f" and np.isnan(values).any():
        raise ValueError("values must be class numbers, given a NaN")
    if values.ndim > 1 or y.ndim == 2 and values.shape != y.shape[:1]:
        raise ValueError(
            f"values must be one number or one for each row of probabilities, given shapes {values.shape} and {y.shape}"
        )
    inside = categorical_support(values, classes=y.shape[-1])
    k = np.where(inside, values, 0).astype(np.intp)
    picked = y[k] if y.ndim == 1 else y[np.arange(len(k)), k]
    return np.where(inside, np.log(picked), -np.inf).astype(y.dtype)[()]


def categorical_sample(size, *, probabilities, rng) -> np.ndarray:
    """Independent draws of a class number, class k with probability y_k.

    Parameters
    ----------
    size
        How many: an integer, or a shape; for `probabilities` of shape (N, c), the number N.
    probabilities
        y, in [0, 1] and summing to 1: shape (c,), or (N, c) for one draw from each row.
    rng
        A `numpy.random.Generator`, or an integer seed: the same seed gives the same draws.

    Returns
    -------
        Integers from 0 to c − 1.

    Notes
    -----
    The number of cumulative sums y_0, y_0 + y_1, … at or below a uniform number is the class.

    Examples
    --------
    >>> categorical_sample(6, probabilities=[0.1, 0.2, 0.7], rng=0)
    array([2, 1, 0, 0, 2, 2])
    """
    y = _probability_rows(probabilities)
    if y.ndim == 2 and _shape(size) != y.shape[:1]:
        raise ValueError(f"size must be the number of rows of probabilities, {len(y)}, given {size}")
    bounds = np.cumsum(y, axis=-1)
    # The last bound is 1 up to rounding; scaled to 1 exactly, and a class of probability 0 is never drawn.
    bounds = bounds / bounds[..., -1:]
    u = _checks.generator(rng).random(size)
    if y.ndim == 1:
        return np.searchsorted(bounds, u, side="right")
    return (bounds <= u[:, None]).sum(axis=1)


def multinomial_support(values, *, trials) -> np.ndarray:
    """Rows of counts that sum to the number of trials: True for each row in the support of the multinomial.

    Examples
    --------
    >>> multinomial_support([[1, 2, 0], [1, 1, 0]], trials=3)
    lossbook.distributions.multinomial_sample 'array([[1, 1, 8],\n       [0, 0, 10]])\n' "lossbook.distributions.multinomial_logpmf 'np.float64(-2.367123614131617)\\n' 'np.float64(-2.3671236141316165)\\n'\narray([[ 1,  1,  8],\n       [ 0,  0, 10]])\n"
    array([ True, False])
    """
    values = _checks.real_or_bool(values, "values")
    if values.ndim == 0:
        raise ValueError("values must be rows of counts, shape (c,) or (N, c), given one number")
    return ((values >= 0) & (values == np.floor(values))).all(axis=-1) & (values.sum(axis=-1) == trials)


@np.errstate(all="ignore")
def multinomial_logpmf(values, *, trials, probabilities) -> np.ndarray:
    """Log-probability of the multinomial: ln n! − Σ_k ln v_k! + Σ_k v_k ln y_k.

    Parameters
    ----------
    values
        Counts v, shape (c,) or (N, c): how often each class came up.
    trials
        n, the number of draws; a row that does not sum to it has probability 0.
    probabilities
        y, in [0, 1] and summing to 1: shape (c,), the same for all rows, or (N, c).

    Returns
    -------
        Log-probabilities in nats: one number, or shape (N,).

    Raises
    ------
    TypeError, ValueError
        If an argument is not real numbers of the right shape or holds a NaN, or a row of `probabilities` is not a distribution.

    See Also
    --------
    lossbook.distributions.categorical_logpmf : one draw; it has no factorials.

    Notes
    -----
    Not the distribution of one class label: that is the Multinoulli.  The factorials count the orders in which the draws can come;
    they do not depend on y.
    Derived in: Multinoulli → cross-entropy.

    Examples
    --------
    >>> multinomial_logpmf([1, 2, 0], trials=3, probabilities=[0.5, 0.25, 0.25])
    np.float64(-2.3671236141316165)
    """
    values, y = _checks.real(values, "values"), _probability_rows(probabilities)
    if values.ndim not in (1, 2) or values.shape[-1] != y.shape[-1] or (y.ndim == 2 and values.shape != y.shape):
        raise ValueError(
            "values must be rows of counts, shape (c,) or (N, c), that fit the probabilities, "
            f"given shapes {values.shape} and {y.shape}"
        )
    n = _checks.real(trials, "trials")
    _checks.whole_numbers(n, "trials", "a whole number 0, 1, 2, …")
    if n.ndim:
        raise ValueError(f"trials must be one number, given shape {n.shape}")
    _checks.refuse_nan(values, "", values=values)
    inside = multinomial_support(values, trials=n)
    v = np.where(inside[..., None], values, 0)
    y = np.broadcast_to(y, v.shape)
    result = log_factorial(n) - log_factorial(v).sum(axis=-1) + xlogy(v, y).sum(axis=-1)
    return np.where(inside, result, -np.inf).astype(y.dtype)[()]


def multinomial_sample(size, *, trials, probabilities, rng) -> np.ndarray:
    """Independent rows of counts: how often each of c classes comes up in n draws.

    Parameters
    ----------
    size
        How many rows.
    trials
        n, the number of draws in each row.
    probabilities
        y, in [0, 1] and summing to 1, shape (c,).
    rng
        A `numpy.random.Generator`, or an integer seed: the same seed gives the same draws.

    Returns
    -------
        Integers, shape (size, c); each row sums to n.

    Examples
    --------
    >>> multinomial_sample(2, trials=10, probabilities=[0.1, 0.2, 0.7], rng=0)
    lossbook.distributions.multinomial_logpmf 'np.float64(-2.367123614131617)\n' 'np.float64(-2.3671236141316165)\n'
    array([[ 1,  1,  8],
           [ 0,  0, 10]])
    """
    y = _probability_rows(probabilities)
    if y.ndim != 1:
        raise ValueError(f"probabilities must have shape (c,), given {y.shape}")
    y = y.astype(np.float64)
    return _checks.generator(rng).multinomial(trials, y / y.sum(), size)


def poisson_support(values) -> np.ndarray:
    """0, 1, 2, …: True where `values` lie in the support of the Poisson distribution.

    Examples
    --------
    >>> poisson_support([0, 3, -1, 0.5])
    lossbook.distributions.poisson_sample 'array([3, 1, 2, 5])\n' 'lossbook.distributions.poisson_logpmf \'array([-1.        , -1.        , -1.69314718])\\n\' \'lossbook.distributions.normal_support \\\'array([ True,  True, False])\\\\n\\\' \\\'lossbook.distributions.normal_sample \\\\\\\'array([10.25146044,  9.73579027])\\\\\\\\n\\\\\\\' \\\\\\\'lossbook.distributions.normal_logpdf \\\\\\\\\\\\\\\'array([-0.91893853, -1.41893853])\\\\\\\\\\\\\\\\n\\\\\\\\\\\\\\\' \\\\\\\\\\\\\\\'lossbook.distributions.multinomial_support \\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\'array([ True, False])\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\n\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\' \\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\'lossbook.distributions.multinomial_sample \\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\'array([[1, 1, 8],\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\n       [0, 0, 10]])\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\n\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\' "lossbook.distributions.multinomial_logpmf \\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\'np.float64(-2.367123614131617)\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\n\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\' \\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\'np.float64(-2.3671236141316165)\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\n\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\'\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\narray([[ 1,  1,  8],\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\n       [ 0,  0, 10]])\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\n"\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\narray([ True, False])\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\n\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\'\\\\\\\\\\\\\\\\narray([-0.91893853, -1.41893853])\\\\\\\\\\\\\\\\n\\\\\\\\\\\\\\\'\\\\\\\\narray([10.25146044,  9.73579027])\\\\\\\\n\\\\\\\'\\\\narray([ True,  True, False])\\\\n\\\'\\narray([-1.        , -1.        , -1.69314718])\\n\'\narray([2, 0, 7, 1])\n'
    array([ True,  True, False, False])
    """
    values = _checks.real_or_bool(values, "values")
    return (values >= 0) & (values == np.floor(values)) & np.isfinite(values)


@np.errstate(all="ignore")
def poisson_logpmf(values, *, rate) -> np.ndarray:
    """Log-probability of the Poisson distribution: v ln λ − λ − ln v!

    Parameters
    ----------
    values
        Counts v = 0, 1, 2, …, any shape.
    rate
        λ ≥ 0, the expected count: one number or one for each value.

    Returns
    -------
        Log-probabilities in nats, same shape.

    Raises
    ------
    TypeError, ValueError
        If an argument is not real numbers of the right shape or holds a NaN, or `rate` is negative or infinite.

    See Also
    --------
    lossbook.losses.poisson_nll : its negative, as a loss of the log-rate.

    Notes
    -----
    The three large terms would cancel when v is near λ.  With φ(u) = e^u − 1 − u and R(v) = ln v! − (v ln v − v), the same
    quantity is −v φ(ln(λ/v)) − R(v): two terms of one sign.

    References
    ----------
    C. Loader, *Fast and accurate computation of binomial probabilities*, 2000, page 4.

    Examples
    --------
    >>> poisson_logpmf([0, 1, 2], rate=1.0)
    lossbook.distributions.normal_support 'array([ True,  True, False])\n' 'lossbook.distributions.normal_sample \'array([10.25146044,  9.73579027])\\n\' \'lossbook.distributions.normal_logpdf \\\'array([-0.91893853, -1.41893853])\\\\n\\\' \\\'lossbook.distributions.multinomial_support \\\\\\\'array([ True, False])\\\\\\\\n\\\\\\\' \\\\\\\'lossbook.distributions.multinomial_sample \\\\\\\\\\\\\\\'array([[1, 1, 8],\\\\\\\\\\\\\\\\n       [0, 0, 10]])\\\\\\\\\\\\\\\\n\\\\\\\\\\\\\\\' "lossbook.distributions.multinomial_logpmf \\\\\\\\\\\\\\\'np.float64(-2.367123614131617)\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\n\\\\\\\\\\\\\\\' \\\\\\\\\\\\\\\'np.float64(-2.3671236141316165)\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\n\\\\\\\\\\\\\\\'\\\\\\\\\\\\\\\\narray([[ 1,  1,  8],\\\\\\\\\\\\\\\\n       [ 0,  0, 10]])\\\\\\\\\\\\\\\\n"\\\\\\\\narray([ True, False])\\\\\\\\n\\\\\\\'\\\\narray([-0.91893853, -1.41893853])\\\\n\\\'\\narray([10.25146044,  9.73579027])\\n\'\narray([ True,  True, False])\n'
    array([-1.        , -1.        , -1.69314718])
    """
    values, rate = _checks.real(values, "values"), _checks.real(rate, "rate")
    rate = _checks.in_shape(rate, "rate", values.shape)
    _checks.refuse_nan(values, "", values=values)
    _checks.within(rate, "rate", 0, np.finfo(np.float64).max, "at least 0 and finite")
    inside = poisson_support(values)
    v = np.where(inside, values, 0)
    excess = np.where(v == 0, rate, v * exp_remainder(np.log(rate / np.maximum(v, 1))))
    return np.where(inside, -(excess + stirling_remainder(v)), -np.inf).astype(values.dtype)[()]


def poisson_sample(size, *, rate, rng) -> np.ndarray:
    """Independent counts with expectation λ.

    Parameters
    ----------
    size
        How many: an integer or a shape.
    rate
        λ ≥ 0, one number or an array of the shape `size`.
    rng
        A `numpy.random.Generator`, or an integer seed: the same seed gives the same draws.

    Returns
    -------
        Integers 0, 1, 2, …

    Examples
    --------
    >>> poisson_sample(4, rate=2.0, rng=0)
    lossbook.distributions.poisson_logpmf 'array([-1.        , -1.        , -1.69314718])\n' 'lossbook.distributions.normal_support \'array([ True,  True, False])\\n\' \'lossbook.distributions.normal_sample \\\'array([10.25146044,  9.73579027])\\\\n\\\' \\\'lossbook.distributions.normal_logpdf \\\\\\\'array([-0.91893853, -1.41893853])\\\\\\\\n\\\\\\\' \\\\\\\'lossbook.distributions.multinomial_support \\\\\\\\\\\\\\\'array([ True, False])\\\\\\\\\\\\\\\\n\\\\\\\\\\\\\\\' \\\\\\\\\\\\\\\'lossbook.distributions.multinomial_sample \\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\'array([[1, 1, 8],\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\n       [0, 0, 10]])\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\n\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\' "lossbook.distributions.multinomial_logpmf \\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\'np.float64(-2.367123614131617)\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\n\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\' \\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\'np.float64(-2.3671236141316165)\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\n\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\'\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\narray([[ 1,  1,  8],\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\n       [ 0,  0, 10]])\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\n"\\\\\\\\\\\\\\\\narray([ True, False])\\\\\\\\\\\\\\\\n\\\\\\\\\\\\\\\'\\\\\\\\narray([-0.91893853, -1.41893853])\\\\\\\\n\\\\\\\'\\\\narray([10.25146044,  9.73579027])\\\\n\\\'\\narray([ True,  True, False])\\n\'\narray([-1.        , -1.        , -1.69314718])\n'
    array([2, 0, 7, 1])
    """
    return _checks.generator(rng).poisson(_checks.real(rate, "rate"), size)


# --- shared -------------------------------------------------------------------------------------------------------


def _shape(size) -> tuple[int, ...]:
    return (size,) if np.ndim(size) == 0 else tuple(size)


def _values_and_location(values, mean) -> tuple[np.ndarray, np.ndarray]:
    values = _checks.real(values, "values")
    return values, _checks.in_shape(_checks.real(mean, "mean"), "mean", values.shape)


def _values_and_probability(values, probability) -> tuple[np.ndarray, np.ndarray]:
    values, probability = _checks.real_or_bool(values, "values"), _checks.real(probability, "probability")
    _checks.refuse_nan(values, "", values=values)
    _checks.within(probability, "probability", 0, 1, "a probability from 0 to 1")
    return values, _checks.in_shape(probability, "probability", values.shape)


def _probability_rows(probabilities) -> np.ndarray:
    y = _checks.real(probabilities, "probabilities")
    if y.ndim not in (1, 2):
        raise ValueError(f"probabilities must have shape (c,) or (N, c), given {y.shape}")
    _checks.distribution_rows(y, y.sum(axis=-1), "probabilities")
    return y


def _finished(result, values, mean) -> np.ndarray:
    _checks.refuse_nan(result, "∞ − ∞", values=values, mean=mean)
    return result
