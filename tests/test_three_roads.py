"""Each loss, its gradient and its Hessian come out the same on independent roads, at the same points.

code              what lossbook computes, in float64
derivation        the negative log-likelihood in SymPy, turned into the loss by steps that a `Derivation` verifies,
                  differentiated by SymPy, and evaluated with 50 digits
finite difference the slope of the code one order below
oracle            the textbook formula in mpmath, and its finite differences, with 50 digits; SymPy takes no part

`lossbook.derivation` never imports the losses, nor the losses SymPy: the roads meet here and nowhere else.
"""

from dataclasses import dataclass
from functools import cache

import mpmath
import numpy as np
import oracles
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from mpmath import mp
from strategies import distributions
from sympy import (
    Abs,
    DiracDelta,
    Expr,
    IndexedBase,
    Piecewise,
    Product,
    Sum,
    Symbol,
    diff,
    exp,
    factorial,
    gamma,
    lambdify,
    log,
    pi,
    sqrt,
    symbols,
)

from lossbook import gradients, hessians, losses
from lossbook.derivation import Derivation, binary, count, one_hot, real, simplex, unit_interval

MODULES = (losses, gradients, hessians)
ORDERS = ("loss", "gradient", "hessian")
CLASSES = 4
STEP, TINY_STEP = 1e-4, mp.mpf(10) ** -9  # of the finite differences, in float64 and with 50 digits

y, t, z, s, eta = symbols("y t z s eta", real=True)
sigma, nu, delta, q = symbols("sigma nu delta q", positive=True)
k, j, c = symbols("k j c", integer=True, positive=True)
row_y, row_z, row_t = map(IndexedBase, "yzt")

GAUSSIAN = exp(-((t - y) ** 2) / (2 * sigma**2)) / sqrt(2 * pi * sigma**2)
LAPLACE = exp(-Abs(t - y) / sigma) / (2 * sigma)
STUDENT = (
    gamma((nu + 1) / 2)
    / (sqrt(nu * pi) * sigma * gamma(nu / 2))
    * (1 + (t - y) ** 2 / (nu * sigma**2)) ** (-(nu + 1) / 2)
)
SIGMOID = 1 / (1 + exp(-z))
SOFTMAX = exp(row_z[k]) / Sum(exp(row_z[j]), (j, 1, c))
LABELS = one_hot(row_t[k], over=(k, 1, c))


# --- the derivations ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Loss:
    """The end of a derivation, and what the arguments of the code are called in it."""

    formula: Expr
    prediction: Symbol
    target: Symbol
    parameters: tuple[tuple[str, Symbol], ...] = ()


def derived(density: Expr, *facts) -> Derivation:
    return Derivation(-log(density), where=facts, because="negative log-likelihood of one example")


def gaussian_nll():
    formula = (t - y) ** 2 / (2 * sigma**2) + log(2 * pi * sigma**2) / 2
    return Loss(derived(GAUSSIAN).equals(formula).expr, y, t, (("scale", sigma),))


def half_squared_error():
    return Loss(derived(GAUSSIAN).same_minimiser((t - y) ** 2 / 2, over=y).expr, y, t)


def squared_error():
    return Loss(derived(GAUSSIAN).same_minimiser((t - y) ** 2, over=y).expr, y, t)


def laplace_nll():
    return Loss(derived(LAPLACE).equals(Abs(t - y) / sigma + log(2 * sigma)).expr, y, t, (("scale", sigma),))


def absolute_error():
    return Loss(derived(LAPLACE).same_minimiser(Abs(t - y), over=y).expr, y, t)


def student_t_nll():
    constants = log(gamma(nu / 2)) - log(gamma((nu + 1) / 2)) + log(nu * pi) / 2 + log(sigma)
    formula = (nu + 1) / 2 * log(1 + (t - y) ** 2 / (nu * sigma**2)) + constants
    return Loss(derived(STUDENT).equals(formula).expr, y, t, (("scale", sigma), ("degrees", nu)))


def huber_loss():
    """A definition: a square near the target, and a straight line with the same value and slope at the seam."""
    r = Abs(t - y)
    return Loss(Piecewise((r**2 / 2, r <= delta), (delta * (r - delta / 2), True)), y, t, (("delta", delta),))


def pinball_loss():
    """A definition."""
    return Loss(Piecewise((q * (t - y), t >= y), ((1 - q) * (y - t), True)), y, t, (("quantile", q),))


def binary_cross_entropy():
    density = SIGMOID**t * (1 - SIGMOID) ** (1 - t)
    return Loss(derived(density, binary(t)).equals(log(1 + exp(z)) - t * z).expr, z, t)


def binary_cross_entropy_of_probabilities():
    density = y**t * (1 - y) ** (1 - t)
    formula = -t * log(y) - (1 - t) * log(1 - y)
    return Loss(derived(density, unit_interval(y), binary(t)).equals(formula).expr, y, t)


def soft_margin():
    density = SIGMOID**t * (1 - SIGMOID) ** (1 - t)
    with_label = derived(density, binary(t)).equals(log(1 + exp(-(2 * t - 1) * z))).expr
    return Loss(with_label.subs(t, (s + 1) / 2), z, s)


def poisson_nll():
    rate = exp(eta)
    formula = exp(eta) - t * eta + log(factorial(t))
    return Loss(derived(exp(-rate) * rate**t / factorial(t), count(t)).equals(formula).expr, eta, t)


ELEMENTWISE = (
    *(gaussian_nll, half_squared_error, squared_error, laplace_nll, absolute_error, student_t_nll, huber_loss),
    *(pinball_loss, binary_cross_entropy, binary_cross_entropy_of_probabilities, soft_margin, poisson_nll),
)


def cross_entropy():
    """For any number of classes, then written out."""
    formula = -Sum(row_t[k] * (row_z[k] - log(Sum(exp(row_z[j]), (j, 1, c)))), (k, 1, c))
    return derived(Product(SOFTMAX ** row_t[k], (k, 1, c)), LABELS, real(row_z[k])).equals(formula).expr, row_z


def cross_entropy_of_probabilities():
    density = Product(row_y[k] ** row_t[k], (k, 1, c))
    formula = -Sum(row_t[k] * log(row_y[k]), (k, 1, c))
    return derived(density, LABELS, simplex(row_y[k], over=(k, 1, c))).equals(formula).expr, row_y


ROWS = (cross_entropy, cross_entropy_of_probabilities)
elementwise = pytest.mark.parametrize("name", [derivation.__name__ for derivation in ELEMENTWISE])
rows = pytest.mark.parametrize("name", [derivation.__name__ for derivation in ROWS])
orders = pytest.mark.parametrize("order", range(3), ids=ORDERS)


@cache
def end_of(name: str):
    """What the derivation ends with; it is verified once."""
    return globals()[name]()


@cache
def formula(name: str, order: int):
    """The derived loss, or its derivative, as a function of prediction, target and parameters, in 50 digits."""
    loss = end_of(name)
    expr = diff(loss.formula, loss.prediction, order).replace(DiracDelta, lambda *_: 0)  # the points avoid the kinks
    function = lambdify((loss.prediction, loss.target, *(symbol for _, symbol in loss.parameters)), expr, "mpmath")
    names = [parameter for parameter, _ in loss.parameters]
    return in_50_digits(lambda y, t, **parameters: function(y, t, *(parameters[name] for name in names)))


@cache
def row_formula(name: str, order: int):
    """The same for one row: a number, the list of its slopes, or the table of its second derivatives."""
    expr, prediction = end_of(name)
    predictions, targets = symbols(f"y1:{CLASSES + 1}"), symbols(f"t1:{CLASSES + 1}")
    entries = [(prediction[i + 1], predictions[i]) for i in range(CLASSES)]
    entries += [(row_t[i + 1], targets[i]) for i in range(CLASSES)]
    expr = expr.subs(c, CLASSES).doit().subs(entries)
    assert expr.free_symbols <= {*predictions, *targets}
    if order >= 1:
        expr = [diff(expr, x) for x in predictions]
    if order == 2:
        expr = [[diff(e, x) for x in predictions] for e in expr]
    function = lambdify((predictions, targets), expr, "mpmath")
    return in_50_digits(lambda y, t: function(y, t))


def in_50_digits(function):
    return oracles.precise(oracles.DIGITS)(function)


# --- the points ---------------------------------------------------------------------------------------------------


def fractions(low: int, high: int, unit: int):
    """Multiples of 1/unit: their sums and differences are exact."""
    return st.integers(low * unit, high * unit).map(lambda numerator: numerator / unit)


PARAMETERS = {
    "scale": fractions(1, 64, 1).map(lambda x: x / 16),
    "degrees": fractions(1, 64, 1).map(lambda x: x / 2),
    "delta": fractions(1, 64, 1).map(lambda x: x / 16),
    "quantile": fractions(1, 15, 1).map(lambda x: x / 16),
}
POINTS = {
    "binary_cross_entropy": (fractions(-20, 20, 64), fractions(0, 1, 4)),
    "binary_cross_entropy_of_probabilities": (fractions(1, 63, 1).map(lambda x: x / 64), fractions(0, 1, 4)),
    "soft_margin": (fractions(-20, 20, 64), st.sampled_from([-1.0, 1.0])),
    "poisson_nll": (fractions(-5, 5, 64), st.integers(0, 50).map(float)),
}


@st.composite
def points(draw, name: str):
    """Prediction, target and parameters, not at a kink, where there is no derivative."""
    prediction, target = POINTS.get(name, (fractions(-10, 10, 64), fractions(-10, 10, 64)))
    parameters = {}
    if name not in POINTS:
        parameters = {parameter: draw(PARAMETERS[parameter]) for parameter, _ in end_of(name).parameters}
    y, t = draw(prediction), draw(target)
    if name not in POINTS:
        assume(y != t and abs(y - t) != parameters.get("delta"))
    return y, t, parameters


@st.composite
def row_points(draw, name: str):
    """A row of logits or probabilities, and a soft or one-hot row of labels."""
    if name == "cross_entropy":
        y = [draw(fractions(-20, 20, 64)) for _ in range(CLASSES)]
    else:
        y = draw(distributions(CLASSES, smallest=1)).tolist()
    return y, draw(distributions(CLASSES)).tolist()


# --- the roads meet -----------------------------------------------------------------------------------------------


def slope(function, x, step):
    """The fourth-order central difference."""
    return (8 * (function(x + step) - function(x - step)) - (function(x + 2 * step) - function(x - 2 * step))) / (
        12 * step
    )


def near(actual, expected, relative: float, absolute: float) -> bool:
    return bool(abs(mp.mpf(actual) - expected) <= relative * abs(expected) + absolute)


def test_every_loss_is_derived_here():
    assert sorted(derivation.__name__ for derivation in (*ELEMENTWISE, *ROWS)) == sorted(losses.__all__)


@orders
@elementwise
@settings(max_examples=60)
@given(data=st.data())
def test_code_is_the_derivation(name, order, data):
    y, t, parameters = data.draw(points(name))

    actual = getattr(MODULES[order], name)(y, t, **parameters)

    assert near(actual, formula(name, order)(y, t, **parameters), 1e-13, 1e-15 if order else 1e-14)


@elementwise
@pytest.mark.parametrize("order", [1, 2], ids=ORDERS[1:])
@settings(max_examples=60)
@given(data=st.data())
def test_code_is_the_slope_of_the_code_one_order_below(name, order, data):
    y, t, parameters = data.draw(points(name))

    actual, below = (getattr(module, name) for module in (MODULES[order], MODULES[order - 1]))

    expected = slope(lambda y: below(y, t, **parameters), y, STEP)
    noise = 1e-15 * abs(below(y, t, **parameters)) / STEP
    assert near(actual(y, t, **parameters), expected, 1e-6, 1e-10 + 10 * noise)


@orders
@elementwise
@settings(max_examples=40)
@given(data=st.data())
def test_the_derivation_is_the_formula_of_the_textbook(name, order, data):
    y, t, parameters = data.draw(points(name))
    function = getattr(oracles, name)

    with mpmath.workdps(oracles.DIGITS):
        expected = nested_slope(lambda y: function(y, t, **parameters), mp.mpf(y), order)
        assert near(formula(name, order)(y, t, **parameters), expected, mp.mpf(10) ** -20, mp.mpf(10) ** -20)


def nested_slope(function, x, order):
    if order == 0:
        return function(x)
    return slope(lambda x: nested_slope(function, x, order - 1), x, TINY_STEP)


@orders
@rows
@settings(max_examples=40)
@given(data=st.data())
def test_rows_of_classes_code_is_the_derivation(name, order, data):
    y, t = data.draw(row_points(name))

    actual = getattr(MODULES[order], name)([y], [t])[0]

    expected = row_formula(name, order)(y, t)
    for a, e in zip(np.ravel(actual), flat(expected), strict=True):
        assert near(a, e, 1e-13, 1e-15)


@pytest.mark.parametrize("order", [1, 2], ids=ORDERS[1:])
@pytest.mark.parametrize("hard", [True, False], ids=["classes", "rows"])
def test_cross_entropy_code_is_the_slope_of_the_code_one_order_below(order, hard):
    """Not in the probabilities: their rows must sum to 1, so that no entry can move alone."""
    rng = np.random.default_rng(0)
    z = rng.normal(size=(10, CLASSES)) * 2
    labels = rng.integers(0, CLASSES, 10) if hard else rng.dirichlet(np.ones(CLASSES), 10)
    below = MODULES[order - 1].cross_entropy

    actual = MODULES[order].cross_entropy(z, labels)

    for k, direction in enumerate(np.eye(CLASSES)):
        expected = slope(lambda step, d=direction: below(z + step * d, labels), 0.0, 1e-3)
        np.testing.assert_allclose(actual[:, k], expected, rtol=1e-6, atol=1e-10)


@rows
@settings(max_examples=15)
@given(data=st.data())
def test_rows_of_classes_the_derivation_is_the_formula_of_the_textbook(name, data):
    y, t = data.draw(row_points(name))
    function = {"cross_entropy": oracles.soft_cross_entropy}.get(name) or getattr(oracles, name)

    with mpmath.workdps(oracles.DIGITS):
        tiny = mp.mpf(10) ** -20
        assert near(row_formula(name, 0)(y, t), function(y, t), tiny, tiny)
        derived_gradient = row_formula(name, 1)
        gradient, hessian = derived_gradient(y, t), row_formula(name, 2)(y, t)
        for k in range(CLASSES):
            expected = slope(lambda x, k=k: function(moved(y, k, x), t), mp.mpf(0), TINY_STEP)
            assert near(gradient[k], expected, tiny, tiny)
            for i in range(CLASSES):
                expected = slope(lambda x, k=k, i=i: derived_gradient(moved(y, k, x), t)[i], mp.mpf(0), TINY_STEP)
                assert near(hessian[i][k], expected, tiny, tiny)


def moved(row, k, step):
    return [mp.mpf(x) + step if i == k else mp.mpf(x) for i, x in enumerate(row)]


def flat(values) -> list:
    return [x for value in values for x in flat(value)] if isinstance(values, list) else [values]
