"""Second derivatives of the losses in their first argument: the same names and arguments as in `lossbook.losses`.

The Hessian of a batch is block-diagonal, as each loss depends on its own prediction only.  An elementwise loss has one
number for each prediction.  `cross_entropy` has a (c, c) block for each row of logits, and
`cross_entropy_vector_product` multiplies with it without building it.  At a kink, where there is no second
derivative, the result is 0.
"""

import numpy as np
from numpy.typing import ArrayLike

from lossbook import _checks
from lossbook._blocks import entries, exp_gaps, row_blocks, row_sums

__all__ = [
    "absolute_error",
    "binary_cross_entropy",
    "binary_cross_entropy_of_probabilities",
    "cross_entropy",
    "cross_entropy_of_probabilities",
    "cross_entropy_vector_product",
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


def squared_error(predictions: ArrayLike, targets: ArrayLike) -> np.ndarray:
    """Hessian of the squared error: 2.

    Parameters
    ----------
    predictions
        y, real numbers of any shape, in the unit of the targets.
    targets
        t, real numbers, same shape.

    Returns
    -------
        Second derivatives, same shape.

    Raises
    ------
    TypeError, ValueError
        If an argument is not real numbers or holds a NaN, or if the shapes differ.

    See Also
    --------
    lossbook.losses.squared_error : the loss.

    Notes
    -----
    Derived in: Gaussian → sum of squared errors.

    Examples
    --------
    >>> squared_error([2.0, 5.0], [3.0, 3.0])
    array([2., 2.])
    """
    y, _ = _real_pair(predictions, targets)
    return np.full(y.shape, 2, y.dtype)[()]


def half_squared_error(predictions: ArrayLike, targets: ArrayLike) -> np.ndarray:
    """Hessian of half the squared error: 1.

    Parameters
    ----------
    predictions
        y, real numbers of any shape, in the unit of the targets.
    targets
        t, real numbers, same shape.

    Returns
    -------
        Second derivatives, same shape.

    Raises
    ------
    TypeError, ValueError
        If an argument is not real numbers or holds a NaN, or if the shapes differ.

    See Also
    --------
    lossbook.losses.half_squared_error : the loss.

    Notes
    -----
    Derived in: Gaussian → sum of squared errors.

    Examples
    --------
    >>> half_squared_error([2.0, 5.0], [3.0, 3.0])
    array([1., 1.])
    """
    y, _ = _real_pair(predictions, targets)
    return np.ones(y.shape, y.dtype)[()]


def absolute_error(predictions: ArrayLike, targets: ArrayLike) -> np.ndarray:
    """Hessian of the absolute error: 0, except at the kink y = t, where there is none.

    Parameters
    ----------
    predictions
        y, real numbers of any shape, in the unit of the targets.
    targets
        t, real numbers, same shape.

    Returns
    -------
        Second derivatives, all 0, same shape.

    Raises
    ------
    TypeError, ValueError
        If an argument is not real numbers or holds a NaN, or if the shapes differ.

    See Also
    --------
    lossbook.losses.absolute_error : the loss.

    Notes
    -----
    Newton's method has nothing to work with here.

    Examples
    --------
    >>> absolute_error([2.0, 5.0], [3.0, 3.0])
    array([0., 0.])
    """
    y, _ = _real_pair(predictions, targets)
    return np.zeros(y.shape, y.dtype)[()]


@np.errstate(all="ignore")
def huber_loss(predictions: ArrayLike, targets: ArrayLike, *, delta: float) -> np.ndarray:
    """Hessian of the Huber loss: 1 where ``|y − t| ≤ δ``, 0 elsewhere.

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
        Second derivatives, same shape.

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
    array([1., 0.])
    """
    y, t = _real_pair(predictions, targets)
    delta = _checks.number(delta, "delta", 0, np.inf, "positive and finite")
    r = _finished(y - t, y, t)
    return _likewise(np.abs(r) <= delta, y)


def pinball_loss(predictions: ArrayLike, targets: ArrayLike, *, quantile: float) -> np.ndarray:
    """Hessian of the pinball loss: 0, except at the kink y = t, where there is none.

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
        Second derivatives, all 0, same shape.

    Raises
    ------
    TypeError, ValueError
        If an argument is not real numbers or holds a NaN, if the shapes differ, or if `quantile` is not one number
        strictly between 0 and 1.

    See Also
    --------
    lossbook.losses.pinball_loss : the loss.

    Examples
    --------
    >>> pinball_loss([2.0, 5.0], [3.0, 3.0], quantile=0.9)
    array([0., 0.])
    """
    y, _ = _real_pair(predictions, targets)
    _checks.number(quantile, "quantile", 0, 1, "strictly between 0 and 1")
    return np.zeros(y.shape, y.dtype)[()]


@np.errstate(all="ignore")
def gaussian_nll(predictions: ArrayLike, targets: ArrayLike, *, scale: ArrayLike) -> np.ndarray:
    """Hessian of the Gaussian negative log-likelihood: 1/σ².

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
        Second derivatives in nats per squared unit of the targets, same shape.

    Raises
    ------
    TypeError, ValueError
        If an argument is not real numbers or holds a NaN, if the shapes differ, or if `scale` is not positive and
        finite.

    See Also
    --------
    lossbook.losses.gaussian_nll : the loss.

    Notes
    -----
    The precision: data with little noise bend the loss more.
    Derived in: Gaussian → sum of squared errors.

    Examples
    --------
    >>> gaussian_nll([2.0, 5.0], [3.0, 3.0], scale=2.0)
    array([0.25, 0.25])
    """
    y, _ = _real_pair(predictions, targets)
    scale = _checks.positive(scale, "scale", y.shape)
    return _likewise(np.ones(y.shape, y.dtype) / scale / scale, y)


def laplace_nll(predictions: ArrayLike, targets: ArrayLike, *, scale: ArrayLike) -> np.ndarray:
    """Hessian of the Laplace negative log-likelihood: 0, except at the kink y = t, where there is none.

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
        Second derivatives, all 0, same shape.

    Raises
    ------
    TypeError, ValueError
        If an argument is not real numbers or holds a NaN, if the shapes differ, or if `scale` is not positive and
        finite.

    See Also
    --------
    lossbook.losses.laplace_nll : the loss.

    Examples
    --------
    >>> laplace_nll([2.0, 5.0], [3.0, 3.0], scale=2.0)
    array([0., 0.])
    """
    y, _ = _real_pair(predictions, targets)
    _checks.positive(scale, "scale", y.shape)
    return np.zeros(y.shape, y.dtype)[()]


@np.errstate(all="ignore")
def student_t_nll(predictions: ArrayLike, targets: ArrayLike, *, scale: ArrayLike, degrees: ArrayLike) -> np.ndarray:
    """Hessian of Student's t negative log-likelihood: (ν + 1) (ν − r²) / (ν + r²)² / σ², r = (y − t)/σ.

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
        Second derivatives in nats per squared unit of the targets, same shape.

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
    Negative beyond r = ±√ν: the loss is not convex.

    Examples
    --------
    >>> student_t_nll([3.0, 5.0], [3.0, 3.0], scale=1.0, degrees=1.0)
    array([ 2.  , -0.24])
    """
    y, t = _real_pair(predictions, targets)
    scale = _checks.positive(scale, "scale", y.shape)
    degrees = _checks.positive(degrees, "degrees", y.shape)
    r2 = _finished(np.square((y - t) / scale), y, t)
    near, far = (degrees - r2) / (degrees + r2), (degrees / r2 - 1) / (degrees / r2 + 1)
    bend = np.where(r2 < degrees, near, far) / (degrees + r2)
    return _likewise((degrees + 1) * bend / scale / scale, y)


# --- two classes --------------------------------------------------------------------------------------------------


@np.errstate(all="ignore")
def binary_cross_entropy(logits: ArrayLike, labels: ArrayLike) -> np.ndarray:
    """Hessian of binary cross-entropy: σ(z) (1 − σ(z)), whatever the label.

    Parameters
    ----------
    logits
        z, log-odds in nats, any shape.
    labels
        t, same shape: 0 or 1 (or False, True), or soft labels, probabilities from 0 to 1.

    Returns
    -------
        Second derivatives, from 0 to ¼, same shape.

    Raises
    ------
    TypeError, ValueError
        If an argument is not real numbers or holds a NaN, if the shapes differ, or if a label lies outside [0, 1].

    See Also
    --------
    lossbook.losses.binary_cross_entropy : the loss.

    Notes
    -----
    The variance of the label; computed as e / (1 + e)², e = e^{−|z|}.  It is never negative: the loss is convex.
    Derived in: Bernoulli → binary cross-entropy.

    Examples
    --------
    >>> binary_cross_entropy([0.0, 2.0], [1, 1])
    array([0.25      , 0.10499359])
    """
    z, t = _checks.real(logits, "logits"), _checks.label_array(labels, "labels")
    _checks.same_shape(z, "logits", t, "labels")
    _checks.binary_labels(t, "labels")
    return _logistic(z)


@np.errstate(all="ignore")
def binary_cross_entropy_of_probabilities(probabilities: ArrayLike, labels: ArrayLike) -> np.ndarray:
    """Hessian of binary cross-entropy in the probability y: t / y² + (1 − t) / (1 − y)².

    Parameters
    ----------
    probabilities
        y, from 0 to 1, any shape.
    labels
        t, same shape: 0 or 1 (or False, True), or soft labels, probabilities from 0 to 1.

    Returns
    -------
        Second derivatives in nats, same shape; ∞ where the label was given probability 0.

    Raises
    ------
    TypeError, ValueError
        If an argument is not real numbers or holds a NaN, if the shapes differ, or if a number lies outside [0, 1].

    See Also
    --------
    lossbook.losses.binary_cross_entropy_of_probabilities : the loss.

    Notes
    -----
    Derived in: Bernoulli → binary cross-entropy.

    Examples
    --------
    >>> binary_cross_entropy_of_probabilities([0.5, 0.8], [1, 0])
    array([ 4., 25.])
    """
    y, t = _checks.real(probabilities, "probabilities"), _checks.label_array(labels, "labels")
    _checks.same_shape(y, "probabilities", t, "labels")
    _checks.probabilities(y, "probabilities")
    _checks.binary_labels(t, "labels")
    t = t if t.dtype.kind == "f" else t.astype(y.dtype)
    one = np.where(t == 0, 0, t / y / y)
    zero = np.where(t == 1, 0, (1 - t) / (1 - y) / (1 - y))
    return _likewise(one + zero, y)


@np.errstate(all="ignore")
def soft_margin(logits: ArrayLike, signs: ArrayLike) -> np.ndarray:
    """Hessian of the logistic loss for labels −1 and 1: σ(z) (1 − σ(z)), whatever the label.

    Parameters
    ----------
    logits
        z, log-odds in nats, any shape.
    signs
        s, same shape: −1 or 1.

    Returns
    -------
        Second derivatives, from 0 to ¼, same shape.

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
    array([0.25      , 0.10499359])
    """
    z, s = _checks.real(logits, "logits"), _checks.label_array(signs, "signs")
    _checks.same_shape(z, "logits", s, "signs")
    _checks.signs(s, "signs")
    return _logistic(z)


# --- c classes ----------------------------------------------------------------------------------------------------


@np.errstate(all="ignore")
def cross_entropy(logits: ArrayLike, labels: ArrayLike) -> np.ndarray:
    """Hessian of cross-entropy: diag(p) − p pᵀ with p = softmax(z), whatever the label.

    Parameters
    ----------
    logits
        z, shape (N, c), unnormalised log-probabilities in nats; ±∞ where the limit exists.
    labels
        Shape (N,): class numbers, integers from 0 to c − 1.  Or shape (N, c): one-hot or soft rows that sum to 1.

    Returns
    -------
        One symmetric matrix for each row, shape (N, c, c); its rows sum to 0.

    Raises
    ------
    TypeError, ValueError
        If an argument is not real numbers or holds a NaN, if the shapes do not fit, if labels of shape (N,) are not
        integers or out of range, if label rows do not sum to 1, or where there is no limit (∞ − ∞).

    See Also
    --------
    lossbook.losses.cross_entropy : the loss.
    lossbook.hessians.cross_entropy_vector_product : its product with a vector, in memory for (N, c) numbers only.

    Notes
    -----
    The covariance of the one-hot label, so it is never negative: the loss is convex.  1 − p is computed without
    rounding a p near 1.  A soft row with total T = Σ_k t_k has T times this Hessian.
    Derived in: Multinoulli → cross-entropy.

    Examples
    --------
    >>> cross_entropy([[0.0, 0.0]], [0])
    array([[[ 0.25, -0.25],
            [-0.25,  0.25]]])
    """
    z, total = _logits_and_totals(logits, labels)
    hessian = np.empty((*z.shape, z.shape[1]), z.dtype)
    diagonal = np.arange(z.shape[1])
    for rows, z_block, p in row_blocks(z):
        q = _softmax_and_rest(z_block, p)
        np.multiply(p[:, :, None], p[:, None, :], out=hessian[rows])
        np.subtract(0, hessian[rows], out=hessian[rows])
        hessian[rows, diagonal, diagonal] = p * q
        hessian[rows] *= total[rows, None, None]
    _checks.refuse_nan(hessian[:, 0, 0], _checks.NO_LIMIT, logits=z)
    return hessian


@np.errstate(all="ignore")
def cross_entropy_vector_product(logits: ArrayLike, labels: ArrayLike, vectors: ArrayLike) -> np.ndarray:
    """Hessian of cross-entropy times a vector: p_k (v_k − Σ_j p_j v_j), without building the Hessian.

    Parameters
    ----------
    logits
        z, shape (N, c), unnormalised log-probabilities in nats; ±∞ where the limit exists.
    labels
        Shape (N,): class numbers, integers from 0 to c − 1.  Or shape (N, c): one-hot or soft rows that sum to 1.
    vectors
        v, real and finite numbers, shape (N, c): one vector for each row.

    Returns
    -------
        The products, shape (N, c); each row sums to 0.

    Raises
    ------
    TypeError, ValueError
        If an argument is not real numbers or holds a NaN, if the shapes do not fit, if labels of shape (N,) are not
        integers or out of range, if label rows do not sum to 1, if `vectors` is not finite, or where there is no
        limit (∞ − ∞).

    See Also
    --------
    lossbook.hessians.cross_entropy : the whole matrix, in memory for (N, c, c) numbers.

    Notes
    -----
    Newton's method with conjugate gradients needs nothing else.  All v_k are taken relative to the entry of the largest
    logit first, where a confident prediction would cancel.
    Derived in: Multinoulli → cross-entropy.

    Examples
    --------
    >>> cross_entropy_vector_product([[0.0, 0.0]], [0], [[1.0, 0.0]])
    array([[ 0.25, -0.25]])
    """
    z, total = _logits_and_totals(logits, labels)
    v = _checks.real(vectors, "vectors")
    _checks.same_shape(z, "logits", v, "vectors")
    _checks.refuse(~np.isfinite(v), v, "vectors", "finite")
    product = np.empty(z.shape, z.dtype)
    for rows, z_block, p in row_blocks(z):
        _softmax_and_rest(z_block, p)
        w = v[rows] - v[rows][np.arange(len(p)), z_block.argmax(axis=1)][:, None]
        mean = np.einsum("ij,ij->i", p, w)
        np.multiply(p, w - mean[:, None], out=product[rows])
        product[rows] *= total[rows, None]
    _checks.refuse_nan(product[:, 0], _checks.NO_LIMIT, logits=z)
    return product


def _logits_and_totals(logits, labels) -> tuple[np.ndarray, np.ndarray]:
    """The logits, and Σ_k t_k for each row of labels."""
    z, t = _checks.logits_and_labels(logits, labels)
    if t.ndim == 1:
        return z, np.ones(len(z), z.dtype)
    t = t if t.dtype.kind == "f" else t.astype(z.dtype)
    total = row_sums(t)
    _checks.distribution_rows(t, total, "labels")
    return z, total


def _softmax_and_rest(z: np.ndarray, p: np.ndarray) -> np.ndarray:
    """Put p = softmax(z) in place; return 1 − p, for the largest p as s / (1 + s) with s = Σ_{k≠m} e^{z_k − m}."""
    top = entries(z.argmax(axis=1), z.shape[1])
    s = exp_gaps(z, top, out=p)
    p.reshape(-1)[top] = 1
    p /= (1 + s)[:, None]
    rest = 1 - p
    rest.reshape(-1)[top] = s / (1 + s)
    return rest


@np.errstate(all="ignore")
def cross_entropy_of_probabilities(probabilities: ArrayLike, labels: ArrayLike) -> np.ndarray:
    """Hessian of cross-entropy in the probabilities y: diag(t / y²).

    Parameters
    ----------
    probabilities
        y, shape (N, c), from 0 to 1; each row sums to 1.
    labels
        Shape (N,): class numbers, integers from 0 to c − 1.  Or shape (N, c): one-hot or soft rows that sum to 1.

    Returns
    -------
        One diagonal matrix for each row, shape (N, c, c); ∞ where a label was given probability 0.

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
    Derived in: Multinoulli → cross-entropy.

    Examples
    --------
    >>> cross_entropy_of_probabilities([[0.5, 0.5]], [1])
    array([[[0., 0.],
            [0., 4.]]])
    """
    y, t = _checks.logits_and_labels(probabilities, labels, "probabilities")
    _checks.probabilities(y, "probabilities")
    _checks.distribution_rows(y, row_sums(y), "probabilities")
    if t.ndim == 1:
        t = (t[:, None] == np.arange(y.shape[1])).astype(y.dtype)
    t = t if t.dtype.kind == "f" else t.astype(y.dtype)
    _checks.distribution_rows(t, row_sums(t), "labels")
    hessian = np.zeros((*y.shape, y.shape[1]), y.dtype)
    diagonal = np.arange(y.shape[1])
    hessian[:, diagonal, diagonal] = np.where(t == 0, 0, t / y / y)
    return hessian


# --- counts -------------------------------------------------------------------------------------------------------


@np.errstate(all="ignore")
def poisson_nll(log_rates: ArrayLike, counts: ArrayLike) -> np.ndarray:
    """Hessian of the Poisson negative log-likelihood: e^η, the rate.

    Parameters
    ----------
    log_rates
        η, logarithm of the expected count, any shape.
    counts
        k, whole numbers 0, 1, 2, …, same shape.

    Returns
    -------
        Second derivatives in counts, same shape.

    Raises
    ------
    TypeError, ValueError
        If an argument is not real numbers or holds a NaN, if the shapes differ, or if a count is not a whole number.

    See Also
    --------
    lossbook.losses.poisson_nll : the loss.

    Notes
    -----
    The variance of the count; never negative: the loss is convex.

    Examples
    --------
    >>> poisson_nll([0.0, 0.0], [0, 3])
    array([1., 1.])
    """
    eta, k = _checks.real(log_rates, "log_rates"), _checks.real(counts, "counts")
    _checks.same_shape(eta, "log_rates", k, "counts")
    _checks.whole_numbers(k, "counts")
    return _finished(np.exp(eta), eta, k, "log_rates", "counts")


# --- shared -------------------------------------------------------------------------------------------------------


def _real_pair(predictions, targets) -> tuple[np.ndarray, np.ndarray]:
    y, t = _checks.real(predictions, "predictions"), _checks.real(targets, "targets")
    _checks.same_shape(y, "predictions", t, "targets")
    _checks.refuse_nan(y, "", predictions=y)
    _checks.refuse_nan(t, "", targets=t)
    return y, t


def _logistic(z: np.ndarray) -> np.ndarray:
    e = np.exp(-np.abs(z))
    result = e / (1 + e) / (1 + e)
    _checks.refuse_nan(result, "", logits=z)
    return result


def _likewise(result, like: np.ndarray) -> np.ndarray:
    """In the type of the first argument; adding 0 turns −0.0 into 0.0."""
    return (result + 0).astype(like.dtype, copy=False)[()]


def _finished(result, y, t, name_y: str = "predictions", name_t: str = "targets") -> np.ndarray:
    result = _likewise(result, y)
    _checks.refuse_nan(result, "∞ − ∞", **{name_y: y, name_t: t})
    return result
