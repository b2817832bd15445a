"""The numbers of the chapter on how good an estimate is agree with other programs and with exact sums.

The tests run the chapter's own cells, so what they compare is what the reader sees.
"""

import math
import re
import warnings
from pathlib import Path

import execute
import mpmath
import numpy as np
import pytest
from chapter_cells import run_cells
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate
from scipy.optimize import brentq, linprog, minimize
from scipy.stats import binom, binomtest, chi2, norm, poisson
from sklearn.linear_model import LogisticRegression

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # importing it meets deprecations in its own dependencies
    import statsmodels.api as sm
    from statsmodels.stats.proportion import proportion_confint

CHAPTER = Path(__file__).parent.parent / "chapters" / "how-good-is-it.ipynb"
CELLS = (
    "set-up",
    "flights",
    "share-simulation",
    "spreads",
    "delta-method",
    "binomial-pmf",
    "uniform-simulation",
    "interval-rules",
    "interval-ratio",
    "three-intervals",
    "invariance",
    "coverage",
    "challenger-fit",
    "challenger-errors",
    "challenger-wald",
    "profile",
    "profile-ends",
    "band-ends",
    "bootstrap",
    "bootstrap-fits",
    "bootstrap-ratio",
    "sandwich",
    "poisson-solution-numbers",
    "none-solution-numbers",
    "link-solution-fit",
    "link-solution-compare",
)
counts = st.integers(2, 60).flatmap(lambda trials: st.tuples(st.integers(0, trials), st.just(trials)))


@pytest.fixture(scope="module")
def chapter():
    """The names that the chapter's cells define, as attributes."""
    return run_cells(CHAPTER, CELLS)


@pytest.fixture(scope="module")
def logit_fit(chapter):
    """The same regression by statsmodels, with the distance from 31 °F as its feature."""
    model = sm.Logit(chapter.distress, chapter.features)
    return model, model.fit(method="newton", tol=1e-13, maxiter=100, disp=0)


def log_odds_of_best_slope(labels, away, log_odds):
    """The least NLL with the log-odds at away = 0 fixed, by a general-purpose minimiser."""

    def nll(slope):
        return np.logaddexp(0, -(2 * labels - 1) * (log_odds + slope * away)).sum()

    return minimize(lambda w: nll(w[0]), [-0.2], method="Nelder-Mead", options={"xatol": 1e-10, "fatol": 1e-13}).fun


# Estimators


def test_the_simulated_spreads_are_what_theory_says(chapter):
    """Exact root mean squared errors: of a mean, of a scale by the chi distribution, of a median by an integral."""
    for i, size in enumerate(chapter.sizes):
        half = size / 2
        mean_of_scale = np.sqrt(2 / size) * np.exp(math.lgamma(half) - math.lgamma(half - 0.5))
        exact_scale = np.sqrt((size - 1) / size - 2 * mean_of_scale + 1)

        assert chapter.rms["mean"][i] == pytest.approx(1 / np.sqrt(size), rel=0.035)
        assert chapter.rms["scale"][i] == pytest.approx(exact_scale, rel=0.035)
    # The median of four is the mean of the two middle draws; that of many approaches the root of π/2 times the bound.
    last = chapter.rms["median"][-1] * np.sqrt(chapter.sizes[-1])
    assert last == pytest.approx(np.sqrt(np.pi / 2), rel=0.035)
    assert chapter.rms["median"][0] * 2 == pytest.approx(1.092, rel=0.035)


def test_the_standard_error_of_the_share(chapter):
    frozen = binom(23, 7 / 23)

    assert chapter.plug_in == pytest.approx(frozen.std() / 23, rel=1e-13)
    assert chapter.shares.std() == pytest.approx(frozen.std() / 23, rel=0.03)
    assert chapter.se_log_odds == pytest.approx(np.sqrt(1 / 7 + 1 / 16), rel=1e-13)  # the textbook formula


@pytest.mark.parametrize("mean", [0.05, 0.61, 7.0])
def test_the_information_of_a_count(mean):
    """The score has mean 0, and its variance is 1/λ, as the chapter says in words."""
    t = np.arange(400)

    assert np.sum(poisson.pmf(t, mean) * (t / mean - 1)) == pytest.approx(0, abs=1e-10)
    assert np.sum(poisson.pmf(t, mean) * (t / mean - 1) ** 2) == pytest.approx(1 / mean, rel=1e-9)


@pytest.mark.parametrize("scale", [0.3, 1.0, 5.0])
def test_the_information_matrix_of_a_gaussian_is_diagonal(scale):
    """The chapter says that the mixed entry is 0: the product of the two scores, integrated."""

    def product(t):
        return norm.pdf(t, 0, scale) * (t / scale**2) * (t**2 / scale**3 - 1 / scale)

    assert integrate.quad(product, -40 * scale, 40 * scale)[0] == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("trials", [5, 23])
@pytest.mark.parametrize("y", [0.1, 0.304, 0.5])
@pytest.mark.parametrize("prior", [0.0, 1.0, 2.0])
def test_the_bound_with_bias_holds_for_shrunken_shares(trials, y, prior):
    """(ones + prior) / (trials + 2 prior) is a multiple of the score plus a constant, so it attains its own bound."""
    ones = np.arange(trials + 1)
    chance = binom.pmf(ones, trials, y)
    rule = (ones + prior) / (trials + 2 * prior)
    mean = np.sum(chance * rule)
    slope = (np.sum(binom.pmf(ones, trials, y + 1e-6) * rule) - np.sum(binom.pmf(ones, trials, y - 1e-6) * rule)) / 2e-6

    assert np.sum(chance * (rule - mean) ** 2) == pytest.approx(slope**2 * y * (1 - y) / trials, rel=1e-6)


def test_the_bound_with_bias_holds_for_a_rule_that_is_no_multiple_of_the_score():
    """The squared share has a variance above the bound with the slope of its mean."""
    ones, y, trials = np.arange(24), 0.2, 23
    rule = (ones / trials) ** 2
    chance = binom.pmf(ones, trials, y)
    slope = np.sum((binom.pmf(ones, trials, y + 1e-6) - binom.pmf(ones, trials, y - 1e-6)) * rule) / 2e-6
    variance = np.sum(chance * rule**2) - np.sum(chance * rule) ** 2

    assert variance > 1.01 * slope**2 * y * (1 - y) / trials


def test_the_two_divisors_by_the_chi_squared_distribution():
    """Variance and MSE of S/N and S/(N−1), as used in the chapter, for N = 2 ... 40 and v = 1."""
    for size in range(2, 41):
        mean, variance = chi2.stats(size - 1)

        assert (mean, variance) == (size - 1, 2 * (size - 1))
        assert variance / (size - 1) ** 2 > 2 / size
        assert variance / size**2 + (mean / size - 1) ** 2 < 2 / size


# How normal


@pytest.mark.parametrize(("size", "below", "above", "gap"), [(10, 0, 0.0702, 0.236), (160, 0.0174, 0.0291, 0.066)])
def test_the_table_of_tails(size, below, above, gap):
    """The numbers that the text quotes, from SciPy's binomial; the gap is the largest difference of the cdfs."""
    sd = np.sqrt(size * 0.09)
    edge = [math.ceil(0.1 * size - 1.96 * sd) - 1, math.floor(0.1 * size + 1.96 * sd)]
    ones = np.arange(size + 1)
    bell = norm.cdf((ones - 0.1 * size) / sd)
    difference = max(np.abs(binom.cdf(at, size, 0.1) - bell).max() for at in (ones, ones - 1))

    assert binom.cdf(edge[0], size, 0.1) == pytest.approx(below, abs=5e-5)
    assert binom.sf(edge[1], size, 0.1) == pytest.approx(above, abs=5e-5)
    assert difference == pytest.approx(gap, abs=5e-4)


@pytest.mark.parametrize("trials", [1, 20, 300])
def test_the_binomial_is_scipys(chapter, trials):
    probabilities = np.array([0.001, 0.1, 0.5, 0.93])
    theirs = binom.pmf(np.arange(trials + 1)[:, None], trials, probabilities)

    np.testing.assert_allclose(chapter.binomial_pmf(trials, probabilities), theirs, rtol=1e-9, atol=1e-200)


# Uniform


def test_the_maximum_of_uniform_draws(chapter):
    """By the beta distribution of the largest of N, exactly; and the shortfall is nearly exponential."""
    for size, exact in zip(chapter.sizes, chapter.exact, strict=True):
        mpmath.mp.dps = 30
        N = int(size)
        square = mpmath.quad(lambda u, N=N: (u - 1) ** 2 * N * u ** (N - 1), [0, 0.5, 0.9, 0.99, 1])

        assert exact == pytest.approx(12 * float(mpmath.sqrt(square)), rel=1e-9)
    np.testing.assert_allclose(chapter.longest, chapter.exact, rtol=0.06)
    np.testing.assert_allclose(chapter.doubled, 12 / np.sqrt(3 * chapter.sizes), rtol=0.05)
    assert chapter.shortfall.mean() == pytest.approx(64 / 65, abs=0.05)


# Intervals


@given(count=counts)
def test_the_score_interval_is_wilsons(chapter, count):
    ones, trials = count
    low, high = chapter.wilson(np.array([float(ones)]), trials)
    theirs = binomtest(ones, trials).proportion_ci(method="wilson")

    assert (low[0], high[0]) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


@given(count=counts)
def test_the_wald_interval_is_statsmodels_before_clipping(chapter, count):
    ones, trials = count
    low, high = chapter.wald(np.array([float(ones)]), trials)
    theirs = proportion_confint(ones, trials, method="normal")

    assert (max(low[0], 0), min(high[0], 1)) == pytest.approx(theirs, abs=1e-12)


@given(count=counts)
def test_the_likelihood_ratio_interval_ends_where_the_deviance_is_the_chi_squared_quantile(chapter, count):
    ones, trials = count
    (low,), (high,) = chapter.likelihood_ratio(np.array([float(ones)]), trials)

    def deviance(y):
        return 2 * (binom.logpmf(ones, trials, ones / trials) - binom.logpmf(ones, trials, y)) - chi2.ppf(0.95, 1)

    if ones > 0:
        assert low == pytest.approx(brentq(deviance, 1e-12, ones / trials), abs=1e-9)
    if ones < trials:
        assert high == pytest.approx(brentq(deviance, ones / trials, 1 - 1e-12), abs=1e-9)


@pytest.mark.parametrize(("y", "trials"), [(0.02, 20), (0.1, 20), (0.3, 20), (0.1, 50)])
def test_the_coverage_is_the_sum_over_the_outcomes(chapter, y, trials):
    """With other programs' intervals, one outcome at a time."""
    methods = {"Wald": "normal", "score": "wilson"}
    for name, method in methods.items():
        total = 0.0
        for ones in range(trials + 1):
            low, high = proportion_confint(ones, trials, method=method)
            total += binom.pmf(ones, trials, y) * (low <= y <= high)

        assert chapter.coverage(chapter.rules[name], trials, np.array([y]))[0] == pytest.approx(total, rel=1e-9)


def test_the_coverage_that_the_text_quotes(chapter):
    wald = chapter.coverage(chapter.wald, 20, np.array([0.02, 0.1]))
    score = chapter.coverage(chapter.wilson, 20, chapter.truths)

    assert wald == pytest.approx([0.332, 0.876], abs=5e-4)
    assert score.mean() > 0.95
    assert np.all(chapter.coverage(chapter.wald, 20, chapter.truths)[:40] < 0.6)


def test_only_the_wald_interval_depends_on_the_ruler(chapter):
    """In log-odds the deviance is the same function of the coin: its ends map to its ends."""
    (low,), (high,) = chapter.likelihood_ratio(np.array([7.0]), 23)

    def deviance(z):
        return 2 * (23 * np.logaddexp(0, z) - 7 * z) - 2 * 23 * np.logaddexp(0, z_hat) + 14 * z_hat - chi2.ppf(0.95, 1)

    z_hat = np.log(7 / 16)
    ends = [brentq(deviance, z_hat - 5, z_hat), brentq(deviance, z_hat, z_hat + 5)]

    assert 1 / (1 + np.exp(-np.array(ends))) == pytest.approx([low, high], abs=1e-9)
    assert np.abs(chapter.on_log_odds - np.ravel(chapter.wald(np.array([7.0]), 23))).min() > 0.02


def test_no_ones_at_all(chapter):
    exact = binomtest(0, 23).proportion_ci(confidence_level=0.9, method="exact").high  # one-sided 95 %

    assert chapter.ends[1][0] == pytest.approx(1 - np.exp(-chi2.ppf(0.95, 1) / 46), abs=1e-12)
    assert pytest.approx(exact, abs=1e-12) == 1 - 0.05 ** (1 / 23)


# The Challenger


def test_the_fit_and_its_errors(chapter, logit_fit):
    _, theirs = logit_fit
    sklearn = LogisticRegression(C=np.inf, tol=1e-12, max_iter=10_000, solver="newton-cholesky")
    sklearn.fit(chapter.far[:, None], chapter.distress)

    np.testing.assert_allclose(chapter.weights, theirs.params, rtol=1e-9)
    np.testing.assert_allclose(chapter.weights, [sklearn.intercept_[0], sklearn.coef_[0, 0]], rtol=1e-5)
    np.testing.assert_allclose(np.sqrt(np.diag(chapter.covariance)), theirs.bse, rtol=1e-7)
    np.testing.assert_allclose(chapter.wald_psi, theirs.conf_int()[0], rtol=1e-7)


def test_the_sandwich(chapter, logit_fit):
    model, _ = logit_fit
    theirs = model.fit(method="newton", tol=1e-13, maxiter=100, disp=0, cov_type="HC0")

    np.testing.assert_allclose(chapter.robust, theirs.cov_params(), rtol=1e-6)
    assert np.all(np.diag(chapter.robust) < np.diag(chapter.covariance))


def test_the_wald_band_is_statsmodels(chapter):
    model = sm.GLM(chapter.distress, sm.add_constant(chapter.temperature), family=sm.families.Binomial())
    frame = model.fit(tol=1e-14).get_prediction(sm.add_constant(chapter.degrees)).summary_frame(alpha=0.05)

    np.testing.assert_allclose(chapter.low_wald, frame["mean_ci_lower"], rtol=1e-6)
    np.testing.assert_allclose(chapter.high_wald, frame["mean_ci_upper"], rtol=1e-6)


@pytest.mark.parametrize("at", [31.0, 53.0, 70.0])
def test_the_profile_by_another_minimiser(chapter, at):
    centre = chapter.weights[0] + chapter.weights[1] * (at - 31)
    for log_odds in (centre - 2, centre, centre + 3):
        theirs = log_odds_of_best_slope(chapter.distress, chapter.temperature - at, log_odds)

        assert chapter.profile_nll(np.array([log_odds]), chapter.distress, at=at)[0] == pytest.approx(theirs, abs=1e-8)


def test_the_ends_are_where_the_profile_has_risen_by_half_the_chi_squared_quantile(chapter):
    for end in chapter.ratio_psi:
        above = log_odds_of_best_slope(chapter.distress, chapter.far, end) - chapter.least

        assert above == pytest.approx(chi2.ppf(0.95, 1) / 2, abs=1e-7)
    assert chapter.ratio_psi == pytest.approx([1.409, 18.391], abs=1e-3)
    assert np.all(chapter.low_ratio < 1 / (1 + np.exp(-chapter.centre_line)))
    assert np.all(chapter.high_ratio > 1 / (1 + np.exp(-chapter.centre_line)))


def chance_of_separation(temperature, chances):
    """Exactly: all flights colder than some temperature bad, all warmer ones good, those at it either way.

    Adds up the disjoint events by the coldest flight that is good: bad below, and good above it, apart from its own
    temperature; with no good flight at all the outcome is separated as well.
    """
    total = np.prod(chances)
    for at in np.unique(temperature):
        colder, here, warmer = temperature < at, temperature == at, temperature > at
        some_good_here = 1 - np.prod(chances[here])
        total += np.prod(chances[colder]) * some_good_here * np.prod(1 - chances[warmer])
    return total


def test_as_many_resamples_are_separated_as_the_model_says(chapter):
    exact = chance_of_separation(chapter.temperature, chapter.chance_of_distress)
    error = np.sqrt(exact * (1 - exact) / chapter.resamples)

    assert abs(chapter.separated.mean() - exact) < 3 * error
    assert 0.02 < exact < 0.03  # "one in forty"


def test_separated_means_that_a_linear_program_finds_weights(chapter):
    """Weights that put no flight on the wrong side, other than zero: then no maximum likelihood estimate exists."""
    rows = [*np.flatnonzero(chapter.separated)[:15], *np.flatnonzero(~chapter.separated)[:15]]
    for row in rows:
        signed = (2 * chapter.again[row] - 1)[:, None] * chapter.features
        found = linprog(-signed.sum(axis=0), A_ub=-signed, b_ub=np.zeros(23), bounds=[(-1, 1), (-1, 1)])

        assert (found.fun < -1e-9) == chapter.separated[row]


def test_the_refits_agree_with_statsmodels_where_an_estimate_exists(chapter):
    for row in np.flatnonzero(~chapter.separated)[:25]:
        theirs = sm.GLM(chapter.again[row], chapter.features, family=sm.families.Binomial()).fit(tol=1e-14, maxiter=200)

        np.testing.assert_allclose(chapter.refits[row], theirs.params, rtol=1e-5)


def test_the_excess_of_the_truth(chapter):
    """At the truth no resample is below its own infimum, and the excess is what a minimiser finds."""
    assert chapter.excess.min() > -1e-6
    for row in range(10):
        signs = 2 * chapter.again[row] - 1
        own = minimize(
            lambda w, signs=signs: np.logaddexp(0, -signs * (chapter.features @ [w[0], w[1] / 10])).sum(),
            [4.0, -1.0],
            method="Nelder-Mead",
            options={"xatol": 1e-9, "fatol": 1e-12, "maxiter": 20_000, "maxfev": 20_000},
        ).fun
        at_truth = log_odds_of_best_slope(chapter.again[row], chapter.far, chapter.psi_hat)

        assert chapter.excess[row] == pytest.approx(at_truth - own, abs=1e-5)
    assert chapter.right < 0.93  # the likelihood ratio interval covers less than it says


def test_the_other_link(chapter):
    family = sm.families.Binomial(sm.families.links.CLogLog())
    theirs = sm.GLM(chapter.distress, chapter.features, family=family).fit(tol=1e-14, maxiter=200)
    observed = -sm.GLM(chapter.distress, chapter.features, family=family).hessian(theirs.params, observed=True)

    np.testing.assert_allclose(chapter.other, theirs.params, rtol=1e-7)
    np.testing.assert_allclose(np.linalg.inv(chapter.expected), theirs.cov_params(), rtol=1e-6)
    np.testing.assert_allclose(chapter.observed_now, observed, rtol=1e-4)


def test_the_horse_kicks(chapter):
    theirs = sm.GLM(chapter.kicks.ravel(), np.ones(200), family=sm.families.Poisson()).fit(tol=1e-14)

    assert chapter.kick_rate == pytest.approx(np.exp(theirs.params[0]), rel=1e-9)
    assert chapter.se_log_rate == pytest.approx(theirs.bse[0], rel=1e-9)
    np.testing.assert_allclose(chapter.by_log, np.exp(theirs.conf_int()[0]), rtol=1e-8)


@pytest.mark.parametrize(
    ("row", "interval"),
    [
        ("| Wald on log-odds | −0.07 to 15.8 | 0.48 |", "wald_psi"),
        ("| likelihood ratio (profile) | 1.4 to 18.4 | 0.80 |", "ratio_psi"),
        ("| likelihood ratio, cut from resamples | 0.9 to 19.7 | 0.71 |", "wider"),
    ],
)
def test_the_table_of_intervals_quotes_what_was_computed(chapter, row, interval):
    text = "\n".join("".join(cell["source"]) for cell in execute.read(CHAPTER)["cells"])
    low, high, probability = (float(x.replace("−", "-")) for x in re.findall(r"−?\d+\.\d+", row))
    found = getattr(chapter, interval)

    assert row in text
    assert found == pytest.approx([low, high], abs=0.05)
    assert 1 / (1 + np.exp(-found[0])) == pytest.approx(probability, abs=0.005)
