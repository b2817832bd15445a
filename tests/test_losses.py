"""What the docstrings of the losses promise: values, limits, types, minimisers, errors."""

import tracemalloc

import numpy as np
import oracles
import pytest
import scipy.optimize
import scipy.special
import scipy.stats
import sklearn.metrics
import strategies
from hypothesis import assume, given
from hypothesis import strategies as st
from oracles import ulps
from strategies import DTYPES, logits_and_classes, logits_and_rows, numbers, ordinary, vectors

from lossbook import losses

INF = np.inf
dtypes = pytest.mark.parametrize("dtype", DTYPES, ids=lambda dtype: dtype.__name__)

# Every loss with parameters, and a function that draws predictions and targets for it.
REAL = {
    "squared_error": {},
    "half_squared_error": {},
    "absolute_error": {},
    "huber_loss": {"delta": 0.7},
    "pinball_loss": {"quantile": 0.3},
    "gaussian_nll": {"scale": 1.5},
    "laplace_nll": {"scale": 1.5},
    "student_t_nll": {"scale": 1.5, "degrees": 3.0},
}
real_losses = pytest.mark.parametrize(("name", "parameters"), REAL.items(), ids=list(REAL))


def quiet(function, *args, **kwargs):
    """Call it so that any floating-point warning that escapes is an error, underflow included."""
    with np.errstate(all="raise"):
        return function(*args, **kwargs)


def is_proper(values) -> bool:
    """No NaN, nothing negative, no −0.0."""
    return bool(np.all(values >= 0) and not np.any(np.signbit(values)))


def example(name, n=7, dtype=np.float64):
    """Predictions and targets that suit the loss."""
    rng = np.random.default_rng(0)
    if name in REAL:
        return rng.normal(size=n).astype(dtype), rng.normal(size=n).astype(dtype), REAL[name]
    if name == "poisson_nll":
        return rng.normal(size=n).astype(dtype), rng.integers(0, 5, n), {}
    if name == "soft_margin":
        return rng.normal(size=n).astype(dtype), rng.choice([-1, 1], n), {}
    if name == "binary_cross_entropy":
        return rng.normal(size=n).astype(dtype), rng.integers(0, 2, n), {}
    if name == "binary_cross_entropy_of_probabilities":
        return rng.random(n).astype(dtype), rng.integers(0, 2, n), {}
    if name == "cross_entropy":
        return rng.normal(size=(n, 3)).astype(dtype), rng.integers(0, 3, n), {}
    y = rng.dirichlet(np.ones(3), n).astype(dtype)
    return y, rng.integers(0, 3, n), {}


# --- all losses ---------------------------------------------------------------------------------------------------


@dtypes
@pytest.mark.parametrize("name", losses.__all__)
def test_the_result_has_the_type_of_the_prediction(name, dtype):
    y, t, parameters = example(name, dtype=dtype)

    for targets in (t, t.astype(np.float64), t.astype(np.float32)) if y.ndim == 1 else (t, t.astype(np.int8)):
        result = getattr(losses, name)(y, targets, **parameters)
        assert result.dtype == dtype
        assert result.shape == t.shape


@pytest.mark.parametrize("name", losses.__all__)
def test_integers_and_lists_become_float64(name):
    y, t, parameters = example(name)
    y = y if "probabilities" in name else np.round(3 * y)

    result = getattr(losses, name)(y.tolist(), t.tolist(), **parameters)

    assert result.dtype == np.float64
    np.testing.assert_array_equal(result, getattr(losses, name)(y, t, **parameters))


@pytest.mark.parametrize("name", losses.__all__)
def test_the_layout_in_memory_does_not_matter(name):
    y, t, parameters = example(name, n=8)
    expected = getattr(losses, name)(y, t, **parameters)
    wide = np.repeat(y, 2, axis=0)
    wide.flags.writeable = False

    for same in (np.asfortranarray(y), wide[::2], y[::-1][::-1], y.astype(y.dtype.newbyteorder())):
        actual = getattr(losses, name)(same, t, **parameters)
        np.testing.assert_array_equal(actual, expected)
        assert actual.dtype.isnative
    np.testing.assert_array_equal(getattr(losses, name)(y, np.repeat(t, 2)[::2], **parameters), expected)


@pytest.mark.parametrize("name", losses.__all__)
def test_the_arguments_are_not_changed(name):
    y, t, parameters = example(name)
    before = y.copy(), t.copy()

    getattr(losses, name)(y, t, **parameters)

    np.testing.assert_array_equal(y, before[0])
    np.testing.assert_array_equal(t, before[1])


@pytest.mark.parametrize("name", losses.__all__)
def test_no_examples_have_no_losses(name):
    y, t, parameters = example(name)

    assert getattr(losses, name)(y[:0], t[:0], **parameters).shape == (0,)


@pytest.mark.parametrize("name", [name for name in losses.__all__ if not name.startswith("cross_entropy")])
def test_elementwise_losses_keep_the_shape(name):
    y, t, parameters = example(name, n=6)
    expected = getattr(losses, name)(y, t, **parameters)

    cube = getattr(losses, name)(y.reshape(1, 2, 3), t.reshape(1, 2, 3), **parameters)
    np.testing.assert_array_equal(cube, expected.reshape(1, 2, 3))
    assert getattr(losses, name)(y[0], t[0], **parameters) == expected[0]
    assert np.ndim(getattr(losses, name)(float(y[0]), float(t[0]), **parameters)) == 0


@pytest.mark.parametrize("name", losses.__all__)
def test_each_example_has_its_own_loss_in_whatever_batch(name):
    y, t, parameters = example(name, n=5000)
    whole = getattr(losses, name)(y, t, **parameters)

    for part in (slice(0, 1), slice(7, 30), slice(1000, 5000)):
        np.testing.assert_allclose(getattr(losses, name)(y[part], t[part], **parameters), whole[part], rtol=2e-15)


# --- real targets -------------------------------------------------------------------------------------------------


@real_losses
@given(data=st.data())
def test_losses_of_real_targets_follow_their_formulas(name, parameters, data):
    y, t = data.draw(vectors(ordinary(), ordinary()))

    actual = quiet(getattr(losses, name), y, t, **parameters)

    expected = [getattr(oracles, name)(*pair, **parameters) for pair in zip(y.ravel(), t.ravel(), strict=True)]
    np.testing.assert_allclose(np.ravel(actual), np.array(expected, dtype=float), rtol=1e-14, atol=2e-15)


@real_losses
@given(data=st.data())
def test_losses_of_real_targets_have_no_nan_and_no_warning(name, parameters, data):
    y, t = data.draw(vectors(numbers(infinite=True), numbers()))

    actual = quiet(getattr(losses, name), y, t, **parameters)

    assert not np.any(np.isnan(actual))
    assert np.all(np.isposinf(actual[np.isinf(y)])) if np.ndim(y) else True
    if not name.endswith("nll"):
        assert is_proper(actual)


@pytest.mark.parametrize("name", sorted(set(REAL) - {"student_t_nll"}))
@given(data=st.data())
def test_losses_are_convex_along_lines(name, data):
    a, b, t = (data.draw(ordinary()) for _ in range(3))

    left, middle, right = (getattr(losses, name)(y, t, **REAL[name]) for y in (a, (a + b) / 2, b))

    assert middle <= (left + right) / 2 + 1e-13 * (1 + abs(left) + abs(right))


@pytest.mark.parametrize(
    ("name", "targets"), [("binary_cross_entropy", [0, 0.25, 1]), ("soft_margin", [-1, 1]), ("poisson_nll", [0, 1, 7])]
)
@given(a=ordinary(), b=ordinary(), data=st.data())
def test_losses_of_other_targets_are_convex_along_lines(name, targets, a, b, data):
    t = data.draw(st.sampled_from(targets))

    left, middle, right = (getattr(losses, name)(y, t) for y in (a, (a + b) / 2, b))

    assert middle <= (left + right) / 2 + 1e-13 * (1 + left + right)


def test_student_t_is_not_convex():
    f = [float(losses.student_t_nll(y, 0.0, scale=1.0, degrees=1.0)) for y in (2.0, 5.0, 8.0)]

    assert f[1] > (f[0] + f[2]) / 2


@pytest.mark.parametrize(
    ("name", "parameters", "statistic"),
    [
        ("squared_error", {}, np.mean),
        ("half_squared_error", {}, np.mean),
        ("gaussian_nll", {"scale": 2.0}, np.mean),
        ("absolute_error", {}, np.median),
        ("laplace_nll", {"scale": 2.0}, np.median),
        ("pinball_loss", {"quantile": 0.2}, lambda t: np.quantile(t, 0.2, method="inverted_cdf")),
        ("pinball_loss", {"quantile": 0.9}, lambda t: np.quantile(t, 0.9, method="inverted_cdf")),
        ("huber_loss", {"delta": 1e6}, np.mean),
        ("huber_loss", {"delta": 1e-6}, np.median),
    ],
)
def test_the_best_constant_prediction_is_the_statistic(name, parameters, statistic):
    t = np.random.default_rng(1).gamma(2.0, size=31)

    def risk(y):
        return getattr(losses, name)(np.full_like(t, y), t, **parameters).mean()

    best = scipy.optimize.minimize_scalar(risk, bounds=(t.min(), t.max()), method="bounded", options={"xatol": 1e-10})

    assert best.x == pytest.approx(statistic(t), abs=1e-5)


LEAST = [
    ("squared_error", {}, np.mean, st.integers(-9, 9)),
    ("half_squared_error", {}, np.mean, st.integers(-9, 9)),
    ("gaussian_nll", {"scale": 2.0}, np.mean, st.integers(-9, 9)),
    ("absolute_error", {}, np.median, st.integers(-9, 9)),
    ("laplace_nll", {"scale": 2.0}, np.median, st.integers(-9, 9)),
    ("pinball_loss", {"quantile": 0.3}, lambda t: np.quantile(t, 0.3, method="inverted_cdf"), st.integers(-9, 9)),
    ("binary_cross_entropy", {}, lambda t: scipy.special.logit(np.mean(t)), st.sampled_from([0, 0.5, 1])),
    ("poisson_nll", {}, lambda t: np.log(np.mean(t)), st.integers(0, 9)),
]


@pytest.mark.parametrize(("name", "parameters", "statistic", "targets"), LEAST, ids=[name for name, *_ in LEAST])
@given(data=st.data(), step=ordinary(-3, 3))
def test_no_other_constant_prediction_beats_the_statistic(name, parameters, statistic, targets, data, step):
    t = np.array(data.draw(st.lists(targets, min_size=1, max_size=9)), float)
    assume(name != "poisson_nll" or t.any())  # no count at all: the rate 0 has no logarithm
    assume(name != "binary_cross_entropy" or 0 < t.mean() < 1)  # only one class: the log-odds are infinite

    def risk(y):
        return getattr(losses, name)(np.full_like(t, y), t, **parameters).mean()

    best = statistic(t)
    assert risk(best) <= risk(best + step) + 1e-13 * (1 + abs(risk(best)))


def test_the_best_scale_is_the_statistic():
    t = np.random.default_rng(1).normal(size=50)
    zero = np.zeros_like(t)
    for loss, statistic in ((losses.gaussian_nll, np.sqrt(np.mean(t**2))), (losses.laplace_nll, np.abs(t).mean())):
        best = scipy.optimize.minimize_scalar(
            lambda scale, loss=loss: loss(zero, t, scale=scale).mean(), bounds=(0.01, 10), method="bounded"
        )
        assert best.x == pytest.approx(statistic, abs=1e-6)


@pytest.mark.parametrize(
    ("name", "parameters", "distribution"),
    [
        ("gaussian_nll", {"scale": 0.3}, lambda y, p: scipy.stats.norm(y, p["scale"])),
        ("laplace_nll", {"scale": 0.3}, lambda y, p: scipy.stats.laplace(y, p["scale"])),
        ("student_t_nll", {"scale": 0.3, "degrees": 2.5}, lambda y, p: scipy.stats.t(p["degrees"], y, p["scale"])),
    ],
)
def test_negative_log_likelihoods_agree_with_scipy(name, parameters, distribution):
    y, t, _ = example("squared_error", n=50)

    np.testing.assert_allclose(
        getattr(losses, name)(y, t, **parameters), -distribution(y, parameters).logpdf(t), rtol=1e-12, atol=1e-13
    )


def test_a_density_above_1_gives_a_negative_loss():
    assert losses.gaussian_nll(0.0, 0.0, scale=0.1) < 0


def test_a_scale_for_each_target():
    scale = np.array([0.5, 2.0])

    both = losses.gaussian_nll([1.0, 1.0], [0.0, 0.0], scale=scale)

    assert both.tolist() == [losses.gaussian_nll(1.0, 0.0, scale=s) for s in (0.5, 2.0)]


def test_relations_between_losses():
    y, t, _ = example("squared_error", n=20)

    np.testing.assert_array_equal(2 * losses.half_squared_error(y, t), losses.squared_error(y, t))
    np.testing.assert_allclose(2 * losses.pinball_loss(y, t, quantile=0.5), losses.absolute_error(y, t), rtol=1e-15)
    np.testing.assert_array_equal(losses.huber_loss(y, t, delta=100.0), losses.half_squared_error(y, t))
    np.testing.assert_allclose(
        losses.gaussian_nll(y, t, scale=1.0), losses.half_squared_error(y, t) + np.log(2 * np.pi) / 2, rtol=1e-15
    )
    np.testing.assert_allclose(
        losses.student_t_nll(y, t, scale=1.5, degrees=1e9), losses.gaussian_nll(y, t, scale=1.5), rtol=1e-8
    )


def test_what_overflows_only_on_the_way_does_not_overflow():
    big = 1e308
    assert losses.gaussian_nll(big, -big, scale=big) == pytest.approx(2 + np.log(big) + np.log(2 * np.pi) / 2)
    assert losses.laplace_nll(big, -big, scale=big) == pytest.approx(2 + np.log(2) + np.log(big))
    assert losses.pinball_loss(big, -big, quantile=0.75) == pytest.approx(0.5 * big)
    assert losses.huber_loss(big, -big, delta=0.25) == pytest.approx(0.5 * big)
    assert losses.half_squared_error(1.6e154, 0.0) == pytest.approx(1.28e308)
    assert losses.student_t_nll(1e300, 0.0, scale=1e-300, degrees=1.0) == pytest.approx(
        np.log(np.pi) - 300 * np.log(10) + 2 * 600 * np.log(10)
    )


# --- two classes --------------------------------------------------------------------------------------------------


@dtypes
@given(data=st.data())
def test_binary_cross_entropy_follows_its_formula_everywhere(dtype, data):
    z, t = data.draw(numbers(dtype, infinite=True)), data.draw(st.sampled_from([0.0, 1.0, 0.5, 0.25]))

    actual = quiet(losses.binary_cross_entropy, dtype(z), t)

    assert is_proper(actual)
    assert ulps(actual, oracles.binary_cross_entropy(z, t), dtype) <= 2


@given(data=st.data())
def test_the_forms_of_the_logistic_loss_agree(data):
    z, t = data.draw(vectors(numbers(infinite=True), st.sampled_from([0.0, 1.0])))
    expected = losses.binary_cross_entropy(z, t)

    np.testing.assert_array_equal(losses.binary_cross_entropy(-z, 1 - t), expected)
    np.testing.assert_array_equal(losses.binary_cross_entropy(z, t.astype(bool)), expected)
    np.testing.assert_array_equal(losses.binary_cross_entropy(z, t.astype(np.uint8)), expected)
    np.testing.assert_allclose(losses.soft_margin(z, 2 * t - 1), expected, rtol=1e-15)
    two_classes = np.stack([np.zeros(z.size), z.ravel()], axis=1)
    np.testing.assert_allclose(
        losses.cross_entropy(two_classes, t.ravel().astype(int)), expected.ravel(), rtol=2e-15, atol=1e-323
    )


def test_soft_labels_are_the_mean_over_hard_ones():
    z = np.linspace(-5, 5, 21)

    soft = losses.binary_cross_entropy(z, np.full(21, 0.3))

    hard = 0.7 * losses.binary_cross_entropy(z, np.zeros(21)) + 0.3 * losses.binary_cross_entropy(z, np.ones(21))
    np.testing.assert_allclose(soft, hard, rtol=1e-14)


def test_the_best_constant_log_odds_are_those_of_the_mean():
    t = np.array([0, 0, 1, 0, 1, 0, 0])

    def risk(z):
        return losses.binary_cross_entropy(np.full(7, z), t).mean()

    best = scipy.optimize.minimize_scalar(risk, bounds=(-10, 10), method="bounded", options={"xatol": 1e-10})

    assert best.x == pytest.approx(np.log(2 / 5), abs=1e-6)
    assert best.fun == pytest.approx(scipy.stats.bernoulli(2 / 7).entropy())


@given(y=st.floats(0, 1), t=st.sampled_from([0.0, 1.0, 0.5]))
def test_the_loss_of_probabilities(y, t):
    actual = quiet(losses.binary_cross_entropy_of_probabilities, y, t)

    assert is_proper(actual)
    one, zero = (-oracles.mp.log(y) if t else 0), (-oracles.mp.log1p(-oracles.exact(y)) if t < 1 else 0)
    if (y == 0 and t) or (y == 1 and t < 1):
        assert actual == INF
    else:
        assert float(actual) == pytest.approx(float(t * one + (1 - t) * zero), rel=1e-14)


def test_log_loss_of_scikit_learn_is_the_mean():
    rng = np.random.default_rng(0)
    t, y = rng.integers(0, 2, 40), rng.random(40)
    classes, rows = rng.integers(0, 3, 40), rng.dirichlet(np.ones(3), 40)

    binary = losses.binary_cross_entropy_of_probabilities(y, t).mean()
    several = losses.cross_entropy_of_probabilities(rows, classes).mean()

    assert binary == pytest.approx(sklearn.metrics.log_loss(t, y))
    assert several == pytest.approx(sklearn.metrics.log_loss(classes, rows, labels=[0, 1, 2]))


def test_no_loss_is_minus_0():
    for loss in (
        losses.laplace_nll(0.0, 0.0, scale=0.5),
        losses.binary_cross_entropy_of_probabilities([1.0, 0.0], [1, 0]),
        losses.cross_entropy_of_probabilities([[1.0]], [0]),
        losses.cross_entropy_of_probabilities([[1.0]], [[1.0]]),
    ):
        assert np.all(loss == 0)
        assert not np.any(np.signbit(loss))


def test_nothing_is_clipped():
    assert losses.binary_cross_entropy(-1000.0, 1) == 1000.0
    assert losses.binary_cross_entropy_of_probabilities(0.0, 1) == INF
    assert losses.cross_entropy_of_probabilities([[0.0, 1.0]], [0])[0] == INF
    assert losses.soft_margin(np.float32(-100), 1) == 100


# --- c classes ----------------------------------------------------------------------------------------------------


@dtypes
@given(data=st.data())
def test_cross_entropy_follows_its_formula_everywhere(dtype, data):
    z, y = data.draw(logits_and_classes(numbers(dtype, infinite=True), dtype))
    try:
        expected = [oracles.cross_entropy(row, int(label)) for row, label in zip(z, y, strict=True)]
    except ValueError:  # ∞ − ∞
        with pytest.raises(ValueError, match="logits have no limit at position"):
            quiet(losses.cross_entropy, z, y)
        return

    actual = quiet(losses.cross_entropy, z, y)

    assert is_proper(actual)
    assert max((ulps(a, e, dtype) for a, e in zip(actual, expected, strict=True)), default=0) <= 3


@dtypes
@given(data=st.data())
def test_cross_entropy_of_rows_follows_its_formula_everywhere(dtype, data):
    z, t = data.draw(logits_and_rows(numbers(dtype, infinite=True), dtype))
    try:
        expected = [oracles.soft_cross_entropy(row, weights) for row, weights in zip(z, t, strict=True)]
    except ValueError:  # ∞ − ∞
        with pytest.raises(ValueError, match="logits have no limit at position"):
            quiet(losses.cross_entropy, z, t)
        return

    actual = quiet(losses.cross_entropy, z, t)

    assert is_proper(actual)
    assert max((ulps(a, e, dtype) for a, e in zip(actual, expected, strict=True)), default=0) <= 4


@pytest.mark.parametrize(
    ("z", "label", "expected"),
    [
        ([INF, 0], 0, 0.0),
        ([INF, 0], 1, INF),
        ([-INF, 0], 0, INF),
        ([-INF, 0], 1, 0.0),
        ([INF, INF, 0], 2, INF),
        ([-INF, -INF, 0], 2, 0.0),
        ([-INF, -INF, 0], 0, INF),
        ([1e308, -1e308], 0, 0.0),
        ([1e308, -1e308], 1, INF),
        ([8e307, -8e307], 1, 1.6e308),
        ([5e-324, 0], 0, np.log(2)),
        ([-800.0, -800.0], 0, np.log(2)),
        ([40.0, 0.0], 0, 4.248354255291589e-18),
        ([INF], 0, 0.0),
        ([-250.0, -740.0], 0, 1.569292385255739e-213),  # e^{−740} has lost digits, e^{−490} must not
        ([250.0, 740.0], 0, 490.0),
    ],
)
def test_limits_and_extremes_of_cross_entropy(z, label, expected):
    (actual,) = quiet(losses.cross_entropy, [z], [label])
    (row,) = quiet(losses.cross_entropy, [z], [np.eye(len(z))[label]])

    assert actual == pytest.approx(expected, rel=1e-15)
    assert row == pytest.approx(expected, rel=1e-15)
    assert is_proper(actual)


def test_an_impossible_class_without_label_costs_nothing():
    assert losses.cross_entropy([[0.0, 0.0, -INF]], [[0.5, 0.5, 0.0]])[0] == pytest.approx(np.log(2))
    assert losses.cross_entropy([[0.0, 0.0, -INF]], [[0.5, 0.25, 0.25]])[0] == INF


@given(data=st.data())
def test_adding_a_number_to_all_logits_changes_nothing(data):
    z, y = data.draw(logits_and_classes(st.integers(-4000, 4000).map(lambda k: k / 64)))
    shift = data.draw(st.sampled_from([1.0, -3.0, 250.0, -600.0, 2.0**20]))  # sums with multiples of 1/64 are exact

    np.testing.assert_allclose(losses.cross_entropy(z + shift, y), losses.cross_entropy(z, y), rtol=2e-15)


@given(data=st.data())
def test_one_hot_rows_are_class_numbers(data):
    z, y = data.draw(logits_and_classes(numbers()))
    one_hot = y[:, None] == np.arange(z.shape[1])

    expected = losses.cross_entropy(z, y)

    for rows in (one_hot, one_hot.astype(int), one_hot.astype(float), one_hot.astype(np.float32)):
        np.testing.assert_allclose(losses.cross_entropy(z, rows), expected, rtol=3e-15, atol=1e-323)


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int16, np.int32, np.int64, np.uint64])
def test_class_numbers_of_every_integer_type(dtype):
    z = np.random.default_rng(0).normal(size=(3, 3))

    actual = losses.cross_entropy(z, np.array([2, 0, 1], dtype))

    np.testing.assert_array_equal(actual, losses.cross_entropy(z, [2, 0, 1]))


@given(data=st.data())
def test_cross_entropy_is_convex_along_lines(data):
    a, y = data.draw(logits_and_classes(ordinary(), rows=(1, 1)))
    b = data.draw(strategies.arrays(np.float64, a.shape, elements=ordinary()))

    f = [losses.cross_entropy(z, y)[0] for z in (a, (a + b) / 2, b)]

    assert f[1] <= (f[0] + f[2]) / 2 + 1e-13 * (1 + f[0] + f[2])


def test_the_best_constant_logits_are_the_logarithms_of_the_frequencies():
    y = np.array([0, 2, 2, 1, 2, 0, 2, 2])

    def risk(z):
        return losses.cross_entropy(np.tile(z, (8, 1)), y).mean()

    best = scipy.optimize.minimize(risk, np.zeros(3), tol=1e-12).x

    np.testing.assert_allclose(scipy.special.softmax(best), [2 / 8, 1 / 8, 5 / 8], atol=1e-4)


def test_cross_entropy_agrees_with_scipy():
    rng = np.random.default_rng(0)
    z, y, t = rng.normal(size=(60, 5)) * 3, rng.integers(0, 5, 60), rng.dirichlet(np.ones(5), 60)
    log_p = scipy.special.log_softmax(z, axis=1)

    np.testing.assert_allclose(losses.cross_entropy(z, y), -log_p[np.arange(60), y], rtol=1e-12)
    np.testing.assert_allclose(losses.cross_entropy(z, t), -(t * log_p).sum(axis=1), rtol=1e-13)
    np.testing.assert_allclose(losses.cross_entropy_of_probabilities(np.exp(log_p), y), -log_p[np.arange(60), y])
    np.testing.assert_allclose(losses.cross_entropy_of_probabilities(np.exp(log_p), t), -(t * log_p).sum(axis=1))


def test_wild_rows_among_tame_ones():
    rng = np.random.default_rng(0)
    z, y = rng.normal(size=(50, 4)), rng.integers(0, 4, 50)
    for row, wild in ((3, 1e5), (7, -1e5), (11, 800.0), (12, -INF), (40, -800.0)):
        z[row] += wild
        z[row, y[row]] = 0.5
    expected = [oracles.cross_entropy(row, int(label)) for row, label in zip(z, y, strict=True)]

    for repeats in (1, 40):  # few and many rows go different ways
        actual = losses.cross_entropy(np.tile(z, (repeats, 1)), np.tile(y, repeats))
        assert max(ulps(a, e) for a, e in zip(actual, expected * repeats, strict=True)) <= 3


# --- counts -------------------------------------------------------------------------------------------------------


@given(eta=st.floats(-50, 50), k=st.integers(0, 10**6))
def test_poisson_follows_its_formula(eta, k):
    actual = quiet(losses.poisson_nll, eta, k)

    assert actual >= 0
    assert float(actual) == pytest.approx(float(oracles.poisson_nll(eta, k)), rel=1e-12)


@given(eta=numbers(infinite=True), k=st.sampled_from([0, 1, 3, 16, 10**9]))
def test_poisson_has_no_nan_and_no_warning(eta, k):
    assert is_proper(quiet(losses.poisson_nll, eta, k))


def test_poisson_agrees_with_scipy_and_is_least_at_the_mean():
    k = np.array([0, 3, 1, 4, 2, 25])
    np.testing.assert_allclose(losses.poisson_nll(np.full(6, 0.7), k), -scipy.stats.poisson(np.exp(0.7)).logpmf(k))

    def risk(eta):
        return losses.poisson_nll(np.full(6, eta), k).mean()

    best = scipy.optimize.minimize_scalar(risk, bounds=(-5, 5), method="bounded", options={"xatol": 1e-10})

    assert best.x == pytest.approx(np.log(k.mean()), abs=1e-6)


# --- memory -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["cross_entropy", "binary_cross_entropy"])
def test_the_loss_needs_no_second_copy_of_the_batch(name):
    rng = np.random.default_rng(0)
    z = rng.normal(size=(50_000, 100) if name == "cross_entropy" else 5_000_000)
    y = rng.integers(0, 2, len(z)).astype(np.int64 if z.ndim == 2 else np.float64)
    tracemalloc.start()
    try:
        result = getattr(losses, name)(z, y)
        extra = tracemalloc.get_traced_memory()[1] - result.nbytes
    finally:
        tracemalloc.stop()

    assert extra <= 0.05 * z.nbytes


# --- bad input ----------------------------------------------------------------------------------------------------

Z, V = np.zeros((3, 2)), np.zeros(3)
ONE_HOT = [[1, 0], [0, 1], [0, 1]]

BAD = [
    # shapes
    ("squared_error", (V, [[1.0], [2.0], [3.0]]), {}, "predictions and targets must have the same shape"),
    ("squared_error", (V, 1.0), {}, r"given \(3,\) and \(\)"),
    ("squared_error", ([[1.0, 2.0], [3.0]], V), {}, "predictions must be an array of real numbers"),
    ("binary_cross_entropy", (V, [[0], [1], [1]]), {}, r"given \(3,\) and \(3, 1\)"),
    ("soft_margin", (V, [1, -1]), {}, "logits and signs must have the same shape"),
    ("poisson_nll", (V, [1, 2]), {}, "log_rates and counts must have the same shape"),
    ("cross_entropy", (V, [0]), {}, r"logits must have shape \(N, c\).*given \(3,\)"),
    ("cross_entropy", (np.zeros((3, 0)), [0, 0, 0]), {}, r"c ≥ 1 classes, given \(3, 0\)"),
    ("cross_entropy", (Z, [0, 1]), {}, r"labels must be N = 3 class numbers.*given shape \(2,\)"),
    ("cross_entropy", (Z, np.eye(3)), {}, r"rows of shape \(3, 2\).*given shape \(3, 3\)"),
    ("cross_entropy", (Z, [[0], [1], [1]]), {}, r"given shape \(3, 1\)"),
    ("cross_entropy_of_probabilities", (V, [0]), {}, r"probabilities must have shape \(N, c\)"),
    ("gaussian_nll", (V, V), {"scale": [1.0, 2.0]}, r"scale must be one number or have the shape \(3,\)"),
    ("huber_loss", (V, V), {"delta": [1.0, 2.0, 3.0]}, "delta must be one number"),
    # labels
    ("cross_entropy", (Z, [0, 1, 2]), {}, "labels must be class numbers from 0 to 1, given 2 at position 2"),
    ("cross_entropy", (Z, [0, -1, 1]), {}, "labels must be class numbers from 0 to 1, given -1 at position 1"),
    ("cross_entropy", (Z, [0, -100, 1]), {}, "given -100 at position 1"),
    ("cross_entropy", (Z, [[0.5, 0.6], *ONE_HOT[1:]]), {}, "labels must sum to 1.*given the sum 1.1 in row 0"),
    ("cross_entropy", (Z, [[1, 0], [1.5, -0.5], [0, 1]]), {}, r"given -0.5 at position \(1, 1\)"),
    ("cross_entropy", (Z, [[1, 0], [0, 1], [np.nan, 1]]), {}, r"given nan at position \(2, 0\)"),
    ("cross_entropy", (Z, [[1, 0], [0, 1], [0, 0]]), {}, "given the sum 0(.0)? in row 2"),
    ("cross_entropy_of_probabilities", ([[0.5, 0.4]], [0]), {}, "probabilities must sum to 1.*the sum 0.9"),
    ("cross_entropy_of_probabilities", ([[1.5, -0.5]], [0]), {}, r"given 1.5 at position \(0, 0\)"),
    ("cross_entropy_of_probabilities", ([[0.5, 0.5]], [[0.7, 0.7]]), {}, "labels must sum to 1"),
    ("binary_cross_entropy", (V, [0, 1, 2]), {}, "labels must be 0, 1 or a probability between.*given 2 at position 2"),
    ("binary_cross_entropy", (V, [-1, 1, 1]), {}, "signs −1 and 1 are for soft_margin.*given -1 at position 0"),
    ("binary_cross_entropy", (V, [0, np.nan, 1]), {}, "given nan at position 1"),
    ("binary_cross_entropy", (Z, [[0, 0], [0, 3], [0, 0]]), {}, r"given 3 at position \(1, 1\)"),
    ("binary_cross_entropy_of_probabilities", ([0.5, 1.1], [0, 1]), {}, "given 1.1 at position 1"),
    ("soft_margin", (V, [1, 0, 1]), {}, "−1 or 1 .labels 0 and 1 are for binary.*0 at position 1"),
    ("soft_margin", (V, [1, np.nan, 1]), {}, "signs must be −1 or 1.*given nan at position 1"),
    ("poisson_nll", (V, [1, 2, -1]), {}, "counts must be a whole number 0, 1, 2, …, given -1.0 at position 2"),
    ("poisson_nll", (V, [1, 0.5, 1]), {}, "given 0.5 at position 1"),
    ("poisson_nll", (V, [1, INF, 1]), {}, "given inf at position 1"),
    # parameters
    ("gaussian_nll", (V, V), {"scale": 0}, "scale must be positive and finite, given 0"),
    ("gaussian_nll", (V, V), {"scale": [1.0, -2.0, 1.0]}, "given -2.0 at position 1"),
    ("gaussian_nll", (V, V), {"scale": INF}, "scale must be positive and finite, given inf"),
    ("laplace_nll", (V, V), {"scale": np.nan}, "scale must be positive and finite, given nan"),
    ("student_t_nll", (V, V), {"scale": 1.0, "degrees": -1.0}, "degrees must be positive and finite, given -1"),
    ("huber_loss", (V, V), {"delta": 0.0}, "delta must be positive and finite, given 0"),
    ("pinball_loss", (V, V), {"quantile": 1.0}, "quantile must be strictly between 0 and 1, given 1"),
    ("pinball_loss", (V, V), {"quantile": np.nan}, "given nan"),
    # not a number, and no limit
    ("squared_error", ([1.0, np.nan, 3.0], V), {}, "predictions must be a real number, given nan at position 1"),
    ("squared_error", (V, [1.0, 2.0, np.nan]), {}, "targets must be a real number, given nan at position 2"),
    ("gaussian_nll", (V, [1.0, 2.0, np.nan]), {"scale": 1.0}, "targets must be a real number, given nan at position 2"),
    ("squared_error", ([1.0, INF], [1.0, INF]), {}, "predictions and targets have no limit at position 1: ∞ − ∞"),
    ("binary_cross_entropy", ([0.0, np.nan], [0, 1]), {}, "logits must be a real number, given nan at position 1"),
    ("soft_margin", ([0.0, np.nan], [1, 1]), {}, "logits must be a real number, given nan at position 1"),
    ("poisson_nll", ([0.0, np.nan], [1, 1]), {}, "log_rates must be a real number, given nan at position 1"),
    ("cross_entropy", ([[0.0, np.nan], [1.0, 2.0]], [0, 0]), {}, r"logits must be a real.*nan at position \(0, 1\)"),
    ("cross_entropy", ([[0.0, 1.0], [1.0, np.nan]], [0, 1]), {}, r"given nan at position \(1, 1\)"),
    ("cross_entropy", ([[np.nan]], [0]), {}, r"given nan at position \(0, 0\)"),
    ("cross_entropy", ([[0.0, np.nan]], [[1.0, 0.0]]), {}, r"given nan at position \(0, 1\)"),
    ("cross_entropy", ([[0.0, 1.0], [INF, INF]], [0, 0]), {}, "logits have no limit at position 1: two logits"),
    ("cross_entropy", ([[-INF, -INF]], [[0.5, 0.5]]), {}, "logits have no limit at position 0"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "arguments", "parameters", "message"), BAD)
def test_bad_values_are_refused_with_what_was_expected_and_given(name, arguments, parameters, message):
    with pytest.raises(ValueError, match=message):
        quiet(getattr(losses, name), *arguments, **parameters)


@pytest.mark.parametrize("name", losses.__all__)
@pytest.mark.parametrize(
    ("spoil", "given"),
    [
        (lambda a: a.astype(str), "<U"),
        (lambda a: a.astype(object), "object"),
        (lambda a: a + 0j, "complex128"),
        (lambda a: a.astype(np.longdouble), "float128|longdouble"),
        (np.ma.array, "masked array"),
        (lambda a: [None] * len(a), "object"),
        (lambda a: a.astype("timedelta64[s]"), "timedelta"),
    ],
    ids=["text", "objects", "complex", "longdouble", "masked", "none", "durations"],
)
def test_what_is_not_real_numbers_is_refused(name, spoil, given):
    y, t, parameters = example(name)

    with pytest.raises(TypeError, match=given):
        getattr(losses, name)(spoil(y), t, **parameters)
    with pytest.raises(TypeError, match=given):
        getattr(losses, name)(y, spoil(t), **parameters)


@pytest.mark.parametrize("labels", [[0.0, 1.0, 1.0], [True, False, True]])
def test_class_numbers_must_be_integers(labels):
    with pytest.raises(TypeError, match=r"labels of shape \(N,\) must be integers, class numbers 0 to 1, given"):
        losses.cross_entropy(Z, labels)


def test_booleans_are_labels_but_no_predictions_and_no_signs():
    assert losses.binary_cross_entropy(0.0, True) == losses.binary_cross_entropy(0.0, 1)
    with pytest.raises(TypeError, match=r"predictions must be real numbers.*given bool"):
        losses.squared_error([True], [1.0])
    with pytest.raises(TypeError, match="signs must be −1 or 1"):
        losses.soft_margin([1.0], [True])


@pytest.mark.parametrize("c", [2, 300])
def test_an_error_in_a_later_block_names_the_position_in_the_batch(c):
    n = 3 * 2**20 // (8 * c)
    z, y = np.zeros((n, c)), np.zeros(n, int)
    rows = np.full((n, c), 1 / c)

    z[n - 2, 1] = np.nan
    for labels in (y, rows):
        with pytest.raises(ValueError, match=rf"given nan at position \({n - 2}, 1\)"):
            losses.cross_entropy(z, labels)
    z[n - 2] = INF
    for labels in (y, rows):
        with pytest.raises(ValueError, match=f"no limit at position {n - 2}:"):
            losses.cross_entropy(z, labels)
    rows[n - 1] *= 1.5
    with pytest.raises(ValueError, match=rf"given the sum 1\.5\d* in row {n - 1}"):
        losses.cross_entropy(np.zeros((n, c)), rows)


def test_an_error_in_a_later_block_of_numbers_names_the_position_in_the_batch():
    z, t = np.zeros((2, 10**5)), np.zeros((2, 10**5))
    t[1, 7] = 3
    with pytest.raises(ValueError, match=r"given 3.0 at position \(1, 7\)"):
        losses.binary_cross_entropy(z, t)
    z[1, 9], t[1, 7] = np.nan, 1
    with pytest.raises(ValueError, match=r"given nan at position \(1, 9\)"):
        losses.binary_cross_entropy(z, t)
