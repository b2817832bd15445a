"""Losses of one example: negative log-likelihoods, and robust losses.

The prediction comes first, the target second, other parameters are keyword-only.  Predictions and targets have the same
shape (nothing is broadcast), and the result holds one loss for each example: the caller takes the mean or the sum.
Logarithms are natural, so losses that are logarithms are in nats.  float32 predictions give float32 losses, all others
float64.  An infinite input gives the limit where there is one; a NaN is refused.

Each negative log-likelihood is computed as a sum of terms that are not negative wherever its distribution allows it:
then nothing cancels, a tiny loss keeps its digits, and no rounding can make a loss negative.
"""

import math

import numpy as np
from numpy.typing import ArrayLike

from lossbook import _checks
from lossbook._blocks import (
    entries,
    exp_gaps,
    exp_others,
    flat_blocks,
    largest,
    pick,
    row_blocks,
    row_sums,
    smallest,
    wild_rows,
)
from lossbook.distributions import laplace_logpdf, normal_logpdf, student_t_logpdf
from lossbook.special import difference, exp_remainder, stirling_remainder

__all__ = [
    "absolute_error",
    "binary_cross_entropy",
    "binary_cross_entropy_of_probabilities",
    "cross_entropy",
    "cross_entropy_of_probabilities",
    "gaussian_nll",
    "half_squared_error",
    "huber_loss",
    "laplace_nll",
    "pinball_loss",
    "poisson_nll",
    "soft_margin",
    "squared_error",
    "student_t_nll",
]


# --- real targets -------------------------------------------------------------------------------------------------


@np.errstate(all="ignore")
def squared_error(predictions: ArrayLike, targets: ArrayLike) -> np.ndarray:
    """Squared error, without the ½: (y − t)².

    Distribution: Gaussian with a fixed scale σ, mean y (identity link).
    Dropped: the factor 1/(2σ²) and the constant ln σ + ½ ln 2π, which do not depend on y.

    Parameters
    ----------
    predictions
        y, real numbers of any shape, in the unit of the targets.
    targets
        t, real numbers, same shape.

    Returns
    -------
        Losses in the square of that unit, same shape.

    Raises
    ------
    TypeError, ValueError
        If an argument is not real numbers or holds a NaN, if the shapes differ, or where both are the same infinity.

    See Also
    --------
    lossbook.losses.half_squared_error : with the ½, so that its gradient is y − t.
    lossbook.losses.gaussian_nll : with all constants.

    Notes
    -----
    The mean over the data is the MSE, the sum the SSE; the minimising constant prediction is the mean of the targets.
    Derived in: Gaussian → sum of squared errors.

    References
    ----------
    Bishop, *Pattern Recognition and Machine Learning*, 2006, section 3.1.1, page 140.

    Examples
    --------
    >>> squared_error([2.0, 5.0], [3.0, 3.0])
    array([1., 4.])
    """
    y, t = _real_pair(predictions, targets)
    r = y - t
    return _finished(r * r, y, t)


@np.errstate(all="ignore")
def half_squared_error(predictions: ArrayLike, targets: ArrayLike) -> np.ndarray:
    """Half the squared error: ½ (y − t)².

    Distribution: Gaussian with a fixed scale σ, mean y (identity link).
    Dropped: the factor 1/σ² and the constant ln σ + ½ ln 2π, which do not depend on y.

    Parameters
    ----------
    predictions
        y, real numbers of any shape, in the unit of the targets.
    targets
        t, real numbers, same shape.

    Returns
    -------
        Losses in the square of that unit, same shape.

    Raises
    ------
    TypeError, ValueError
        If an argument is not real numbers or holds a NaN, if the shapes differ, or where both are the same infinity.

    See Also
    --------
    lossbook.losses.squared_error : without the ½.
    lossbook.losses.gaussian_nll : with all constants; the same at σ = 1, up to ½ ln 2π.

    Notes
    -----
    The minimising constant prediction is the mean of the targets.
    Derived in: Gaussian → sum of squared errors.

    Examples
    --------
    >>> half_squared_error([2.0, 5.0], [3.0, 3.0])
    array([0.5, 2. ])
    """
    y, t = _real_pair(predictions, targets)
    r = y - t
    return _finished(0.5 * r * r, y, t)


@np.errstate(all="ignore")
def absolute_error(predictions: ArrayLike, targets: ArrayLike) -> np.ndarray:
    """Absolute error: ``|y − t|``.

    Distribution: Laplace with a fixed scale b, median y (identity link).
    Dropped: the factor 1/b and the constant ln 2b, which do not depend on y.

    Parameters
    ----------
    predictions
        y, real numbers of any shape, in the unit of the targets.
    targets
        t, real numbers, same shape.

    Returns
    -------
        Losses in that unit, same shape.

    Raises
    ------
    TypeError, ValueError
        If an argument is not real numbers or holds a NaN, if the shapes differ, or where both are the same infinity.

    See Also
    --------
    lossbook.losses.laplace_nll : with all constants.
    lossbook.losses.pinball_loss : the same for other quantiles than the median.

    Notes
    -----
    The minimising constant prediction is the median of the targets.
    Derived in: An atlas of losses: real targets and angles.

    Examples
    --------
    >>> absolute_error([2.0, 5.0], [3.0, 3.0])
    array([1., 2.])
    """
    y, t = _real_pair(predictions, targets)
    return _finished(np.abs(y - t), y, t)


@np.errstate(all="ignore")
def huber_loss(predictions: ArrayLike, targets: ArrayLike, *, delta: float) -> np.ndarray:
    """Squared near the target, absolute far from it: ``½ r²`` where ``|r| ≤ δ``, ``δ (|r| − ½ δ)`` elsewhere.

    Distribution: Huber's least favourable one, a Gaussian centre with Laplace tails, mean y (identity link).
    Dropped: its normalising constant, which does not depend on y.

    Parameters
    ----------
    predictions
        y, real numbers of any shape, in the unit of the targets.
    targets
        t, real numbers, same shape.
    delta
        δ > 0, in the same unit: where the loss changes over.

    Returns
    -------
        Losses in the square of that unit, same shape.

    Raises
    ------
    TypeError, ValueError
        If an argument is not real numbers or holds a NaN, if the shapes differ, where both are the same infinity, or if
        `delta` is not one positive finite number.

    See Also
    --------
    lossbook.losses.half_squared_error : the limit δ → ∞.

    Notes
    -----
    With r = y − t and ``i = min(|r|, δ)``, both branches are ``i (|r| − ½ i)``.
    Derived in: An atlas of losses: real targets and angles.

    References
    ----------
    Huber, *Robust estimation of a location parameter*, Annals of Mathematical Statistics 35, 1964, page 73.

    Examples
    --------
    >>> huber_loss([0.5, 5.0], [0.0, 0.0], delta=1.0)
    array([0.125, 4.5  ])
    """
    y, t = _real_pair(predictions, targets)
    delta = _checks.number(delta, "delta", 0, np.inf, "positive and finite")
    r, unit = difference(y, t)
    a = np.abs(r)
    inner = np.minimum(a, delta / unit)
    return _finished(unit * unit * inner * (a - 0.5 * inner), y, t)


@np.errstate(all="ignore")
def pinball_loss(predictions: ArrayLike, targets: ArrayLike, *, quantile: float) -> np.ndarray:
    """Absolute error with two slopes: q (t − y) where t ≥ y, (1 − q) (y − t) elsewhere.

    Distribution: asymmetric Laplace with a fixed scale, q-quantile y (identity link).
    Dropped: the scale and the normalising constant, which do not depend on y.

    Parameters
    ----------
    predictions
        y, real numbers of any shape, in the unit of the targets.
    targets
        t, real numbers, same shape.
    quantile
        q, strictly between 0 and 1.

    Returns
    -------
        Losses in that unit, same shape.

    Raises
    ------
    TypeError, ValueError
        If an argument is not real numbers or holds a NaN, if the shapes differ, where both are the same infinity, or if
        `quantile` is not one number strictly between 0 and 1.

    See Also
    --------
    lossbook.losses.absolute_error : twice this loss at q = ½.

    Notes
    -----
    The minimising constant prediction is the q-quantile of the targets.
    Derived in: An atlas of losses: real targets and angles.

    References
    ----------
    Koenker and Bassett, *Regression quantiles*, Econometrica 46, 1978, page 38.

    Examples
    --------
    >>> pinball_loss([2.0, 5.0], [3.0, 3.0], quantile=0.9)
    array([0.9, 0.2])
    """
    y, t = _real_pair(predictions, targets)
    q = _checks.number(quantile, "quantile", 0, 1, "strictly between 0 and 1")
    r, unit = difference(t, y)
    return _finished(np.where(r >= 0, unit * q, unit * (1 - q)) * np.abs(r), y, t)


def gaussian_nll(predictions: ArrayLike, targets: ArrayLike, *, scale: ArrayLike) -> np.ndarray:
    """Negative log-likelihood of the Gaussian: (y − t)² / (2σ²) + ln σ + ½ ln 2π.

    Distribution: Gaussian, mean y (identity link), standard deviation σ.
    Dropped: nothing.

    Parameters
    ----------
    predictions
        y, real numbers of any shape, in the unit of the targets.
    targets
        t, real numbers, same shape.
    scale
        σ > 0 in the same unit: one number, or one for each target.

    Returns
    -------
        Losses in nats, same shape.  A density can exceed 1, so they can be negative.

    Raises
    ------
    TypeError, ValueError
        If an argument is not real numbers or holds a NaN, if the shapes differ, where both are the same infinity, or if
        `scale` is not positive and finite.

    See Also
    --------
    lossbook.distributions.normal_logpdf : the log-likelihood.
    lossbook.losses.squared_error : what is left when σ is fixed.

    Notes
    -----
    The minimising constant prediction is the mean of the targets; the minimising σ² is their mean squared residual.
    Derived in: Gaussian → sum of squared errors.

    Examples
    --------
    >>> gaussian_nll([2.0, 5.0], [3.0, 3.0], scale=1.0)
    array([1.41893853, 2.91893853])
    """
    y, t = _located_pair(predictions, targets, scale=scale)
    return _likewise(-normal_logpdf(t, mean=y, scale=scale), y)


def laplace_nll(predictions: ArrayLike, targets: ArrayLike, *, scale: ArrayLike) -> np.ndarray:
    """Negative log-likelihood of the Laplace distribution: ``|y − t| / b + ln 2b``.

    Distribution: Laplace, median y (identity link), scale b.
    Dropped: nothing.

    Parameters
    ----------
    predictions
        y, real numbers of any shape, in the unit of the targets.
    targets
        t, real numbers, same shape.
    scale
        b > 0 in the same unit: one number, or one for each target.

    Returns
    -------
        Losses in nats, same shape.  A density can exceed 1, so they can be negative.

    Raises
    ------
    TypeError, ValueError
        If an argument is not real numbers or holds a NaN, if the shapes differ, where both are the same infinity, or if
        `scale` is not positive and finite.

    See Also
    --------
    lossbook.distributions.laplace_logpdf : the log-likelihood.
    lossbook.losses.absolute_error : what is left when b is fixed.

    Notes
    -----
    The minimising constant prediction is the median of the targets; the minimising b is their mean absolute residual.
    Derived in: An atlas of losses: real targets and angles.

    Examples
    --------
    >>> laplace_nll([2.0, 5.0], [3.0, 3.0], scale=1.0)
    array([1.69314718, 2.69314718])
    """
    y, t = _located_pair(predictions, targets, scale=scale)
    return _likewise(-laplace_logpdf(t, mean=y, scale=scale), y)


def student_t_nll(predictions: ArrayLike, targets: ArrayLike, *, scale: ArrayLike, degrees: ArrayLike) -> np.ndarray:
    """Negative log-likelihood of Student's t: (ν+1)/2 · ln(1 + r²/ν) + ln σ + ½ ln νπ − ln Γ((ν+1)/2) + ln Γ(ν/2).

    Distribution: Student's t, location y (identity link), scale σ, ν degrees of freedom; r = (y − t)/σ.
    Dropped: nothing.

    Parameters
    ----------
    predictions
        y, real numbers of any shape, in the unit of the targets.
    targets
        t, real numbers, same shape.
    scale
        σ > 0 in the same unit: one number, or one for each target.
    degrees
        ν > 0: one number, or one for each target.

    Returns
    -------
        Losses in nats, same shape.  A density can exceed 1, so they can be negative.

    Raises
    ------
    TypeError, ValueError
        If an argument is not real numbers or holds a NaN, if the shapes differ, where both are the same infinity, or if
        `scale` or `degrees` is not positive and finite.

    See Also
    --------
    lossbook.distributions.student_t_logpdf : the log-likelihood.
    lossbook.losses.gaussian_nll : the limit ν → ∞.

    Notes
    -----
    It grows like a logarithm, so that an outlier pulls less the farther out it is; it is not convex.
    Derived in: An atlas of losses: real targets and angles.

    Examples
    --------
    >>> student_t_nll([2.0, 5.0], [3.0, 3.0], scale=1.0, degrees=1.0)
    array([1.83787707, 2.7541678 ])
    """
    y, t = _located_pair(predictions, targets, scale=scale, degrees=degrees)
    return _likewise(-student_t_logpdf(t, mean=y, scale=scale, degrees=degrees), y)


# --- two classes --------------------------------------------------------------------------------------------------


@np.errstate(all="ignore")
def binary_cross_entropy(logits: ArrayLike, labels: ArrayLike) -> np.ndarray:
    """Negative log-probability of a label 0 or 1 from its log-odds z: −t ln σ(z) − (1 − t) ln(1 − σ(z)).

    Distribution: Bernoulli, log-odds z (logit link: the probability of a 1 is σ(z)).
    Dropped: nothing.

    Parameters
    ----------
    logits
        z, log-odds in nats, any shape.
    labels
        t, same shape: 0 or 1 (or False, True), or soft labels, probabilities from 0 to 1.

    Returns
    -------
        Losses in nats, at least 0, same shape.

    Raises
    ------
    TypeError, ValueError
        If an argument is not real numbers or holds a NaN, if the shapes differ, or if a label lies outside [0, 1].

    See Also
    --------
    lossbook.losses.binary_cross_entropy_of_probabilities : from a probability instead of log-odds.
    lossbook.losses.soft_margin : the same loss for labels −1 and 1.
    lossbook.gradients.binary_cross_entropy_with_losses : losses and gradient in one pass.

    Notes
    -----
    Computed as ``|z| · |t − [z ≥ 0]| + log1p(e^{−|z|})``: how far z points to the wrong side, and the price of doubt.
    For soft labels in float32 the exponential of NumPy is not accurate enough: they are computed in float64.
    Derived in: Bernoulli → binary cross-entropy.

    References
    ----------
    Bishop, *Pattern Recognition and Machine Learning*, 2006, section 4.3.2, page 206.

    Examples
    --------
    >>> binary_cross_entropy([0.0, 2.0, -80.0], [1, 1, 1]).round(4)
    array([ 0.6931,  0.1269, 80.    ])
    """
    z, t = _checks.real(logits, "logits"), _checks.label_array(labels, "labels")
    _checks.same_shape(z, "logits", t, "labels")
    losses = np.empty(z.shape, z.dtype)
    for z_block, t_block, block, scratch in flat_blocks(z, t, losses, scratch=1):
        if not (smallest(t_block) >= 0 and largest(t_block) <= 1):
            _checks.binary_labels(t, "labels")
        _binary_cross_entropy(z_block, t_block, block, scratch)
        if math.isnan(smallest(block)):
            block[np.isinf(z_block) & (t_block == (z_block > 0))] = 0  # ∞ · 0: on the right side, without any doubt
            _checks.refuse_nan(block, "", logits=z)
    return losses[()]


def _binary_cross_entropy(z: np.ndarray, t: np.ndarray, losses: np.ndarray, e: np.ndarray) -> None:
    """|z| · |t − [z ≥ 0]| + ln(1 + e^{−|z|})."""
    if t.dtype.kind != "f":
        t = t.astype(z.dtype)
    if z.dtype.char == "f" and not np.array_equal(np.rint(t, out=e), t):
        wide = np.empty(z.shape)
        _binary_cross_entropy(z.astype(np.float64), t.astype(np.float64), wide, np.empty(z.shape))
        losses[...] = wide
        return
    wrong = np.subtract(z >= 0, t, out=e)  # 0, or of the sign of z
    np.multiply(z, wrong, out=losses)
    np.abs(z, out=e)
    np.negative(e, out=e)
    np.exp(e, out=e)
    np.log1p(e, out=e)
    np.add(losses, e, out=losses)


@np.errstate(all="ignore")
def binary_cross_entropy_of_probabilities(probabilities: ArrayLike, labels: ArrayLike) -> np.ndarray:
    """Negative log-probability of a label 0 or 1 from the probability y of a 1: −t ln y − (1 − t) ln(1 − y).

    Distribution: Bernoulli, probability y (identity link).
    Dropped: nothing.

    Parameters
    ----------
    probabilities
        y, from 0 to 1, any shape.
    labels
        t, same shape: 0 or 1 (or False, True), or soft labels, probabilities from 0 to 1.

    Returns
    -------
        Losses in nats, at least 0, same shape; ∞ where the label was given probability 0.

    Raises
    ------
    TypeError, ValueError
        If an argument is not real numbers or holds a NaN, if the shapes differ, or if a number lies outside [0, 1].

    See Also
    --------
    lossbook.losses.binary_cross_entropy : from log-odds; to be preferred wherever there are any.

    Notes
    -----
    A probability has lost what this loss needs: σ(40) is exactly 1 in float64.  Nothing is clipped.
    Derived in: Bernoulli → binary cross-entropy.

    Examples
    --------
    >>> binary_cross_entropy_of_probabilities([0.5, 0.7, 0.0], [1, 1, 1])
    array([0.69314718, 0.35667494,        inf])
    """
    y, t = _checks.real(probabilities, "probabilities"), _checks.label_array(labels, "labels")
    _checks.same_shape(y, "probabilities", t, "labels")
    _checks.probabilities(y, "probabilities")
    _checks.binary_labels(t, "labels")
    one = np.where(t == 0, 0, -t * np.log(y))
    zero = np.where(t == 1, 0, (t - 1) * np.log1p(-y))
    return _likewise(one + zero, y)


@np.errstate(all="ignore")
def soft_margin(logits: ArrayLike, signs: ArrayLike) -> np.ndarray:
    """Logistic loss for labels −1 and 1: ln(1 + e^{−s z}).

    Distribution: Bernoulli, log-odds z (logit link); the labels are written s = 2t − 1.
    Dropped: nothing.

    Parameters
    ----------
    logits
        z, log-odds in nats, any shape.
    signs
        s, same shape: −1 or 1.

    Returns
    -------
        Losses in nats, at least 0, same shape.

    Raises
    ------
    TypeError, ValueError
        If an argument is not real numbers or holds a NaN, if the shapes differ, or if a sign is not −1 or 1.

    See Also
    --------
    lossbook.losses.binary_cross_entropy : the same loss for labels 0 and 1.

    Notes
    -----
    s z is the margin m: computed as max(−m, 0) + log1p(e^{−|m|}).
    Derived in: Bernoulli → binary cross-entropy.

    Examples
    --------
    >>> soft_margin([0.0, 2.0, -80.0], [1, 1, 1]).round(4)
    array([ 0.6931,  0.1269, 80.    ])
    """
    z, s = _checks.real(logits, "logits"), _checks.label_array(signs, "signs")
    _checks.same_shape(z, "logits", s, "signs")
    _checks.signs(s, "signs")
    margin = z * s.astype(z.dtype)
    return _finished(np.maximum(-margin, 0) + np.log1p(np.exp(-np.abs(margin))), z, s, "logits", "signs")


# --- c classes ----------------------------------------------------------------------------------------------------


@np.errstate(all="ignore")
def cross_entropy(logits: ArrayLike, labels: ArrayLike) -> np.ndarray:
    """Negative log-probability of a class label from logits z: −Σ_k t_k ln softmax(z)_k.

    Distribution: Multinoulli (categorical), logits z (softmax link).
    Dropped: nothing.

    Parameters
    ----------
    logits
        z, shape (N, c), unnormalised log-probabilities in nats; ±∞ where the limit exists.
    labels
        Shape (N,): class numbers, integers from 0 to c − 1.  Or shape (N, c): one-hot or soft rows that sum to 1.

    Returns
    -------
        Losses in nats, at least 0, shape (N,).

    Raises
    ------
    TypeError, ValueError
        If an argument is not real numbers or holds a NaN, if the shapes do not fit, if labels of shape (N,) are not
        integers or out of range, if label rows do not sum to 1, or where there is no limit (∞ − ∞).

    See Also
    --------
    lossbook.losses.cross_entropy_of_probabilities : from probabilities instead of logits.
    lossbook.gradients.cross_entropy_with_losses : losses and gradient in one pass.
    lossbook.information.cross_entropy : of two distributions.

    Notes
    -----
    The one-hot row selects the logit z_y of the label: −ln softmax(z)_y = ln(1 + s), s = Σ_{k≠y} e^{z_k} / e^{z_y}.
    A soft row weighs the gaps to the largest logit m: Σ_k t_k (m − z_k) + Σ_k t_k · ln(1 + Σ_{j≠m} e^{z_j − m}).
    Derived in: Multinoulli → cross-entropy.

    References
    ----------
    Bishop, *Pattern Recognition and Machine Learning*, 2006, section 4.3.4, page 209.

    Examples
    --------
    >>> logits = [[2.0, 0.0, 1.0], [0.0, 90.0, 0.0]]
    >>> cross_entropy(logits, [0, 2]).round(4)
    array([ 0.4076, 90.    ])
    >>> cross_entropy(logits, [[1, 0, 0], [0.0, 0.5, 0.5]]).round(4)
    array([ 0.4076, 45.    ])
    """
    z, t = _checks.logits_and_labels(logits, labels)
    losses = np.empty(len(z), z.dtype)
    for rows, z_block, scratch in row_blocks(z):
        if t.ndim == 1:
            _cross_entropy(z_block, t[rows], losses[rows], scratch, rows.start)
        else:
            _soft_cross_entropy(z_block, t[rows], losses[rows], scratch, rows.start)
    return losses


def _cross_entropy(z: np.ndarray, labels: np.ndarray, losses: np.ndarray, e: np.ndarray, first: int) -> None:
    """ln(1 + s), s = Σ_{k≠y} e^{z_k} / e^{z_y}."""
    label = entries(labels, z.shape[1])
    z_y = pick(z, label)
    others = exp_others(z, label, out=e)
    s = others / np.exp(z_y, dtype=np.float64)
    np.log1p(s, out=losses)
    if (wild := wild_rows(z, z_y, others)) is not None:
        losses[wild] = _cross_entropy_of_wild_logits(z[wild], labels[wild])
        _checks.refuse_nan(losses, _checks.NO_LIMIT, first, logits=z)


def _cross_entropy_of_wild_logits(z: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(m − z_y) + ln(1 + Σ_{k≠m} e^{z_k − m}), m the largest logit: no exponential overflows."""
    z = z.astype(np.float64, copy=False)
    top, label = entries(z.argmax(axis=1), z.shape[1]), entries(labels, z.shape[1])
    gap = np.where(top == label, 0, pick(z, top) - pick(z, label))
    s = exp_gaps(z, top, out=np.empty_like(z))
    return np.where(gap == np.inf, gap, gap + np.log1p(s))


def _soft_cross_entropy(z: np.ndarray, t: np.ndarray, losses: np.ndarray, e: np.ndarray, first: int) -> None:
    """Σ_k t_k (m − z_k) + Σ_k t_k · ln(1 + s), s = Σ_{k≠m} e^{z_k − m}."""
    t = np.ascontiguousarray(t, None if t.dtype.kind == "f" else z.dtype)
    total = row_sums(t)
    _checks.distribution_rows(t, total, "labels", first)
    top = entries(z.argmax(axis=1), z.shape[1])
    unsure = total * np.log1p(exp_gaps(z, top, out=e))
    gaps = np.subtract(pick(z, top)[:, None], z, out=e)
    wrong = np.einsum("ij,ij->i", t, gaps)
    np.add(wrong, unsure, out=losses, casting="same_kind")
    if not largest(losses) < np.inf:
        halves = pick(z, top)[:, None] / 2 - z / 2  # half a gap cannot overflow
        halves[z == pick(z, top)[:, None]] = 0  # instead of ∞ − ∞
        wrong = 2 * np.where(t == 0, 0, t * halves).sum(axis=1)  # 0 · ∞ = 0: what cannot happen costs nothing
        losses[:] = np.where(wrong == np.inf, wrong, wrong + unsure)
        _checks.refuse_nan(losses, _checks.NO_LIMIT, first, logits=z)


@np.errstate(all="ignore")
def cross_entropy_of_probabilities(probabilities: ArrayLike, labels: ArrayLike) -> np.ndarray:
    """Negative log-probability of a class label from probabilities y: −Σ_k t_k ln y_k.

    Distribution: Multinoulli (categorical), probabilities y (identity link).
    Dropped: nothing.

    Parameters
    ----------
    probabilities
        y, shape (N, c), from 0 to 1; each row sums to 1.
    labels
        Shape (N,): class numbers, integers from 0 to c − 1.  Or shape (N, c): one-hot or soft rows that sum to 1.

    Returns
    -------
        Losses in nats, at least 0, shape (N,); ∞ where the label was given probability 0.

    Raises
    ------
    TypeError, ValueError
        If an argument is not real numbers or holds a NaN, if the shapes do not fit, if labels of shape (N,) are not
        integers or out of range, if a probability lies outside [0, 1], or if rows do not sum to 1.

    See Also
    --------
    lossbook.losses.cross_entropy : from logits; to be preferred wherever there are any.

    Notes
    -----
    Nothing is clipped, and 0 · ln 0 = 0.
    Derived in: Multinoulli → cross-entropy.

    Examples
    --------
    >>> cross_entropy_of_probabilities([[0.1, 0.7, 0.2], [0.5, 0.2, 0.3]], [1, 2])
    array([0.35667494, 1.2039728 ])
    """
    y, t = _checks.logits_and_labels(probabilities, labels, "probabilities")
    _checks.probabilities(y, "probabilities")
    _checks.distribution_rows(y, row_sums(y), "probabilities")
    if t.ndim == 1:
        return -np.log(pick(y, entries(t, y.shape[1]))) + 0
    t = t if t.dtype.kind == "f" else t.astype(y.dtype)
    _checks.distribution_rows(t, row_sums(t), "labels")
    return _likewise(np.where(t == 0, 0, -t * np.log(y)).sum(axis=1), y)


# --- counts -------------------------------------------------------------------------------------------------------


@np.errstate(all="ignore")
def poisson_nll(log_rates: ArrayLike, counts: ArrayLike) -> np.ndarray:
    """Negative log-probability of a count k from the log-rate η: e^η − k η + ln k!

    Distribution: Poisson, rate e^η (log link).
    Dropped: nothing.

    Parameters
    ----------
    log_rates
        η, logarithm of the expected count, any shape.
    counts
        k, whole numbers 0, 1, 2, …, same shape.

    Returns
    -------
        Losses in nats, at least 0, same shape.

    Raises
    ------
    TypeError, ValueError
        If an argument is not real numbers or holds a NaN, if the shapes differ, or if a count is not a whole number.

    See Also
    --------
    lossbook.distributions.poisson_logpmf : the log-likelihood, from the rate itself.

    Notes
    -----
    The three large terms would cancel where e^η is near k.  With φ(u) = e^u − 1 − u, the same loss is k φ(η − ln k),
    how far the rate is from the count, plus ln k! − (k ln k − k), what the best rate would cost.
    The minimising constant prediction is the logarithm of the mean of the counts.
    Derived in: An atlas of losses: counts, waiting times and classes.

    References
    ----------
    McCullagh and Nelder, *Generalized Linear Models*, 2nd edition, 1989, chapter 6.

    Examples
    --------
    >>> poisson_nll([0.0, 0.0, 1000.0], [0, 2, 3])
    array([1.        , 1.69314718,        inf])
    """
    eta, k = _checks.real(log_rates, "log_rates"), _checks.real(counts, "counts")
    _checks.same_shape(eta, "log_rates", k, "counts")
    _checks.whole_numbers(k, "counts")
    _checks.refuse_nan(eta, "", log_rates=eta)
    u = eta - np.log(np.maximum(k, 1))
    far = np.exp(eta) - np.where(k == 0, 0, k * (1 + np.minimum(u, 1000)))  # k φ(u) without rounding e^u twice
    distance = np.where((k == 0) | (u > 1), far, k * exp_remainder(np.minimum(u, 1)))
    return _finished(distance + stirling_remainder(k), eta, k, "log_rates", "counts")


# --- shared -------------------------------------------------------------------------------------------------------


def _real_pair(predictions, targets) -> tuple[np.ndarray, np.ndarray]:
    y, t = _checks.real(predictions, "predictions"), _checks.real(targets, "targets")
    _checks.same_shape(y, "predictions", t, "targets")
    return y, t


@np.errstate(all="ignore")
def _located_pair(predictions, targets, **positive) -> tuple[np.ndarray, np.ndarray]:
    y, t = _real_pair(predictions, targets)
    for name, parameter in positive.items():
        _checks.positive(parameter, name, y.shape)
    _checks.refuse_nan(y - t, "∞ − ∞", predictions=y, targets=t)
    return y, t


def _likewise(result, like: np.ndarray) -> np.ndarray:
    """In the type of the prediction; adding 0 turns −0.0 into 0.0."""
    return (result + 0).astype(like.dtype, copy=False)[()]


def _finished(result, y, t, name_y: str = "predictions", name_t: str = "targets") -> np.ndarray:
    result = _likewise(result, y)
    _checks.refuse_nan(result, "∞ − ∞", **{name_y: y, name_t: t})
    return result
