"""How many digits are right: every result against mpmath at 50 digits, on the very floats given.

The unit is the distance of neighbouring floats at the true value (ulp).  An ideal function would be within 0.5; two or
three is what the exponential of NumPy allows (0.7 ulp in float64, 2.5 in float32), as several roundings follow it.
The logits go from the smallest subnormal to the largest float, with ties, common offsets and hopeless predictions.
"""

import numpy as np
import oracles
import pytest
from oracles import ulps
from strategies import DTYPES

from lossbook import gradients, hessians, information, losses, special

dtypes = pytest.mark.parametrize("dtype", DTYPES, ids=lambda dtype: dtype.__name__)
OFFSETS = [0, 50, -200, -1000]


def scales(dtype):
    info = np.finfo(dtype)
    return [float(info.smallest_subnormal), 1e-10, 0.1, 1, 3, 10, 30, 100, 300, 1e5, float(info.max) / 8]


def batches(dtype, c, *, rows=4):
    """Logits and labels of every size; half of the labels are those of the largest logit."""
    rng = np.random.default_rng(c)
    for scale in scales(dtype):
        for offset in OFFSETS:
            z = (rng.normal(size=(rows, c)) * scale + offset).astype(dtype)
            z[0] = z[0, 0]  # a tie of all
            y = np.where(np.arange(rows) % 2, rng.integers(0, c, rows), z.argmax(axis=1))
            yield z, y


def soft_rows(dtype, shape, seed=0):
    t = np.random.default_rng(seed).dirichlet(np.ones(shape[1]), shape[0]).astype(dtype)
    t[: len(t) // 3] = np.eye(shape[1], dtype=dtype)[0]
    return t


def numbers(dtype, *, extra=()):
    """Numbers of both signs and of every size."""
    rng = np.random.default_rng(3)
    x = np.concatenate([rng.normal(size=20) * scale for scale in scales(dtype)])
    return np.concatenate([x, [0.0, -0.0], extra]).astype(dtype)


def worst(actual, expected, dtype):
    return max((ulps(a, e, dtype) for a, e in zip(np.ravel(actual), expected, strict=True)), default=0.0)


def largest_gap(z, label):
    return float(np.max(np.abs(z.astype(np.float64) - float(z[label]))))


# --- c classes ----------------------------------------------------------------------------------------------------


@dtypes
@pytest.mark.parametrize("c", [1, 2, 3, 10, 150])
def test_cross_entropy_is_right_to_3_ulp(dtype, c):
    for z, y in batches(dtype, c):
        expected = [oracles.cross_entropy(row, int(label)) for row, label in zip(z, y, strict=True)]

        assert worst(losses.cross_entropy(z, y), expected, dtype) <= 3
        assert worst(gradients.cross_entropy_with_losses(z, y)[0], expected, dtype) <= 3
        assert worst(losses.cross_entropy(z, np.eye(c)[y]), expected, dtype) <= 3


@dtypes
@pytest.mark.parametrize("c", [1, 2, 3, 10, 20])
def test_the_gradient_of_cross_entropy_is_right_to_3_ulp_and_what_the_rounding_of_a_gap_costs(dtype, c):
    for z, y in batches(dtype, c):
        hard, one_hot = gradients.cross_entropy(z, y), gradients.cross_entropy(z, np.eye(c)[y])
        for i, label in enumerate(y):
            expected = oracles.cross_entropy_gradient(z[i], int(label))
            allowed = min(5, 3 + 0.6 * largest_gap(z[i], label))

            assert worst(hard[i], expected, dtype) <= allowed
            assert worst(one_hot[i], expected, dtype) <= allowed


@dtypes
@pytest.mark.parametrize("c", [1, 2, 6])
def test_cross_entropy_of_soft_rows_is_right_to_3_ulp(dtype, c):
    for z, _ in batches(dtype, c):
        t = soft_rows(dtype, z.shape)
        t /= t.sum(axis=1, keepdims=True)
        expected = [oracles.soft_cross_entropy(row, weights) for row, weights in zip(z, t, strict=True)]

        assert worst(losses.cross_entropy(z, t), expected, dtype) <= 3
        assert worst(gradients.cross_entropy_with_losses(z, t)[0], expected, dtype) <= 3


def test_rows_that_sum_to_1_only_up_to_rounding_count_as_they_are():
    z, t = np.array([[0.0, 0.0], [3.0, 0.0]]), np.array([[0.5, 0.5 + 8e-9], [1.0, 8e-9]])
    expected = [oracles.soft_cross_entropy(row, weights) for row, weights in zip(z, t, strict=True)]
    slopes = [oracles.soft_cross_entropy_gradient(row, weights) for row, weights in zip(z, t, strict=True)]
    p, rest = oracles.softmax(z[1]), oracles.softmax_rest(z[1])
    total = sum(map(oracles.exact, t[1]))

    assert worst(losses.cross_entropy(z, t), expected, np.float64) <= 3
    assert worst(gradients.cross_entropy_with_losses(z, t)[0], expected, np.float64) <= 3
    np.testing.assert_allclose(gradients.cross_entropy(z, t), np.array(slopes, dtype=float), rtol=1e-14, atol=1e-16)
    np.testing.assert_allclose(hessians.cross_entropy(z, t)[1, 0, 0], float(total * p[0] * rest[0]), rtol=1e-15)


@dtypes
def test_the_gradient_for_soft_rows_loses_no_more_than_the_difference_does(dtype):
    for z, _ in batches(dtype, 4):
        if np.ptp(z) > 500:
            continue  # out of reach of the plain formula of the oracle
        t = soft_rows(dtype, z.shape)
        t /= t.sum(axis=1, keepdims=True)
        actual = gradients.cross_entropy(z, t)
        for i in range(len(z)):
            expected = oracles.soft_cross_entropy_gradient(z[i], t[i])
            p, rest = oracles.softmax(z[i]), oracles.softmax_rest(z[i])
            for k, (a, e) in enumerate(zip(actual[i], expected, strict=True)):
                # p − t, or (1 − t) − (1 − p): whichever has the smaller terms sets the scale of the rounding.
                one_minus_t = sum(oracles.exact(x) for j, x in enumerate(t[i]) if j != k)
                scale = min(max(p[k], oracles.exact(t[i, k])), max(rest[k], one_minus_t))
                assert abs(oracles.exact(a) - e) <= 8 * float(np.finfo(dtype).eps) * scale + np.finfo(dtype).tiny


@dtypes
@pytest.mark.parametrize("c", [1, 2, 5])
def test_softmax_and_its_logarithm_are_right_to_4_ulp(dtype, c):
    for z, _ in batches(dtype, c):
        p, log_p = special.softmax(z), special.log_softmax(z)
        for i, row in enumerate(z):
            assert worst(p[i], oracles.softmax(row), dtype) <= 4
            assert worst(log_p[i], oracles.log_softmax(row), dtype) <= 4


@dtypes
def test_logsumexp_is_right_to_2_ulp_of_its_larger_term(dtype):
    for z, _ in batches(dtype, 3):
        for row, actual in zip(z, special.logsumexp(z), strict=True):
            top = max(map(oracles.exact, row))
            rest = oracles.cross_entropy(row, int(np.argmax(row)))
            scale = oracles.exact(np.spacing(max(abs(row.max()), dtype(rest))))
            assert np.isinf(actual) or abs(oracles.exact(actual) - (top + rest)) <= 2 * scale


@dtypes
def test_the_hessian_of_cross_entropy_is_right_to_8_ulp(dtype):
    for z, y in batches(dtype, 3):
        actual = hessians.cross_entropy(z, y)
        for i, row in enumerate(z):
            p, rest = oracles.softmax(row), oracles.softmax_rest(row)
            expected = [p[j] * rest[j] if j == k else -p[j] * p[k] for j in range(3) for k in range(3)]
            assert worst(actual[i], expected, dtype) <= 8


# --- two classes --------------------------------------------------------------------------------------------------


@dtypes
def test_binary_cross_entropy_is_right_to_2_ulp(dtype):
    z = numbers(dtype)
    rng = np.random.default_rng(0)
    for t in (np.zeros_like(z), np.ones_like(z), rng.random(len(z)).astype(dtype), z * 0 + dtype(1e-3)):
        expected = [oracles.binary_cross_entropy(*pair) for pair in zip(z, t, strict=True)]

        assert worst(losses.binary_cross_entropy(z, t), expected, dtype) <= 2
        assert worst(gradients.binary_cross_entropy_with_losses(z, t)[0], expected, dtype) <= 2


@dtypes
def test_the_gradient_of_binary_cross_entropy_is_right_to_3_ulp(dtype):
    z = numbers(dtype)
    for t in (np.zeros_like(z), np.ones_like(z)):
        expected = [oracles.binary_cross_entropy_gradient(*pair) for pair in zip(z, t, strict=True)]

        assert worst(gradients.binary_cross_entropy(z, t), expected, dtype) <= 3
        assert worst(gradients.soft_margin(z, 2 * t - 1), expected, dtype) <= 4


@dtypes
def test_soft_margin_is_right_to_3_ulp(dtype):
    z = numbers(dtype, extra=[-100])
    for s in (-1, 1):
        expected = [oracles.soft_margin(x, s) for x in z]
        assert worst(losses.soft_margin(z, np.full(len(z), s)), expected, dtype) <= 3


# --- divergence ---------------------------------------------------------------------------------------------------


@dtypes
@pytest.mark.parametrize("c", [1, 2, 5])
def test_kl_divergence_of_logits_is_right_to_8_ulp(dtype, c):
    rng = np.random.default_rng(c)
    for p_scale in (1e-8, 0.3, 3, 30, 100):
        a = (rng.normal(size=(4, c)) * p_scale).astype(dtype)
        others = [rng.normal(size=(4, c)) * q_scale for q_scale in (1e-8, 0.3, 3, 30, 100)]
        nearly_equal = [a * (1 + 1e-6 * rng.normal(size=(4, c))), a + rng.normal() * 7, np.nextafter(a, dtype(9)), a]
        for b in (np.asarray(b, dtype) for b in [*others, *nearly_equal]):
            expected = [oracles.kl_divergence_of_logits(*rows) for rows in zip(a, b, strict=True)]
            actual = information.kl_divergence_of_logits(a, b)

            assert np.all(actual >= 0)
            assert worst(actual, expected, dtype) <= 8


def test_kl_divergence_of_probabilities_is_right_to_8_ulp():
    rng = np.random.default_rng(0)
    for nearness in (1, 1e-2, 1e-5, 1e-9):
        p = rng.dirichlet(np.ones(4), 20)
        q = (1 - nearness) * p + nearness * rng.dirichlet(np.ones(4) / 3, 20)
        q /= q.sum(axis=1, keepdims=True)
        expected = [oracles.kl_divergence(*rows) for rows in zip(p, q, strict=True)]
        actual = information.kl_divergence(p, q)

        # The rows sum to 1 only up to rounding; the square of that is all the scaling to exactly 1 can change.
        for a, e in zip(actual, expected, strict=True):
            assert abs(oracles.exact(a) - e) <= 8 * np.finfo(float).eps * e + np.finfo(float).eps ** 2


@dtypes
def test_entropy_and_cross_entropy_of_logits_are_right_to_6_ulp_and_what_the_rounding_of_a_gap_costs(dtype):
    for z, _ in batches(dtype, 3):
        z = np.clip(z, -300, 300)
        b = z[::-1].copy()
        entropy, cross = information.entropy_of_logits(z), information.cross_entropy_of_logits(z, b)
        for i in range(len(z)):
            p = oracles.softmax(z[i])
            log_p, log_q = oracles.log_softmax(z[i]), oracles.log_softmax(b[i])
            allowed = 6 + np.ptp(z[i])
            assert ulps(entropy[i], -sum(x * y for x, y in zip(p, log_p, strict=True)), dtype) <= allowed
            assert ulps(cross[i], -sum(x * y for x, y in zip(p, log_q, strict=True)), dtype) <= allowed


# --- real targets and counts --------------------------------------------------------------------------------------


@dtypes
@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("squared_error", {}),
        ("half_squared_error", {}),
        ("absolute_error", {}),
        ("huber_loss", {"delta": 0.75}),
        ("pinball_loss", {"quantile": 0.25}),
    ],
)
def test_losses_of_real_targets_are_right_to_3_ulp(dtype, name, parameters):
    y = numbers(dtype)
    t = np.random.default_rng(1).permutation(y)
    expected = [getattr(oracles, name)(*pair, **parameters) for pair in zip(y, t, strict=True)]

    assert worst(getattr(losses, name)(y, t, **parameters), expected, dtype) <= 3


@dtypes
@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("gaussian_nll", {"scale": 1.5}),
        ("gaussian_nll", {"scale": 2.0**100}),
        ("laplace_nll", {"scale": 0.25}),
        ("student_t_nll", {"scale": 1.5, "degrees": 3.0}),
        ("student_t_nll", {"scale": 2.0**-20, "degrees": 2.0**20}),
    ],
)
def test_negative_log_likelihoods_are_right_to_3_ulp_of_their_largest_term(dtype, name, parameters):
    y = numbers(dtype)
    t = np.random.default_rng(1).permutation(y)
    for a, *pair in zip(getattr(losses, name)(y, t, **parameters), y, t, strict=True):
        expected = getattr(oracles, name)(*pair, **parameters)
        constant = getattr(oracles, name)(0, 0, **parameters)
        if abs(expected) > float(np.finfo(dtype).max):
            assert np.isposinf(a)
        else:
            largest = max(abs(constant), abs(expected - constant), 25 if "t_nll" in name else 1)
            assert abs(oracles.exact(a) - expected) <= 3 * float(np.finfo(dtype).eps) * largest


def test_poisson_nll_is_right_to_6_ulp_and_what_the_rounding_of_the_logarithm_costs():
    rng = np.random.default_rng(0)
    for k in (0, 1, 2, 10, 15, 16, 100, 10**4, 10**9, 10**15):
        for eta in [*(np.log(max(k, 1)) + rng.normal(size=12) * 10.0 ** rng.integers(-8, 2, 12)), 0.0, -700.0, 700.0]:
            expected = oracles.poisson_nll(eta, k)
            slope = abs(oracles.mp.exp(oracles.exact(eta)) - k)
            allowed = np.finfo(float).eps * (6 * expected + slope * max(1, np.log(max(k, 1))))
            assert abs(oracles.exact(losses.poisson_nll(eta, k)) - expected) <= allowed


# --- special functions --------------------------------------------------------------------------------------------


@dtypes
@pytest.mark.parametrize(
    ("name", "allowed", "oracle", "keep"),
    [
        ("sigmoid", 4, lambda x: 1 / (1 + oracles.mp.exp(-x)), None),
        ("softplus", 4, lambda x: oracles.mp.log1p(oracles.mp.exp(x)), None),
        ("log_sigmoid", 4, lambda x: -oracles.mp.log1p(oracles.mp.exp(-x)), None),
        ("exp_remainder", 8, lambda x: oracles.mp.expm1(x) - x, None),
        ("logit", 4, lambda p: oracles.mp.log(p / (1 - p)), lambda x: np.abs(np.remainder(x, 1))),
        ("log1mexp", 6, lambda x: oracles.mp.log(-oracles.mp.expm1(x)), lambda x: -np.abs(x)),
    ],
)
def test_special_functions_are_right_to_a_few_ulp(dtype, name, allowed, oracle, keep):
    x = numbers(dtype)
    x = x if keep is None else keep(x).astype(dtype)
    x = x[(x != 0) & ~((name == "logit") & (x == 1))]
    with oracles.mpmath.workdps(400):
        expected = [oracle(oracles.exact(v)) for v in x]

    assert worst(getattr(special, name)(x), expected, dtype) <= allowed


def test_factorials_are_right_to_4_ulp():
    for k in [*range(40), 170, 171, 1000, 10**6, 10**15]:
        with oracles.mpmath.workdps(80):
            log_factorial = oracles.mp.loggamma(oracles.mpf(k) + 1)
            remainder = log_factorial - (k * oracles.mp.log(k) - k if k else 0)
        assert ulps(special.log_factorial(k), log_factorial) <= 4
        assert ulps(special.stirling_remainder(k), remainder) <= 2


def test_the_gamma_ratio_is_right_to_16_digits():
    for a in [1e-8, 0.1, 0.5, 1, 2, 7.3, 15.999, 16, 50, 1e3, 1e8, 1e15]:
        with oracles.mpmath.workdps(80):
            exact = oracles.mp.loggamma(oracles.mpf(a) + oracles.mpf(1) / 2) - oracles.mp.loggamma(oracles.mpf(a))
        assert abs(oracles.exact(special.log_gamma_ratio(a)) - exact) <= 8e-16 * max(1, abs(exact))
