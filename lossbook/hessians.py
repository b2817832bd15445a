"""Second derivatives of the losses in their first argument: the same names and arguments as in `lossbook.losses`."""

import numpy as np

from lossbook import _checks
from lossbook.special import softmax

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


def squared_error(predictions, targets) -> np.ndarray:
    """2."""
    y, _ = _pair(predictions, targets)
    return np.full_like(y, 2)[()]


def half_squared_error(predictions, targets) -> np.ndarray:
    """1."""
    y, _ = _pair(predictions, targets)
    return np.ones_like(y)[()]


def absolute_error(predictions, targets) -> np.ndarray:
    """0 (there is none at the kink y = t)."""
    y, _ = _pair(predictions, targets)
    return np.zeros_like(y)[()]


@np.errstate(all="ignore")
def huber_loss(predictions, targets, *, delta) -> np.ndarray:
    """1 where |y − t| ≤ δ, 0 elsewhere."""
    y, t = _pair(predictions, targets)
    delta = _checks.number(delta, "delta", 0, np.inf, "positive and finite")
    r = _finished(y - t, y, t)
    return (np.abs(r) <= delta).astype(y.dtype)[()]


def pinball_loss(predictions, targets, *, quantile) -> np.ndarray:
    """0 (there is none at the kink y = t)."""
    y, _ = _pair(predictions, targets)
    _checks.number(quantile, "quantile", 0, 1, "strictly between 0 and 1")
    return np.zeros_like(y)[()]


def gaussian_nll(predictions, targets, *, scale) -> np.ndarray:
    """1 / σ²."""
    y, _ = _pair(predictions, targets)
    scale = _checks.positive(scale, "scale", y.shape)
    return (np.ones_like(y) / scale / scale)[()]


def laplace_nll(predictions, targets, *, scale) -> np.ndarray:
    """0 (there is none at the kink y = t)."""
    y, _ = _pair(predictions, targets)
    _checks.positive(scale, "scale", y.shape)
    return np.zeros_like(y)[()]


@np.errstate(all="ignore")
def student_t_nll(predictions, targets, *, scale, degrees) -> np.ndarray:
    """(ν + 1) (ν − r²) / (σ² (ν + r²)²), r = (y − t) / σ: negative for outliers, so the loss is not convex."""
    y, t = _pair(predictions, targets)
    scale = _checks.positive(scale, "scale", y.shape)
    degrees = _checks.positive(degrees, "degrees", y.shape)
    r2 = _finished((y - t) / scale, y, t) ** 2
    w = np.where(np.isinf(r2), -1, (degrees - r2) / (degrees + r2)) / (degrees + r2)
    return ((degrees + 1) * w / scale / scale).astype(y.dtype)[()]


@np.errstate(all="ignore")
def binary_cross_entropy(logits, labels) -> np.ndarray:
    """σ(z) (1 − σ(z))."""
    z, t = _checks.real(logits, "logits"), _checks.real_or_bool(labels, "labels")
    _checks.same_shape(z, "logits", t, "labels")
    _checks.within(t, "labels", 0, 1, "a probability from 0 to 1")
    return _logistic(z)


@np.errstate(all="ignore")
def binary_cross_entropy_of_probabilities(probabilities, labels) -> np.ndarray:
    """t / y² + (1 − t) / (1 − y)²."""
    y, t = _checks.real(probabilities, "probabilities"), _checks.real_or_bool(labels, "labels")
    _checks.same_shape(y, "probabilities", t, "labels")
    _checks.within(y, "probabilities", 0, 1, "a probability from 0 to 1")
    _checks.within(t, "labels", 0, 1, "a probability from 0 to 1")
    t = t.astype(y.dtype)
    zero, one = np.where(t == 1, 0, (1 - t) / (1 - y) ** 2), np.where(t == 0, 0, t / y**2)
    return (zero + one).astype(y.dtype)[()]


def cross_entropy(logits, labels) -> np.ndarray:
    """diag(p) − p pᵀ for each row, p = softmax(z): shape (N, c, c)."""
    p = softmax(_logits_and_labels(logits, labels))
    hessian = -p[:, :, None] * p[:, None, :]
    k = np.arange(p.shape[1])
    hessian[:, k, k] += p
    return hessian


def cross_entropy_vector_product(logits, labels, vectors) -> np.ndarray:
    """(diag(p) − p pᵀ) v = p ∘ (v − p·v) for each row, without ever building the matrix."""
    z = _logits_and_labels(logits, labels)
    v = _checks.real(vectors, "vectors")
    _checks.same_shape(z, "logits", v, "vectors")
    p = softmax(z)
    return p * (v - np.einsum("ij,ij->i", p, v)[:, None])


@np.errstate(all="ignore")
def cross_entropy_of_probabilities(probabilities, labels) -> np.ndarray:
    """diag(t / y²) for each row: shape (N, c, c)."""
    y, t = _checks.real(probabilities, "probabilities"), _checks.real_or_bool(labels, "labels")
    if y.ndim != 2 or y.shape[1] == 0:
        raise ValueError(f"probabilities must have shape (N, c) with at least one class, given {y.shape}")
    _checks.distribution_rows(y, y.sum(axis=1), "probabilities")
    if t.ndim == 1:
        _checks.class_numbers(t, "labels", *y.shape)
        t = (t[:, None] == np.arange(y.shape[1])).astype(y.dtype)
    else:
        _checks.label_rows(t, "labels", y.shape)
        t = t.astype(y.dtype)
        _checks.distribution_rows(t, t.sum(axis=1), "labels")
    k = np.arange(y.shape[1])
    hessian = np.zeros((*y.shape, y.shape[1]), y.dtype)
    hessian[:, k, k] = np.where(t == 0, 0, t / y**2)
    return hessian


@np.errstate(all="ignore")
def soft_margin(logits, signs) -> np.ndarray:
    """σ(z) (1 − σ(z))."""
    z, s = _checks.real(logits, "logits"), _checks.real_or_bool(signs, "signs")
    _checks.same_shape(z, "logits", s, "signs")
    _checks.signs(s, "signs")
    return _logistic(z)


@np.errstate(all="ignore")
def poisson_nll(log_rates, counts) -> np.ndarray:
    """e^η."""
    eta, k = _checks.real(log_rates, "log_rates"), _checks.real(counts, "counts")
    _checks.same_shape(eta, "log_rates", k, "counts")
    _checks.whole_numbers(k, "counts", "whole numbers 0, 1, 2, …")
    return _finished(np.exp(eta), eta, k)


def _logistic(z):
    e = np.exp(-np.abs(z))
    return _finished(e / (1 + e) / (1 + e), z, z)


def _logits_and_labels(logits, labels):
    z, t = _checks.real(logits, "logits"), _checks.real_or_bool(labels, "labels")
    if z.ndim != 2 or z.shape[1] == 0:
        raise ValueError(f"logits must have shape (N, c) with at least one class, given {z.shape}")
    if t.ndim == 1:
        _checks.class_numbers(t, "labels", *z.shape)
    else:
        _checks.label_rows(t, "labels", z.shape)
        _checks.distribution_rows(t, t.sum(axis=1), "labels")
    return z


def _pair(predictions, targets) -> tuple[np.ndarray, np.ndarray]:
    y, t = _checks.real(predictions, "predictions"), _checks.real(targets, "targets")
    _checks.same_shape(y, "predictions", t, "targets")
    return y, t.astype(y.dtype)


def _finished(result, prediction, target):
    _checks.refuse_nan(result, "∞ − ∞", predictions=prediction, targets=target)
    return result
