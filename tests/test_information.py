"""Entropy, cross-entropy and divergence: identities, bounds, bases, limits, agreement with SciPy, errors."""

import numpy as np
import pytest
import scipy.special
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from strategies import DTYPES, arrays, distributions, numbers, ordinary
from test_losses import INF, is_proper, quiet

from lossbook import information, losses

dtypes = pytest.mark.parametrize("dtype", DTYPES, ids=lambda dtype: dtype.__name__)


@st.composite
def pairs(draw, smallest=0):
    c, n = draw(st.integers(1, 5)), draw(st.one_of(st.none(), st.integers(0, 3)))
    return draw(distributions(c, n, smallest=smallest)), draw(distributions(c, n, smallest=smallest))


@st.composite
def logit_pairs(draw, elements, dtype=np.float64):
    shape = draw(st.one_of(st.tuples(st.integers(1, 5)), st.tuples(st.integers(0, 3), st.integers(1, 5))))
    return tuple(draw(arrays(dtype, shape, elements=elements)) for _ in range(2))


# --- of probabilities ---------------------------------------------------------------------------------------------


@given(pq=pairs())
def test_cross_entropy_is_entropy_plus_divergence(pq):
    p, q = pq

    cross, kl = (quiet(f, p, q) for f in (information.cross_entropy, information.kl_divergence))
    entropy = quiet(information.entropy, p)

    for values in (cross, entropy, kl):
        assert is_proper(values)
    np.testing.assert_allclose(cross, entropy + kl, rtol=1e-14, atol=1e-15)
    assert np.all(entropy <= np.log(p.shape[-1]) * (1 + 1e-15))
    np.testing.assert_array_equal(np.isinf(kl), ((p > 0) & (q == 0)).any(axis=-1))


@given(pq=pairs(smallest=1))
def test_agreement_with_scipy(pq):
    p, q = pq

    np.testing.assert_allclose(information.entropy(p), scipy.stats.entropy(p, axis=-1), rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(
        information.kl_divergence(p, q), scipy.special.rel_entr(p, q).sum(axis=-1), rtol=1e-9, atol=1e-15
    )


@given(pq=pairs())
def test_the_divergence_is_0_only_where_the_distributions_agree(pq):
    p, q = pq

    assert np.all(information.kl_divergence(p, p) == 0)
    np.testing.assert_array_equal(information.kl_divergence(p, q) == 0, (p == q).all(axis=-1))


def test_the_divergence_is_not_symmetric():
    p, q = [0.5, 0.5], [0.9, 0.1]

    assert information.kl_divergence(p, q) == pytest.approx(0.5 * np.log(0.25 / 0.09))
    assert information.kl_divergence(q, p) == pytest.approx(0.9 * np.log(1.8) + 0.1 * np.log(0.2))


@pytest.mark.parametrize("nearness", [1e-3, 1e-7, 1e-12])
def test_the_divergence_of_near_distributions_is_half_a_sum_of_squares(nearness):
    p = np.array([0.5, 0.25, 0.25])
    q = p + nearness * np.array([0.5, -0.25, -0.25])

    assert information.kl_divergence(p, q) == pytest.approx(0.5 * np.sum((q - p) ** 2 / p), rel=2 * nearness + 1e-14)


def test_values_by_hand():
    assert information.surprisal([1.0, 0.5, 0.25, 0.0], base=2).tolist() == [0, 1, 2, INF]
    assert information.entropy([0.5, 0.5], base=2) == 1
    assert information.entropy([0.25] * 4, base=4) == pytest.approx(1)
    assert information.entropy([0.0, 1.0, 0.0]) == 0
    assert information.cross_entropy([0, 1, 0], [0.1, 0.7, 0.2]) == pytest.approx(0.35667494393873245)
    assert information.cross_entropy([0, 0, 1], [0.5, 0.2, 0.3], base=10) == pytest.approx(0.5228787452803376)
    assert information.cross_entropy([0.5, 0.5], [1.0, 0.0]) == INF
    assert information.entropy([0.1, 0.7, 0.2]) == pytest.approx(0.8018185525433373)


@pytest.mark.parametrize("base", [2, 10, 1.5])
def test_another_base_divides_by_its_logarithm(base):
    p, q = [0.2, 0.3, 0.5], [0.1, 0.1, 0.8]
    a, b = np.log(p), np.log(q) + 3

    for function, arguments in (
        (information.surprisal, (p,)),
        (information.entropy, (p,)),
        (information.cross_entropy, (p, q)),
        (information.kl_divergence, (p, q)),
        (information.entropy_of_logits, (a,)),
        (information.cross_entropy_of_logits, (a, b)),
        (information.kl_divergence_of_logits, (a, b)),
    ):
        np.testing.assert_allclose(function(*arguments, base=base), function(*arguments) / np.log(base), rtol=1e-15)


@given(pq=pairs(smallest=1))
def test_perplexity_is_a_number_of_outcomes(pq):
    p, q = pq
    c = p.shape[-1]

    assert np.all(information.perplexity(p) <= c * (1 + 1e-14))
    assert np.all(information.perplexity(p) >= 1)
    np.testing.assert_allclose(information.perplexity(p, q), 2 ** information.cross_entropy(p, q, base=2), rtol=1e-13)
    np.testing.assert_allclose(information.perplexity(np.full(c, 1 / c)), c, rtol=1e-14)


def test_perplexity_of_a_certain_error_is_infinite():
    assert information.perplexity([0.0, 1.0], [1.0, 0.0]) == INF
    assert information.perplexity([0.0, 1.0]) == 1
    assert quiet(information.perplexity_of_logits, [0.0, 0.0], [0.0, 1e9]) == INF


# --- of logits ----------------------------------------------------------------------------------------------------


@given(ab=logit_pairs(ordinary()))
def test_logits_and_their_probabilities_agree(ab):
    a, b = ab
    p, q = (scipy.special.softmax(z, axis=-1) for z in ab)

    for name, rtol, atol in (("entropy", 1e-12, 1e-15), ("perplexity", 1e-12, 0)):
        of_logits, of_probabilities = getattr(information, f"{name}_of_logits"), getattr(information, name)
        np.testing.assert_allclose(of_logits(a), of_probabilities(p), rtol=rtol, atol=atol)
    # The probabilities are rounded; a divergence is a square of their differences, so it feels that by its own root.
    rounding = 1e-14 * np.sqrt(information.kl_divergence(p, q)) + 1e-29
    for name, rtol, atol in (
        ("cross_entropy", 1e-11, 1e-15),
        ("kl_divergence", 1e-9, rounding),
        ("perplexity", 1e-9, 0),
    ):
        of_logits, of_probabilities = getattr(information, f"{name}_of_logits"), getattr(information, name)
        error = np.abs(of_logits(a, b) - of_probabilities(p, q))
        assert np.all(error <= atol + rtol * of_probabilities(p, q))


@dtypes
@given(data=st.data())
def test_logits_of_every_size_give_no_nan_nothing_negative_and_no_warning(dtype, data):
    a, b = data.draw(logit_pairs(numbers(dtype, infinite=True), dtype))
    top = np.array([np.atleast_2d(z).max(axis=1) for z in (a, b)])
    ties = np.array([(np.atleast_2d(z) == INF).sum(axis=1) for z in (a, b)])
    calls = [
        (information.entropy_of_logits, (a,)),
        (information.cross_entropy_of_logits, (a, b)),
        (information.kl_divergence_of_logits, (a, b)),
    ]
    for function, arguments in calls:
        if np.any(np.isneginf(top[: len(arguments)])) or np.any(ties[: len(arguments)] > 1):
            with pytest.raises(ValueError, match="two logits are ∞ or all −∞"):
                quiet(function, *arguments)
            continue
        result = quiet(function, *arguments)
        assert is_proper(result)
        assert result.dtype == dtype
        assert np.shape(result) == a.shape[:-1]
        if function is information.entropy_of_logits:
            assert np.all(result <= np.log(a.shape[-1]) * (1 + 4 * np.finfo(dtype).eps))


@given(ab=logit_pairs(st.integers(-999, 999).map(lambda k: k / 32)))
def test_the_divergence_ignores_a_common_shift_and_is_0_for_equal_rows(ab):
    a, b = ab

    np.testing.assert_array_equal(information.kl_divergence_of_logits(a, a + 64), np.zeros(a.shape[:-1]))
    np.testing.assert_allclose(
        information.kl_divergence_of_logits(a, b + 64), information.kl_divergence_of_logits(a, b), rtol=1e-14
    )


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ([0.0, -INF], [0.0, 0.0], np.log(2)),
        ([0.0, 0.0], [0.0, -INF], INF),
        ([0.0, -INF], [0.0, -INF], 0.0),
        ([INF, 0.0], [0.0, 0.0], np.log(2)),
        ([INF, 0.0], [INF, 0.0], 0.0),
        ([INF, 0.0], [0.0, INF], INF),
        ([0.0, -1e308], [0.0, 1e308], 1e308),
        ([1e308, -1e308], [1e308, -1e308], 0.0),
        ([0.0, -730.0], [0.0, -300.0], np.exp(-300.0)),
        ([0.0, 0.0], [0.0, 2000.0], 1000 - np.log(2)),
        ([3.0], [-2.0], 0.0),
    ],
)
def test_limits_and_extremes_of_the_divergence(a, b, expected):
    actual = quiet(information.kl_divergence_of_logits, a, b)

    assert actual == pytest.approx(expected, rel=1e-15, abs=0)
    assert is_proper(actual)


def test_what_underflows_as_a_probability_still_counts():
    assert information.cross_entropy_of_logits([0.0, -1000.0], [0.0, -INF]) == INF
    assert information.cross_entropy_of_logits([0.0, -INF], [0.0, -INF]) == 0
    assert information.entropy_of_logits([0.0, -700.0]) == pytest.approx(701 * np.exp(-700.0), rel=1e-12)


def test_the_cross_entropy_of_a_one_hot_source_is_the_loss():
    b = np.random.default_rng(0).normal(size=(6, 3)) * 5
    labels = np.arange(6) % 3
    a = np.where(np.eye(3)[labels] == 1, 0, -INF)

    np.testing.assert_allclose(information.cross_entropy_of_logits(a, b), losses.cross_entropy(b, labels), rtol=1e-15)


# --- bad input ----------------------------------------------------------------------------------------------------

HALF = [0.5, 0.5]


@pytest.mark.parametrize(
    ("name", "arguments", "parameters", "message"),
    [
        ("surprisal", ([0.5, 2.0],), {}, "p must be a probability from 0 to 1, given 2.0 at position 1"),
        ("entropy", ([0.5, 0.6],), {}, "p must sum to 1 in each row, given the sum 1.1$"),
        ("entropy", ([HALF, [0.5, 0.4]],), {}, "p must sum to 1 in each row, given the sum 0.9 in row 1"),
        ("entropy", ([1.5, -0.5],), {}, "p must be a probability from 0 to 1, given 1.5 at position 0"),
        ("entropy", ([np.nan, 1.0],), {}, "given nan at position 0"),
        ("entropy", (0.5,), {}, r"p must have shape \(c,\) or \(N, c\), given \(\)"),
        ("entropy", ([],), {}, "p must have at least one class"),
        ("entropy", (HALF,), {"base": 1}, "base must be greater than 1 and finite, given 1"),
        ("entropy", (HALF,), {"base": -2}, "base must be greater than 1 and finite, given -2"),
        ("entropy", (HALF,), {"base": [2, 3]}, "base must be one number"),
        ("cross_entropy", (HALF, [1 / 3] * 3), {}, r"p and q must have the same shape.*given \(2,\) and \(3,\)"),
        ("cross_entropy", (HALF, [0.5, 0.4]), {}, "q must sum to 1"),
        ("kl_divergence", ([HALF], HALF), {}, r"given \(1, 2\) and \(2,\)"),
        ("perplexity", ([0.5, 0.6],), {}, "p must sum to 1"),
        (
            "kl_divergence_of_logits",
            ([INF, INF], [0, 0]),
            {},
            "p_logits must be without a row of which two logits are ∞",
        ),
        ("kl_divergence_of_logits", ([0.0, 0.0], [np.nan, 0.0]), {}, "q_logits must be a real number, given nan"),
        ("kl_divergence_of_logits", ([0.0, 0.0], [0.0]), {}, "p_logits and q_logits must have the same shape"),
        ("cross_entropy_of_logits", ([0.0, 0.0], [-INF, -INF]), {}, "q_logits must be without a row"),
        ("entropy_of_logits", (1.0,), {}, "must have shape"),
        ("entropy_of_logits", ([[]],), {}, "c ≥ 1"),
    ],
)
def test_bad_values_are_refused(name, arguments, parameters, message):
    with pytest.raises(ValueError, match=message):
        quiet(getattr(information, name), *arguments, **parameters)


@pytest.mark.parametrize("x", ["text", [1j], [None], [True, False]], ids=str)
def test_what_is_not_real_numbers_is_refused(x):
    for name in ("surprisal", "entropy", "perplexity", "entropy_of_logits", "perplexity_of_logits"):
        with pytest.raises(TypeError, match="must be real numbers"):
            getattr(information, name)(x)
