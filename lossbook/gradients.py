"""Gradients of the losses in their first argument: the same names and arguments as in `lossbook.losses`."""

import numpy as np

from lossbook import _checks, _rows
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


@np.errstate(all="ignore")
def squared_error(predictions, targets) -> np.ndarray:
    """2 (y − t)."""
    y, t = _pair(predictions, targets)
    return _finished(2 * (y - t), y, t)


@np.errstate(all="ignore")
def half_squared_error(predictions, targets) -> np.ndarray:
    """The residual with its sign turned, y − t."""
    y, t = _pair(predictions, targets)
    return _finished(y - t, y, t)


@np.errstate(all="ignore")
def absolute_error(predictions, targets) -> np.ndarray:
    """The sign of y − t; 0 at the kink y = t."""
    y, t = _pair(predictions, targets)
    return _finished(np.sign(y - t), y, t)


@np.errstate(all="ignore")
def huber_loss(predictions, targets, *, delta) -> np.ndarray:
    """The residual y − t, clipped to [−δ, δ]."""
    y, t = _pair(predictions, targets)
    delta = _checks.number(delta, "delta", 0, np.inf, "positive and finite")
    return _finished(np.clip(y - t, -delta, delta), y, t)


@np.errstate(all="ignore")
def pinball_loss(predictions, targets, *, quantile) -> np.ndarray:
    """−q where t > y, 1 − q where t < y; 0 at the kink y = t."""
    y, t = _pair(predictions, targets)
    q = _checks.number(quantile, "quantile", 0, 1, "strictly between 0 and 1")
    r = _finished(y - t, y, t)
    return np.where(r > 0, 1 - q, np.where(r < 0, -q, 0)).astype(y.dtype)[()]


@np.errstate(all="ignore")
def gaussian_nll(predictions, targets, *, scale) -> np.ndarray:
    """(y − t) / σ²."""
    y, t = _pair(predictions, targets)
    scale = _checks.positive(scale, "scale", y.shape)
    return _finished((y - t) / scale / scale, y, t)


@np.errstate(all="ignore")
def laplace_nll(predictions, targets, *, scale) -> np.ndarray:
    """The sign of y − t, divided by b; 0 at the kink y = t."""
    y, t = _pair(predictions, targets)
    scale = _checks.positive(scale, "scale", y.shape)
    return _finished(np.sign(y - t) / scale, y, t)


@np.errstate(all="ignore")
def student_t_nll(predictions, targets, *, scale, degrees) -> np.ndarray:
    """(ν + 1) r / (σ (ν + r²)), r = (y − t) / σ: it grows, then falls again for outliers."""
    y, t = _pair(predictions, targets)
    scale = _checks.positive(scale, "scale", y.shape)
    degrees = _checks.positive(degrees, "degrees", y.shape)
    r = (y - t) / scale
    # (ν + 1) / (ν/r + r): no square that could overflow
    return _finished(np.where(r == 0, 0, (degrees + 1) / (degrees / r + r)) / scale, y, t).astype(y.dtype)


@np.errstate(all="ignore")
def binary_cross_entropy(logits, labels) -> np.ndarray:
    """σ(z) − t."""
    return binary_cross_entropy_with_losses(logits, labels)[1]


@np.errstate(all="ignore")
def binary_cross_entropy_with_losses(logits, labels) -> tuple[np.ndarray, np.ndarray]:
    """Losses and gradient of binary cross-entropy in one pass."""
    z, t = _checks.real(logits, "logits"), _checks.real_or_bool(labels, "labels")
    _checks.same_shape(z, "logits", t, "labels")
    _checks.within(t, "labels", 0, 1, "a probability from 0 to 1")
    t = t.astype(z.dtype)
    e = np.exp(-np.abs(z))
    step = (z >= 0) - t
    losses = np.where(step == 0, 0, np.abs(z * step)) + np.log1p(e)
    return _finished(losses, z, t).astype(z.dtype), (step - np.copysign(e / (1 + e), z)).astype(z.dtype)


@np.errstate(all="ignore")
def binary_cross_entropy_of_probabilities(probabilities, labels) -> np.ndarray:
    """(y − t) / (y (1 − y))."""
    y, t = _checks.real(probabilities, "probabilities"), _checks.real_or_bool(labels, "labels")
    _checks.same_shape(y, "probabilities", t, "labels")
    _checks.within(y, "probabilities", 0, 1, "a probability from 0 to 1")
    _checks.within(t, "labels", 0, 1, "a probability from 0 to 1")
    t = t.astype(y.dtype)
    zero, one = np.where(t == 1, 0, (1 - t) / (1 - y)), np.where(t == 0, 0, t / y)
    return _finished(zero - one, y, t).astype(y.dtype)


@np.errstate(all="ignore")
def cross_entropy(logits, labels) -> np.ndarray:
    """softmax(z) − t."""
    return cross_entropy_with_losses(logits, labels)[1]


@np.errstate(all="ignore")
def cross_entropy_with_losses(logits, labels) -> tuple[np.ndarray, np.ndarray]:
    """Losses and gradient of cross-entropy in one pass."""
    z, t = _checks.real(logits, "logits"), _checks.real_or_bool(labels, "labels")
    if z.ndim != 2 or z.shape[1] == 0:
        raise ValueError(f"logits must have shape (N, c) with at least one class, given {z.shape}")
    n, c = z.shape
    gradient, losses = np.empty_like(z, order="C"), np.empty(n, z.dtype)
    if t.ndim == 1:
        _checks.class_numbers(t, "labels", n, c)
        for rows in _rows.blocks(n, c * z.itemsize):
            block, e = np.ascontiguousarray(z[rows]), gradient[rows]
            at = _rows.positions(t[rows], c)
            s = _rows.exp_gaps(block, at, e)
            np.log1p(s, out=losses[rows])
            e *= (1 / (1 + s))[:, None]
            e.reshape(-1)[at] = -s / (1 + s) + 0
            redo = np.flatnonzero(~np.isfinite(s))
            if redo.size:
                losses[rows][redo], e[redo] = _from_maximum(block[redo], t[rows][redo])
        return _finished(losses, z, t), gradient
    _checks.label_rows(t, "labels", z.shape)
    t = t.astype(z.dtype)
    total = t.sum(axis=1)
    _checks.distribution_rows(t, total, "labels")
    top = _rows.positions(z.argmax(axis=1), c)
    m = _rows.pick(z, top)
    s = _rows.exp_gaps(z, top, gradient)
    gradient.reshape(-1)[top] = 1
    gradient *= (total / (1 + s))[:, None]
    gradient -= t
    gaps = m[:, None] - z
    gaps[z == m[:, None]] = 0
    losses = np.where(t == 0, 0, t * gaps).sum(axis=1) + total * np.log1p(s)
    return _finished(losses, z, t), gradient


def _from_maximum(z: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    k = np.arange(len(z))
    top = z.argmax(axis=1)
    m = z[k, top]
    e = z - m[:, None]
    e[z == m[:, None]] = 0
    np.exp(e, out=e)
    e[k, top] = 0
    s = e.sum(axis=1)
    losses = (m - z[k, labels]) + np.log1p(s)
    e[k, top] = 1
    e /= (1 + s)[:, None]
    e[k, labels] -= 1
    return losses, e


@np.errstate(all="ignore")
def cross_entropy_of_probabilities(probabilities, labels) -> np.ndarray:
    """−t_k / y_k."""
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
    return np.where(t == 0, 0, -t / y)


@np.errstate(all="ignore")
def soft_margin(logits, signs) -> np.ndarray:
    """−s / (1 + e^{s z})."""
    z, s = _checks.real(logits, "logits"), _checks.real_or_bool(signs, "signs")
    _checks.same_shape(z, "logits", s, "signs")
    _checks.signs(s, "signs")
    s = s.astype(z.dtype)
    return -s * sigmoid(-s * z)


@np.errstate(all="ignore")
def poisson_nll(log_rates, counts) -> np.ndarray:
    """e^η − k."""
    eta, k = _checks.real(log_rates, "log_rates"), _checks.real(counts, "counts")
    _checks.same_shape(eta, "log_rates", k, "counts")
    _checks.whole_numbers(k, "counts", "whole numbers 0, 1, 2, …")
    k = k.astype(eta.dtype)
    result = np.where(k == 0, np.exp(eta), k * np.expm1(eta - np.log(np.maximum(k, 1))))
    return _finished(result, eta, k)


def _pair(predictions, targets) -> tuple[np.ndarray, np.ndarray]:
    y, t = _checks.real(predictions, "predictions"), _checks.real(targets, "targets")
    _checks.same_shape(y, "predictions", t, "targets")
    return y, t.astype(y.dtype)


def _finished(result, prediction, target):
    _checks.refuse_nan(result, "∞ − ∞", predictions=prediction, targets=target)
    return result
