"""The Hessians at limits, their symmetry, types and errors; the product needs no matrix.

That they are the derivatives of the gradients is in test_three_roads.py.
"""

import tracemalloc

import numpy as np
import oracles
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles import ulps
from strategies import DTYPES, arrays, logits_and_classes, logits_and_rows, numbers, ordinary
from test_gradients import names
from test_losses import BAD, INF, REAL, example, quiet

from lossbook import hessians

dtypes = pytest.mark.parametrize("dtype", DTYPES, ids=lambda dtype: dtype.__name__)


@given(data=st.data())
def test_the_hessian_of_cross_entropy_is_symmetric_singular_and_not_negative(data):
    z, y = data.draw(logits_and_classes(numbers()))

    hessian = quiet(hessians.cross_entropy, z, y)

    np.testing.assert_array_equal(hessian, hessian.transpose(0, 2, 1))
    np.testing.assert_allclose(hessian.sum(axis=2), 0, atol=1e-15)
    assert np.all(np.linalg.eigvalsh(hessian) >= -1e-15)
    assert not np.any((hessian == 0) & np.signbit(hessian))


@given(data=st.data())
def test_the_hessian_does_not_depend_on_the_label(data):
    z, t = data.draw(logits_and_rows(ordinary()))

    hard = hessians.cross_entropy(z, np.zeros(len(z), int))

    np.testing.assert_allclose(hessians.cross_entropy(z, t), hard, rtol=1e-15)


@pytest.mark.parametrize("z", [0.0, 1.0, -40.0, 700.0, -INF])
def test_the_logistic_hessians_are_one(z):
    expected = 0.0 if np.isinf(z) else float(1 / (2 + 2 * oracles.mp.cosh(z)))

    assert hessians.binary_cross_entropy(z, 1) == pytest.approx(expected, rel=1e-15)
    assert hessians.soft_margin(z, -1) == pytest.approx(expected, rel=1e-15)
    two_classes = hessians.cross_entropy([[0.0, z]], [0])[0]
    np.testing.assert_allclose(two_classes, [[expected, -expected], [-expected, expected]], rtol=3e-15)


def test_values_by_hand():
    assert hessians.squared_error(5.0, 3.0) == 2
    assert hessians.half_squared_error(5.0, 3.0) == 1
    assert hessians.gaussian_nll(5.0, 3.0, scale=0.5) == 4
    assert hessians.huber_loss([5.0, 3.5], [3.0, 3.0], delta=1.0).tolist() == [0, 1]
    assert hessians.poisson_nll(0.0, 3) == 1
    for name in ("absolute_error", "laplace_nll", "pinball_loss"):
        assert getattr(hessians, name)([2.0, 3.0], [2.0, 2.0], **REAL[name]).tolist() == [0, 0]


def test_student_t_bends_down_for_outliers():
    r = np.array([0.0, 1.7, 1.8, 100.0, 1e200, INF])

    h = hessians.student_t_nll(r, np.zeros(6), scale=1.0, degrees=3.0)

    assert h[0] == pytest.approx(4 / 3)
    assert h[1] > 0 > h[2]
    assert h[3] < 0
    assert h[4:].tolist() == [0, 0]


# --- the product with a vector ------------------------------------------------------------------------------------


@dtypes
@given(data=st.data())
def test_the_product_is_the_product(dtype, data):
    z, y = data.draw(logits_and_classes(ordinary(-8, 8), dtype))
    v = data.draw(arrays(dtype, z.shape, elements=st.integers(-9, 9)))

    product = quiet(hessians.cross_entropy_vector_product, z, y, v)

    expected = (hessians.cross_entropy(z.astype(float), y) @ v.astype(float)[:, :, None])[:, :, 0]
    np.testing.assert_allclose(product, expected, rtol=0, atol=100 * np.finfo(dtype).eps)
    assert product.dtype == dtype


def test_the_product_keeps_the_digits_of_a_confident_prediction():
    z, v = [60.0, 0.0, 1.0], [2.0, 3.0, 5.0]
    p = oracles.softmax(z)

    (product,) = hessians.cross_entropy_vector_product([z], [0], [v])

    with oracles.mpmath.workdps(80):
        mean = sum(p_k * v_k for p_k, v_k in zip(oracles.softmax(z), v, strict=True))
        expected = [p_k * (v_k - mean) for p_k, v_k in zip(p, v, strict=True)]
    assert max(ulps(a, e) for a, e in zip(product[1:], expected[1:], strict=True)) <= 8
    assert float(product[0]) == pytest.approx(-float(product[1] + product[2]), rel=1e-14)


def test_a_constant_vector_is_annihilated():
    z = np.random.default_rng(0).normal(size=(5, 3)) * 10

    assert not hessians.cross_entropy_vector_product(z, np.zeros(5, int), np.full((5, 3), 7.7)).any()


def test_the_product_never_builds_the_matrix():
    z = np.random.default_rng(0).normal(size=(200, 1000))
    tracemalloc.start()
    try:
        hessians.cross_entropy_vector_product(z, np.zeros(200, int), z)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert peak < 20 * z.nbytes  # the matrices would take 1000 times the logits


def test_the_product_refuses_bad_vectors():
    z = np.zeros((2, 3))
    with pytest.raises(ValueError, match=r"logits and vectors must have the same shape.*given \(2, 3\) and \(3,\)"):
        hessians.cross_entropy_vector_product(z, [0, 0], np.zeros(3))
    with pytest.raises(ValueError, match=r"vectors must be finite, given inf at position \(1, 0\)"):
        hessians.cross_entropy_vector_product(z, [0, 0], [[0, 0, 0], [INF, 0, 0]])
    with pytest.raises(ValueError, match="labels must be class numbers"):
        hessians.cross_entropy_vector_product(z, [0, 3], z)


# --- types, shapes, errors: as the losses -------------------------------------------------------------------------


@dtypes
@names
def test_the_hessian_has_shape_and_type_of_the_prediction(name, dtype):
    y, t, parameters = example(name, dtype=dtype)

    for part in (slice(None), slice(0, 0)):
        hessian = getattr(hessians, name)(y[part], t[part], **parameters)
        assert hessian.shape == (y[part].shape if y.ndim == 1 else (*y[part].shape, 3))
        assert hessian.dtype == dtype


# At the same infinity a loss has no limit, but a constant second derivative has.
CONSTANT = ("squared_error",)


@pytest.mark.parametrize(
    ("name", "arguments", "parameters", "message"),
    [case for case in BAD if not (case[0] in CONSTANT and "no limit" in case[3])],
)
def test_bad_values_are_refused_as_the_loss_refuses_them(name, arguments, parameters, message):
    with pytest.raises(ValueError, match=message):
        quiet(getattr(hessians, name), *arguments, **parameters)


@names
def test_what_is_not_real_numbers_is_refused(name):
    y, t, parameters = example(name)
    for spoil in (str, object, complex):
        with pytest.raises(TypeError, match="must be"):
            getattr(hessians, name)(y.astype(spoil), t, **parameters)
        with pytest.raises(TypeError, match="must be"):
            getattr(hessians, name)(y, t.astype(spoil), **parameters)
