"""Gradients of the losses in their first argument: the same names and arguments as in `lossbook.losses`.

One gradient for each example, in the shape of the first argument.  For a loss that is averaged over N examples, divide
by N.  At a kink, where there is no derivative, the result is the subgradient 0.
"""

import math

import numpy as np
from numpy.typing import ArrayLike

from lossbook import _checks
from lossbook._blocks import (
    LIMIT,
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
from lossbook.special import sigmoid

__all__ = [
    "absolute_error",
    "binary_cross_entropy",
    "binary_cross_entropy_of_probabilities",
    "binary_cross_entropy_with_losses",
    "cross_entropy",
    "cross_entropy_of_probabilities",
    "cross_entropy_with_losses",
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
    """Gradient of the squared error: 2 (y − t).

    Parameters
    ----------
    predictions
        y, real numbers of any shape, in the unit of the targets.
    targets
        t, real numbers, same shape.

    Returns
    -------
        Derivatives in the unit of the targets, same shape.

    Raises
    ------
    TypeError, ValueError
        If an argument is not real numbers or holds a NaN, if the shapes differ, or where both are the same infinity.

    See Also
    --------
    lossbook.losses.squared_error : the loss.

    Notes
    -----
    Derived in: Gaussian → sum of squared errors.

    Examples
    --------
    >>> squared_error([2.0, 5.0], [3.0, 3.0])
    array([-2.,  4.])
    """
    y, t = _real_pair(predictions, targets)
    return _finished(2 * (y - t), y, t)


@np.errstate(all="ignore")
def half_squared_error(predictions: ArrayLike, targets: ArrayLike) -> np.ndarray:
    """Gradient of half the squared error: y − t.

    Parameters
    ----------
    predictions
        y, real numbers of any shape, in the unit of the targets.
    targets
        t, real numbers, same shape.

    Returns
    -------
        Derivatives in the unit of the targets, same shape.

    Raises
    ------
    TypeError, ValueError
        If an argument is not real numbers or holds a NaN, if the shapes differ, or where both are the same infinity.

    See Also
    --------
    lossbook.losses.half_squared_error : the loss.

    Notes
    -----
    Derived in: Gaussian → sum of squared errors.

    Examples
    --------
    >>> half_squared_error([2.0, 5.0], [3.0, 3.0])
    array([-1.,  2.])
    """
    y, t = _real_pair(predictions, targets)
    return _finished(y - t, y, t)


@np.errstate(all="ignore")
def absolute_error(predictions: ArrayLike, targets: ArrayLike) -> np.ndarray:
    """Gradient of the absolute error: the sign of y − t.

    Parameters
    ----------
    predictions
        y, real numbers of any shape, in the unit of the targets.
    targets
        t, real numbers, same shape.

    Returns
    -------
        −1, 1, or 0 at the kink y = t, same shape.

    Raises
    ------
    TypeError, ValueError
        If an argument is not real numbers or holds a NaN, if the shapes differ, or where both are the same infinity.

    See Also
    --------
    lossbook.losses.absolute_error : the loss.

    Examples
    --------
    >>> absolute_error([2.0, 5.0, 3.0], [3.0, 3.0, 3.0])
    array([-1.,  1.,  0.])
    """
    y, t = _real_pair(predictions, targets)
    return _finished(np.sign(y - t), y, t)


@np.errstate(all="ignore")
def huber_loss(predictions: ArrayLike, targets: ArrayLike, *, delta: float) -> np.ndarray:
    """Gradient of the Huber loss: y − t, clipped to [−δ, δ].

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
        Derivatives in the unit of the targets, same shape.

    Raises
    ------
    TypeError, ValueError
        If an argument is not real numbers or holds a NaN, if the shapes differ, where both are the same infinity, or if
        `delta` is not one positive finite number.

    See Also
    --------
    lossbook.losses.huber_loss : the loss.

    Examples
    --------
    >>> huber_loss([0.5, 5.0], [0.0, 0.0], delta=1.0)
    array([0.5, 1. ])
    """
    y, t = _real_pair(predictions, targets)
    delta = _checks.number(delta, "delta", 0, np.inf, "positive and finite")
    return _finished(np.clip(y - t, -delta, delta), y, t)


@np.errstate(all="ignore")
def pinball_loss(predictions: ArrayLike, targets: ArrayLike, *, quantile: float) -> np.ndarray:
    """Gradient of the pinball loss: −q where t > y, 1 − q where t < y.

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
        −q, 1 − q, or 0 at the kink y = t, same shape.

    Raises
    ------
    TypeError, ValueError
        If an argument is not real numbers or holds a NaN, if the shapes differ, where both are the same infinity, or if
        `quantile` is not one number strictly between 0 and 1.

    See Also
    --------
    lossbook.losses.pinball_loss : the loss.

    Examples
    --------
    >>> pinball_loss([2.0, 5.0], [3.0, 3.0], quantile=0.75)
    array([-0.75,  0.25])
    """
    y, t = _real_pair(predictions, targets)
    q = _checks.number(quantile, "quantile", 0, 1, "strictly between 0 and 1")
    sign = _finished(np.sign(y - t), y, t)
    return _likewise(np.where(sign < 0, -q, (1 - q) * sign), y)


@np.errstate(all="ignore")
def gaussian_nll(predictions: ArrayLike, targets: ArrayLike, *, scale: ArrayLike) -> np.ndarray:
    """Gradient of the Gaussian negative log-likelihood: (y − t) / σ².

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
        Derivatives in nats per unit of the targets, same shape.

    Raises
    ------
    TypeError, ValueError
        If an argument is not real numbers or holds a NaN, if the shapes differ, where both are the same infinity, or if
        `scale` is not positive and finite.

    See Also
    --------
    lossbook.losses.gaussian_nll : the loss.

    Notes
    -----
    Derived in: Gaussian → sum of squared errors.

    Examples
    --------
    >>> gaussian_nll([2.0, 5.0], [3.0, 3.0], scale=2.0)
    array([-0.25,  0.5 ])
    """
    y, t = _real_pair(predictions, targets)
    scale = _checks.positive(scale, "scale", y.shape)
    return _finished((y - t) / scale / scale, y, t)


@np.errstate(all="ignore")
def laplace_nll(predictions: ArrayLike, targets: ArrayLike, *, scale: ArrayLike) -> np.ndarray:
    """Gradient of the Laplace negative log-likelihood: the sign of y − t, divided by b.

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
        Derivatives in nats per unit of the targets, same shape; 0 at the kink y = t.

    Raises
    ------
    TypeError, ValueError
        If an argument is not real numbers or holds a NaN, if the shapes differ, where both are the same infinity, or if
        `scale` is not positive and finite.

    See Also
    --------
    lossbook.losses.laplace_nll : the loss.

    Examples
    --------
    >>> laplace_nll([2.0, 5.0], [3.0, 3.0], scale=2.0)
    array([-0.5,  0.5])
    """
    y, t = _real_pair(predictions, targets)
    scale = _checks.positive(scale, "scale", y.shape)
    return _finished(np.sign(y - t) / scale, y, t)


@np.errstate(all="ignore")
def student_t_nll(predictions: ArrayLike, targets: ArrayLike, *, scale: ArrayLike, degrees: ArrayLike) -> np.ndarray:
    """Gradient of Student's t negative log-likelihood: (ν + 1) r / (ν + r²) / σ, r = (y − t)/σ.

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
        Derivatives in nats per unit of the targets, same shape.

    Raises
    ------
    TypeError, ValueError
        If an argument is not real numbers or holds a NaN, if the shapes differ, where both are the same infinity, or if
        `scale` or `degrees` is not positive and finite.

    See Also
    --------
    lossbook.losses.student_t_nll : the loss.

    Notes
    -----
    It is largest at r = ±√ν and falls again beyond: an outlier pulls less the farther out it is.

    Examples
    --------
    >>> student_t_nll([2.0, 103.0], [3.0, 3.0], scale=1.0, degrees=1.0).round(4)
    array([-1.  ,  0.02])
    """
    y, t = _real_pair(predictions, targets)
    scale = _checks.positive(scale, "scale", y.shape)
    degrees = _checks.positive(degrees, "degrees", y.shape)
    r = (y - t) / scale
    # Far out, r² could overflow: divide by r first.
    pull = np.where(np.abs(r) < 1, r / (degrees + r * r), 1 / (degrees / r + r))
    return _finished((degrees + 1) * pull / scale, y, t)


# --- two classes --------------------------------------------------------------------------------------------------


@np.errstate(all="ignore")
def binary_cross_entropy(logits: ArrayLike, labels: ArrayLike) -> np.ndarray:
    """Gradient of binary cross-entropy: σ(z) − t, probability minus label.

    Parameters
    ----------
    logits
        z, log-odds in nats, any shape.
    labels
        t, same shape: 0 or 1 (or False, True), or soft labels, probabilities from 0 to 1.

    Returns
    -------
        Derivatives, from −1 to 1, same shape.

    Raises
    ------
    TypeError, ValueError
        If an argument is not real numbers or holds a NaN, if the shapes differ, or if a label lies outside [0, 1].

    See Also
    --------
    lossbook.losses.binary_cross_entropy : the loss.
    lossbook.gradients.binary_cross_entropy_with_losses : both in one pass.

    Notes
    -----
    Computed as [z ≥ 0] − t − sign(z) e / (1 + e), e = e^{−|z|}: a confident right answer keeps the digits of its error.
    Derived in: Bernoulli → binary cross-entropy.

    Examples
    --------
    >>> binary_cross_entropy([0.0, 2.0, 50.0], [1, 1, 1])
    array([-5.00000000e-01, -1.19202922e-01, -1.92874985e-22])
    """
    z, t = _logits_and_labels(logits, labels)
    gradient = np.empty(z.shape, z.dtype)
    for z_block, t_block, block, e, q in flat_blocks(z, t, gradient, scratch=2):
        if not (smallest(t_block) >= 0 and largest(t_block) <= 1):
            _checks.binary_labels(t, "labels")
        _binary_cross_entropy(z_block, t_block, block, None, e, q)
        _checks.refuse_nan(block, "", logits=z)
    return gradient[()]


@np.errstate(all="ignore")
def binary_cross_entropy_with_losses(logits: ArrayLike, labels: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Losses and gradient of binary cross-entropy in one pass, for little more than the gradient costs.

    Parameters
    ----------
    logits
        z, log-odds in nats, any shape.
    labels
        t, same shape: 0 or 1 (or False, True), or soft labels, probabilities from 0 to 1.

    Returns
    -------
        The losses in nats, and the gradient: two arrays in the shape of the logits.

    Raises
    ------
    TypeError, ValueError
        If an argument is not real numbers or holds a NaN, if the shapes differ, or if a label lies outside [0, 1].

    See Also
    --------
    lossbook.losses.binary_cross_entropy : the losses alone.
    lossbook.gradients.binary_cross_entropy : the gradient alone.

    Notes
    -----
    Derived in: Bernoulli → binary cross-entropy.

    Examples
    --------
    >>> losses, gradient = binary_cross_entropy_with_losses([0.0, 2.0], [1, 1])
    >>> losses, gradient
    (array([0.69314718, 0.12692801]), array([-0.5       , -0.11920292]))
    """
    z, t = _logits_and_labels(logits, labels)
    gradient, losses = np.empty(z.shape, z.dtype), np.empty(z.shape, z.dtype)
    for z_block, t_block, g_block, l_block, e, q in flat_blocks(z, t, gradient, losses, scratch=2):
        if not (smallest(t_block) >= 0 and largest(t_block) <= 1):
            _checks.binary_labels(t, "labels")
        _binary_cross_entropy(z_block, t_block, g_block, l_block, e, q)
        if math.isnan(smallest(l_block)):
            l_block[np.isinf(z_block) & (t_block == (z_block > 0))] = 0  # ∞ · 0: on the right side, without any doubt
            _checks.refuse_nan(l_block, "", logits=z)
    return losses[()], gradient[()]


def _binary_cross_entropy(z, t, gradient, losses, e, q) -> None:
    """[z ≥ 0] − t − sign(z) e / (1 + e), and |z| · |t − [z ≥ 0]| + ln(1 + e), with e = e^{−|z|}."""
    if t.dtype.kind != "f":
        t = t.astype(z.dtype)
    if z.dtype.char == "f" and not np.array_equal(np.rint(t, out=e), t):
        return _in_float64(z, t, gradient, losses)
    np.abs(z, out=e)
    np.negative(e, out=e)
    np.exp(e, out=e)
    np.copyto(q, z >= 0)
    wrong = np.subtract(q, t, out=gradient)
    if losses is not None:
        np.multiply(z, wrong, out=losses)
    np.add(q, q, out=q)
    np.subtract(q, 1, out=q)  # the sign of z: two passes are faster than `copysign`
    np.multiply(q, e, out=q)
    np.add(1, e, out=e)
    np.divide(q, e, out=e)
    np.subtract(wrong, e, out=gradient)
    if losses is not None:
        np.abs(q, out=q)
        np.log1p(q, out=q)
        np.add(losses, q, out=losses)
    return None


def _in_float64(z, t, gradient, losses) -> None:
    """Soft labels in float32: the exponential of NumPy is not accurate enough there."""
    wide = [np.empty(z.shape) for _ in range(4)]
    _binary_cross_entropy(z.astype(np.float64), t.astype(np.float64), *wide)
    gradient[...] = wide[0]
    if losses is not None:
        losses[...] = wide[1]


@np.errstate(all="ignore")
def binary_cross_entropy_of_probabilities(probabilities: ArrayLike, labels: ArrayLike) -> np.ndarray:
    """Gradient of binary cross-entropy in the probability y: (1 − t) / (1 − y) − t / y.

    Parameters
    ----------
    probabilities
        y, from 0 to 1, any shape.
    labels
        t, same shape: 0 or 1 (or False, True), or soft labels, probabilities from 0 to 1.

    Returns
    -------
        Derivatives in nats, same shape; ∓∞ where the label was given probability 0.

    Raises
    ------
    TypeError, ValueError
        If an argument is not real numbers or holds a NaN, if the shapes differ, or if a number lies outside [0, 1].

    See Also
    --------
    lossbook.losses.binary_cross_entropy_of_probabilities : the loss.

    Notes
    -----
    The same as (y − t) / (y (1 − y)), and unbounded; in the log-odds the denominator cancels.
    Derived in: Bernoulli → binary cross-entropy.

    Examples
    --------
    >>> binary_cross_entropy_of_probabilities([0.5, 0.8], [1, 0])
    array([-2.,  5.])
    """
    y, t = _checks.real(probabilities, "probabilities"), _checks.label_array(labels, "labels")
    _checks.same_shape(y, "probabilities", t, "labels")
    _checks.probabilities(y, "probabilities")
    _checks.binary_labels(t, "labels")
    t = t if t.dtype.kind == "f" else t.astype(y.dtype)
    zero = np.where(t == 1, 0, (1 - t) / (1 - y))
    one = np.where(t == 0, 0, t / y)
    return _likewise(zero - one, y)


@np.errstate(all="ignore")
def soft_margin(logits: ArrayLike, signs: ArrayLike) -> np.ndarray:
    """Gradient of the logistic loss for labels −1 and 1: −s σ(−s z).

    Parameters
    ----------
    logits
        z, log-odds in nats, any shape.
    signs
        s, same shape: −1 or 1.

    Returns
    -------
        Derivatives, from −1 to 1, same shape.

    Raises
    ------
    TypeError, ValueError
        If an argument is not real numbers or holds a NaN, if the shapes differ, or if a sign is not −1 or 1.

    See Also
    --------
    lossbook.losses.soft_margin : the loss.

    Notes
    -----
    Derived in: Bernoulli → binary cross-entropy.

    Examples
    --------
    >>> soft_margin([0.0, 2.0], [1, -1])
    array([-0.5       ,  0.88079708])
    """
    z, s = _checks.real(logits, "logits"), _checks.label_array(signs, "signs")
    _checks.same_shape(z, "logits", s, "signs")
    _checks.signs(s, "signs")
    _checks.refuse_nan(z, "", logits=z)
    s = s.astype(z.dtype)
    return _likewise(-s * sigmoid(-s * z), z)


# --- c classes ----------------------------------------------------------------------------------------------------


def cross_entropy(logits: ArrayLike, labels: ArrayLike) -> np.ndarray:
    """Gradient of cross-entropy: softmax(z)_k − t_k, probability minus label.

    Parameters
    ----------
    logits
        z, shape (N, c), unnormalised log-probabilities in nats; ±∞ where the limit exists.
    labels
        Shape (N,): class numbers, integers from 0 to c − 1.  Or shape (N, c): one-hot or soft rows that sum to 1.

    Returns
    -------
        Derivatives, from −1 to 1, shape (N, c); each row sums to 0.

    Raises
    ------
    TypeError, ValueError
        If an argument is not real numbers or holds a NaN, if the shapes do not fit, if labels of shape (N,) are not
        integers or out of range, if label rows do not sum to 1, or where there is no limit (∞ − ∞).

    See Also
    --------
    lossbook.losses.cross_entropy : the loss.
    lossbook.gradients.cross_entropy_with_losses : both in one pass.

    Notes
    -----
    At the label this is −s / (1 + s) with s = Σ_{k≠y} e^{z_k} / e^{z_y}: a confident right answer keeps the digits of
    its error, which p − 1 would lose.  A soft row with total T = Σ_k t_k has the gradient T softmax(z)_k − t_k.
    Derived in: Multinoulli → cross-entropy.

    Examples
    --------
    >>> cross_entropy([[0.0, 0.0], [50.0, 0.0]], [0, 0])
    array([[-5.00000000e-01,  5.00000000e-01],
           [-1.92874985e-22,  1.92874985e-22]])
    """
    return cross_entropy_with_losses(logits, labels)[1]


@np.errstate(all="ignore")
def cross_entropy_with_losses(logits: ArrayLike, labels: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Losses and gradient of cross-entropy in one pass, for little more than the gradient costs.

    Parameters
    ----------
    logits
        z, shape (N, c), unnormalised log-probabilities in nats; ±∞ where the limit exists.
    labels
        Shape (N,): class numbers, integers from 0 to c − 1.  Or shape (N, c): one-hot or soft rows that sum to 1.

    Returns
    -------
        The losses in nats, shape (N,), and the gradient, shape (N, c).

    Raises
    ------
    TypeError, ValueError
        If an argument is not real numbers or holds a NaN, if the shapes do not fit, if labels of shape (N,) are not
        integers or out of range, if label rows do not sum to 1, or where there is no limit (∞ − ∞).

    See Also
    --------
    lossbook.losses.cross_entropy : the losses alone.
    lossbook.gradients.cross_entropy : the gradient alone.

    Notes
    -----
    Derived in: Multinoulli → cross-entropy.

    Examples
    --------
    >>> losses, gradient = cross_entropy_with_losses([[0.0, 0.0], [2.0, 0.0]], [0, 0])
    >>> losses
    array([0.69314718, 0.12692801])
    >>> gradient
    array([[-0.5       ,  0.5       ],
           [-0.11920292,  0.11920292]])
    """
    z, t = _checks.logits_and_labels(logits, labels)
    losses, gradient = np.empty(len(z), z.dtype), np.empty(z.shape, z.dtype)
    for rows, z_block, _ in row_blocks(z, scratch=False):
        if t.ndim == 1:
            _cross_entropy(z_block, t[rows], losses[rows], gradient[rows], rows.start)
        else:
            _soft_cross_entropy(z_block, t[rows], losses[rows], gradient[rows], rows.start)
    return losses, gradient


def _cross_entropy(z: np.ndarray, labels: np.ndarray, losses: np.ndarray, gradient: np.ndarray, first: int) -> None:
    """e_k / Σ_j e_j, at the label −s / (1 + s), and the losses ln(1 + s); e_k = e^{z_k} and s = Σ_{k≠y} e_k / e_y."""
    label = entries(labels, z.shape[1])
    z_y = pick(z, label)
    others = exp_others(z, label, out=gradient)
    e_y = np.exp(z_y, dtype=np.float64)
    s, total = others / e_y, others + e_y
    np.log1p(s, out=losses)
    gradient /= total.astype(z.dtype, copy=False)[:, None]
    gradient.reshape(-1)[label] = 0 - (s / (1 + s)).astype(z.dtype, copy=False)
    if (wild := wild_rows(z, z_y, others)) is not None:
        losses[wild], gradient[wild] = _cross_entropy_of_wild_logits(z[wild], labels[wild])
        _checks.refuse_nan(losses, _checks.NO_LIMIT, first, logits=z)
    # A total below 1 can lift an e^{z_k} that has underflowed back to where its digits count.
    low = np.flatnonzero(total < 1)
    if low.size and smallest(z[low]) < -LIMIT[z.dtype.char]:
        losses[low], gradient[low] = _cross_entropy_of_wild_logits(z[low], labels[low])


def _cross_entropy_of_wild_logits(z: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same with e_k = e^{z_k − m}, m the largest logit: no exponential overflows."""
    dtype, z = z.dtype, z.astype(np.float64, copy=False)
    top, label = entries(z.argmax(axis=1), z.shape[1]), entries(labels, z.shape[1])
    gap = np.where(top == label, 0, pick(z, top) - pick(z, label))
    gradient = np.empty_like(z)
    s = exp_gaps(z, top, out=gradient)
    gradient.reshape(-1)[top] = 1
    gradient /= (1 + s)[:, None]
    gradient.reshape(-1)[label] = np.where(top == label, 0 - s / (1 + s), pick(gradient, label) - 1)
    # NaN where two logits are ∞: then the gradient has no limit.  Adding 0 turns −0.0 into 0.0.
    return gap + np.log1p(s), gradient.astype(dtype, copy=False) + 0


def _soft_cross_entropy(z: np.ndarray, t: np.ndarray, losses: np.ndarray, gradient: np.ndarray, first: int) -> None:
    """T p_k − t_k, and Σ_k t_k (m − z_k) + T ln(1 + s), with s = Σ_{k≠m} e^{z_k − m} and T = Σ_k t_k."""
    t = t if t.dtype.kind == "f" else t.astype(z.dtype)
    total = row_sums(t)
    _checks.distribution_rows(t, total, "labels", first)
    top = entries(z.argmax(axis=1), z.shape[1])
    gaps = np.subtract(pick(z, top)[:, None], z, out=gradient)
    wrong = np.einsum("ij,ij->i", t, gaps)
    if not largest(wrong) < np.inf:
        halves = pick(z, top)[:, None] / 2 - z / 2  # half a gap cannot overflow
        halves.reshape(-1)[top] = 0  # also where it is ∞ − ∞
        wrong = 2 * np.where(t == 0, 0, t * halves).sum(axis=1)  # 0 · ∞ = 0: what cannot happen costs nothing
    s = exp_gaps(z, top, out=gradient)
    np.add(wrong, total * np.log1p(s), out=losses)
    _checks.refuse_nan(losses, _checks.NO_LIMIT, first, logits=z)
    # p_k T − t_k; at the top, where p and t may both be near 1, minus the sum of the others.
    gradient.reshape(-1)[top] = 1
    gradient *= (total / (1 + s))[:, None]
    gradient -= t
    at_top = pick(gradient, top)
    gradient.reshape(-1)[top] = 0
    gradient.reshape(-1)[top] = np.where(pick(t, top) > 0.5, 0 - row_sums(gradient), at_top)


@np.errstate(all="ignore")
def cross_entropy_of_probabilities(probabilities: ArrayLike, labels: ArrayLike) -> np.ndarray:
    """Gradient of cross-entropy in the probabilities y: −t_k / y_k.

    Parameters
    ----------
    probabilities
        y, shape (N, c), from 0 to 1; each row sums to 1.
    labels
        Shape (N,): class numbers, integers from 0 to c − 1.  Or shape (N, c): one-hot or soft rows that sum to 1.

    Returns
    -------
        Derivatives in nats, shape (N, c); −∞ where a label was given probability 0.

    Raises
    ------
    TypeError, ValueError
        If an argument is not real numbers or holds a NaN, if the shapes do not fit, if labels of shape (N,) are not
        integers or out of range, if a probability lies outside [0, 1], or if rows do not sum to 1.

    See Also
    --------
    lossbook.losses.cross_entropy_of_probabilities : the loss.

    Notes
    -----
    Each entry of y is varied by itself; along the simplex only differences of these derivatives count.
    Derived in: Multinoulli → cross-entropy.

    Examples
    --------
    >>> cross_entropy_of_probabilities([[0.25, 0.5, 0.25]], [1])
    array([[ 0., -2.,  0.]])
    """
    y, t = _checks.logits_and_labels(probabilities, labels, "probabilities")
    _checks.probabilities(y, "probabilities")
    _checks.distribution_rows(y, row_sums(y), "probabilities")
    if t.ndim == 1:
        t = (t[:, None] == np.arange(y.shape[1])).astype(y.dtype)
    t = t if t.dtype.kind == "f" else t.astype(y.dtype)
    _checks.distribution_rows(t, row_sums(t), "labels")
    return _likewise(np.where(t == 0, 0, -t / y), y)


# --- counts -------------------------------------------------------------------------------------------------------


@np.errstate(all="ignore")
def poisson_nll(log_rates: ArrayLike, counts: ArrayLike) -> np.ndarray:
    """Gradient of the Poisson negative log-likelihood: e^η − k, rate minus count.

    Parameters
    ----------
    log_rates
        η, logarithm of the expected count, any shape.
    counts
        k, whole numbers 0, 1, 2, …, same shape.

    Returns
    -------
        Derivatives in counts, same shape.

    Raises
    ------
    TypeError, ValueError
        If an argument is not real numbers or holds a NaN, if the shapes differ, or if a count is not a whole number.

    See Also
    --------
    lossbook.losses.poisson_nll : the loss.

    Examples
    --------
    >>> poisson_nll([0.0, 0.0], [0, 3])
    array([ 1., -2.])
    """
    eta, k = _checks.real(log_rates, "log_rates"), _checks.real(counts, "counts")
    _checks.same_shape(eta, "log_rates", k, "counts")
    _checks.whole_numbers(k, "counts")
    return _finished(np.exp(eta) - k, eta, k, "log_rates", "counts")


# --- shared -------------------------------------------------------------------------------------------------------


def _real_pair(predictions, targets) -> tuple[np.ndarray, np.ndarray]:
    y, t = _checks.real(predictions, "predictions"), _checks.real(targets, "targets")
    _checks.same_shape(y, "predictions", t, "targets")
    return y, t


def _logits_and_labels(logits, labels) -> tuple[np.ndarray, np.ndarray]:
    z, t = _checks.real(logits, "logits"), _checks.label_array(labels, "labels")
    _checks.same_shape(z, "logits", t, "labels")
    return z, t


def _likewise(result, like: np.ndarray) -> np.ndarray:
    """In the type of the first argument; adding 0 turns −0.0 into 0.0."""
    return (result + 0).astype(like.dtype, copy=False)[()]


def _finished(result, y, t, name_y: str = "predictions", name_t: str = "targets") -> np.ndarray:
    result = _likewise(result, y)
    _checks.refuse_nan(result, "∞ − ∞", **{name_y: y, name_t: t})
    return result
