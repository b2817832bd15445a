"""The distributions: densities against SciPy, total probability 1, supports, seeded samples, errors."""

import numpy as np
import pytest
import scipy.integrate
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from strategies import DTYPES, numbers
from strategies import distributions as probability_rows
from test_losses import INF, quiet

from lossbook import distributions, losses

CONTINUOUS = {
    "normal": ({"mean": 0.3, "scale": 1.7}, lambda mean, scale: scipy.stats.norm(mean, scale)),
    "laplace": ({"mean": 0.3, "scale": 1.7}, lambda mean, scale: scipy.stats.laplace(mean, scale)),
    "student_t": (
        {"mean": 0.3, "scale": 1.7, "degrees": 2.5},
        lambda mean, scale, degrees: scipy.stats.t(degrees, mean, scale),
    ),
}
DISCRETE = {
    "bernoulli": ({"probability": 0.3}, lambda probability: scipy.stats.bernoulli(probability)),
    "poisson": ({"rate": 3.5}, lambda rate: scipy.stats.poisson(rate)),
    "categorical": (
        {"probabilities": [0.2, 0.5, 0.3]},
        lambda probabilities: scipy.stats.rv_discrete(values=(range(3), probabilities)),
    ),
}
continuous = pytest.mark.parametrize("name", CONTINUOUS)
discrete = pytest.mark.parametrize("name", DISCRETE)


def logp(name):
    return getattr(distributions, f"{name}_logp{'df' if name in CONTINUOUS else 'mf'}")


# --- densities ----------------------------------------------------------------------------------------------------


@continuous
def test_log_densities_agree_with_scipy(name):
    parameters, reference = CONTINUOUS[name]
    x = np.concatenate([np.linspace(-20, 20, 101), [1e3]])

    np.testing.assert_allclose(quiet(logp(name), x, **parameters), reference(**parameters).logpdf(x), rtol=1e-12)


@continuous
def test_the_density_integrates_to_1(name):
    parameters, _ = CONTINUOUS[name]

    total, _ = scipy.integrate.quad(lambda v: np.exp(logp(name)(v, **parameters)), -INF, INF, points=None, limit=200)

    assert total == pytest.approx(1, abs=1e-7)


@discrete
def test_log_probabilities_agree_with_scipy_and_sum_to_1(name):
    parameters, reference = DISCRETE[name]
    k = np.arange(2 if name == "bernoulli" else 3 if name == "categorical" else 60)

    actual = quiet(logp(name), k, **parameters)

    np.testing.assert_allclose(actual, reference(**parameters).logpmf(k), rtol=1e-12)
    assert np.exp(actual).sum() == pytest.approx(1, abs=1e-14)


def test_the_multinomial_agrees_with_scipy_and_sums_to_1():
    y = [0.2, 0.5, 0.3]
    rows = np.array([(i, j, 6 - i - j) for i in range(7) for j in range(7 - i)])

    actual = quiet(distributions.multinomial_logpmf, rows, trials=6, probabilities=y)

    np.testing.assert_allclose(actual, scipy.stats.multinomial(6, y).logpmf(rows), rtol=1e-13)
    assert np.exp(actual).sum() == pytest.approx(1, abs=1e-14)


def test_one_trial_is_the_multinoulli_and_two_classes_are_the_bernoulli():
    y = [0.2, 0.5, 0.3]
    one = distributions.multinomial_logpmf(np.eye(3), trials=1, probabilities=y)

    np.testing.assert_allclose(one, distributions.categorical_logpmf([0, 1, 2], probabilities=y), rtol=1e-15)
    np.testing.assert_allclose(
        distributions.categorical_logpmf([0, 1], probabilities=[0.7, 0.3]),
        distributions.bernoulli_logpmf([0, 1], probability=0.3),
    )


@continuous
@given(data=st.data())
def test_densities_have_no_nan_and_no_warning(name, data):
    x = data.draw(numbers(infinite=True))

    actual = quiet(logp(name), x, **CONTINUOUS[name][0])

    assert not np.isnan(actual)
    assert actual == -INF if np.isinf(x) else actual > -INF or abs(x) > 1e150


@pytest.mark.parametrize("dtype", DTYPES, ids=lambda dtype: dtype.__name__)
@continuous
def test_the_result_has_the_type_of_the_values(name, dtype):
    x = np.linspace(-2, 2, 5, dtype=dtype)

    assert logp(name)(x, **CONTINUOUS[name][0]).dtype == dtype
    assert logp(name)(x, **{k: np.float64(v) for k, v in CONTINUOUS[name][0].items()}).dtype == dtype


def test_arguments_are_single_numbers_or_have_one_shape():
    x, mean, scale = np.array([1.0, 2.0]), np.array([0.0, 1.0]), np.array([1.0, 3.0])
    each = [distributions.normal_logpdf(*v[:1], mean=v[1], scale=v[2]) for v in zip(x, mean, scale, strict=True)]

    np.testing.assert_array_equal(distributions.normal_logpdf(x, mean=mean, scale=scale), each)
    likelihood = distributions.normal_logpdf(0.5, mean=mean, scale=1.0)  # one value, several candidates
    assert likelihood.shape == (2,)
    assert distributions.bernoulli_logpmf(1, probability=[0.25, 0.5]).tolist() == [np.log(0.25), np.log(0.5)]
    assert distributions.poisson_logpmf(0, rate=[1.0, 2.0]).tolist() == [-1, -2]


def test_losses_are_minus_log_probabilities():
    rng = np.random.default_rng(0)
    z, t = rng.normal(size=20), rng.integers(0, 2, 20)
    rows, y = rng.normal(size=(20, 3)), rng.integers(0, 3, 20)
    p = np.exp(rows) / np.exp(rows).sum(axis=1, keepdims=True)
    counts = rng.integers(0, 9, 20)

    bernoulli = distributions.bernoulli_logpmf(t, probability=1 / (1 + np.exp(-z)))
    np.testing.assert_allclose(losses.binary_cross_entropy(z, t), -bernoulli)
    np.testing.assert_allclose(losses.cross_entropy(rows, y), -distributions.categorical_logpmf(y, probabilities=p))
    np.testing.assert_allclose(losses.poisson_nll(z, counts), -distributions.poisson_logpmf(counts, rate=np.exp(z)))


def test_poisson_keeps_its_digits_where_the_terms_cancel():
    k = 10**12

    actual = distributions.poisson_logpmf(k, rate=float(k))

    assert actual == pytest.approx(-0.5 * np.log(2 * np.pi * k) - 1 / (12 * k), rel=1e-15)


# --- supports -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*CONTINUOUS, "bernoulli", "poisson"])
def test_the_support_is_where_the_probability_is_positive(name):
    values = np.array([-INF, -2.0, -1.0, 0.0, 0.5, 1.0, 2.0, 7.0, INF])
    parameters, _ = {**CONTINUOUS, **DISCRETE}[name]

    inside = getattr(distributions, f"{name}_support")(values)

    np.testing.assert_array_equal(quiet(logp(name), values, **parameters) > -INF, inside)
    expected = {"bernoulli": [0, 1], "poisson": [0, 1, 2, 7]}.get(name, values[1:-1])
    np.testing.assert_array_equal(values[inside], expected)


def test_the_support_of_classes_and_counts():
    assert distributions.categorical_support([-1, 0, 2, 3, 1.5], classes=3).tolist() == [
        False,
        True,
        True,
        False,
        False,
    ]
    assert distributions.multinomial_support([[1, 2], [3, 0], [4, -1], [2, 2]], trials=3).tolist() == [1, 1, 0, 0]
    assert distributions.categorical_logpmf([-1, 3, 0.5], probabilities=[0.5, 0.5]).tolist() == [-INF] * 3
    assert distributions.multinomial_logpmf([[4, -1]], trials=3, probabilities=[0.5, 0.5]).tolist() == [-INF]


def test_certain_and_impossible_outcomes():
    assert distributions.bernoulli_logpmf([0, 1], probability=1.0).tolist() == [-INF, 0]
    assert distributions.poisson_logpmf([0, 1], rate=0.0).tolist() == [0, -INF]
    assert distributions.categorical_logpmf([0, 1], probabilities=[0.0, 1.0]).tolist() == [-INF, 0]
    assert distributions.multinomial_logpmf([0, 2], trials=2, probabilities=[0.0, 1.0]) == 0
    for result in (
        distributions.bernoulli_logpmf(0, probability=0.0),
        distributions.poisson_logpmf(0, rate=0.0),
        distributions.normal_logpdf(0.0, mean=0.0, scale=1 / np.sqrt(2 * np.pi)),
    ):
        assert not (result == 0 and np.signbit(result))


# --- samples ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*CONTINUOUS, *DISCRETE])
def test_samples_follow_their_distribution(name):
    parameters, reference = {**CONTINUOUS, **DISCRETE}[name]

    x = getattr(distributions, f"{name}_sample")(4000, **parameters, rng=1)

    if name in CONTINUOUS:
        assert scipy.stats.kstest(x, reference(**parameters).cdf).pvalue > 0.01
    else:
        k, counts = np.unique(x, return_counts=True)
        expected = 4000 * reference(**parameters).pmf(k)
        common = expected > 5
        scale = counts[common].sum() / expected[common].sum()
        assert scipy.stats.chisquare(counts[common], expected[common] * scale).pvalue > 0.01
        assert np.issubdtype(x.dtype, np.integer)


def test_multinomial_samples():
    rows = distributions.multinomial_sample(3000, trials=10, probabilities=[0.2, 0.5, 0.3], rng=1)

    assert np.all(rows.sum(axis=1) == 10)
    np.testing.assert_allclose(rows.mean(axis=0), [2, 5, 3], atol=0.1)
    np.testing.assert_allclose(np.cov(rows.T)[0, 1], -10 * 0.2 * 0.5, atol=0.15)


@pytest.mark.parametrize("name", [*CONTINUOUS, *DISCRETE])
def test_the_same_seed_gives_the_same_samples_and_a_generator_moves_on(name):
    parameters, _ = {**CONTINUOUS, **DISCRETE}[name]
    sample = getattr(distributions, f"{name}_sample")

    np.testing.assert_array_equal(sample(5, **parameters, rng=7), sample(5, **parameters, rng=7))
    np.testing.assert_array_equal(sample(5, **parameters, rng=7), sample(5, **parameters, rng=np.random.default_rng(7)))
    rng = np.random.default_rng(7)
    assert np.any(sample(50, **parameters, rng=rng) != sample(50, **parameters, rng=rng))
    assert sample((2, 3), **parameters, rng=7).shape == (2, 3)
    assert sample(0, **parameters, rng=7).shape == (0,)


def test_a_parameter_for_each_draw():
    x = distributions.normal_sample(3, mean=[0.0, 100.0, -100.0], scale=[1.0, 1e-9, 1e-9], rng=0)
    np.testing.assert_allclose(x[1:], [100, -100])
    assert distributions.bernoulli_sample(2, probability=[0.0, 1.0], rng=0).tolist() == [0, 1]
    assert distributions.categorical_sample(2, probabilities=[[1.0, 0.0], [0.0, 1.0]], rng=0).tolist() == [0, 1]


@given(y=st.integers(1, 5).flatmap(probability_rows))
def test_an_impossible_class_is_never_drawn(y):
    drawn = distributions.categorical_sample(200, probabilities=y, rng=0)

    assert np.all(y[drawn] > 0)


# --- bad input ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "arguments", "parameters", "message"),
    [
        ("normal_logpdf", ([1.0, 2.0],), {"mean": [1.0, 2.0, 3.0], "scale": 1.0}, r"values \(2,\), mean \(3,\)"),
        ("normal_logpdf", ([1.0, 2.0],), {"mean": [[1.0], [2.0]], "scale": 1.0}, r"values \(2,\), mean \(2, 1\)"),
        ("normal_logpdf", ([1.0],), {"mean": 0.0, "scale": 0.0}, "scale must be positive and finite, given 0.0"),
        ("normal_logpdf", ([1.0, np.nan],), {"mean": 0.0, "scale": 1.0}, "values must be a real.*nan at position 1"),
        ("normal_logpdf", ([1.0],), {"mean": np.nan, "scale": 1.0}, "mean must be a real number, given nan"),
        ("normal_logpdf", (INF,), {"mean": INF, "scale": 1.0}, "no limit: ∞ − ∞"),
        ("laplace_logpdf", (1.0,), {"mean": 0.0, "scale": -1.0}, "scale must be positive and finite, given -1.0"),
        ("student_t_logpdf", (1.0,), {"mean": 0.0, "scale": 1.0, "degrees": 0.0}, "degrees must be positive"),
        ("bernoulli_logpmf", ([0, 1],), {"probability": 1.5}, "probability must be a probability.*given 1.5"),
        ("bernoulli_logpmf", ([0, np.nan],), {"probability": 0.5}, "values must be a real number, given nan"),
        ("bernoulli_logpmf", ([0, 1],), {"probability": [0.1, 0.2, 0.3]}, "one common shape"),
        ("categorical_logpmf", ([0],), {"probabilities": [0.5, 0.6]}, "probabilities must sum to 1.*given the sum 1.1"),
        ("categorical_logpmf", ([0],), {"probabilities": 0.5}, r"must have shape \(c,\) or \(N, c\), given \(\)"),
        ("categorical_logpmf", ([0, 1],), {"probabilities": [[0.5, 0.5]]}, "one for each row of probabilities"),
        ("multinomial_logpmf", ([1, 2],), {"trials": 3, "probabilities": [1.0]}, "values must be rows of counts"),
        (
            "multinomial_logpmf",
            ([1, 2],),
            {"trials": 2.5, "probabilities": [0.5, 0.5]},
            "trials must be a whole number",
        ),
        ("multinomial_support", (1,), {"trials": 1}, "values must be rows of counts"),
        ("poisson_logpmf", ([1],), {"rate": -1.0}, "rate must be at least 0 and finite, given -1.0"),
        ("normal_sample", (3,), {"mean": 0.0, "scale": -1.0, "rng": 0}, "scale must be positive and finite"),
        ("normal_sample", (3,), {"mean": [0.0, 1.0], "scale": 1.0, "rng": 0}, r"mean must be a single.*given \(2,\)"),
        ("poisson_sample", (3,), {"rate": np.nan, "rng": 0}, "rate must be a real number, given nan"),
        ("bernoulli_sample", (3,), {"probability": 2.0, "rng": 0}, "probability must be a probability"),
        ("categorical_sample", (3,), {"probabilities": [[0.5, 0.5]], "rng": 0}, "size must be the number of rows"),
        ("multinomial_sample", (3,), {"trials": 1, "probabilities": [[1.0]], "rng": 0}, r"must have shape \(c,\)"),
    ],
)
def test_bad_values_are_refused(name, arguments, parameters, message):
    with pytest.raises(ValueError, match=message):
        getattr(distributions, name)(*arguments, **parameters)


@pytest.mark.parametrize("rng", [None, -1, 1.5, True, "seed", np.random])
def test_samples_need_a_seed(rng):
    with pytest.raises(TypeError, match=r"rng must be a numpy.random.Generator or an integer seed ≥ 0, given"):
        distributions.normal_sample(3, mean=0.0, scale=1.0, rng=rng)


@pytest.mark.parametrize("x", ["text", [1j], [None]], ids=str)
def test_what_is_not_real_numbers_is_refused(x):
    for name, (parameters, _) in {**CONTINUOUS, **DISCRETE}.items():
        with pytest.raises(TypeError, match="values must be real numbers"):
            logp(name)(x, **parameters)
