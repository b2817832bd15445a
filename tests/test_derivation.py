"""lossbook.derivation: true steps are accepted and mostly proved, false ones refused with a counterexample."""

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mutations import mutants
from read_latex import read_latex
from sympy import (
    Abs,
    Derivative,
    Function,
    IndexedBase,
    Integer,
    Integral,
    KroneckerDelta,
    Max,
    Product,
    Rational,
    Sum,
    Symbol,
    besselj,
    cos,
    exp,
    factorial,
    floor,
    gamma,
    log,
    oo,
    pi,
    sign,
    sin,
    sqrt,
    symbols,
    sympify,
    tanh,
)

from lossbook.derivation import (
    Derivation,
    DerivationError,
    binary,
    count,
    one_hot,
    positive,
    real,
    simplex,
    unit_interval,
)
from lossbook.derivation.printing import latex, text

n, k, m, j, i = symbols("n k m j i", integer=True, positive=True)
N, c, D = symbols("N c D", integer=True, positive=True)
t, y, z, p, q, x, w, v = map(IndexedBase, "tyzpqxwv")
mu, a, b = symbols("mu a b", real=True)
sigma, tau = symbols("sigma tau", positive=True)

REAL = [real(t[n]), real(y[n]), real(x[n]), real(z[n])]
GAUSSIAN = Product(exp(-((t[n] - y[n]) ** 2) / (2 * sigma**2)) / sqrt(2 * pi * sigma**2), (n, 1, N))
SSE = Sum((t[n] - y[n]) ** 2, (n, 1, N))
NLL = SSE / (2 * sigma**2) + N * log(2 * pi * sigma**2) / 2
BERNOULLI = [binary(t[n]), unit_interval(y[n]), real(z[n])]
BCE = -Sum(t[n] * log(y[n]) + (1 - t[n]) * log(1 - y[n]), (n, 1, N))
CLASSES = [one_hot(t[n, k], over=(k, 1, c)), simplex(y[n, k], over=(k, 1, c)), real(z[n, k])]
ROWS = [simplex(p[k], over=(k, 1, c)), simplex(q[k], over=(k, 1, c))]


def sigmoid(u):
    return 1 / (1 + exp(-u))


# ---------------------------------------------------------------------------------------------------------------------
# True steps
# ---------------------------------------------------------------------------------------------------------------------

EQUALITIES = {
    "Gaussian negative log-likelihood": (-log(GAUSSIAN), NLL, REAL),
    "Bernoulli negative log-likelihood": (
        -log(Product(y[n] ** t[n] * (1 - y[n]) ** (1 - t[n]), (n, 1, N))),
        BCE,
        BERNOULLI,
    ),
    "categorical negative log-likelihood": (
        -log(Product(Product(y[n, k] ** t[n, k], (k, 1, c)), (n, 1, N))),
        -Sum(Sum(t[n, k] * log(y[n, k]), (k, 1, c)), (n, 1, N)),
        CLASSES,
    ),
    "order of summation": (
        Sum(Sum(t[n, k] * log(y[n, k]), (k, 1, c)), (n, 1, N)),
        Sum(Sum(t[n, k] * log(y[n, k]), (n, 1, N)), (k, 1, c)),
        CLASSES,
    ),
    "Bernoulli pmf by cases": (
        y[n] ** t[n] * (1 - y[n]) ** (1 - t[n]),
        t[n] * y[n] + (1 - t[n]) * (1 - y[n]),
        BERNOULLI,
    ),
    "one-hot row selects": (
        Product(p[k] ** t[k], (k, 1, c)),
        Sum(t[k] * p[k], (k, 1, c)),
        [one_hot(t[k], over=(k, 1, c)), *ROWS],
    ),
    "softplus form": (
        -t[n] * log(sigmoid(z[n])) - (1 - t[n]) * log(1 - sigmoid(z[n])),
        log(1 + exp(z[n])) - t[n] * z[n],
        BERNOULLI,
    ),
    "two sigmoids": (1 - sigmoid(a), sigmoid(-a), []),
    "tanh": (2 * sigmoid(2 * a) - 1, (exp(a) - exp(-a)) / (exp(a) + exp(-a)), []),
    "shift invariance": (
        exp(z[k] - a) / Sum(exp(z[j] - a), (j, 1, c)),
        exp(z[k]) / Sum(exp(z[j]), (j, 1, c)),
        [real(z[k])],
    ),
    "softmax sums to one": (Sum(exp(z[k]) / Sum(exp(z[j]), (j, 1, c)), (k, 1, c)), 1, [real(z[k])]),
    "two classes are logistic": (exp(z[1]) / (exp(z[1]) + exp(z[2])), sigmoid(z[1] - z[2]), [real(z[k])]),
    "sum of squares about the mean": (
        Sum((x[n] - Sum(x[m], (m, 1, N)) / N) ** 2, (n, 1, N)),
        Sum((x[n] - mu) ** 2, (n, 1, N)) - N * (Sum(x[n], (n, 1, N)) / N - mu) ** 2,
        REAL,
    ),
    "binomial square": ((a + b) ** 2, a**2 + 2 * a * b + b**2, []),
    "binary idempotence": (Sum(t[n] ** 3, (n, 1, N)), Sum(t[n], (n, 1, N)), BERNOULLI),
    "one-hot rows sum to one": (
        Sum(Sum(t[n, k] * x[n], (k, 1, c)), (n, 1, N)),
        Sum(x[n], (n, 1, N)),
        [*CLASSES, real(x[n])],
    ),
    "delta picks": (Sum(KroneckerDelta(n, m) * x[n] * t[m], (n, 1, N)), x[m] * t[m], REAL),
    "product of powers": (Product(exp(x[n]), (n, 1, N)), exp(Sum(x[n], (n, 1, N))), REAL),
    "constant terms": (Sum(a, (n, 1, N)), N * a, []),
    "renamed index": (Sum(x[n] ** 2, (n, 1, N)), Sum(x[m] ** 2, (m, 1, N)), REAL),
    "cross-entropy is entropy plus KL": (
        -Sum(p[k] * log(q[k]), (k, 1, c)),
        -Sum(p[k] * log(p[k]), (k, 1, c)) + Sum(p[k] * log(p[k] / q[k]), (k, 1, c)),
        ROWS,
    ),
    "Poisson negative log-likelihood": (
        -log(Product(exp(-tau) * tau ** t[n] / factorial(t[n]), (n, 1, N))),
        N * tau - log(tau) * Sum(t[n], (n, 1, N)) + Sum(log(factorial(t[n])), (n, 1, N)),
        [count(t[n])],
    ),
    "per-node form is twice the cross-entropy for two classes": (
        -Sum(t[k] * log(y[k]) + (1 - t[k]) * log(1 - y[k]), (k, 1, 2)),
        -2 * Sum(t[k] * log(y[k]), (k, 1, 2)),
        [one_hot(t[k], over=(k, 1, 2)), simplex(y[k], over=(k, 1, 2))],
    ),
    "soft margin is binary cross-entropy": (
        log(1 + exp(-(2 * t[n] - 1) * z[n])),
        -t[n] * log(sigmoid(z[n])) - (1 - t[n]) * log(1 - sigmoid(z[n])),
        BERNOULLI,
    ),
    "logit undoes the sigmoid": (log(sigmoid(a) / (1 - sigmoid(a))), a, []),
    "rows counted from zero": (
        -log(Product(Product(y[n, k] ** t[n, k], (k, 0, c - 1)), (n, 0, N - 1))),
        -Sum(Sum(t[n, k] * log(y[n, k]), (k, 0, c - 1)), (n, 0, N - 1)),
        [one_hot(t[n, k], over=(k, 0, c - 1)), simplex(y[n, k], over=(k, 0, c - 1))],
    ),
    "root of a square": (sqrt(a**2 * tau), Abs(a) * sqrt(tau), []),
    "log of a quotient": (log(sigma / tau), log(sigma) - log(tau), []),
}


@pytest.mark.parametrize("name", EQUALITIES)
def test_true_equality_is_proved(name):
    left, right, facts = EQUALITIES[name]

    assert Derivation(left, where=facts).equals(right).steps[-1].verdict == "proved"
    if name != "delta picks":  # read backwards, nothing says that m is at most N
        assert Derivation(right, where=facts).equals(left).steps[-1].verdict == "proved"


CLOSED_FORMS = {
    "a Gaussian density integrates to 1": (
        Integral(exp(-((a - b) ** 2) / (2 * sigma**2)) / sqrt(2 * pi * sigma**2), (a, -oo, oo)),
        Integer(1),
    ),
    "Poisson probabilities add up to 1": (Sum(exp(-tau) * tau**k / factorial(k), (k, 0, oo)), Integer(1)),
    "the mean of a Poisson count": (Sum(k * exp(-tau) * tau**k / factorial(k), (k, 0, oo)), tau),
}


@pytest.mark.parametrize("name", CLOSED_FORMS)
def test_integrals_and_endless_sums(name):
    left, right = CLOSED_FORMS[name]

    assert Derivation(left).equals(right).steps[-1].verdict in ("checked", "proved")
    with pytest.raises(DerivationError, match="is false"):
        Derivation(left).equals(right + Rational(1, 1000))


CHECKED_ONLY = {
    "gamma recursion": (gamma(tau + 1), tau * gamma(tau), []),
    "geometric sum of three": (Sum(a**n, (n, 1, 3)), a + a**2 + a**3, []),
    "triangle of indices": (Sum(Sum(x[m], (m, 1, n)), (n, 1, N)), Sum((N + 1 - n) * x[n], (n, 1, N)), REAL),
    "addition theorem": (sin(a + b), sin(a) * cos(b) + cos(a) * sin(b), []),
    "hyperbolic tangent": (tanh(a), (exp(a) - exp(-a)) / (exp(a) + exp(-a)), []),
}


@pytest.mark.parametrize("name", CHECKED_ONLY)
def test_true_equality_beyond_the_normal_form_is_at_least_checked(name):
    left, right, facts = CHECKED_ONLY[name]

    assert Derivation(left, where=facts).equals(right).steps[-1].verdict in ("checked", "proved")


def test_the_worked_example_of_the_documentation():
    d = Derivation(-log(GAUSSIAN), where=[real(t[n]), real(y[n])])
    same = d.equals(NLL, because="the log of a product is a sum of logs")
    d.same_minimiser(SSE, over=y, because="the rest does not depend on y")

    assert same is d
    assert [step.verdict for step in d.steps] == ["proved", "proved"]
    assert [step.relation for step in d.steps] == ["equals", "same_minimiser"]
    assert d.steps[0].because == "the log of a product is a sum of logs"
    assert d.expr == SSE
    assert d.steps[1].dropped_factors == (1 / (2 * sigma**2),)
    (constant,) = d.steps[1].dropped_constants
    assert Derivation(constant).equals(N * log(2 * pi * sigma**2) / 2).steps[-1].verdict == "proved"


# ---------------------------------------------------------------------------------------------------------------------
# False steps
# ---------------------------------------------------------------------------------------------------------------------

FALSE_EQUALITIES = {
    "lost bracket of the lecture": (
        -log(GAUSSIAN),
        SSE / (2 * sigma**2) - N * log(2 * pi * sigma**2) / 2,
        REAL,
    ),
    "lost square": (-log(GAUSSIAN), SSE / (2 * sigma) + N * log(2 * pi * sigma**2) / 2, REAL),
    "sum without bracket": (
        BCE,
        -Sum(t[n] * log(y[n]), (n, 1, N)) + Sum((1 - t[n]) * log(1 - y[n]), (n, 1, N)),
        BERNOULLI,
    ),
    "base-2 logarithm": (log(tau), log(tau) / log(2), []),
    "log of a sum": (log(sigma + tau), log(sigma) + log(tau), []),
    "one term short": (Sum(x[n], (n, 1, N)), Sum(x[n], (n, 1, N - 1)), REAL),
    "index shifted": (Sum(x[n] * t[n], (n, 1, N)), Sum(x[n] * t[n + 1], (n, 1, N)), REAL),
    "true for N up to 3 only": (Sum(x[n], (n, 1, N)), Sum(x[n], (n, 1, N)) + (N - 1) * (N - 2) * (N - 3), REAL),
    "true at hundredths only": (sin(100 * pi * a), Integer(0), []),
    "true for small values only": (Max(a, -30), a, []),
    "true for positive values only": (Abs(a), a, []),
    "true for small values, a step function": (floor(a / 100000) + a, a, []),
    "true for binary targets only": (t[n] ** 2, t[n], [unit_interval(t[n])]),
    "tiny difference": (a, a + Rational(1, 10**30), []),
    "needs more than 50 digits": ((1 + exp(100 * a)) - exp(100 * a), Integer(2), []),
    "undefined where the start is not": (a, a + log(a**2) - 2 * log(a), []),
}


@pytest.mark.parametrize("name", FALSE_EQUALITIES)
def test_false_equality_is_refused(name):
    left, right, facts = FALSE_EQUALITIES[name]
    derivation = Derivation(left, where=facts)

    with pytest.raises(DerivationError, match=r"step 1 \(equals\)"):
        derivation.equals(right)

    assert derivation.steps == ()
    assert derivation.expr == left


def at(expr, values):
    """Value of an expression at a counterexample, by SymPy's own substitution: sizes first, so that sums unfold."""
    sizes = {key: value for key, value in values.items() if key.is_Symbol and key.is_integer}
    return expr.subs(sizes).doit().subs({key: value for key, value in values.items() if key not in sizes}).evalf(40)


@pytest.mark.parametrize("name", [name for name in FALSE_EQUALITIES if "undefined" not in name])
def test_the_counterexample_is_one(name):
    left, right, facts = FALSE_EQUALITIES[name]
    with pytest.raises(DerivationError) as caught:
        Derivation(left, where=facts).equals(right)
    values = caught.value.counterexample

    assert isinstance(values, dict)
    assert abs(at(left, values) - at(right, values)) > 1e-31


def test_the_message_names_step_sides_and_counterexample():
    derivation = Derivation(-log(GAUSSIAN), where=REAL).equals(NLL)

    with pytest.raises(DerivationError) as caught:
        derivation.equals(SSE / (2 * sigma**2) - N * log(2 * pi * sigma**2) / 2)
    message = str(caught.value)

    assert "step 2 (equals) is false" in message
    assert f"from: {text(NLL)}" in message
    assert "to:   Sum((t[n] - y[n])**2, (n, 1, N))/(2*sigma**2) - N*log(2*pi*sigma**2)/2" in message
    assert "at N = 1, t₁ = " in message
    assert ", y₁ = " in message
    assert ", σ = " in message
    assert ": left " in message
    assert ", right " in message
    assert set(caught.value.counterexample) == {N, t[1], y[1], sigma}


@pytest.mark.parametrize("outer", [log, lambda e: -1 / e], ids=["log", "reciprocal"])
def test_no_step_is_refused_because_its_terms_cancel(outer):
    k, c = symbols("k c", integer=True, positive=True)
    p, u = IndexedBase("p"), IndexedBase("u")
    mean = Sum(p[k] * exp(u[k]), (k, 1, c))
    # e^-1495 as a sum of terms near 1495: with 50 digits the sum, and what is made of it, is noise.
    cancelling = 1 + Sum(p[k] * (exp(u[k]) - 1 - u[k]), (k, 1, c)) + Sum(p[k] * u[k], (k, 1, c))
    facts = [simplex(p[k], over=(k, 1, c)), real(u[k])]

    assert Derivation(outer(mean), where=facts).equals(outer(cancelling)).steps[-1].verdict == "proved"
    assert Derivation(outer(mean), where=facts).same_minimiser(outer(cancelling), over=u).steps[-1].verdict == "proved"
    with pytest.raises(DerivationError):
        Derivation(outer(mean), where=facts).equals(outer(cancelling + 1))


def test_error_is_a_value_error():
    assert issubclass(DerivationError, ValueError)


# ---------------------------------------------------------------------------------------------------------------------
# The same minimiser
# ---------------------------------------------------------------------------------------------------------------------

SAME = {
    "drop a constant": (SSE + N * log(sigma), SSE, y, REAL),
    "drop a positive factor": (SSE / sigma**2, SSE, y, REAL),
    "mean for sum": (SSE, SSE / N, y, REAL),
    "root": (SSE, sqrt(SSE / N), y, REAL),
    "log of a likelihood": (-GAUSSIAN, -log(GAUSSIAN), y, REAL),
    "exponential": (SSE, exp(SSE), y, REAL),
    "in one symbol": ((a - 3) ** 2, Abs(a - 3), a, []),
    "in two symbols": ((a - b) ** 2 + a**2 + 7, ((a - b) ** 2 + a**2) / tau, [a, b], []),
    "another base": (BCE, BCE / log(2), y, BERNOULLI),
    "an indexed term stands for its family": (SSE + 1, SSE, y[n], REAL),
}


@pytest.mark.parametrize("name", SAME)
def test_same_minimiser_is_accepted(name):
    left, right, over, facts = SAME[name]

    step = Derivation(left, where=facts).same_minimiser(right, over=over).steps[-1]

    assert step.verdict == ("checked" if name == "in one symbol" else "proved") or step.verdict == "proved"


DIFFERENT = {
    "decreasing transform": (SSE, -SSE, y, REAL),
    "lost minus": (-log(GAUSSIAN), log(GAUSSIAN), y, REAL),
    "absolute for squared": (SSE, Sum(Abs(t[n] - y[n]), (n, 1, N)), y, REAL),
    "a factor that varies": (Sum((t[n] - y[n]) ** 2 / tau, (n, 1, N)) * sigma, SSE * sigma**2, [y, sigma], REAL),
    "unequal variances": (Sum((t[n] - y[n]) ** 2 / v[n], (n, 1, N)), SSE, y, [*REAL, positive(v[n])]),
    "a small penalty": (SSE, SSE + Sum(y[n] ** 2, (n, 1, N)) / 1000, y, REAL),
    "constant in what varies": (SSE, Sum(t[n] ** 2, (n, 1, N)), y, REAL),
    "log sigma dropped": (NLL, SSE / (2 * sigma**2), [y, sigma], REAL),
    "a kink less": ((a - 3) ** 2, Max(a - 3, 0), a, []),
    "minimum elsewhere by a little": ((a - 3) ** 2, (a - 3 - Rational(1, 1000)) ** 2, a, []),
}


@pytest.mark.parametrize("name", DIFFERENT)
def test_different_order_is_refused_with_two_values(name):
    left, right, over, facts = DIFFERENT[name]

    with pytest.raises(DerivationError, match="same_minimiser") as caught:
        Derivation(left, where=facts).same_minimiser(right, over=over)
    values = caught.value.counterexample
    first = {key: value[0] if isinstance(value, tuple) else value for key, value in values.items()}
    second = {key: value[1] if isinstance(value, tuple) else value for key, value in values.items()}
    gaps = [(at(side, first) - at(side, second)).evalf(30, chop=True) for side in (left, right)]

    assert sign(gaps[0]) != sign(gaps[1])


# ---------------------------------------------------------------------------------------------------------------------
# Bounds
# ---------------------------------------------------------------------------------------------------------------------

BOUNDS = {
    "Gibbs": (Sum(p[k] * log(p[k] / q[k]), (k, 1, c)), 0, ROWS),
    "Gibbs for cross-entropy": (-Sum(p[k] * log(q[k]), (k, 1, c)), -Sum(p[k] * log(p[k]), (k, 1, c)), ROWS),
    "entropy is at most log c": (log(c), -Sum(p[k] * log(p[k]), (k, 1, c)), ROWS),
    "Jensen": (log(Sum(p[k] * x[k], (k, 1, c))), Sum(p[k] * log(x[k]), (k, 1, c)), [*ROWS, positive(x[k])]),
    "squares": (SSE, 0, REAL),
    "softplus": (log(1 + exp(a)), a, []),
    "variance": (Sum(x[n] ** 2, (n, 1, N)), Sum(x[n], (n, 1, N)) ** 2 / N, REAL),
    "softmax Hessian": (Sum(p[k] * x[k] ** 2, (k, 1, c)) - Sum(p[k] * x[k], (k, 1, c)) ** 2, 0, [*ROWS, real(x[k])]),
    "two squares": (a**2 + b**2, 2 * a * b, []),
    "logarithm": (tau - 1, log(tau), []),
    "half a logarithm": (N * (tau - log(tau)) / 2, N / 2, []),
}


@pytest.mark.parametrize("name", BOUNDS)
def test_bound_is_proved_both_ways(name):
    high, low, facts = BOUNDS[name]

    assert Derivation(high, where=facts).at_least(low).steps[-1].verdict == "proved"
    assert Derivation(low, where=facts).at_most(high).steps[-1].verdict == "proved"


@pytest.mark.parametrize("name", BOUNDS)
def test_reversed_bound_is_refused(name):
    high, low, facts = BOUNDS[name]

    with pytest.raises(DerivationError, match="at_most"):
        Derivation(high, where=facts).at_most(low)
    with pytest.raises(DerivationError, match="at_least"):
        Derivation(high, where=facts).at_least(low + Rational(1, 100))


# ---------------------------------------------------------------------------------------------------------------------
# Operations
# ---------------------------------------------------------------------------------------------------------------------


def test_gradient_of_cross_entropy_for_symbolic_c():
    d = Derivation(-Sum(Sum(t[n, k] * log(y[n, k]), (k, 1, c)), (n, 1, N)), where=CLASSES)
    d.substitute({y[n, k]: exp(z[n, k]) / Sum(exp(z[n, j]), (j, 1, c))})
    d.equals(Sum(log(Sum(exp(z[n, k]), (k, 1, c))) - Sum(t[n, k] * z[n, k], (k, 1, c)), (n, 1, N)))
    d.differentiate(z[m, j])
    d.equals(exp(z[m, j]) / Sum(exp(z[m, k]), (k, 1, c)) - t[m, j])
    d.differentiate(z[m, i])
    share = exp(z[m, j]) / Sum(exp(z[m, k]), (k, 1, c))
    d.equals(share * (KroneckerDelta(i, j) - exp(z[m, i]) / Sum(exp(z[m, k]), (k, 1, c))))

    assert [step.verdict for step in d.steps] == ["proved"] * 6


def test_wrong_derivative_is_refused():
    with pytest.raises(DerivationError, match="differentiate with respect to a"):
        Derivation(log(1 + exp(a))).differentiate(a, 1 - sigmoid(a))


def test_derivative_of_a_product_of_symbolic_length():
    d = Derivation(Product(x[n], (n, 1, N)), where=[positive(x[n])]).differentiate(x[m])

    assert d.equals(Product(x[n], (n, 1, N)) / x[m]).steps[-1].verdict in ("checked", "proved")


def test_derivative_in_the_authors_form():
    d = Derivation(log(1 + exp(a))).differentiate(a, sigmoid(a))

    assert d.expr == sigmoid(a)
    assert d.steps[-1].verdict == "proved"


def test_maximum_likelihood_estimates():
    d = Derivation(Sum((x[n] - mu) ** 2, (n, 1, N)) / (2 * tau) + N * log(2 * pi * tau) / 2, where=REAL)
    mean = Derivation(d.start, where=REAL).differentiate(mu).solve_for(mu)
    variance = d.differentiate(tau).solve_for(tau, Sum((x[n] - mu) ** 2, (n, 1, N)) / N)

    assert mean.expr == Sum(x[n], (n, 1, N)) / N
    assert {step.verdict for derivation in (mean, variance) for step in derivation.steps} == {"proved"}


@pytest.mark.parametrize("root", [Sum(x[n], (n, 1, N)), Sum(x[n], (n, 1, N)) / (N - 1) + 1, Integer(0)])
def test_wrong_root_is_refused(root):
    with pytest.raises(DerivationError, match="solve_for mu"):
        Derivation(Sum(x[n] - mu, (n, 1, N)), where=REAL).solve_for(mu, root)


def test_one_of_two_roots_is_refused():
    with pytest.raises(DerivationError, match="solve_for a"):
        Derivation((a - 1) * (a + 1)).solve_for(a, 1)
    with pytest.raises(DerivationError, match="another root besides 0"):
        Derivation(a * (a - 1) ** 2).solve_for(a, 0)


def test_a_tiny_value_is_not_a_second_root():
    # At k = 19, m = 12 and tau = 0.002 the slope of the likelihood is below 10^-47, and not 0.
    slope = k * tau ** (k - 1) * (1 - tau) ** m - m * tau**k * (1 - tau) ** (m - 1)
    facts = [unit_interval(tau), count(k), count(m)]

    assert Derivation(slope, where=facts).solve_for(tau, k / (k + m)).expr == k / (k + m)
    with pytest.raises(DerivationError, match="solve_for tau"):
        Derivation(slope, where=facts).solve_for(tau, (k + 1) / (k + m + 2))


def test_a_root_that_divides_by_zero_is_refused():
    spread = Sum((x[n] - Sum(x[k], (k, 1, N)) / N) ** 2, (n, 1, N))

    with pytest.raises(DerivationError, match=r"at N = 1, .*: the new value is undefined"):
        Derivation(a * spread - b, where=REAL).solve_for(a, b / spread)


def test_the_root_may_be_a_quotient_of_roots():
    d = Derivation(tau / (2 * sigma**2) + N * log(2 * pi * sigma**2) / 2).differentiate(sigma).solve_for(sigma)

    assert d.expr == sqrt(tau) / sqrt(N)
    assert d.steps[-1].verdict == "proved"


def test_substitution_must_respect_the_facts():
    with pytest.raises(DerivationError, match="substitute y"):
        Derivation(BCE, where=BERNOULLI).substitute({y[n]: z[n]})
    with pytest.raises(DerivationError, match="substitute y"):
        Derivation(Sum(log(y[n, k]), (k, 1, c)), where=CLASSES).substitute({y[n, k]: exp(z[n, k])})


def test_substitution_does_not_capture_indices():
    line = Sum(y[n, j] * t[n, j], (j, 1, c))
    softmax = exp(z[n, k]) / Sum(exp(z[n, j]), (j, 1, c))
    d = Derivation(line, where=CLASSES).substitute({y[n, k]: softmax})

    d.equals(Sum(t[n, k] * exp(z[n, k]), (k, 1, c)) / Sum(exp(z[n, k]), (k, 1, c)))


def test_facts_may_wait_for_a_later_step():
    d = Derivation(SSE, where=[*REAL, positive(v[n])])
    d.equals(Sum((t[n] - y[n]) ** 2 * v[n] / v[n], (n, 1, N)))


def test_functions_without_a_formula():
    density = Function("p", positive=True)
    joint = Product(density(t[n], a) * density(x[n], b), (n, 1, N))
    d = Derivation(-log(joint), where=REAL)
    d.equals(-Sum(log(density(t[n], a)), (n, 1, N)) - Sum(log(density(x[n], b)), (n, 1, N)))
    d.same_minimiser(-Sum(log(density(t[n], a)), (n, 1, N)), over=a)

    assert [step.verdict for step in d.steps] == ["proved", "proved"]
    with pytest.raises(DerivationError):
        Derivation(-log(joint), where=REAL).same_minimiser(-Sum(log(density(t[n], a)), (n, 1, N)), over=[a, b])


# ---------------------------------------------------------------------------------------------------------------------
# Bad input
# ---------------------------------------------------------------------------------------------------------------------

free = Symbol("free")

BAD = {
    "not an expression": (lambda: Derivation([1, 2]), TypeError, "must be a SymPy expression"),
    "nothing": (lambda: Derivation(None), TypeError, "must be a SymPy expression"),
    "a relation": (lambda: Derivation(a > 0), TypeError, "must be a SymPy expression"),
    "a family": (lambda: Derivation(y), TypeError, "must be a SymPy expression"),
    "not a number": (lambda: Derivation(Symbol("u", real=True) * Integer(0) ** -1), ValueError, "not finite"),
    "infinity": (lambda: Derivation(oo), ValueError, "not finite"),
    "step is no expression": (lambda: Derivation(a).equals({}), TypeError, "the next line must be"),
    "unknown symbol": (
        lambda: Derivation(free),
        ValueError,
        r"nothing is known of free: add a fact such as where=\[real",
    ),
    "unknown family": (lambda: Derivation(Sum(x[n], (n, 1, N))), ValueError, r"nothing is known of x\[n\]"),
    "unknown symbol in a step": (lambda: Derivation(a).equals(a + free), ValueError, "nothing is known of free"),
    "unknown function": (lambda: Derivation(Function("f")(a)), ValueError, "Function\\('f', real=True\\)"),
    "unknown over": (lambda: Derivation(a**2).same_minimiser(a**2, over=b), ValueError, "b does not occur"),
    "empty over": (lambda: Derivation(a**2).same_minimiser(a**2, over=[]), ValueError, "over= is empty"),
    "over is a size": (lambda: Derivation(SSE, where=REAL).same_minimiser(SSE, over=N), ValueError, "limit of a sum"),
    "over is a number": (lambda: Derivation(a**2).same_minimiser(a**2, over=3), TypeError, "over= takes a symbol"),
    "fact about an expression": (lambda: real(a + 1), TypeError, "one symbol or indexed term"),
    "fact about a family": (lambda: real(y), TypeError, r"write real\(y\[n\]\)"),
    "simplex of a symbol": (lambda: simplex(a, over=(k, 1, c)), TypeError, "indexed term"),
    "simplex over another index": (lambda: simplex(y[n, k], over=(m, 1, c)), ValueError, "m is not an index"),
    "simplex with a bad range": (lambda: simplex(y[n, k], over=k), ValueError, "over must be"),
    "not a fact": (lambda: Derivation(a, where=["a > 0"]), TypeError, "where= takes facts"),
    "0/1 in the open interval": (
        lambda: Derivation(a, where=[binary(t[n]), unit_interval(t[n])]),
        ValueError,
        "contradict",
    ),
    "count in the open interval": (
        lambda: Derivation(a, where=[count(t[n]), unit_interval(t[n])]),
        ValueError,
        "contradict",
    ),
    "positive and negative": (
        lambda: Derivation(a, where=[positive(Symbol("u", negative=True))]),
        ValueError,
        "contradictory facts: no value satisfies positive\\(u\\), and SymPy assumes u negative",
    ),
    "one-hot and simplex": (
        lambda: Derivation(a, where=[one_hot(t[k], over=(k, 1, c)), simplex(t[k], over=(k, 1, c))]),
        ValueError,
        "contradictory facts",
    ),
    "one-hot and positive": (
        lambda: Derivation(a, where=[one_hot(t[k], over=(k, 1, c)), positive(t[k])]),
        ValueError,
        "contradictory facts",
    ),
    "namesakes": (lambda: Derivation(a + Symbol("a", positive=True)), ValueError, "the name a stands for two symbols"),
    "symbol and family": (
        lambda: Derivation(a + IndexedBase("a")[n], where=[real(a)]),
        ValueError,
        "indexed family",
    ),
    "real limit": (
        lambda: Derivation(Sum(x[n], (n, 1, tau)), where=REAL),
        ValueError,
        "nothing says that it is an integer",
    ),
    "reason is no string": (lambda: Derivation(a).equals(a, because=3), TypeError, "because="),
    "derivative by a number": (lambda: Derivation(a).differentiate(3), TypeError, "differentiate with respect to"),
    "derivative by a stranger": (lambda: Derivation(a).differentiate(b), ValueError, "b does not occur"),
    "derivative by a bound index": (
        lambda: Derivation(SSE, where=REAL).differentiate(y[n]),
        ValueError,
        "index of its own",
    ),
    "derivative by what is an index in it": (
        lambda: Derivation(a * y[n], where=REAL).differentiate(a, y[a]),
        ValueError,
        r"a is an index in y\[a\]",
    ),
    "derivative without a formula": (
        lambda: Derivation(Function("f", real=True)(a)).differentiate(a),
        ValueError,
        "SymPy has no formula",
    ),
    "substitution of a stranger": (lambda: Derivation(a).substitute({b: 1}), ValueError, "b does not occur"),
    "root of a stranger": (lambda: Derivation(a).solve_for(b), ValueError, "solve_for takes a symbol"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_refused_at_once(name):
    call, kind, message = BAD[name]

    with pytest.raises(kind, match=message) as caught:
        call()

    assert not isinstance(caught.value, DerivationError)


UNJUDGED = {
    "a sum that diverges": (Sum(1 / n, (n, 1, oo)) * a, Sum(1 / n, (n, 1, oo)) * a),
    "undefined everywhere": (log(-(a**2) - 1), log(-(a**2) - 1) + 1),
    "an integral without limits": (Integral(a, a), a**2 / 2),
    "a derivative without a formula": (Derivative(Function("f", real=True)(a), a), Integer(0)),
}


@pytest.mark.parametrize("name", UNJUDGED)
def test_what_cannot_be_evaluated_is_not_accepted(name):
    left, right = UNJUDGED[name]

    with pytest.raises(DerivationError, match="could not be evaluated") as caught:
        Derivation(left).equals(right)

    assert caught.value.counterexample == {}


@pytest.mark.parametrize("start", [0, "2", 1.5, Rational(1, 3), besselj(1, a)])
def test_whatever_sympify_takes_is_a_line(start):
    assert Derivation(start).equals(start).steps[-1].verdict == "proved"


# ---------------------------------------------------------------------------------------------------------------------
# Properties
# ---------------------------------------------------------------------------------------------------------------------

numbers = st.fractions(min_value=-5, max_value=5, max_denominator=20)


@settings(max_examples=25, deadline=None)
@given(numbers, numbers, numbers)
def test_quadratics_are_equal_only_to_themselves(one, two, error):
    left = (a - Rational(one)) * (a - Rational(two))
    right = a**2 - Rational(one + two) * a + Rational(one * two) + Rational(error)

    if error == 0:
        assert Derivation(left).equals(right).steps[-1].verdict == "proved"
    else:
        with pytest.raises(DerivationError):
            Derivation(left).equals(right)


@settings(max_examples=25, deadline=None)
@given(numbers, st.fractions(min_value=-3, max_value=3, max_denominator=9).filter(bool))
def test_only_positive_factors_keep_the_minimiser(constant, factor):
    right = Rational(factor) * SSE + Rational(constant)

    if factor > 0:
        assert Derivation(SSE, where=REAL).same_minimiser(right, over=y).steps[-1].verdict == "proved"
    else:
        with pytest.raises(DerivationError):
            Derivation(SSE, where=REAL).same_minimiser(right, over=y)


EQUIVALENT = {  # mutants of the lines below that are not mistakes, with the reason
    ("Gaussian negative log-likelihood", "swapped t and y"): "(t - y)**2 is symmetric",
}


@pytest.mark.parametrize(
    "name", ["Gaussian negative log-likelihood", "softplus form", "shift invariance", "Poisson negative log-likelihood"]
)
def test_mutants_of_true_steps_are_refused(name):
    left, right, facts = EQUALITIES[name]
    accepted = []
    for mistake, mutant in mutants(right):
        try:
            Derivation(left, where=facts).equals(mutant)
        except ValueError:
            continue
        accepted.append(mistake)

    # a 0/1 target equals its own square, whatever the line
    assert [mistake for mistake in accepted if "doubled factor t[n]" not in mistake] == [
        mistake for line, mistake in EQUIVALENT if line == name
    ]


# ---------------------------------------------------------------------------------------------------------------------
# Display
# ---------------------------------------------------------------------------------------------------------------------

PRINTED = {
    t[n] * log(y[n]): (r"t_{n} \, \ln y_{n}", "t[n]*log(y[n])"),
    (1 - t[n]) * log(1 - y[n]): (
        r"\left(1 - t_{n}\right) \, \ln\!\left(1 - y_{n}\right)",
        "(1 - t[n])*log(1 - y[n])",
    ),
    1 / sqrt(2 * pi * sigma**2): (r"\frac{1}{\sqrt{2 \pi \sigma^{2}}}", "1/sqrt(2*pi*sigma**2)"),
    y[m] - t[m]: (r"y_{m} - t_{m}", "y[m] - t[m]"),
    t[m] - y[m]: (r"t_{m} - y_{m}", "t[m] - y[m]"),
    Sum(x[n], (n, 1, N)) / N: (r"\frac{1}{N} \sum_{n=1}^{N} x_{n}", "Sum(x[n], (n, 1, N))/N"),
    (a - b) / tau: (r"\frac{a - b}{\tau}", "(a - b)/tau"),
    Sum(exp(x[n]), (n, 1, N)) ** -1 * (KroneckerDelta(i, j) - a): (
        r"\frac{\delta_{ij} - a}{\sum_{n=1}^{N} e^{x_{n}}}",
        "(KroneckerDelta(i, j) - a)/Sum(exp(x[n]), (n, 1, N))",
    ),
    (a - Sum(x[n], (n, 1, N))) / tau: (
        r"\frac{a - \sum_{n=1}^{N} x_{n}}{\tau}",
        "(a - Sum(x[n], (n, 1, N)))/tau",
    ),
    exp(b) / tau * (a - Sum(x[n], (n, 1, N))): (
        r"\frac{e^{b}}{\tau} \left(a - \sum_{n=1}^{N} x_{n}\right)",
        "exp(b)*(a - Sum(x[n], (n, 1, N)))/tau",
    ),
    (KroneckerDelta(i, j) - a) * exp(b) / tau: (
        r"\frac{\left(\delta_{ij} - a\right) \, e^{b}}{\tau}",
        "(KroneckerDelta(i, j) - a)*exp(b)/tau",
    ),
    -(a + b): ("- a - b", "-a - b"),
    (N + 1) * a: (r"a \left(N + 1\right)", "a*(N + 1)"),
    1 + exp(a): ("1 + e^{a}", "1 + exp(a)"),
    Sum(x[n] + a, (n, 1, N)): (r"\sum_{n=1}^{N} \left(a + x_{n}\right)", "Sum(a + x[n], (n, 1, N))"),
    log(Sum(exp(x[n]), (n, 1, N))) * Sum(t[n], (n, 1, N)): (
        r"\left(\ln \sum_{n=1}^{N} e^{x_{n}}\right) \sum_{n=1}^{N} t_{n}",
        "log(Sum(exp(x[n]), (n, 1, N)))*Sum(t[n], (n, 1, N))",
    ),
    Sum(x[n], (n, 1, N)) ** 2: (r"\left(\sum_{n=1}^{N} x_{n}\right)^{2}", "Sum(x[n], (n, 1, N))**2"),
}


@pytest.mark.parametrize("expr", PRINTED, ids=str)
def test_formulas_read_as_a_lecturer_writes_them(expr):
    assert (latex(expr), text(expr)) == PRINTED[expr]


@pytest.mark.parametrize("name", EQUALITIES)
def test_plain_text_reads_back(name):
    namespace = {str(s): s for s in (n, k, m, j, i, N, c, t, y, z, p, q, x, w, v, mu, a, b, sigma, tau)}
    namespace |= {f.__name__: f for f in (Sum, Product, exp, log, sqrt, KroneckerDelta, factorial, Abs)} | {"pi": pi}
    for side in EQUALITIES[name][:2]:
        if not isinstance(side, int):
            assert eval(text(side), namespace) == side


KNOWN = {str(s): s for s in (n, k, m, j, i, N, c, D, t, y, z, p, q, x, w, v, mu, a, b, sigma, tau)}


@pytest.mark.parametrize("name", [*EQUALITIES, *BOUNDS])
def test_latex_reads_back(name):
    for side in (EQUALITIES | BOUNDS)[name][:2]:
        side = sympify(side)

        assert read_latex(latex(side), KNOWN) == side


leaves = st.sampled_from(
    [a, b, sigma, tau, t[n], y[n], z[n, k], Integer(1), Integer(2), Integer(-3), Rational(1, 2), Rational(-2, 3), pi]
)
expressions = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda pair: pair[0] + pair[1]),
        st.tuples(inner, inner).map(lambda pair: pair[0] - pair[1]),
        st.tuples(inner, inner).map(lambda pair: pair[0] * pair[1]),
        st.tuples(inner, inner).map(lambda pair: pair[0] / (pair[1] ** 2 + 1)),
        inner.map(lambda e: e**2),
        inner.map(lambda e: 1 / (e**2 + 1)),
        inner.map(exp),
        inner.map(lambda e: log(e**2 + 1)),
        inner.map(lambda e: log(Sum(e**2 + 1, (n, 1, N)))),
        inner.map(lambda e: sqrt(e**2 + 2)),
        inner.map(lambda e: Sum(e, (n, 1, N))),
        inner.map(lambda e: Product(e, (k, 1, c))),
        inner.map(lambda e: Sum(e, (n, 1, N)) ** 2),
    ),
    max_leaves=7,
)


@settings(max_examples=200, deadline=None)
@given(expressions)
def test_any_formula_reads_back(expr):
    """No bracket is ever lost: what a reader sees is the expression that was printed."""
    seen = read_latex(latex(expr), KNOWN)
    program = dict(KNOWN) | {f.__name__: f for f in (Sum, Product, exp, log, sqrt)} | {"pi": pi}
    facts = [*REAL, real(z[n, k])]

    assert seen == expr or Derivation(expr, where=facts).equals(seen)
    read = sympify(text(expr), locals=program)
    assert read == expr or Derivation(expr, where=facts).equals(read)


def test_display_in_a_notebook():
    d = Derivation(-log(GAUSSIAN), where=REAL, because="50% of $N$ & more")
    d.equals(NLL, because="the log of a product is a sum of logs")
    d.same_minimiser(SSE, over=y, because="the rest is free of $y$")
    shown = d._repr_latex_()

    assert shown.startswith("$$\n\\begin{aligned}")
    assert shown.endswith("\\end{aligned}\n$$")
    assert shown.count("blacksquare") == 2
    assert "(1)" in shown
    assert "(2)" in shown
    assert r"50\% of $N$ \& more" in shown.replace(r"} \\ \text{", " ")
    assert r"\frac{1}{2 \sigma^{2}} \sum_{n=1}^{N} \left(t_{n} - y_{n}\right)^{2} + \frac{N}{2} \ln" in shown


def test_display_is_the_same_in_every_process():
    program = (
        "import sys; sys.path.insert(0, 'tests')\n"
        "from test_derivation import *\n"
        "d = Derivation(-log(GAUSSIAN), where=REAL).equals(NLL).same_minimiser(SSE, over=y)\n"
        "try:\n    d.equals(2 * SSE)\nexcept DerivationError as error:\n    print(error)\n"
        "print(d); print(d._repr_latex_())"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": seed}
        ).stdout
        for seed in ("1", "2")
    }

    assert len(outputs) == 1


def test_engine_needs_sympy_alone():
    program = (
        "import lossbook.derivation, sys; print([m for m in ('numpy', 'matplotlib', 'scipy') if m in sys.modules])"
    )

    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == "[]\n"
