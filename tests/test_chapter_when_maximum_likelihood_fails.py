"""The failures of the chapter happen as it says, its tests for them agree with others, and its remedies with libraries.

The tests run the chapter's own cells, so what they compare is what the reader sees.
"""

import re
import warnings
from fractions import Fraction
from math import comb
from pathlib import Path

import execute
import mpmath
import numpy as np
import pytest
from chapter_cells import run_cells
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from scipy import special as scipy_special
from scipy import stats
from scipy.integrate import solve_ivp
from scipy.optimize import linprog, minimize, minimize_scalar
from sklearn.mixture import GaussianMixture

from lossbook import data, losses

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # importing it meets deprecations in its own dependencies
    import statsmodels.api as sm

CHAPTER = Path(__file__).parent.parent / "chapters" / "when-maximum-likelihood-fails.ipynb"
LEFT_OUT = ("plot-claims", "plot-robust")  # they define nothing and cost most


@pytest.fixture(scope="module")
def chapter():
    """The names that the cells define, as attributes; derivations, which are tested elsewhere, are left out."""
    cells = [cell for cell in execute.read(CHAPTER)["cells"] if cell["cell_type"] == "code"]
    numeric = [cell["id"] for cell in cells if "Derivation(" not in "".join(cell["source"])]
    return run_cells(CHAPTER, [cell_id for cell_id in numeric if cell_id not in LEFT_OUT])


@pytest.fixture(scope="module")
def printed():
    """What the cells have printed, by their ids."""
    return {
        cell["id"]: "".join("".join(o.get("text", "")) for o in cell["outputs"])
        for cell in execute.read(CHAPTER)["cells"]
        if cell["cell_type"] == "code"
    }


def numbers(text):
    return [float(word.replace("−", "-")) for word in re.findall(r"[-−]?\d+\.?\d*", text)]


# -- separation ----------------------------------------------------------------------------------------------------


def case_on_a_line(x, labels):
    """The case for one feature and an intercept, from the rule of the Bernoulli chapter."""
    no, yes = x[labels == 0], x[labels == 1]
    if len(no) == 0 or len(yes) == 0 or no.max() < yes.min() or yes.max() < no.min():
        return "complete separation"
    return "quasi-complete separation" if no.max() == yes.min() or yes.max() == no.min() else "overlap"


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 1)), min_size=2, max_size=9))
@example([(0, 0), (1, 0), (1, 1), (2, 1)])
@example([(0, 0), (1, 1), (2, 0)])
def test_the_programs_find_the_case_of_one_feature(chapter, rows):
    x, labels = np.array(rows, dtype=float).T
    assume(len(set(x)) > 1)
    features = np.column_stack([np.ones(len(x)), x])

    assert chapter.separation(features, labels) == case_on_a_line(x, labels)


def perceptron_separates(features, labels, epochs=400):
    """Whether the perceptron, which stops on separable data only, has stopped."""
    weights, signed = np.zeros(features.shape[1]), np.where(labels == 1, 1, -1)[:, None] * features
    for _ in range(epochs):
        wrong = [row for row in signed if row @ weights <= 0]
        if not wrong:
            return True
        weights = weights + wrong[0]
    return False


@pytest.mark.parametrize("seed", range(12))
def test_the_programs_agree_with_the_perceptron(chapter, seed):
    rng = np.random.default_rng(seed)
    features = np.column_stack([np.ones(7), rng.integers(0, 5, size=(7, 2))]).astype(float)
    labels = rng.integers(0, 2, size=7)
    if np.linalg.matrix_rank(features) < 3:
        pytest.skip("dependent features")

    stopped = perceptron_separates(features, labels)

    assert stopped == (chapter.separation(features, labels) == "complete separation")


def test_dependent_features_are_refused(chapter):
    with pytest.raises(ValueError, match="linearly independent"):
        chapter.separation(np.ones((4, 2)), np.array([0, 1, 0, 1]))


def test_an_overlap_has_a_certificate(chapter):
    """At the estimate the signed features, with positive weights, add up to nothing: no direction can separate."""
    for columns in ([0, 1], [0, 2]):
        features = chapter.bills[:, columns]
        (weights,) = chapter.fit(features, chapter.gentoo[None])
        signed = (2 * chapter.gentoo - 1)[:, None] * features
        positive = scipy_special.expit(-(signed @ weights))

        assert positive.min() > 0
        assert positive @ signed == pytest.approx(0, abs=1e-9)


def test_the_weights_on_separated_data_grow_and_those_on_overlap_settle(chapter):
    grown = np.linalg.norm(chapter.path[[100, 1000, 10_000, 20_000]], axis=1)
    theirs = sm.Logit(chapter.gentoo, chapter.bills[:, :2]).fit(method="newton", tol=1e-12, disp=0)

    assert np.all(np.diff(grown) > 2)
    assert chapter.alone[-1] == pytest.approx(theirs.params, rel=1e-6)
    assert np.linalg.norm(theirs.params[1:]) == pytest.approx(6.3, abs=0.05)


def test_the_final_rate_is_set_by_the_gap(chapter):
    """The largest smallest margin of weights of length 1: the weights rise by at most ln 10 over it a decade."""
    signed = chapter.signs[:, None] * chapter.bills

    def shortest(weights):
        return weights @ weights

    rules = {"type": "ineq", "fun": lambda w: signed @ w - 1, "jac": lambda w: signed}
    widest = minimize(shortest, chapter.path[-1], constraints=rules, method="SLSQP", options={"maxiter": 500})
    gap = 1 / np.linalg.norm(widest.x)
    rise = np.linalg.norm(chapter.path[20_000]) - np.linalg.norm(chapter.path[2000])

    assert widest.success
    assert 0.5 < rise / (np.log(10) / gap) < 1.2


def test_the_time_to_reach_a_weight(chapter):
    margin = 0.7
    flow = solve_ivp(
        lambda _, s: margin / (1 + np.exp(s * margin)), (0, 500), [0.0], t_eval=[1, 20, 500], rtol=1e-10, atol=1e-12
    )
    needed = (np.exp(flow.y[0] * margin) + flow.y[0] * margin - 1) / margin**2

    assert needed == pytest.approx(flow.t, rel=1e-7)


def test_one_empty_cell(chapter, printed):
    mixed = [(44, 168), (56, 124)]
    coins = sum(-ones * np.log(ones / n) - (n - ones) * np.log(1 - ones / n) for ones, n in mixed)
    jumps = [line.split() for line in printed["empty-cell"].splitlines()[1:]]

    assert coins == pytest.approx(181.9754, abs=5e-5)
    assert float(jumps[-1][-2]) == pytest.approx(coins, abs=1e-4)
    assert float(jumps[-1][1]) == pytest.approx(np.log(44 / 124), abs=1e-3)
    assert float(jumps[-1][3]) == pytest.approx(1 / np.sqrt(168 * (44 / 168) * (124 / 168)), abs=0.005)
    climbed = float(jumps[-1][7]) - float(jumps[-2][7])
    assert climbed / (int(jumps[-1][0]) - int(jumps[-2][0])) == pytest.approx(1, abs=1e-3)


def test_quasi_complete_data_have_no_positive_smallest_margin_but_a_positive_sum(chapter):
    signed = np.where(chapter.adelie == 1, 1, -1)[:, None] * chapter.on_island
    none = linprog(np.zeros(3), A_ub=-signed, b_ub=-np.ones(len(signed)), bounds=[(None, None)] * 3)
    some = linprog(-signed.sum(axis=0), A_ub=-signed, b_ub=np.zeros(len(signed)), bounds=[(-1, 1)] * 3)

    assert none.status == 2  # infeasible: no direction with only positive margins
    assert -some.fun == pytest.approx(52)  # the Adelies of Torgersen, each with a margin of 1


# -- the fits ------------------------------------------------------------------------------------------------------


def test_newton_agrees_with_statsmodels(chapter):
    theirs = sm.Logit(chapter.distress, chapter.by_temperature).fit(method="newton", tol=1e-12, disp=0)

    assert chapter.truth == pytest.approx(theirs.params, rel=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_firth_minimises_what_it_should(chapter, seed):
    features, labels = chapter.by_temperature, chapter.flown[seed]

    def objective(w):
        y = scipy_special.expit(features @ w)
        information = features.T @ ((y * (1 - y))[:, None] * features)
        return losses.binary_cross_entropy(features @ w, labels).sum() - np.linalg.slogdet(information)[1] / 2

    (found,) = chapter.fit(features, labels[None], firth=True, jumps=60)
    theirs = minimize(objective, found + 0.1, method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-13})

    assert found == pytest.approx(theirs.x, abs=2e-6)


def test_firth_adds_half_a_bird_of_each_kind(chapter):
    assert chapter.by_firth[2] == pytest.approx(np.log(52.5 / 0.5), rel=1e-9)
    assert chapter.by_firth[0] == pytest.approx(np.log(44.5 / 124.5), rel=1e-9)


@pytest.mark.parametrize("width", [1, 2.5, 10, 100])
def test_the_prior_minimises_what_it_should(chapter, width):
    (found,) = chapter.fit(chapter.on_island, chapter.adelie[None], precision=1 / width**2, jumps=60)
    theirs = minimize_scalar(
        lambda z: 52 * np.log1p(np.exp(-z)) + z**2 / (2 * width**2), bounds=(0, 20), method="bounded"
    )

    assert found[2] == pytest.approx(theirs.x, abs=1e-4)


def test_one_gentoo_on_torgersen(printed):
    log_odds, *_ = numbers(printed["one-gentoo-check"].split("maximum likelihood")[1])

    assert log_odds == pytest.approx(np.log(52), abs=0.005)


# -- collapse ------------------------------------------------------------------------------------------------------


def test_the_mixture_agrees_with_scikit_learn(chapter):
    share, mean, scale = np.array([0.5, 0.5]), np.array([3400.0, 4000.0]), np.array([300.0, 300.0])
    for _ in range(40):
        _, share, mean, scale = chapter.em_step(chapter.adelies, share, mean, scale)
    nll, *_ = chapter.em_step(chapter.adelies, share, mean, scale)
    theirs = GaussianMixture(
        2,
        tol=0,
        max_iter=40,
        reg_covar=0,
        weights_init=[0.5, 0.5],
        means_init=[[3400], [4000]],
        precisions_init=np.full((2, 1, 1), 300.0**-2),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # 40 steps are enough to compare, and too few to converge
        theirs.fit(chapter.adelies[:, None])

    assert nll == pytest.approx(-theirs.score(chapter.adelies[:, None]) * 151, rel=1e-9)
    assert share == pytest.approx(theirs.weights_, rel=1e-6)
    assert mean == pytest.approx(theirs.means_.ravel(), rel=1e-6)
    assert scale == pytest.approx(np.sqrt(theirs.covariances_.ravel()), rel=1e-6)


def test_the_sensible_fit_is_run_to_its_end(chapter, printed):
    """Another program, from another start and until nothing moves, ends where the last printed line does."""
    theirs = GaussianMixture(2, tol=1e-12, max_iter=20_000, reg_covar=0, means_init=[[3300], [4400]], random_state=0)
    theirs.fit(chapter.adelies[:, None])
    order = theirs.means_.ravel().argsort()
    nll, *ours = numbers(printed["em-sensible"].splitlines()[-1])
    found = np.ravel(
        [theirs.means_.ravel()[order], np.sqrt(theirs.covariances_.ravel()[order]), theirs.weights_[order]]
    )

    assert theirs.converged_
    assert nll == pytest.approx(-theirs.score(chapter.adelies[:, None]) * 151, abs=0.006)
    assert ours[:4] == pytest.approx(found[:4], abs=0.6)
    assert ours[4:] == pytest.approx(found[4:], abs=0.006)
    assert ours[:2] == [3540, 4320]


def test_the_first_groups_look_like_the_two_sexes():
    table = data.penguins()
    weighed = (table.species == "Adelie") & np.isfinite(table.body_mass_g)

    assert round(table.body_mass_g[weighed & (table.sex == "female")].mean()) == 3369
    assert round(table.body_mass_g[weighed & (table.sex == "male")].mean()) == 4043


@settings(max_examples=20, deadline=None)
@given(st.floats(0.1, 0.9), st.floats(3000, 4500), st.floats(60, 600))
def test_no_step_raises_the_loss(chapter, first, place, width):
    state = np.array([first, 1 - first]), np.array([3700.0, place]), np.array([400.0, width])
    nll = []
    for _ in range(6):
        value, *state = chapter.em_step(chapter.adelies, *state)
        nll.append(value)

    assert np.all(np.diff(nll) < 1e-8)


def test_the_narrow_gaussian_ends_on_one_bird(printed):
    nll = [numbers(line)[1] for line in printed["em-collapse"].splitlines()]

    *_, width, centre = numbers(printed["em-collapse"].splitlines()[-1])

    assert (width, centre) == (0, 4775)
    assert np.all(np.diff(nll) < 0)
    assert nll[-1] < numbers(printed["em-sensible"].splitlines()[-1])[0]


@pytest.mark.parametrize("bound", [10, 200])
def test_the_likelihood_of_a_mixture_exceeds_every_bound(bound):
    """The chapter's width, with the chapter's bound on what the other birds cost, at 50 digits and on real masses."""
    masses = [mpmath.mpf(m) for m in data.penguin_masses("Adelie").body_mass_g]
    first, mean, scale = mpmath.mpf(4775), mpmath.mpf(3700), mpmath.mpf(457)

    def normal(x, m, s):
        return mpmath.exp(-(((x - m) / s) ** 2) / 2) / (s * mpmath.sqrt(2 * mpmath.pi))

    with mpmath.workdps(50):
        others = [m for m in masses if m != first]
        cost = sum(-mpmath.log(normal(m, mean, scale) / 2) for m in others)
        width = mpmath.exp(-bound - cost) / (2 * mpmath.sqrt(2 * mpmath.pi))
        nll = sum(-mpmath.log(normal(m, mean, scale) / 2 + normal(m, first, width) / 2) for m in masses)

        assert len(others) == 150
        assert nll <= -bound + mpmath.mpf(10) ** -40


def test_the_floor_is_what_the_loss_measures(printed):
    floors = dict(numbers(line) for line in printed["flexible"].splitlines()[1:])

    assert floors[10] - floors[1] == pytest.approx(7 * np.log(10), abs=0.11)
    assert floors[1] - floors[0.001] == pytest.approx(21 * np.log(10), abs=0.11)


def test_densities_fall_for_ever_and_intervals_level_off(chapter):
    narrow, falling, level = chapter.narrow, np.array(chapter.falling), np.array(chapter.level)
    tiny = narrow < 1e-2
    slopes = np.diff(falling[tiny]) / np.diff(np.log(narrow[tiny]))
    hollow = (narrow > 30) & (narrow < 200)

    assert slopes == pytest.approx(1, abs=1e-3)
    assert np.ptp(level[narrow < 3]) < 1e-3
    assert narrow[hollow][falling[hollow].argmin()] == pytest.approx(60, abs=5)


@pytest.mark.parametrize(("mean", "scale"), [(4775, 3.0), (4775, 40.0), (3700, 457.0)])
def test_the_interval_is_the_integral_of_the_density(chapter, mean, scale):
    upper, lower = chapter.adelies + 12.5, chapter.adelies - 12.5
    theirs = (stats.norm.cdf(upper, mean, scale) - stats.norm.cdf(lower, mean, scale)) / 25

    assert chapter.in_step(mean, scale) == pytest.approx(theirs, rel=1e-9, abs=1e-14)


def test_with_intervals_the_sensible_fit_wins(chapter):
    edges = chapter.adelies[:, None] + np.array([-12.5, 12.5])
    parts = [
        share * np.diff(stats.norm.cdf(edges, mean, scale), axis=1).ravel()
        for share, mean, scale in zip(chapter.share, chapter.mean, chapter.scale, strict=True)
    ]

    assert chapter.groups == pytest.approx(-np.log(sum(parts) / 25).sum(), abs=1e-9)
    assert chapter.groups < chapter.level[0] - 2
    assert chapter.falling[0] < chapter.groups - 20


def test_a_start_20_g_wide_does_not_collapse(chapter):
    state = np.array([0.9, 0.1]), np.array([3700.0, 4775.0]), np.array([450.0, 20.0])
    for _ in range(60):
        _, *state = chapter.em_step(chapter.adelies, *state)

    assert state[2][1] == pytest.approx(56, abs=0.5)


# -- the wrong model -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["Gaussian", "exponential", "Poisson"])
def test_each_model_has_the_mean_as_its_fit_and_its_own_error(chapter, name):
    masses, y = chapter.masses, chapter.masses.mean()
    nll = {
        "Gaussian": lambda m: -stats.norm.logpdf(masses, m, masses.std()).sum(),
        "exponential": lambda m: -stats.expon.logpdf(masses, scale=m).sum(),
        "Poisson": lambda m: -stats.poisson.logpmf(masses, m).sum(),
    }[name]
    best = minimize_scalar(nll, bounds=(3000, 6000), method="bounded", options={"xatol": 1e-4})
    curvature = (nll(y + 5) - 2 * nll(y) + nll(y - 5)) / 25

    assert best.x == pytest.approx(y, abs=0.01)
    assert chapter.claims[name] == pytest.approx(curvature**-0.5, rel=1e-3)
    assert chapter.sandwich_error(*chapter.derivatives[name]) == pytest.approx(masses.std() / np.sqrt(342), rel=1e-9)


def test_the_sandwich_of_statsmodels(chapter):
    """Their parameter is the logarithm of the mean, so their errors are relative."""
    model = sm.GLM(chapter.totals, np.ones(20), family=sm.families.Poisson())
    plain, robust = model.fit(), model.fit(cov_type="HC0")

    assert chapter.claimed == pytest.approx(plain.bse[0] * 9.8, rel=1e-6)
    assert chapter.robust == pytest.approx(robust.bse[0] * 9.8, rel=1e-6)


def test_what_an_interval_covers(chapter):
    exact = chapter.masses.std() / np.sqrt(342)
    expected = {name: 2 * stats.norm.cdf(1.96 * claim / exact) - 1 for name, claim in chapter.claims.items()}
    found = {
        name: np.mean(np.abs(chapter.means - chapter.average) < 1.96 * claim) for name, claim in chapter.claims.items()
    }

    assert found == pytest.approx(expected, abs=0.01)
    assert chapter.means.std() == pytest.approx(exact, rel=0.015)
    assert np.median(chapter.masses) == 4050
    assert 1000 * np.sqrt(chapter.average / 1000 / 342) == pytest.approx(111, abs=0.5)


# -- outliers ------------------------------------------------------------------------------------------------------

SHAPES = {
    "Huber": lambda z: np.where(z < 1.345, z**2 / 2, 1.345 * (z - 1.345 / 2)),
    "Student t": lambda z: -stats.t.logpdf(z, 3),
}


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("sample", ["heavy", "typed"])
def test_the_robust_estimates_minimise_their_losses(chapter, name, sample):
    values = getattr(chapter, sample)
    scale = stats.median_abs_deviation(values, scale=1 / 1.4826)
    theirs = minimize_scalar(
        lambda m: SHAPES[name](np.abs(values - m) / scale).sum(),
        bounds=(4000, 6000),
        method="bounded",
        options={"xatol": 1e-8},
    )

    assert chapter.mad(values) == pytest.approx(scale)
    assert chapter.estimators[name](values) == pytest.approx(theirs.x, abs=0.01)


def test_a_fifth_of_wrong_values(chapter):
    wrong = np.where(np.arange(123) < 24, chapter.heavy / 10, chapter.heavy)
    shift = {name: estimate(wrong) - estimate(chapter.heavy) for name, estimate in chapter.estimators.items()}

    assert shift == pytest.approx({"mean": -890, "median": -125, "Huber": -253, "Student t": -112}, abs=3)


def test_beyond_one_half_every_estimate_describes_the_wrong_birds(chapter):
    for share, least, most in ((0.4, 3500, 6000), (0.55, 0, 1000)):
        wrong = np.where(np.arange(123) < share * 123, chapter.heavy / 10, chapter.heavy)
        for name in ("median", "Huber", "Student t"):
            assert least < chapter.estimators[name](wrong) < most


@given(st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=12))
@example([0.0, 0.0, 0.0, 7.0])
def test_no_value_is_further_from_the_mean_than_the_sample_allows(values):
    values = np.array(values)
    assume(values.std() > 1e-6)

    assert np.abs(values - values.mean()).max() / values.std() <= np.sqrt(len(values) - 1) * (1 + 1e-9)


# -- small samples -------------------------------------------------------------------------------------------------


def test_the_comparison_of_flights_agrees_with_the_linear_program(chapter):
    some = np.unique(np.concatenate([np.flatnonzero(chapter.separated)[:25], np.arange(25)]))
    for row in some:
        case = chapter.separation(chapter.by_temperature, chapter.flown[row])
        assert (case != "overlap") == chapter.separated[row]


def test_the_refitted_slopes_agree_with_statsmodels(chapter):
    for row in np.flatnonzero(~chapter.separated)[:5]:
        theirs = sm.Logit(chapter.flown[row], chapter.by_temperature).fit(method="newton", tol=1e-12, disp=0)
        place = row - chapter.separated[:row].sum()

        assert chapter.ml[place] == pytest.approx(theirs.params[1], rel=1e-6)


def test_logistic_regression_exaggerates_and_firth_less(chapter):
    slope = chapter.truth[1]

    assert chapter.ml.mean() / slope == pytest.approx(1.38, abs=0.005)
    assert np.median(chapter.ml) / slope == pytest.approx(1.13, abs=0.005)
    assert abs(chapter.firth.mean() / slope - 1) < 0.05
    assert chapter.separated.sum() == 106


def test_the_variance_of_pairs_is_half_a_chi_square(chapter):
    """N times the estimate over half the variance is chi-square with N degrees of freedom."""
    scaled = chapter.estimates * 342 / (625 / 2)

    assert stats.kstest(scaled, stats.chi2(342).cdf).pvalue > 0.01
    assert chapter.estimates.mean() == pytest.approx(312.5, abs=4 * chapter.estimates.std() / np.sqrt(4000))


def test_the_differences_estimate_the_variance():
    weighings = 25 * np.random.default_rng(1).standard_normal((2, 4000, 342))
    gaps = weighings[0] - weighings[1]

    assert np.mean(gaps**2) / 2 == pytest.approx(625, rel=0.01)


# -- rare classes --------------------------------------------------------------------------------------------------


def test_the_rare_fit_agrees_with_statsmodels(chapter):
    theirs = sm.Logit(chapter.yes.astype(float), chapter.by_length[chapter.few]).fit(tol=1e-12, disp=0)

    assert chapter.rare_weights == pytest.approx(theirs.params, rel=1e-6)
    assert chapter.forecast.sum() == pytest.approx(9, abs=1e-8)
    assert chapter.forecast.max() < 0.5


def test_the_threshold_of_the_costs_is_cheaper_than_that_of_accuracy(chapter, printed):
    def cost(limit):
        called = chapter.forecast > limit
        return 30 * np.sum(~called & chapter.yes) + np.sum(called & ~chapter.yes)

    costs = [numbers(line)[-1] for line in printed["thresholds"].splitlines()]

    assert costs == [cost(1 / 2), cost(1 / 31)] == [270, 166]


@given(st.floats(-6, 6), st.floats(0.01, 1))
def test_sampling_the_noes_moves_the_log_odds(z, kept):
    yes = scipy_special.expit(z)
    among = yes / (yes + kept * (1 - yes))

    assert scipy_special.logit(among) == pytest.approx(z - np.log(kept), abs=1e-9)


def test_the_sampled_intercepts(chapter):
    assert chapter.move[0] == pytest.approx(np.log(274 / 68), abs=0.1)
    assert chapter.move[1] / chapter.everyone[1] == pytest.approx(1 / 8, abs=0.01)


def test_the_error_of_log_odds_depends_on_the_rarer_class(chapter):
    for zeros, printed_error in ((274, 0.34), (2740, 0.33)):
        labels = np.repeat([1.0, 0.0], [9, zeros])
        theirs = sm.Logit(labels, np.ones(9 + zeros)).fit(tol=1e-12, disp=0)

        assert theirs.bse[0] == pytest.approx(np.sqrt(1 / 9 + 1 / zeros), rel=1e-6)
        assert round(float(theirs.bse[0]), 2) == printed_error
        assert theirs.bse[0] > 1 / 3


# -- edges ---------------------------------------------------------------------------------------------------------


def test_the_rule_of_three_is_the_exact_poisson_bound():
    assert -np.log(0.05) / 4 == pytest.approx(stats.chi2.ppf(0.95, 2) / 2 / 4, rel=1e-12)
    exact = 1 - 0.05 ** (1 / 52)

    assert exact == pytest.approx(3 / 52, rel=0.05)


def test_corps_v(chapter):
    assert chapter.corps_v[:4].sum() == 0
    assert list(chapter.kicks.year[:4]) == [1875, 1876, 1877, 1878]
    assert chapter.corps_v[4:].mean() < -np.log(0.05) / 4


@pytest.mark.parametrize("draws", [10, 100])
def test_the_largest_row_and_its_repair(printed, draws):
    chances = {m: Fraction(comb(m - 1, draws - 1), comb(344, draws)) for m in range(draws, 345)}
    expected = sum(m * chance for m, chance in chances.items())
    line = next(line for line in printed["rows"].splitlines() if line.strip().startswith(f"{draws} rows"))
    _, mean, error, repaired, _ = numbers(line)

    assert sum(chances.values()) == 1
    assert expected == Fraction(draws * 345, draws + 1)
    assert expected * (1 + Fraction(1, draws)) - 1 == 344
    assert mean == pytest.approx(float(expected), abs=4 * error + 0.01)
    assert repaired == pytest.approx(344, abs=2)
