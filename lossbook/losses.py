"""Loss functions: negative log-likelihoods of one example, and robust losses.

Prediction first, target second, other parameters keyword-only.  Predictions and targets have the same shape (nothing is broadcast) and the result has one
loss for each example: the caller takes the mean or the sum.  float32 predictions give float32 losses, everything else float64.
Logarithms are natural, so losses that are logarithms are in nats.  An infinite input gives the limit where there is one.

"""

import numpy as np

from lossbook import _checks, _rows
from lossbook.distributions import laplace_logpdf, normal_logpdf, student_t_logpdf
from lossbook.special import exp_remainder, stirling_remainder

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


@np.errstate(all="ignore")
def squared_error(predictions, targets) -> np.ndarray:
    """(y − t)², elementwise."""
    y, t = _pair(predictions, targets)
    return _finished((y - t) ** 2, y, t)


@np.errstate(all="ignore")
def half_squared_error(predictions, targets) -> np.ndarray:
    """½ (y − t)², elementwise."""
    y, t = _pair(predictions, targets)
    return _finished(0.5 * (y - t) ** 2, y, t)


@np.errstate(all="ignore")
def absolute_error(predictions, targets) -> np.ndarray:
    """|y − t|, elementwise."""
    y, t = _pair(predictions, targets)
    return _finished(np.abs(y - t), y, t)


@np.errstate(all="ignore")
def huber_loss(predictions, targets, *, delta) -> np.ndarray:
    """½ r² where |r| ≤ δ, δ (|r| − ½ δ) elsewhere, r = y − t."""
    y, t = _pair(predictions, targets)
    delta = _checks.number(delta, "delta", 0, np.inf, "positive and finite")
    a = np.abs(y - t)
    inner = np.minimum(a, delta)
    return _finished(inner * (a - 0.5 * inner), y, t)


@np.errstate(all="ignore")
def pinball_loss(predictions, targets, *, quantile) -> np.ndarray:
    """q (t − y) where t ≥ y, (1 − q) (y − t) elsewhere."""
    y, t = _pair(predictions, targets)
    q = _checks.number(quantile, "quantile", 0, 1, "strictly between 0 and 1")
    r = t - y
    return _finished(np.where(r >= 0, q, 1 - q) * np.abs(r), y, t).astype(y.dtype)


def gaussian_nll(predictions, targets, *, scale) -> np.ndarray:
    """(y − t)² / (2σ²) + ln σ + ½ ln 2π: minus the log-density of the Gaussian."""
    y, t = _pair(predictions, targets)
    return -normal_logpdf(t, mean=y, scale=scale) + 0


def laplace_nll(predictions, targets, *, scale) -> np.ndarray:
    """|y − t| / b + ln 2b: minus the log-density of the Laplace distribution."""
    y, t = _pair(predictions, targets)
    return -laplace_logpdf(t, mean=y, scale=scale) + 0


def student_t_nll(predictions, targets, *, scale, degrees) -> np.ndarray:
    """Minus the log-density of Student's t distribution."""
    y, t = _pair(predictions, targets)
    return -student_t_logpdf(t, mean=y, scale=scale, degrees=degrees) + 0


@np.errstate(all="ignore")
def binary_cross_entropy(logits, labels) -> np.ndarray:
    """−t ln σ(z) − (1 − t) ln(1 − σ(z)): minus the log-probability of a Bernoulli label, from its log-odds z."""
    z, t = _checks.real(logits, "logits"), _checks.real_or_bool(labels, "labels")
    _checks.same_shape(z, "logits", t, "labels")
    _checks.within(t, "labels", 0, 1, "a probability from 0 to 1")
    t = t.astype(z.dtype)
    wrong = np.abs(t - (z >= 0))
    return _finished(np.where(wrong == 0, 0, np.abs(z) * wrong) + np.log1p(np.exp(-np.abs(z))), z, t).astype(z.dtype)


@np.errstate(all="ignore")
def binary_cross_entropy_of_probabilities(probabilities, labels) -> np.ndarray:
    """−t ln y − (1 − t) ln(1 − y)."""
    y, t = _checks.real(probabilities, "probabilities"), _checks.real_or_bool(labels, "labels")
    _checks.same_shape(y, "probabilities", t, "labels")
    _checks.within(y, "probabilities", 0, 1, "a probability from 0 to 1")
    _checks.within(t, "labels", 0, 1, "a probability from 0 to 1")
    t = t.astype(y.dtype)
    one = np.where(t == 0, 0, -t * np.log(y))
    zero = np.where(t == 1, 0, -(1 - t) * np.log1p(-y))
    return (one + zero + 0).astype(y.dtype)[()]


@np.errstate(all="ignore")
def cross_entropy(logits, labels) -> np.ndarray:
    """−Σ_k t_k ln softmax(z)_k: minus the log-probability of a Multinoulli label, from logits z."""
    z, t = _checks.real(logits, "logits"), _checks.real_or_bool(labels, "labels")
    if z.ndim != 2 or z.shape[1] == 0:
        raise ValueError(f"logits must have shape (N, c) with at least one class, given {z.shape}")
    if t.ndim == 1:
        _checks.class_numbers(t, "labels", *z.shape)
        losses = np.empty(len(z), z.dtype)
        for rows, block, scratch in _rows.row_blocks(z):
            at = _rows.positions(t[rows], z.shape[1])
            s = _rows.exp_gaps(block, at, scratch)
            np.log1p(s, out=losses[rows])
            redo = np.flatnonzero(~np.isfinite(s))
            if redo.size:
                losses[rows][redo] = _from_maximum(block[redo], t[rows][redo])
        return _finished(losses, z, t)
    _checks.label_rows(t, "labels", z.shape)
    t = t.astype(z.dtype)
    _checks.distribution_rows(t, t.sum(axis=1), "labels")
    top = _rows.positions(z.argmax(axis=1), z.shape[1])
    m = _rows.pick(z, top)
    log_rest = np.log1p(_rows.exp_gaps(z, top, np.empty_like(z)))
    gaps = m[:, None] - z
    gaps[z == m[:, None]] = 0
    return _finished(np.where(t == 0, 0, t * gaps).sum(axis=1) + t.sum(axis=1) * log_rest, z, t)


def _from_maximum(z: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(m − z_y) + log1p(Σ_{k≠m} e^{z_k − m}), m the row's maximum: for rows where e^{z_k − z_y} overflows."""
    k = np.arange(len(z))
    top = z.argmax(axis=1)
    m = z[k, top]
    e = z - m[:, None]
    e[z == m[:, None]] = 0
    np.exp(e, out=e)
    e[k, top] = 0
    return (m - z[k, labels]) + np.log1p(e.sum(axis=1))


@np.errstate(all="ignore")
def cross_entropy_of_probabilities(probabilities, labels) -> np.ndarray:
    """−Σ_k t_k ln y_k."""
    y, t = _checks.real(probabilities, "probabilities"), _checks.real_or_bool(labels, "labels")
    if y.ndim != 2 or y.shape[1] == 0:
        raise ValueError(f"probabilities must have shape (N, c) with at least one class, given {y.shape}")
    _checks.distribution_rows(y, y.sum(axis=1), "probabilities")
    if t.ndim == 1:
        _checks.class_numbers(t, "labels", *y.shape)
        return -np.log(y[np.arange(len(y)), t]) + 0
    _checks.label_rows(t, "labels", y.shape)
    t = t.astype(y.dtype)
    _checks.distribution_rows(t, t.sum(axis=1), "labels")
    return np.where(t == 0, 0, -t * np.log(y)).sum(axis=1) + 0


@np.errstate(all="ignore")
def soft_margin(logits, signs) -> np.ndarray:
    """ln(1 + e^{−s z}) for signs s = ±1: binary cross-entropy with labels −1 and 1."""
    z, s = _checks.real(logits, "logits"), _checks.real_or_bool(signs, "signs")
    _checks.same_shape(z, "logits", s, "signs")
    _checks.signs(s, "signs")
    margin = z * s.astype(z.dtype)
    return _finished(np.maximum(-margin, 0) + np.log1p(np.exp(-np.abs(margin))), z, s)


@np.errstate(all="ignore")
def poisson_nll(log_rates, counts) -> np.ndarray:
    """e^η − k η + ln k!: minus the log-probability of a Poisson count, from the log-rate η."""
    eta, k = _checks.real(log_rates, "log_rates"), _checks.real(counts, "counts")
    _checks.same_shape(eta, "log_rates", k, "counts")
    _checks.whole_numbers(k, "counts", "whole numbers 0, 1, 2, …")
    k = k.astype(eta.dtype)
    excess = np.where(k == 0, np.exp(eta), k * exp_remainder(eta - np.log(np.maximum(k, 1))))
    return _finished(excess + stirling_remainder(k), eta, k)


def _pair(predictions, targets) -> tuple[np.ndarray, np.ndarray]:
    y, t = _checks.real(predictions, "predictions"), _checks.real(targets, "targets")
    _checks.same_shape(y, "predictions", t, "targets")
    return y, t.astype(y.dtype)


def _finished(result, prediction, target):
    _checks.refuse_nan(result, "∞ − ∞", predictions=prediction, targets=target)
    return result
