"""The building blocks: identities, limits, agreement with SciPy, errors.  Their digits are counted in test_accuracy."""

import math

import numpy as np
import pytest
import scipy.special
from hypothesis import given
from hypothesis import strategies as st
from strategies import DTYPES, arrays, numbers, ordinary
from test_losses import INF, quiet

from lossbook import special

dtypes = pytest.mark.parametrize("dtype", DTYPES, ids=lambda dtype: dtype.__name__)

ELEMENTWISE = ["sigmoid", "softplus", "log_sigmoid", "exp_remainder"]
ROWS = ["softmax", "log_softmax", "logsumexp"]


@dtypes
@pytest.mark.parametrize("name", [*ELEMENTWISE, "logit", "log1mexp"])
@given(data=st.data())
def test_no_nan_no_warning_and_the_same_type(name, dtype, data):
    x = data.draw(arrays(dtype, st.integers(0, 4), elements=numbers(dtype, infinite=True)))
    x = {"logit": np.abs(np.sin(np.where(np.isinf(x), 0, x))), "log1mexp": -np.abs(x)}.get(name, x)

    result = quiet(getattr(special, name), x)

    assert result.dtype == dtype
    assert result.shape == x.shape
    assert not np.any(np.isnan(result))
    assert not np.any((result == 0) & np.signbit(result)) or name in ("logit", "exp_remainder")


@given(x=numbers(infinite=True))
def test_the_logistic_family_agrees_with_itself(x):
    assert special.sigmoid(x) + special.sigmoid(-x) == pytest.approx(1, rel=1e-15)
    assert special.log_sigmoid(x) == pytest.approx(-special.softplus(-x), rel=1e-15)
    assert special.sigmoid(x) == pytest.approx(np.exp(special.log_sigmoid(x)), rel=1e-12, abs=1e-300)
    assert special.softplus(x) >= max(x, 0)


@given(x=ordinary(-30, 30))
def test_logit_is_the_inverse_of_sigmoid(x):
    p = special.sigmoid(x)

    assert special.logit(p) == pytest.approx(x, abs=1e-15 / min(p, 1 - p))


@pytest.mark.parametrize(
    ("name", "x", "expected"),
    [
        ("sigmoid", [-INF, -800.0, 0.0, 800.0, INF], [0.0, 0.0, 0.5, 1.0, 1.0]),
        ("softplus", [-INF, -800.0, 800.0, INF], [0.0, 0.0, 800.0, INF]),
        ("log_sigmoid", [-INF, -800.0, INF], [-INF, -800.0, 0.0]),
        ("logit", [0.0, 0.5, 1.0], [-INF, 0.0, INF]),
        ("log1mexp", [-INF, 0.0, -math.log(2)], [0.0, -INF, -math.log(2)]),
        ("exp_remainder", [-INF, 0.0, 1.0, 710.0, INF], [INF, 0.0, math.e - 2, INF, INF]),
        ("log_factorial", [0, 1, 2, 5], [0.0, 0.0, math.log(2), math.log(120)]),
        ("stirling_remainder", [0, 1], [0.0, 1.0]),
        ("log_gamma_ratio", [0.5, 1.0], [-math.log(math.pi) / 2, math.log(math.pi) / 2 - math.log(2)]),
    ],
)
def test_values_and_limits(name, x, expected):
    np.testing.assert_allclose(quiet(getattr(special, name), x), expected, rtol=4e-15, atol=0)


def test_agreement_with_scipy():
    x = np.linspace(-30, 30, 401)
    p = np.linspace(0.001, 0.999, 401)
    k = np.arange(400)

    np.testing.assert_allclose(special.sigmoid(x), scipy.special.expit(x), rtol=1e-14)
    np.testing.assert_allclose(special.log_sigmoid(x), scipy.special.log_expit(x), rtol=1e-14)
    np.testing.assert_allclose(special.logit(p), scipy.special.logit(p), rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(special.xlogy(x, p), scipy.special.xlogy(x, p), rtol=1e-14)
    np.testing.assert_allclose(special.log_factorial(k), scipy.special.gammaln(k + 1), rtol=1e-13)
    a = np.geomspace(0.01, 1e4, 300)
    expected = scipy.special.gammaln(a + 0.5) - scipy.special.gammaln(a)
    np.testing.assert_allclose(special.log_gamma_ratio(a), expected, rtol=1e-9, atol=1e-11)


def test_0_log_0_is_0():
    assert quiet(special.xlogy, 0.0, 0.0) == 0
    assert quiet(special.xlogy, 0.0, INF) == 0
    assert quiet(special.xlogy, 2.0, 0.0) == -INF
    np.testing.assert_array_equal(special.xlogy([0.0, 1.0], math.e), [0.0, 1.0])
    np.testing.assert_array_equal(special.xlogy(2.0, [1.0, 0.0]), [0.0, -INF])


@pytest.mark.parametrize("name", [*ELEMENTWISE, "logit", "log_factorial", "stirling_remainder", "log_gamma_ratio"])
def test_a_number_gives_a_number_and_a_list_an_array(name):
    assert np.ndim(getattr(special, name)(1)) == 0
    assert getattr(special, name)([[1, 1]]).shape == (1, 2)
    assert getattr(special, name)(1).dtype == np.float64


@given(x=ordinary(-3, 3))
def test_the_remainder_of_the_exponential(x):
    assert special.exp_remainder(x) >= 0
    assert special.exp_remainder(x) + 1 + x == pytest.approx(math.exp(x), rel=1e-14)


# --- rows ---------------------------------------------------------------------------------------------------------


@dtypes
@given(data=st.data())
def test_softmax_is_a_distribution(dtype, data):
    z = data.draw(arrays(dtype, (3, 4), elements=numbers(dtype)))

    p, log_p = quiet(special.softmax, z), quiet(special.log_softmax, z)

    assert p.dtype == log_p.dtype == dtype
    assert np.all((p >= 0) & (p <= 1))
    assert np.all(log_p <= 0)
    assert not np.any((log_p == 0) & np.signbit(log_p))
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=8 * np.finfo(dtype).eps)
    with np.errstate(under="ignore"):
        np.testing.assert_allclose(np.exp(log_p), p, rtol=300 * np.finfo(dtype).eps, atol=np.finfo(dtype).tiny)


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize("axis", [0, 1, 2, -1, -3])
def test_any_axis(name, axis):
    z = np.random.default_rng(0).normal(size=(3, 4, 5)) * 4

    np.testing.assert_allclose(
        getattr(special, name)(z, axis=axis), getattr(scipy.special, name)(z, axis=axis), rtol=1e-12
    )


@given(data=st.data())
def test_a_common_shift_does_not_matter(data):
    z = data.draw(arrays(np.float64, (2, 3), elements=st.integers(-999, 999).map(lambda k: k / 32)))
    shift = data.draw(st.sampled_from([1.0, -700.0, 2.0**30]))

    np.testing.assert_array_equal(special.softmax(z + shift), special.softmax(z))
    np.testing.assert_array_equal(special.log_softmax(z + shift), special.log_softmax(z))
    np.testing.assert_allclose(special.logsumexp(z + shift), special.logsumexp(z) + shift, rtol=1e-15)


@pytest.mark.parametrize(
    ("z", "p", "log_p", "total"),
    [
        ([INF, 0.0], [1.0, 0.0], [0.0, -INF], INF),
        ([-INF, 3.0], [0.0, 1.0], [-INF, 0.0], 3.0),
        ([1e308, -1e308], [1.0, 0.0], [0.0, -INF], 1e308),
        ([5.0], [1.0], [0.0], 5.0),
        ([INF], [1.0], [0.0], INF),
    ],
)
def test_limits_of_rows(z, p, log_p, total):
    np.testing.assert_array_equal(quiet(special.softmax, z), p)
    np.testing.assert_array_equal(quiet(special.log_softmax, z), log_p)
    assert quiet(special.logsumexp, z) == total


def test_the_sum_has_limits_where_the_shares_have_none():
    assert special.logsumexp([INF, INF]) == INF
    assert special.logsumexp([-INF, -INF]) == -INF
    for z in ([INF, INF], [-INF, -INF]):
        for function in (special.softmax, special.log_softmax):
            with pytest.raises(ValueError, match="logits have no limit at position 0: two logits of the row are ∞"):
                function(z)


def test_blocks_do_not_show():
    z = np.random.default_rng(0).normal(size=(40_000, 5))

    np.testing.assert_array_equal(special.softmax(z)[-3:], special.softmax(z[-3:]))
    np.testing.assert_array_equal(special.log_softmax(z)[-3:], special.log_softmax(z[-3:]))
    np.testing.assert_allclose(special.logsumexp(z)[-3:], special.logsumexp(z[-3:]), rtol=1e-15)


def test_the_unit_of_a_difference():
    r, unit = special.difference(np.array([3.0, 1.0]), np.array([1.0, 1.0]))
    assert unit == 1
    assert r.tolist() == [2, 0]
    r, unit = special.difference(np.array([1e308, 1.0]), np.array([-1e308, 1.0]))
    assert unit == 2
    assert r.tolist() == [1e308, 0]


# --- bad input ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("sigmoid", ([1.0, np.nan],), "x must be a real number, given nan at position 1"),
        ("softplus", (np.nan,), "x must be a real number, given nan$"),
        ("log_sigmoid", ([[1.0], [np.nan]],), r"given nan at position \(1, 0\)"),
        ("exp_remainder", ([np.nan],), "given nan at position 0"),
        ("logit", ([0.5, 1.5],), "p must be a probability from 0 to 1, given 1.5 at position 1"),
        ("logit", ([np.nan],), "p must be a probability from 0 to 1, given nan"),
        ("log1mexp", ([-1.0, 1.0],), "x must be a log-probability, at most 0, given 1.0 at position 1"),
        ("xlogy", ([1.0, 2.0], [1.0, 2.0, 3.0]), r"one common shape, given x \(2,\), y \(3,\)"),
        ("xlogy", (1.0, -1.0), "y must be at least 0, given -1"),
        ("xlogy", (np.nan, 1.0), "x must be a real number"),
        ("xlogy", (INF, 1.0), "no limit.*ln 1"),
        ("stirling_remainder", ([1, -1],), "counts must be a whole number 0, 1, 2, …, given -1.0 at position 1"),
        ("log_factorial", (0.5,), "counts must be a whole number 0, 1, 2, …, given 0.5"),
        ("log_gamma_ratio", ([1.0, 0.0],), "a must be positive and finite, given 0.0 at position 1"),
        ("softmax", ([[0.0, 1.0], [np.nan, 0.0]],), r"logits must be a real number, given nan at position \(1, 0\)"),
        ("logsumexp", ([0.0, np.nan],), "given nan at position 1"),
        ("softmax", (3.0,), r"logits must have an axis -1, given shape \(\)"),
        ("log_softmax", (np.zeros((2, 0)),), r"at least one entry along axis -1, given shape \(2, 0\)"),
    ],
)
def test_bad_values_are_refused(name, arguments, message):
    with pytest.raises(ValueError, match=message):
        quiet(getattr(special, name), *arguments)


@pytest.mark.parametrize("name", [*ELEMENTWISE, *ROWS, "logit", "log1mexp", "log_factorial", "log_gamma_ratio"])
@pytest.mark.parametrize("x", ["text", ["a"], [1j], [None], [True]], ids=str)
def test_what_is_not_real_numbers_is_refused(name, x):
    with pytest.raises(TypeError, match=r"must be real numbers \(float64, float32 or integers\), given"):
        getattr(special, name)(x)


def test_an_axis_that_is_not_there():
    with pytest.raises(ValueError, match=r"logits must have an axis 2, given shape \(3, 2\)"):
        special.softmax(np.zeros((3, 2)), axis=2)
