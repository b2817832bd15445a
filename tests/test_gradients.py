"""The gradients at kinks and limits, their types and errors, and losses and gradient in one pass.

That they are the derivatives of the losses is in test_three_roads.py.
"""

import tracemalloc

import numpy as np
import oracles
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles import ulps
from strategies import DTYPES, arrays, logits_and_classes, logits_and_rows, numbers, ordinary, vectors
from test_losses import BAD, INF, REAL, Z, example, is_proper, quiet

from lossbook import gradients, losses

dtypes = pytest.mark.parametrize("dtype", DTYPES, ids=lambda dtype: dtype.__name__)
names = pytest.mark.parametrize("name", losses.__all__)


# --- derivatives --------------------------------------------------------------------------------------------------


def test_the_gradient_of_cross_entropy_in_probabilities_is_the_derivative_of_each_entry():
    y = np.array([[0.25, 0.5, 0.25], [0.1, 0.2, 0.7]])

    hard = gradients.cross_entropy_of_probabilities(y, [1, 2])
    soft = gradients.cross_entropy_of_probabilities(y, [[0.0, 0.5, 0.5], [1.0, 0.0, 0.0]])

    np.testing.assert_allclose(hard, [[0, -2, 0], [0, 0, -1 / 0.7]])
    np.testing.assert_allclose(soft, [[0, -1, -2], [-10, 0, 0]])


@given(data=st.data())
def test_the_gradient_of_cross_entropy_is_softmax_minus_label(data):
    z, t = data.draw(logits_and_rows(ordinary()))
    e = np.exp(z - z.max(axis=1, keepdims=True))

    actual = quiet(gradients.cross_entropy, z, t)

    np.testing.assert_allclose(actual, e / e.sum(axis=1, keepdims=True) - t, rtol=1e-12, atol=3e-16)


@dtypes
@given(data=st.data())
def test_the_gradient_of_cross_entropy_sums_to_0(dtype, data):
    z, y = data.draw(logits_and_classes(numbers(dtype), dtype))
    eps = np.finfo(dtype).eps

    gradient = quiet(gradients.cross_entropy, z, y)

    assert np.all(np.abs(gradient.sum(axis=1)) <= 8 * eps * np.abs(gradient).max(axis=1))
    assert np.all(np.abs(gradient) <= 1)


@dtypes
@given(data=st.data())
def test_the_gradient_of_cross_entropy_follows_its_formula_everywhere(dtype, data):
    z, y = data.draw(logits_and_classes(numbers(dtype, infinite=True), dtype))
    try:
        expected = [oracles.cross_entropy_gradient(row, int(label)) for row, label in zip(z, y, strict=True)]
    except ValueError:  # ∞ − ∞
        with pytest.raises(ValueError, match="logits have no limit at position"):
            quiet(gradients.cross_entropy, z, y)
        return

    actual = quiet(gradients.cross_entropy, z, y)

    assert not np.any((actual == 0) & np.signbit(actual))
    for row, exact in zip(actual, expected, strict=True):
        assert max(ulps(a, e, dtype) for a, e in zip(row, exact, strict=True)) <= 4


@dtypes
@given(data=st.data())
def test_the_gradient_for_rows_has_no_nan_and_no_warning(dtype, data):
    z, t = data.draw(logits_and_rows(numbers(dtype, infinite=True), dtype))
    try:
        for row in z:
            oracles.softmax(row)
    except ValueError:  # ∞ − ∞
        with pytest.raises(ValueError, match="logits have no limit at position"):
            quiet(gradients.cross_entropy, z, t)
        return

    actual = quiet(gradients.cross_entropy, z, t)

    assert np.all(np.abs(actual) <= 1)
    p = [[float(x) for x in oracles.softmax(row)] for row in z]
    np.testing.assert_allclose(actual, np.reshape(p, z.shape) - t, rtol=0, atol=4 * np.finfo(dtype).eps)


@dtypes
@given(data=st.data())
def test_the_gradient_of_binary_cross_entropy_follows_its_formula_everywhere(dtype, data):
    z, t = data.draw(numbers(dtype, infinite=True)), data.draw(st.sampled_from([0.0, 1.0]))

    actual = quiet(gradients.binary_cross_entropy, dtype(z), t)

    assert ulps(actual, oracles.binary_cross_entropy_gradient(z, t), dtype) <= 3
    assert not (actual == 0 and np.signbit(actual))


@given(data=st.data())
def test_soft_labels_shift_the_gradient(data):
    z, t = data.draw(vectors(numbers(infinite=True), st.floats(0, 1)))
    p = gradients.binary_cross_entropy(z, np.zeros_like(z))

    np.testing.assert_allclose(gradients.binary_cross_entropy(z, t), p - t, rtol=0, atol=3e-16)


def test_the_sign_of_zero_does_not_matter():
    for t in (0.0, 0.25, 1.0):
        np.testing.assert_array_equal(gradients.binary_cross_entropy([0.0, -0.0], [t, t]), 0.5 - t)


@given(data=st.data())
def test_the_logistic_gradients_agree(data):
    z, t = data.draw(vectors(numbers(infinite=True), st.sampled_from([0.0, 1.0])))

    np.testing.assert_allclose(
        gradients.soft_margin(z, 2 * t - 1), gradients.binary_cross_entropy(z, t), rtol=2e-15, atol=1e-323
    )


@pytest.mark.parametrize("name", list(REAL))
@given(data=st.data())
def test_gradients_of_real_targets_have_no_nan_and_no_warning(name, data):
    y, t = data.draw(vectors(numbers(infinite=True), numbers()))

    gradient = quiet(getattr(gradients, name), y, t, **REAL[name])

    assert not np.any(np.isnan(gradient))
    direction = (y > t).astype(int) - (y < t)
    assert np.all((np.sign(gradient) == direction) | (gradient == 0))  # a Gaussian one may underflow


def test_at_a_kink_the_gradient_is_the_subgradient_0():
    for name in ("absolute_error", "laplace_nll", "pinball_loss"):
        assert getattr(gradients, name)(2.0, 2.0, **REAL[name]) == 0


def test_values_by_hand():
    assert gradients.squared_error(5.0, 3.0) == 4
    assert gradients.half_squared_error(5.0, 3.0) == 2
    assert gradients.absolute_error(5.0, 3.0) == 1
    assert gradients.huber_loss([5.0, 3.5, 1.0], [3.0, 3.0, 3.0], delta=1.0).tolist() == [1, 0.5, -1]
    assert gradients.pinball_loss([5.0, 1.0], [3.0, 3.0], quantile=0.75).tolist() == [0.25, -0.75]
    assert gradients.gaussian_nll(5.0, 3.0, scale=2.0) == 0.5
    assert gradients.laplace_nll(1.0, 3.0, scale=2.0) == -0.5
    assert gradients.poisson_nll(0.0, 3) == -2


def test_robust_losses_bound_the_pull_of_an_outlier():
    far = np.array([1.0, 10.0, 1e3, 1e9, 1e200])
    zero = np.zeros(5)

    assert gradients.huber_loss(far, zero, delta=2.0).max() == 2
    t = gradients.student_t_nll(far, zero, scale=1.0, degrees=3.0)
    assert np.all(np.diff(t[1:]) < 0)
    np.testing.assert_allclose(t[2:4] * far[2:4], 4, rtol=1e-5)
    assert gradients.student_t_nll(1e-300, 0.0, scale=1.0, degrees=1.0) == pytest.approx(2e-300)


@pytest.mark.parametrize(
    ("name", "minimiser"),
    [("binary_cross_entropy", np.log(0.3 / 0.7)), ("poisson_nll", np.log(4.0)), ("squared_error", 0.3)],
)
def test_the_gradient_vanishes_at_the_minimiser(name, minimiser):
    t = {"binary_cross_entropy": 0.3, "poisson_nll": 4, "squared_error": 0.3}[name]

    assert getattr(gradients, name)(minimiser, t) == pytest.approx(0, abs=1e-15)


# --- losses and gradient in one pass ------------------------------------------------------------------------------


@dtypes
@given(data=st.data())
def test_one_pass_gives_what_two_give(dtype, data):
    z, y = data.draw(logits_and_classes(numbers(dtype), dtype))
    t = data.draw(arrays(dtype, z.shape, elements=st.sampled_from([0.0, 1.0, 0.25])))

    for name, labels in (("cross_entropy", y), ("binary_cross_entropy", t)):
        both = quiet(getattr(gradients, f"{name}_with_losses"), z, labels)
        np.testing.assert_array_equal(both[1], getattr(gradients, name)(z, labels))
        np.testing.assert_allclose(both[0], getattr(losses, name)(z, labels), rtol=4 * np.finfo(dtype).eps, atol=0)
        assert is_proper(both[0])
        assert both[0].dtype == both[1].dtype == dtype


def test_one_pass_gives_the_limits_of_the_losses():
    loss, gradient = gradients.binary_cross_entropy_with_losses([INF, INF, -INF], [1.0, 0.5, 0.0])
    assert loss.tolist() == [0, INF, 0]
    assert gradient.tolist() == [0, 0.5, 0]
    loss, gradient = gradients.cross_entropy_with_losses([[INF, 0.0], [INF, 0.0]], [0, 1])
    assert loss.tolist() == [0, INF]
    assert gradient.tolist() == [[0, 0], [1, -1]]


@pytest.mark.parametrize("z", [[-50.0, -730.0], [-50.0, -60.0, -730.0], [-400.0, -400.0, -1100.0]])
def test_the_digits_of_an_underflowed_exponential_come_back(z):
    """The plain e^{−730} has 3 digits left, but the probability e^{−730} / e^{−50} is an ordinary number."""
    (gradient,) = gradients.cross_entropy([z], [0])

    expected = oracles.cross_entropy_gradient(z, 0)
    assert max(ulps(a, e) for a, e in zip(gradient, expected, strict=True)) <= 3


@pytest.mark.parametrize("name", ["cross_entropy_with_losses", "binary_cross_entropy_with_losses"])
def test_the_gradient_needs_no_third_copy_of_the_batch(name):
    rng = np.random.default_rng(0)
    several = name.startswith("cross")
    z = rng.normal(size=(50_000, 100) if several else 10_000_000)
    y = rng.integers(0, 2, len(z)).astype(np.int64 if several else np.float64)
    tracemalloc.start()
    try:
        loss, gradient = getattr(gradients, name)(z, y)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert gradient.nbytes == z.nbytes
    assert peak - loss.nbytes <= 1.05 * z.nbytes


# --- types, shapes, errors: as the losses -------------------------------------------------------------------------


@dtypes
@names
def test_the_gradient_has_shape_and_type_of_the_prediction(name, dtype):
    y, t, parameters = example(name, dtype=dtype)

    for part in (slice(None), slice(0, 0)):
        gradient = getattr(gradients, name)(y[part], t[part], **parameters)
        assert gradient.shape == y[part].shape
        assert gradient.dtype == dtype


@names
def test_the_layout_in_memory_does_not_matter(name):
    y, t, parameters = example(name, n=8)
    expected = getattr(gradients, name)(y, t, **parameters)

    for same in (np.asfortranarray(y), np.repeat(y, 2, axis=0)[::2], y.tolist()):
        actual = getattr(gradients, name)(same, np.repeat(t, 2)[::2], **parameters)
        np.testing.assert_array_equal(actual, expected)


@pytest.mark.parametrize(("name", "arguments", "parameters", "message"), BAD)
def test_bad_values_are_refused_as_the_loss_refuses_them(name, arguments, parameters, message):
    with pytest.raises(ValueError, match=message):
        quiet(getattr(gradients, name), *arguments, **parameters)


@names
def test_what_is_not_real_numbers_is_refused(name):
    y, t, parameters = example(name)
    for spoil in (str, object, complex):
        with pytest.raises(TypeError, match="must be"):
            getattr(gradients, name)(y.astype(spoil), t, **parameters)
        with pytest.raises(TypeError, match="must be"):
            getattr(gradients, name)(y, t.astype(spoil), **parameters)


def test_two_infinite_logits_leave_the_loss_a_limit_but_not_the_gradient():
    assert losses.cross_entropy([[INF, INF, 0.0]], [2])[0] == INF
    with pytest.raises(ValueError, match="logits have no limit at position 0: two logits of the row are ∞"):
        gradients.cross_entropy([[INF, INF, 0.0]], [2])
    with pytest.raises(TypeError, match="labels of shape"):
        gradients.cross_entropy(Z, [0.0, 1.0, 1.0])
