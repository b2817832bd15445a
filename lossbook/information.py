"""Information: surprisal, entropy, cross-entropy, Kullback–Leibler divergence and perplexity of c outcomes.

A distribution is a row of probabilities that sums to 1: shape (c,), or (N, c) for N of them; the result is one number,
or one for each row.  Results are in nats; ``base=2`` gives bits.  The functions that end in ``…_of_logits`` take
logits, the logarithms of the probabilities up to a constant for each row, and never leave the logarithmic scale: they
keep their digits where the probabilities themselves would underflow.
"""

import math

import numpy as np
from numpy.typing import ArrayLike

from lossbook import _checks
from lossbook._blocks import entries, exp_gaps, largest, pick, row_blocks, row_sums
from lossbook.special import exp_remainder, log_softmax, logsumexp

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


# --- of probabilities ---------------------------------------------------------------------------------------------


@np.errstate(all="ignore")
def surprisal(p: ArrayLike, *, base: float = math.e) -> np.ndarray:
    """Information in an outcome of probability p: −log p.

    Parameters
    ----------
    p
        Probabilities from 0 to 1, any shape.
    base
        The base of the logarithm, greater than 1: e for nats, 2 for bits, 10 for hartleys.

    Returns
    -------
        Numbers from 0 (for p = 1) to ∞ (for p = 0), same shape.

    Raises
    ------
    TypeError, ValueError
        If `p` is not real numbers, or holds a number outside [0, 1] or a NaN, or if `base` is not greater than 1.

    See Also
    --------
    lossbook.information.entropy : the expected surprisal.

    References
    ----------
    Shannon, *A mathematical theory of communication*, Bell System Technical Journal 27, 1948, page 379.

    Examples
    --------
    >>> surprisal([1.0, 0.5, 0.125], base=2)
    array([0., 1., 3.])
    """
    p = _checks.real(p, "p")
    _checks.probabilities(p, "p")
    return _in_base(-np.log(p), base, p)


@np.errstate(all="ignore")
def entropy(p: ArrayLike, *, base: float = math.e) -> np.ndarray:
    """Expected surprisal of a source with probabilities p: H(p) = −Σ_k p_k log p_k.

    Parameters
    ----------
    p
        Probabilities, shape (c,) or (N, c); each row sums to 1.
    base
        The base of the logarithm, greater than 1: e for nats, 2 for bits, 10 for hartleys.

    Returns
    -------
        Numbers from 0 (one outcome is certain) to log c (all are equally likely): one number, or shape (N,).

    Raises
    ------
    TypeError, ValueError
        If `p` is not real numbers, holds a number outside [0, 1] or a NaN, or a row that does not sum to 1, or if
        `base` is not greater than 1.

    See Also
    --------
    lossbook.information.entropy_of_logits : from logits.
    lossbook.information.cross_entropy : the expected surprisal of another observer.

    Notes
    -----
    0 · log 0 = 0: an impossible outcome contributes nothing.

    References
    ----------
    Cover and Thomas, *Elements of Information Theory*, 2nd edition, 2006, section 2.1, page 13.

    Examples
    --------
    >>> entropy([[0.5, 0.25, 0.25], [1.0, 0.0, 0.0]], base=2)
    array([1.5, 0. ])
    """
    p = _distribution(p, "p")
    return _in_base(_expected(p, -np.log(p)), base, p)


@np.errstate(all="ignore")
def cross_entropy(p: ArrayLike, q: ArrayLike, *, base: float = math.e) -> np.ndarray:
    """Expected surprisal where p generates the outcomes and q expects them: H(p, q) = −Σ_k p_k log q_k.

    Parameters
    ----------
    p
        The probabilities of the source, shape (c,) or (N, c); each row sums to 1.
    q
        The probabilities of the observer, or model, same shape.
    base
        The base of the logarithm, greater than 1: e for nats, 2 for bits, 10 for hartleys.

    Returns
    -------
        Numbers from H(p) (where q = p) to ∞ (where q excludes what p allows): one number, or shape (N,).

    Raises
    ------
    TypeError, ValueError
        If an argument is not real numbers, holds a number outside [0, 1] or a NaN, or a row that does not sum to 1, if
        the shapes differ, or if `base` is not greater than 1.

    See Also
    --------
    lossbook.information.kl_divergence : the excess over H(p).
    lossbook.losses.cross_entropy : the loss, from logits.

    Notes
    -----
    Not a distance: it is not symmetric, and at q = p it is H(p), not 0.

    Examples
    --------
    >>> cross_entropy([[0.0, 1.0, 0.0]], [[0.25, 0.5, 0.25]], base=2)
    array([1.])
    """
    p, q = _distribution(p, "p"), _distribution(q, "q")
    _checks.same_shape(p, "p", q, "q")
    return _in_base(_expected(p, -np.log(q)), base, p)


@np.errstate(all="ignore")
def kl_divergence(p: ArrayLike, q: ArrayLike, *, base: float = math.e) -> np.ndarray:
    """Kullback–Leibler divergence, what expecting q costs where p is true: KL(p‖q) = Σ_k p_k log(p_k / q_k).

    Parameters
    ----------
    p
        The probabilities of the source, shape (c,) or (N, c); each row sums to 1.
    q
        The probabilities of the observer, or model, same shape.
    base
        The base of the logarithm, greater than 1: e for nats, 2 for bits, 10 for hartleys.

    Returns
    -------
        Numbers from 0 (where q = p) to ∞ (where q excludes what p allows): one number, or shape (N,).

    Raises
    ------
    TypeError, ValueError
        If an argument is not real numbers, holds a number outside [0, 1] or a NaN, or a row that does not sum to 1, if
        the shapes differ, or if `base` is not greater than 1.

    See Also
    --------
    lossbook.information.cross_entropy : KL(p‖q) + H(p).
    lossbook.information.kl_divergence_of_logits : from logits.

    Notes
    -----
    The order counts: KL(p‖q) is not KL(q‖p).
    As both rows sum to 1, Σ (q_k − p_k) = 0 may be added; then each term, p log(p/q) − p + q = p φ(ln(q/p)) with
    φ(u) = e^u − 1 − u, is at least 0, and no rounding can make the divergence negative.

    References
    ----------
    Kullback and Leibler, *On information and sufficiency*, Annals of Mathematical Statistics 22, 1951,
    page 79.

    Examples
    --------
    >>> kl_divergence([[0.5, 0.5], [0.5, 0.5]], [[0.25, 0.75], [0.5 + 2**-40, 0.5 - 2**-40]])
    array([1.43841036e-01, 1.65436123e-24])
    """
    p, q = _distribution(p, "p"), _distribution(q, "q")
    _checks.same_shape(p, "p", q, "q")
    wide_p, wide_q = p.astype(np.float64), q.astype(np.float64)
    excess = (wide_q - wide_p) / wide_p  # q/p − 1, with all its digits where q is near p
    near = np.abs(excess) <= 0.5
    u = np.where(near, np.log1p(excess), np.log(wide_q / wide_p))  # ln(q/p)
    terms = np.where(near, wide_p * exp_remainder(np.where(near, u, 0)), (wide_q - wide_p) - wide_p * u)
    terms = np.where(wide_p == 0, wide_q, terms)
    return _in_base(terms.sum(axis=-1), base, p)


def perplexity(p: ArrayLike, q: ArrayLike | None = None) -> np.ndarray:
    """How many equally likely outcomes would surprise as much: e^{H(p)}, or e^{H(p, q)} if an observer q is given.

    Parameters
    ----------
    p
        The probabilities of the source, shape (c,) or (N, c); each row sums to 1.
    q
        The probabilities of the observer, or model, same shape; p itself if there is none.

    Returns
    -------
        Numbers from 1 to ∞ (to c, if there is no q): one number, or shape (N,).

    Raises
    ------
    TypeError, ValueError
        If an argument is not real numbers, holds a number outside [0, 1] or a NaN, or a row that does not sum to 1, or
        if the shapes differ.

    See Also
    --------
    lossbook.information.perplexity_of_logits : from logits.

    Notes
    -----
    It does not depend on the base of the logarithm.  The perplexity of a model on data is e to the mean of
    `lossbook.losses.cross_entropy`.

    Examples
    --------
    >>> print(f"{perplexity([0.25, 0.25, 0.25, 0.25]):.8g}")
    4
    """
    return np.exp(entropy(p) if q is None else cross_entropy(p, q))


# --- of logits ----------------------------------------------------------------------------------------------------


@np.errstate(all="ignore")
def entropy_of_logits(logits: ArrayLike, *, base: float = math.e) -> np.ndarray:
    """Entropy of softmax(z), from logits z.

    Parameters
    ----------
    logits
        z, in nats, shape (c,) or (N, c); ±∞ where the limit exists.
    base
        The base of the logarithm in the result, greater than 1: e for nats, 2 for bits.

    Returns
    -------
        Numbers from 0 to log c: one number, or shape (N,).

    Raises
    ------
    TypeError, ValueError
        If `logits` is not real numbers, of another shape, holds a NaN, or a row that has no limit because two of its
        logits are ∞ or all of them −∞, or if `base` is not greater than 1.

    See Also
    --------
    lossbook.information.entropy : from probabilities.

    Examples
    --------
    >>> print(f"{entropy_of_logits([0.0, -100.0]):.8g}")
    3.7572767e-42
    """
    return cross_entropy_of_logits(logits, logits, base=base)


@np.errstate(all="ignore")
def cross_entropy_of_logits(p_logits: ArrayLike, q_logits: ArrayLike, *, base: float = math.e) -> np.ndarray:
    """Cross-entropy H(p, q) of p = softmax(a) and q = softmax(b), from logits a and b.

    Parameters
    ----------
    p_logits
        a, in nats, shape (c,) or (N, c); ±∞ where the limit exists.
    q_logits
        b, same shape.
    base
        The base of the logarithm in the result, greater than 1: e for nats, 2 for bits.

    Returns
    -------
        Numbers from H(p) to ∞: one number, or shape (N,).

    Raises
    ------
    TypeError, ValueError
        If an argument is not real numbers, of another shape, holds a NaN, or a row that has no limit because two of its
        logits are ∞ or all of them −∞, or if `base` is not greater than 1.

    See Also
    --------
    lossbook.information.cross_entropy : from probabilities.
    lossbook.losses.cross_entropy : from logits and labels.

    Examples
    --------
    >>> cross_entropy_of_logits([[0.0, 0.0]], [[0.0, 1000.0]])
    array([500.])
    """
    a, b = _logit_pair(p_logits, q_logits)
    log_p, log_q = log_softmax(a), log_softmax(b)
    # −∞ + ∞ = NaN is avoided: an outcome that p excludes costs nothing, whatever q says.
    terms = np.where(np.isneginf(log_p), 0, np.exp(log_p) * -log_q)
    terms[np.isnan(terms)] = np.inf  # p underflows to 0, but q is truly 0
    return _in_base(terms.sum(axis=-1), base, a)


@np.errstate(all="ignore")
def kl_divergence_of_logits(p_logits: ArrayLike, q_logits: ArrayLike, *, base: float = math.e) -> np.ndarray:
    """Kullback–Leibler divergence KL(p‖q) of p = softmax(a) from q = softmax(b), from logits a and b.

    Parameters
    ----------
    p_logits
        a, in nats, shape (c,) or (N, c); ±∞ where the limit exists.
    q_logits
        b, same shape.
    base
        The base of the logarithm in the result, greater than 1: e for nats, 2 for bits.

    Returns
    -------
        Numbers from 0 to ∞: one number, or shape (N,).

    Raises
    ------
    TypeError, ValueError
        If an argument is not real numbers, of another shape, holds a NaN, or a row that has no limit because two of its
        logits are ∞ or all of them −∞, or if `base` is not greater than 1.

    See Also
    --------
    lossbook.information.kl_divergence : from probabilities.

    Notes
    -----
    With d = b − a, KL = ln E_p[e^d] − E_p[d] = ln(1 + Σ_k p_k φ(d_k − E_p[d])), φ(u) = e^u − 1 − u ≥ 0.
    It cannot become negative, and where p and q almost agree it is a sum of squares, not a difference of logarithms.

    Examples
    --------
    >>> print(f"{kl_divergence_of_logits([0.0, 1e-9], [0.0, 0.0]):.8g}")
    1.25e-19
    """
    a, b = _logit_pair(p_logits, q_logits)
    wide_a, wide_b = (np.atleast_2d(z).astype(np.float64, copy=False) for z in (a, b))
    result = np.empty(len(wide_a))
    for rows, a_block, p in row_blocks(wide_a):
        result[rows] = _kl_of_logits(a_block, wide_b[rows], p)
    return _in_base(result.reshape(a.shape[:-1])[()], base, a)


def _kl_of_logits(a: np.ndarray, b: np.ndarray, p: np.ndarray) -> np.ndarray:
    """ln(1 + Σ_k p_k φ(u_k)), u = d − E_p[d], d = b − a; p is scratch."""
    a, b = _certain(a), _certain(b)
    excluded = (np.isneginf(b) & ~np.isneginf(a)).any(axis=1)  # q = 0 where p > 0
    b = np.where(excluded[:, None], 0, b)

    top = entries(a.argmax(axis=1), a.shape[1])
    s = exp_gaps(a, top, out=p)
    p.reshape(-1)[top] = 1
    p /= (1 + s)[:, None]

    # d relative to its entry at the top, with what the subtraction rounds off: d may be nearly constant in a row.
    d = b - a
    rest = (b - (d - (d - b))) - (a + (d - b))
    d = (d - pick(d, top)[:, None]) + (rest - pick(rest, top)[:, None])
    if not np.isfinite(d).all():
        gaps = (b - pick(b, top)[:, None]) - (a - pick(a, top)[:, None])
        d = np.where(np.isfinite(d), d, np.clip(gaps, -np.finfo(d.dtype).max, np.finfo(d.dtype).max))
    d = np.where(p == 0, 0, d)
    mean = row_sums(p * d)
    u = d - mean[:, None]

    # Where e^u is large, p e^u = e^{b_k − b_m} e^{−mean} / (1 + s) keeps more digits: neither p nor u enters.
    pe = np.empty_like(p)
    exp_gaps(b, top, out=pe)
    pe.reshape(-1)[top] = 1
    pe /= ((1 + s) * np.exp(mean))[:, None]
    terms = np.where((p == 0) | (u > 3), pe - p * (1 + u), p * exp_remainder(np.minimum(u, 3)))
    result = np.log1p(row_sums(terms))
    overflow = np.flatnonzero(~(result < np.inf))
    result[overflow] = logsumexp((b - pick(b, top)[:, None])[overflow]) - (np.log1p(s) + mean)[overflow]
    return np.where(excluded, np.inf, result)


def _certain(z: np.ndarray) -> np.ndarray:
    """Logits with +∞ as the same probabilities without it: the logit ∞ becomes 0 and all others −∞."""
    if largest(z) < np.inf:
        return z
    return np.where((z == np.inf).any(axis=1)[:, None], np.where(z == np.inf, 0, -np.inf), z)


def perplexity_of_logits(p_logits: ArrayLike, q_logits: ArrayLike | None = None) -> np.ndarray:
    """Perplexity e^{H(p)} of p = softmax(a), or e^{H(p, q)} with q = softmax(b), from logits a and b.

    Parameters
    ----------
    p_logits
        a, in nats, shape (c,) or (N, c); ±∞ where the limit exists.
    q_logits
        b, same shape; a itself if there is none.

    Returns
    -------
        Numbers from 1 to ∞ (to c, if there is no b): one number, or shape (N,).

    Raises
    ------
    TypeError, ValueError
        If an argument is not real numbers, of another shape, holds a NaN, or a row that has no limit because two of its
        logits are ∞ or all of them −∞.

    See Also
    --------
    lossbook.information.perplexity : from probabilities.

    Examples
    --------
    >>> print(f"{perplexity_of_logits([7.0, 7.0, 7.0, 7.0]):.8g}")
    4
    """
    with np.errstate(over="ignore"):
        return np.exp(cross_entropy_of_logits(p_logits, p_logits if q_logits is None else q_logits))


# --- shared -------------------------------------------------------------------------------------------------------


def _distribution(p, name: str) -> np.ndarray:
    p = _checks.real(p, name)
    if p.ndim not in (1, 2):
        raise ValueError(f"{name} must have shape (c,) or (N, c), given {p.shape}")
    _checks.probabilities(p, name)
    _checks.distribution_rows(p, p.sum(axis=-1), name)
    return p


def _logit_pair(p_logits, q_logits) -> tuple[np.ndarray, np.ndarray]:
    a, b = _checks.real(p_logits, "p_logits"), _checks.real(q_logits, "q_logits")
    _checks.same_shape(a, "p_logits", b, "q_logits")
    for z, name in ((a, "p_logits"), (b, "q_logits")):
        if z.ndim not in (1, 2) or z.shape[-1] == 0:
            raise ValueError(f"{name} must have shape (c,) or (N, c), c ≥ 1, given {z.shape}")
        _checks.refuse_nan(z, "", **{name: z})
        top = z.max(axis=-1)
        undefined = np.isneginf(top) | ((z == np.inf).sum(axis=-1) > 1)
        _checks.refuse(undefined, top, name, "without a row of which two logits are ∞ or all −∞ (it has no limit)")
    return a, b


def _expected(p: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Σ_k p_k v_k, where 0 · ∞ = 0: what cannot happen contributes nothing."""
    return np.where(p == 0, 0, p * values).sum(axis=-1)


def _in_base(nats, base, like: np.ndarray) -> np.ndarray:
    """In the type of the argument; adding 0 turns −0.0 into 0.0."""
    base = _checks.number(base, "base", 1, np.inf, "greater than 1 and finite")
    return ((nats + 0) / math.log(base)).astype(like.dtype, copy=False)[()]
