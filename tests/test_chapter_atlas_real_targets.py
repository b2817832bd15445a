"""What the atlas of real targets claims: its densities, its estimates and its numbers, against independent oracles.

The sheets are run as they stand in the chapter.  Integrals and minima come from mpmath and SciPy, fits from
scikit-learn and SciPy, distributions from SciPy: no code of the chapter judges itself.
"""

from functools import cache

import loss_table
import mpmath
import numpy as np
import pytest
from chapter_cells import run_cells
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import optimize, stats
from scipy import special as scipy_special
from sklearn.linear_model import QuantileRegressor
from sklearn.mixture import GaussianMixture
from sympy import IndexedBase, lambdify, symbols

from lossbook import data, losses

CHAPTER = loss_table.ROOT / "chapters" / "atlas-real-targets.ipynb"
few = settings(max_examples=8)
reals, scales = st.floats(-5, 5), st.floats(0.3, 4)
samples = st.lists(st.integers(-60, 60).map(lambda k: k / 4), min_size=1, max_size=12).map(np.array)

y, s, t = symbols("y s t", real=True)
sigma, b, q, delta, nu, w, kappa = symbols("sigma b q delta nu w kappa", positive=True)
k, j, c = symbols("k j c", integer=True, positive=True)


def sheets():
    return loss_table.sheets(CHAPTER)


# --- every density integrates to 1

LAWS = {
    "gaussian": {y: reals, sigma: scales},
    "gaussian-learned-variance": {y: reals, s: st.floats(-1, 1.5)},
    "laplace": {y: reals, b: scales},
    "pinball": {y: reals, q: st.floats(0.05, 0.95), b: scales},
    "huber": {y: reals, delta: scales, w: scales},
    "student-t": {y: reals, nu: st.floats(0.5, 20), w: scales},
    "von-mises": {y: st.floats(-9, 9), kappa: st.floats(0.01, 60)},
}
SCIPY = {
    "gaussian": lambda v: stats.norm(v[y], v[sigma]),
    "gaussian-learned-variance": lambda v: stats.norm(v[y], np.exp(v[s])),
    "laplace": lambda v: stats.laplace(v[y], v[b]),
    "student-t": lambda v: stats.t(v[nu], v[y], v[w]),
    "von-mises": lambda v: stats.vonmises(v[kappa], v[y]),
    "pinball": lambda v: stats.laplace_asymmetric(np.sqrt(v[q] / (1 - v[q])), v[y], v[b] / np.sqrt(v[q] * (1 - v[q]))),
}


def density_of(key: str, given: dict):
    return lambdify(t, sheets()[key].density.subs(given), "mpmath")


def pieces(key: str, given: dict) -> list[float]:
    """Where to cut the integral: at kinks, and where the density has become small."""
    if key == "von-mises":
        return [-mpmath.pi, *np.linspace(-3, 3, 13), mpmath.pi]
    width = max(float(x) for name, x in given.items() if name is not y and name is not nu)
    width = np.exp(width) if key == "gaussian-learned-variance" else width
    seams = [given[y] - given[delta], given[y] + given[delta]] if key == "huber" else []
    return [-mpmath.inf, given[y] - 5 * width, *seams, given[y], given[y] + 5 * width, mpmath.inf]


@pytest.mark.parametrize("key", LAWS)
@few
@given(data=st.data())
def test_the_density_integrates_to_1(key, data):
    given = {name: data.draw(strategy) for name, strategy in LAWS[key].items()}

    area = mpmath.quad(density_of(key, given), sorted(pieces(key, given)))

    assert float(area) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("key", SCIPY)
@few
@given(data=st.data(), place=st.floats(-3, 3))
def test_the_density_is_that_of_scipy(key, data, place):
    given = {name: data.draw(strategy) for name, strategy in LAWS[key].items()}

    assert float(density_of(key, given)(place)) == pytest.approx(float(SCIPY[key](given).pdf(place)), rel=1e-9)


MIXTURE = IndexedBase("a"), IndexedBase("m"), IndexedBase("w")


@few
@given(logits=st.tuples(*[reals] * 3), means=st.tuples(*[reals] * 3), widths=st.tuples(*[scales] * 3), place=reals)
def test_the_mixture_is_a_density_and_that_of_its_parts(logits, means, widths, place):
    parts = dict(zip(MIXTURE, (logits, means, widths), strict=True))
    written = sheets()["mixture"].density.subs(c, 3).doit()
    given = {base[i + 1]: value for base, row in parts.items() for i, value in enumerate(row)}
    density = lambdify(t, written.subs(given), "mpmath")
    weights = scipy_special.softmax(logits)

    assert float(density(place)) == pytest.approx(weights @ stats.norm.pdf(place, means, widths), rel=1e-9)
    cuts = sorted({*means, *(m - 5 * v for m, v in zip(means, widths, strict=True))})
    assert float(mpmath.quad(density, [-mpmath.inf, *cuts, 30, mpmath.inf])) == pytest.approx(1, abs=1e-6)


# --- every minimiser is the statistic that the sheet names


def summed(call: str, values: np.ndarray, **extra):
    """The summed loss of one prediction for all values."""
    return lambda guess: getattr(losses, call)(np.full(len(values), float(guess)), values, **extra).sum()


@few
@given(values=samples)
def test_absolute_error_is_least_exactly_between_the_middle_two(values):
    total, ordered = summed("absolute_error", values), np.sort(values)
    low, high = ordered[(len(values) - 1) // 2], ordered[len(values) // 2]

    assert total(low) == pytest.approx(total(high))
    assert total((low + high) / 2) == pytest.approx(total(low))
    assert min(total(low - 0.1), total(high + 0.1)) > total(low) + 1e-9


@few
@given(values=samples, level=st.floats(0.05, 0.95))
def test_pinball_loss_is_least_at_the_quantile(values, level):
    total = summed("pinball_loss", values, quantile=level)
    best = np.quantile(values, level, method="inverted_cdf")

    assert all(total(best) <= total(other) + 1e-9 for other in [*values, best - 0.1, best + 0.1])


@few
@given(values=samples, level=st.integers(1, 3))
def test_the_pinball_estimate_is_an_interval_where_the_share_is_whole(values, level):
    values = np.unique(values)
    assume(len(values) >= 4)
    values = values[:4]
    total = summed("pinball_loss", values, quantile=level / 4)

    assert total(values[level - 1]) == pytest.approx(total(values[level]))
    assert total((values[level - 1] + values[level]) / 2) == pytest.approx(total(values[level]))


@few
@given(values=samples, size=scales)
def test_huber_is_least_where_the_cut_residuals_balance(values, size):
    total = summed("huber_loss", values, delta=size)
    found = optimize.minimize_scalar(total, bounds=(values.min() - 1, values.max() + 1), method="bounded")

    balance = np.clip(values - found.x, -size, size).sum()
    slack = np.clip(values - found.x - 1e-3, -size, size).sum(), np.clip(values - found.x + 1e-3, -size, size).sum()
    assert slack[0] - 1e-9 <= balance <= slack[1] + 1e-9
    assert slack[0] <= 0.01 * len(values) + 1e-9
    assert slack[1] >= -0.01 * len(values) - 1e-9


@few
@given(angles=st.lists(st.floats(-3.1, 3.1), min_size=2, max_size=9).map(np.array))
def test_the_direction_is_that_of_the_summed_unit_vectors(angles):
    total = np.exp(1j * angles).sum()
    assume(abs(total) > 0.05)
    around = np.linspace(-np.pi, np.pi, 20001)

    best = around[np.argmin((1 - np.cos(angles[:, None] - around)).sum(axis=0))]

    assert np.cos(best - np.angle(total)) == pytest.approx(1, abs=1e-6)


@few
@given(values=samples.filter(lambda v: len(v) > 1 and np.ptp(v) > 0.5))
def test_a_learned_width_is_the_standard_deviation(values):
    def total(outputs):
        mean, log_scale = outputs
        scale = np.full(len(values), np.exp(log_scale))
        return losses.gaussian_nll(np.full(len(values), mean), values, scale=scale).sum()

    found = optimize.minimize(total, [values[0], 1.0], method="Nelder-Mead", options={"xatol": 1e-8, "fatol": 1e-10})

    np.testing.assert_allclose(found.x, [values.mean(), np.log(values.std())], atol=1e-3)


# --- when there is none


def test_a_free_width_runs_off_where_the_mean_hits_the_target():
    nats = [float(losses.gaussian_nll([2.0], [2.0], scale=np.exp(log_scale))[0]) for log_scale in (0, -10, -100)]

    assert nats[0] > nats[1] > nats[2]


@pytest.mark.parametrize(("equal", "unbounded"), [(7, False), (8, True), (9, True)])
def test_student_with_a_free_scale_is_unbounded_beyond_a_share_of_equal_targets(equal, unbounded):
    """Three degrees of freedom: the share is 3/4, and 8 of 10 are more."""
    targets = np.array([0.0] * equal + [5.0] * (10 - equal))

    def total(scale):
        return losses.student_t_nll(np.zeros(10), targets, scale=scale, degrees=3.0).sum()

    assert (total(1e-200) < total(1e-100) < total(1e-50)) == unbounded


def test_a_mixture_is_unbounded():
    found = run()

    def total(spread):
        onto = np.zeros(2), np.array([found.some.mean(), found.some[0]]), np.array([found.some.std(), spread])
        return found.mixture_nll(found.some, *onto).sum()

    assert total(1e-150) < total(1e-100) < total(1e-50) < found.mixture_nll(found.some, *found.state).sum()


# --- the numbers of the page

CELLS = (
    "set-up penguins learned-fit laplace-median quantile-lines student-valleys disasters bessel-naive von-mises-fit "
    "mixture-fit mixture-rounds between-check week-check"
).split()


@cache
def run():
    return run_cells(CHAPTER, CELLS)


def test_the_learned_width_is_the_best_one():
    found = run()

    def total(outputs):
        return losses.gaussian_nll(found.X @ outputs[:2], found.bill, scale=np.exp(found.X @ outputs[2:])).sum()

    start = np.array([43.0, 4.0, 1.5, 0.0])
    best = optimize.minimize(total, start, method="BFGS", options={"gtol": 1e-6})
    np.testing.assert_allclose(np.append(found.two_mean, found.two_width), best.x, atol=1e-4)
    plain = np.polynomial.polynomial.polyfit(found.mass - 4.2, found.bill, 1)
    np.testing.assert_allclose(found.one_mean, plain, rtol=1e-8)
    one = losses.gaussian_nll(found.X @ found.one_mean, found.bill, scale=np.exp(found.one_width[0])).sum()
    assert one - best.fun == pytest.approx(16.5, abs=0.05)


@pytest.mark.parametrize("level", [0.1, 0.5, 0.9])
def test_the_quantile_lines_are_those_of_scikit_learn(level):
    found = run()
    theirs = QuantileRegressor(quantile=level, alpha=0).fit(found.mass[:, None], found.bill)
    intercept, slope = found.fits[level]

    def total(line):
        return losses.pinball_loss(line, found.bill, quantile=level).sum()

    assert total(intercept + slope * found.mass) == pytest.approx(total(theirs.predict(found.mass[:, None])), rel=1e-9)
    assert found.quantile_line(found.mass, found.bill, level) == found.fits[level]


def test_the_median_has_a_flat_floor():
    found = run()

    np.testing.assert_allclose(found.best, [44.4, 44.45, 44.5])
    assert found.total.min() == pytest.approx(np.abs(found.bill - np.median(found.bill)).sum())


def test_student_has_three_valleys_for_a_narrow_scale_and_one_for_a_wide():
    found = run()
    places = np.linspace(30, 60, 30001)

    def valleys(scale):
        nats = -stats.t.logpdf(found.some[:, None], 2, loc=places, scale=scale).sum(axis=0)
        return places[1:-1][(nats[1:-1] < nats[:-2]) & (nats[1:-1] < nats[2:])]

    settled = [found.settle(start, found.some, 0.3, 2) for start in (36.0, 45.0, 54.0)]
    np.testing.assert_allclose(settled, valleys(0.3), atol=2e-3)
    np.testing.assert_allclose(found.settle(36.0, found.some, 1.0, 2), valleys(1.0), atol=2e-3)


def test_the_season_is_that_of_scipy_and_no_season():
    found = run()
    theirs, direction, _ = stats.vonmises.fit(found.angle, fscale=1)

    assert found.best_kappa == pytest.approx(theirs, rel=1e-6)
    assert np.cos(found.direction - direction) == pytest.approx(1)
    gain = stats.vonmises.logpdf(found.angle, theirs, direction).sum() + len(found.angle) * np.log(2 * np.pi)
    assert found.gain_nats == pytest.approx(gain, rel=1e-9)
    assert stats.chi2.sf(2 * gain, 2) == pytest.approx(np.exp(-gain), rel=1e-9)
    assert np.exp(-gain) > 0.1


def test_the_angles_are_those_of_the_calendar():
    found = run()
    fraction = [
        (day.timetuple().tm_yday - 0.5) / (366 if day.replace(month=3, day=1).timetuple().tm_yday == 61 else 365)
        for day in found.dates.tolist()
    ]

    np.testing.assert_allclose(found.angle, 2 * np.pi * np.array(fraction))
    assert [day.weekday() for day in found.dates.tolist()] == found.weekday.tolist()


def test_there_is_a_week():
    found = run()

    assert np.bincount(found.weekday).tolist() == [19, 34, 33, 36, 35, 29, 5]
    theirs, _, _ = stats.vonmises.fit(found.on_week, fscale=1)
    assert found.kappa_week == pytest.approx(theirs, rel=1e-6)
    assert np.exp(-found.gain_week) < 1e-4


@given(value=st.floats(0, 20_000))
def test_the_logarithm_of_the_bessel_function(value):
    expected = value + np.log(scipy_special.i0e(value))

    assert run().log_bessel_0(value) == pytest.approx(expected, rel=1e-12, abs=1e-12)


def test_the_mixture_is_that_of_scikit_learn():
    found = run()
    logits, means, widths = found.state
    theirs = GaussianMixture(2, tol=1e-10, max_iter=1000, reg_covar=0, random_state=0).fit(found.some[:, None])
    order = np.argsort(theirs.means_[:, 0])

    np.testing.assert_allclose(means, theirs.means_[order, 0], rtol=1e-4)
    np.testing.assert_allclose(widths, np.sqrt(theirs.covariances_[order, 0, 0]), rtol=1e-4)
    np.testing.assert_allclose(scipy_special.softmax(logits), theirs.weights_[order], rtol=1e-4)
    assert -theirs.score(found.some[:, None]) == pytest.approx(found.mixture_nll(found.some, *found.state).mean())


def test_the_components_are_the_species():
    birds = data.penguins()
    lengths = {name: np.nanmean(birds.bill_length_mm[birds.species == name]) for name in ("Adelie", "Chinstrap")}

    assert lengths["Adelie"] == pytest.approx(38.8, abs=0.05)
    assert lengths["Chinstrap"] == pytest.approx(48.8, abs=0.05)


def test_hubers_estimate_need_not_lie_between_mean_and_median():
    masses = data.penguin_masses("Adelie").body_mass_g
    found = optimize.brentq(lambda guess: np.clip(masses - guess, -115, 115).sum(), masses.min(), masses.max())

    assert found < min(masses.mean(), np.median(masses)) - 30
    assert run().huber_centre(masses, 115) == pytest.approx(found)


# --- stable forms


@given(angle=st.floats(-7, 7).filter(lambda x: abs(x) > 1e-150))
def test_the_stable_form_of_the_circular_loss_keeps_its_digits(angle):
    (form,) = sheets()["von-mises"].forms
    stable = lambdify((t, y), form.stable, "numpy")(angle, 0.0)

    with mpmath.workdps(400):
        expected = float(1 - mpmath.cos(mpmath.mpf(angle)))
    assert stable == pytest.approx(expected, rel=1e-12)


def test_the_naive_form_of_the_circular_loss_does_not():
    (form,) = sheets()["von-mises"].forms

    assert lambdify((t, y), form.loss, "numpy")(1e-9, 0.0) == 0.0
