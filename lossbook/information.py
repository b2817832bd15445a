"""Information measures of distributions over c classes, in nats unless another base is asked for.

Distributions are rows that sum to 1, shape (c,) or (N, c); the result is one number or shape (N,).  The functions that end in ``_of_logits`` take
logits (unnormalised log-probabilities) and never leave log space.
"""

import numpy as np

from lossbook import _checks
from lossbook.special import exp_remainder, log_softmax, softmax

__all__ = [
    "cross_entropy",
    "cross_entropy_of_logits",
    "entropy",
    "entropy_of_logits",
    "kl_divergence",
    "kl_divergence_of_logits",
    "perplexity",
    "perplexity_of_logits",
    "surprisal",
]


@np.errstate(all="ignore")
def surprisal(p, *, base=np.e) -> np.ndarray:
    """−log p."""
    p = _checks.real(p, "p")
    _checks.within(p, "p", 0, 1, "a probability from 0 to 1")
    return (-np.log(p) + 0) / _log_base(base)


@np.errstate(all="ignore")
def entropy(p, *, base=np.e) -> np.ndarray:
    """−Σ_k p_k log p_k."""
    p = _rows_of("p", p)
    return np.where(p == 0, 0, -p * np.log(p) + 0).sum(axis=-1) / _log_base(base)


@np.errstate(all="ignore")
def cross_entropy(p, q, *, base=np.e) -> np.ndarray:
    """−Σ_k p_k log q_k."""
    p, q = _pair(p, q)
    return np.where(p == 0, 0, -p * np.log(q) + 0).sum(axis=-1) / _log_base(base)


@np.errstate(all="ignore")
def kl_divergence(p, q, *, base=np.e) -> np.ndarray:
    """KL(p‖q) = Σ_k p_k log(p_k / q_k)."""
    p, q = _pair(p, q)
    # Σ p log(p/q) = Σ [p log(p/q) − p + q]: each term is q φ̃ ≥ 0
    term = np.where(p == 0, q, p * exp_remainder(np.log(q / p)))
    return term.sum(axis=-1) / _log_base(base)


def perplexity(p, q=None) -> np.ndarray:
    """e^{H(p)}, or e^{H(p, q)}."""
    return np.exp(entropy(p) if q is None else cross_entropy(p, q))


@np.errstate(all="ignore")
def entropy_of_logits(logits, *, base=np.e) -> np.ndarray:
    """H(softmax(z))."""
    log_p, p = log_softmax(logits), softmax(logits)
    return np.where(p == 0, 0, -p * log_p + 0).sum(axis=-1) / _log_base(base)


@np.errstate(all="ignore")
def cross_entropy_of_logits(p_logits, q_logits, *, base=np.e) -> np.ndarray:
    """H(softmax(a), softmax(b))."""
    p, log_q = softmax(p_logits), log_softmax(q_logits)
    return np.where(p == 0, 0, -p * log_q + 0).sum(axis=-1) / _log_base(base)


@np.errstate(all="ignore")
def kl_divergence_of_logits(p_logits, q_logits, *, base=np.e) -> np.ndarray:
    """KL(softmax(a)‖softmax(b)) = log1p(Σ p φ(d − E_p d)), d = b − a."""
    a, b = _checks.real(p_logits, "p_logits"), _checks.real(q_logits, "q_logits")
    _checks.same_shape(a, "p_logits", b, "q_logits")
    p, d = softmax(a), b - a
    d = d - np.take_along_axis(d, a.argmax(axis=-1, keepdims=True), axis=-1)
    u = d - (p * d).sum(axis=-1, keepdims=True)
    return np.log1p((p * exp_remainder(u)).sum(axis=-1)) / _log_base(base)


def perplexity_of_logits(logits) -> np.ndarray:
    """e^{H(softmax(z))}."""
    return np.exp(entropy_of_logits(logits))


def _log_base(base) -> float:
    return float(np.log(_checks.number(base, "base", 1, np.inf, "greater than 1")))


def _rows_of(name, p):
    p = _checks.real(p, name)
    if p.ndim not in (1, 2):
        raise ValueError(f"{name} must have shape (c,) or (N, c), given {p.shape}")
    _checks.distribution_rows(p, p.sum(axis=-1), name)
    return p


def _pair(p, q):
    p, q = _rows_of("p", p), _rows_of("q", q)
    _checks.same_shape(p, "p", q, "q")
    return p, q
