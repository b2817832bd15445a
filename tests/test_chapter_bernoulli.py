"""The fits of the Bernoulli chapter agree with other programs and with the paper, and its claims about them are true.

The tests run the chapter's own cells, so what they compare is what the reader sees.
"""

import warnings
from pathlib import Path

import mpmath
import numpy as np
import pytest
from chapter_cells import run_cells
from hypothesis import example, given
from hypothesis import strategies as st
from scipy import special as scipy_special
from scipy.optimize import linprog, minimize, minimize_scalar
from scipy.stats import bernoulli, linregress
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from lossbook import losses

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # importing it meets deprecations in its own dependencies
    import statsmodels.api as sm

CHAPTER = Path(__file__).parent.parent / "chapters" / "bernoulli.ipynb"
CELLS = (
    "set-up",
    "flights",
    "plot-data",
    "base-rate",
    "naive",
    "naive-breaks",
    "stable",
    "newton-step",
    "newton-iterations",
    "coefficients",
    "moments",
    "bits",
    "fisher-scoring",
    "links-table",
    "no-distress",
    "squared-at-31",
    "separated",
    "separated-newton",
    "binomial-fit",
    "plot-truncated",
    "truncated-numbers",
    "leave-one-out-fits",
    "one-cold-flight-fits",
    "prior-fits",
)
LINKS = {"logit": "Logit", "probit": "Probit", "cloglog": "CLogLog"}


@pytest.fixture(scope="module")
def chapter():
    """The names that the chapter's cells define, as attributes."""
    return run_cells(CHAPTER, CELLS)


def glm(labels, temperature, link="Logit"):
    """Intercept, slope and log-likelihood by statsmodels, at plain temperatures."""
    family = sm.families.Binomial(getattr(sm.families.links, link)())
    return sm.GLM(labels, sm.add_constant(temperature), family=family).fit(tol=1e-14, maxiter=200)


def is_separated(features, labels):
    """Whether some weights give every example a positive margin: a linear program decides."""
    signed = (2 * labels - 1)[:, None] * features
    found = linprog(
        np.zeros(features.shape[1]), A_ub=-signed, b_ub=-np.ones(len(labels)), bounds=[(None, None)] * features.shape[1]
    )
    return found.status == 0


def test_the_base_rate_is_the_best_bias(chapter):
    def nll(y):
        return -bernoulli.logpmf(chapter.distress, y).sum()

    best = minimize_scalar(nll, bounds=(0.01, 0.99), method="bounded", options={"xatol": 1e-10})

    assert best.x == pytest.approx(chapter.base_rate, abs=1e-6)
    assert best.fun == pytest.approx(chapter.coin_nats, rel=1e-12)


def test_the_fit_agrees_with_statsmodels(chapter):
    theirs = glm(chapter.distress, chapter.temperature)
    logit = sm.Logit(chapter.distress, sm.add_constant(chapter.temperature)).fit(method="newton", tol=1e-12, disp=0)

    assert theirs.params == pytest.approx([chapter.alpha, chapter.beta], rel=1e-8)
    assert logit.params == pytest.approx([chapter.alpha, chapter.beta], rel=1e-8)
    assert -theirs.llf == pytest.approx(chapter.fit_nats, rel=1e-12)


def test_the_fit_agrees_with_scikit_learn(chapter):
    column = chapter.temperature[:, None]
    theirs = LogisticRegression(C=np.inf, solver="newton-cg", tol=1e-10, max_iter=10_000).fit(column, chapter.distress)

    assert theirs.coef_[0, 0] == pytest.approx(chapter.beta, rel=1e-5)
    assert theirs.intercept_[0] == pytest.approx(chapter.alpha, rel=1e-5)
    assert log_loss(chapter.distress, theirs.predict_proba(column)) * 23 == pytest.approx(chapter.fit_nats, rel=1e-9)


def test_the_fit_is_the_one_the_paper_prints(chapter):
    assert round(chapter.alpha, 3) == 15.043
    assert round(chapter.beta, 4) == -0.2322


def test_the_forecast_is_what_the_text_says(chapter):
    theirs = glm(chapter.distress, chapter.temperature)

    assert round(float(theirs.predict([[1, 31]])[0]), 4) == 0.9996


def test_the_fit_keeps_the_number_and_the_mean_temperature(chapter):
    residual = chapter.fitted - chapter.distress

    assert abs(residual.sum()) < 1e-9
    assert abs(residual @ chapter.temperature) < 1e-7


def test_newton_lowers_the_loss_at_every_jump(chapter):
    nll = [losses.binary_cross_entropy(chapter.features @ w, chapter.distress).sum() for w in chapter.path]

    assert np.all(np.diff(nll[:6]) < 0)
    assert nll[0] == pytest.approx(23 * np.log(2))


@pytest.mark.parametrize("name", LINKS)
def test_every_link_agrees_with_statsmodels(chapter, name):
    theirs = glm(chapter.distress, chapter.temperature, LINKS[name])
    intercept, slope = chapter.fits[name]
    at_flights = chapter.maps[name][0](chapter.features @ chapter.fits[name])
    nll = losses.binary_cross_entropy_of_probabilities(at_flights, chapter.distress).sum()

    assert theirs.params == pytest.approx([intercept - slope * chapter.centre, slope], rel=1e-5)
    assert nll == pytest.approx(-theirs.llf, rel=1e-9)


@pytest.mark.parametrize("name", LINKS)
def test_every_slope_is_the_derivative_of_its_map(chapter, name):
    inverse_link, slope = chapter.maps[name]
    u = np.linspace(-3, 2, 11)

    assert slope(u) == pytest.approx((inverse_link(u + 1e-6) - inverse_link(u - 1e-6)) / 2e-6, abs=1e-8)


def test_what_is_left_for_no_distress_at_31(chapter):
    probit, cloglog = chapter.u_31["probit"], chapter.u_31["cloglog"]

    assert chapter.normal_cdf(-probit) == pytest.approx(scipy_special.ndtr(-probit), rel=1e-12)
    assert -np.exp(cloglog) / np.log(10) == pytest.approx(-221, abs=1)


def test_the_binomial_fit_agrees_with_statsmodels_and_the_paper(chapter):
    rings = chapter.flights.distressed_o_rings
    theirs = glm(np.column_stack([rings, 6 - rings]), chapter.temperature)

    assert theirs.params == pytest.approx([chapter.ring_alpha, chapter.ring_beta], rel=1e-8)
    assert round(chapter.ring_alpha, 3) == 5.085
    assert round(chapter.ring_beta, 4) == -0.1156


LABELS = st.one_of(st.sampled_from([0.0, 1.0]), st.floats(0, 1))


@given(z=st.floats(-700, 700), t=LABELS)
@example(z=800.0, t=0.0)
@example(z=-800.0, t=0.0)
@example(z=40.0, t=1.0)
@example(z=0.0, t=0.5)
def test_the_stable_loss_has_all_its_digits(chapter, z, t):
    with mpmath.workdps(800):  # enough for the difference of two nearly equal numbers
        exact = float(mpmath.log(1 + mpmath.exp(z)) - mpmath.mpf(t) * mpmath.mpf(z))

    assert chapter.stable_loss(np.array(z), t) == pytest.approx(exact, rel=1e-14, abs=1e-300)


@given(z=st.floats(-10, 10), t=LABELS)
def test_the_naive_loss_is_right_in_the_middle(chapter, z, t):
    assert chapter.naive_loss(np.array(z), t) == pytest.approx(chapter.stable_loss(np.array(z), t), rel=1e-9, abs=1e-11)


def test_the_naive_loss_breaks_where_the_text_says(chapter):
    values = {(z, t): float(chapter.naive_loss(np.array(float(z)), t)) for z, t in chapter.hard_cases}

    assert values[40, 0] == np.inf
    assert values[800, 0] == np.inf
    assert np.isnan(values[800, 1])
    assert np.isnan(values[-800, 0])


def test_the_calls_on_the_loss_card(chapter):
    z, t = chapter.features @ chapter.weights, chapter.distress
    ours = losses.binary_cross_entropy(z, t)

    assert -(t * scipy_special.log_expit(z) + (1 - t) * scipy_special.log_expit(-z)) == pytest.approx(ours, rel=1e-12)
    assert log_loss(t, scipy_special.expit(z)) == pytest.approx(ours.mean(), rel=1e-12)


def test_separated_flights_have_no_estimate_and_all_flights_have_one(chapter):
    kept = chapter.kept
    nll = [
        losses.binary_cross_entropy(chapter.features[kept] @ w, chapter.distress[kept]).sum() for w in chapter.snapshots
    ]

    assert is_separated(chapter.features[kept], chapter.distress[kept])
    assert not is_separated(chapter.features, chapter.distress)
    assert np.all(np.diff(nll) < 0)
    assert np.all(np.diff(np.linalg.norm(chapter.snapshots, axis=1)) > 0)
    assert nll[-1] / nll[-2] == pytest.approx(0.37, abs=0.01)


@pytest.mark.parametrize("strength", [10, 1, 0.1, 0.01])
def test_the_map_fit_is_the_minimum(chapter, strength):
    features, labels = chapter.features[chapter.kept], chapter.distress[chapter.kept]

    def objective(w):
        return losses.binary_cross_entropy(features @ w, labels).sum() + strength * w[1] ** 2 / 2

    found = chapter.map_fit(features, labels, strength)
    theirs = minimize(objective, found + 0.3, method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-14})

    assert found == pytest.approx(theirs.x, rel=1e-5)


def test_flights_left_out(chapter):
    nats, forecasts = [], []
    for out in range(23):
        others = np.arange(23) != out
        theirs = glm(chapter.distress[others], chapter.temperature[others])
        probability = float(theirs.predict([[1, chapter.temperature[out]]])[0])
        nats.append(-bernoulli.logpmf(chapter.distress[out], probability))
        forecasts.append(float(theirs.predict([[1, 31]])[0]))

    assert np.mean(nats) / np.log(2) == pytest.approx(np.mean(chapter.bits), rel=1e-6)
    assert forecasts == pytest.approx([float(value) for value in chapter.forecasts], rel=1e-6)
    assert np.mean(chapter.coin_bits) - np.mean(chapter.bits) == pytest.approx(1 / 6, abs=0.01)


def test_one_cold_flight_would_change_the_forecast(chapter):
    temperature = np.append(chapter.temperature, 31)
    good, bad = (glm(np.append(chapter.distress, result), temperature) for result in (0, 1))

    assert round(float(good.predict([[1, 31]])[0]), 2) == 0.75
    assert good.params[1] / chapter.beta == pytest.approx(1 / 4, abs=0.02)
    assert round(float(bad.predict([[1, 31]])[0]), 4) == 0.9996


def test_temperature_explains_nothing_among_the_flights_with_distress(chapter):
    theirs = linregress(chapter.temperature[chapter.hit], chapter.flights.distressed_o_rings[chapter.hit])

    assert theirs.slope == pytest.approx(chapter.slope_hit, rel=1e-9)
    assert theirs.rvalue == pytest.approx(chapter.correlation, rel=1e-9)
    assert theirs.pvalue > 0.9


def test_squared_error_hardly_pulls_at_a_confident_mistake(chapter):
    squared = (chapter.wrong - 1) * chapter.wrong * (1 - chapter.wrong)

    assert (chapter.wrong - 1) / squared > 2500
