"""The fits and the theorems of the chapter on cross-entropy agree with other programs, and its claims are true.

The tests run the chapter's own cells, so what they compare is what the reader sees.
"""

import re
import warnings
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from chapter_cells import run_cells
from hypothesis import given
from hypothesis import strategies as st
from scipy import special as scipy_special
from scipy.integrate import quad
from scipy.optimize import linprog, minimize, minimize_scalar
from scipy.stats import norm, sem
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, brier_score_loss, log_loss
from sklearn.svm import LinearSVC

from lossbook import data

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # importing it meets deprecations in its own dependencies
    from statsmodels.stats.proportion import proportion_confint

CHAPTER = Path(__file__).parent.parent / "chapters" / "is-cross-entropy-inevitable.ipynb"
CELLS = (
    "set-up",
    "birds",
    "loss-curves",
    "loss-curves-more",
    "plot-losses",
    "minimise",
    "fits",
    "all-birds",
    "held-out",
    "table",
    "differences",
    "platt",
    "groups",
    "pretend",
    "known-weights",
    "least-squares",
    "hinge-inside",
    "focal-truth",
    "focal-says",
    "local-says",
    "wrong-line",
    "pairs",
    "pair-fit",
    "focal-fit",
    "labels-fits",
)
probability = st.floats(0.02, 0.98)


@cache
def run(*cells):
    """Each selection of cells runs once."""
    return run_cells(CHAPTER, cells)


@pytest.fixture(scope="module")
def chapter():
    """The names that the chapter's cells define, as attributes."""
    return run(*CELLS)


def logistic(features, labels, intercept=False):
    """Scikit-learn's fit without penalty."""
    return LogisticRegression(C=np.inf, fit_intercept=intercept, solver="newton-cg", tol=1e-10).fit(features, labels)


def smallest(risk):
    """Where a function on (0, 1) is smallest: the best of a grid, then a bounded search around it."""
    grid = np.linspace(0.001, 0.999, 400)
    near = grid[np.argmin([risk(y) for y in grid])]
    ends = max(near - 0.005, 1e-9), min(near + 0.005, 1 - 1e-9)
    return minimize_scalar(risk, bounds=ends, method="bounded", options={"xatol": 1e-10}).x


def smallest_row(risk, c):
    """Where a function of c probabilities is smallest, through a softmax."""
    found = min(
        (minimize(lambda z: risk(scipy_special.softmax(z)), start, method="BFGS", tol=1e-12) for start in np.eye(c)),
        key=lambda one: one.fun,
    )
    return scipy_special.softmax(found.x)


# --- The data


def test_neighbouring_rows_are_mates(chapter):
    birds, nests = data.penguins(), chapter.nests

    assert nests.shape == (326,)
    assert np.all(nests[1::2] == nests[::2] + 1)
    assert np.all(nests[::2] % 2 == 0)
    for column in (birds.species, birds.island, birds.year):
        assert np.all(column[nests][::2] == column[nests][1::2])
    assert np.all(chapter.male.reshape(-1, 2).sum(axis=1) == 1)


# --- The fits


@pytest.mark.parametrize("name", ["cross-entropy", "probit", "Brier", "soft hinge", "focal", "recorder"])
def test_slopes_and_curvatures_are_derivatives(chapter, name):
    curves = {one: curve for one, (curve, *_) in chapter.looks.items()}
    curves |= {"soft hinge": chapter.soft_hinge(0.5), "focal": chapter.focal_curve, "recorder": chapter.recorder}
    curve, u, step = curves[name], np.linspace(-3, 3, 25), 1e-4
    _, slope, bend = curve(u)
    before, after = curve(u - step), curve(u + step)

    np.testing.assert_allclose(slope, (after[0] - before[0]) / (2 * step), atol=1e-7)
    if name in ("cross-entropy", "probit", "soft hinge"):
        np.testing.assert_allclose(bend, (after[1] - before[1]) / (2 * step), atol=1e-6)
    if name == "focal":
        np.testing.assert_allclose(bend, np.maximum((after[1] - before[1]) / (2 * step), 0), atol=1e-6)
    assert np.all(bend >= 0)


@given(st.floats(-30, 30), st.floats(1e-3, 2))
def test_the_soft_hinge_is_above_the_hinge_by_little(u, width):
    chapter = run("set-up", "loss-curves", "loss-curves-more")
    soft, hinge = chapter.soft_hinge(width)(np.array(u))[0], max(0, 1 - u)

    assert hinge - 1e-12 <= soft <= hinge + width * np.log(2) + 1e-12


def test_cross_entropy_and_probit_agree_with_other_programs(chapter):
    mine = {name: train(chapter.features, chapter.signs)(np.eye(3)) for name, train in chapter.procedures.items()}
    theirs = logistic(chapter.features, chapter.male).coef_[0]

    def probit(weights):
        return -scipy_special.log_ndtr(chapter.signs * (chapter.features @ weights)).sum()

    np.testing.assert_allclose(mine["cross-entropy"], theirs, rtol=1e-5)
    np.testing.assert_allclose(mine["probit"], minimize(probit, np.zeros(3), tol=1e-10).x, rtol=1e-4)


def test_no_start_finds_a_smaller_brier_score(chapter):
    def score(weights):
        return ((scipy_special.expit(chapter.features @ weights) - chapter.male) ** 2).sum()

    mine = chapter.procedures["Brier"](chapter.features, chapter.signs)(np.eye(3))
    starts = np.random.default_rng(3).normal(scale=3, size=(12, 3))
    best = min((minimize(score, start, tol=1e-10) for start in starts), key=lambda one: one.fun)

    assert score(mine) <= best.fun + 1e-8
    np.testing.assert_allclose(mine, best.x, rtol=1e-3)


def test_the_hinge_is_at_the_optimum_of_its_linear_program(chapter):
    features, signs = chapter.features, chapter.signs
    n, d = features.shape
    program = linprog(
        np.append(np.zeros(d), np.ones(n)),
        A_ub=-np.hstack([signs[:, None] * features, np.eye(n)]),
        b_ub=-np.ones(n),
        bounds=[(None, None)] * d + [(0, None)] * n,
    )
    weights = chapter.hinge(features, signs)(np.eye(3))
    mine = np.maximum(0, 1 - signs * (features @ weights)).mean()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # liblinear says that it has not converged; close enough to compare
        machine = LinearSVC(C=1e3, loss="hinge", fit_intercept=False, max_iter=20_000, random_state=0)
        machine.fit(features, signs)

    assert program.fun / n <= mine <= program.fun / n + 1e-5
    np.testing.assert_allclose(weights, program.x[:d], atol=0.01)
    np.testing.assert_allclose(weights, machine.coef_[0], atol=0.1)


def test_a_fit_that_runs_away_is_an_error(chapter):
    apart = np.column_stack([np.ones(6), [-3, -2, -1, 1, 2, 3]])

    with pytest.raises(RuntimeError, match="separated"):
        chapter.minimise(chapter.cross_entropy, apart, np.sign(apart[:, 1]), tries=20)


# --- Held out


def test_birds_are_predicted_by_fits_that_saw_neither_them_nor_their_mates(chapter):
    numbers = np.column_stack([np.arange(326.0), np.arange(326.0) // 2])

    def train(seen, _):
        return lambda new: np.array([np.sum(seen[:, 1] == nest) for nest in new[:, 1]])

    assert np.all(chapter.held_out(train, numbers, chapter.signs, repeats=3) == 0)


def test_held_out_numbers_agree_with_scikit_learn(chapter):
    rng = np.random.default_rng(1)
    fold = np.repeat(rng.permutation(163) % 5, 2)
    y = np.empty(326)
    for fifth in range(5):
        seen = fold != fifth
        y[~seen] = logistic(chapter.features[seen], chapter.male[seen]).predict_proba(chapter.features[~seen])[:, 1]

    np.testing.assert_allclose(y, chapter.y_held["cross-entropy"][0], atol=1e-5)


def test_scores_are_those_of_scikit_learn(chapter):
    y = chapter.y_held["Brier"][:1]
    nats, squares, right = chapter.scores(y)

    assert nats.mean() == pytest.approx(log_loss(chapter.male, y[0]), rel=1e-12)
    assert squares.mean() == pytest.approx(brier_score_loss(chapter.male, y[0]), rel=1e-12)
    assert right.mean() == pytest.approx(accuracy_score(chapter.male, y[0] > 0.5), rel=1e-12)
    assert chapter.error(nats) == pytest.approx(sem(nats.reshape(163, 2).mean(axis=1)), rel=1e-12)


def test_no_loss_is_told_from_cross_entropy_by_the_log_loss(chapter):
    base = chapter.held["cross-entropy"]
    for name in ("probit", "Brier", "hinge", "hinge + Platt"):
        gap = chapter.held[name][0] - base[0]
        assert abs(gap.mean()) < 2 * chapter.error(gap), name
    assert round(base[0].mean(), 4) == 0.2597
    assert abs(base[0].mean() * 326 / np.log(2) - 122) < 0.5


def test_platt_scaling_is_a_logistic_regression_of_the_output(chapter):
    seen, new = slice(0, 260), slice(260, 326)
    score = chapter.hinge(chapter.features[seen], chapter.signs[seen])
    theirs = logistic(score(chapter.features[seen])[:, None], chapter.male[seen], intercept=True)
    mine = chapter.platt(chapter.features[seen], chapter.signs[seen])(chapter.features[new])

    np.testing.assert_allclose(mine, theirs.decision_function(score(chapter.features[new])[:, None]), rtol=1e-4)


def test_the_stretch_tells_the_timid_from_the_calibrated(chapter):
    for name, one in chapter.y_held.items():
        theirs = logistic(scipy_special.logit(one[0])[:, None], chapter.male, intercept=True)
        assert chapter.stretch(one[0]) == pytest.approx(theirs.coef_[0, 0], rel=1e-4), name
    mean = {name: np.mean([chapter.stretch(row) for row in one]) for name, one in chapter.y_held.items()}

    assert {name: round(value, 2) for name, value in mean.items()} == {
        "cross-entropy": 0.95,
        "probit": 0.97,
        "Brier": 0.83,
        "hinge": 1.39,
        "hinge + Platt": 0.95,
    }


def test_groups_have_wilson_intervals(chapter):
    y = chapter.y_held["hinge"][0]
    table = np.array(list(chapter.groups(y)))
    order = np.array_split(np.argsort(y), 8)
    counts = [chapter.male[few].sum() for few in order]
    low, high = proportion_confint(counts, [len(few) for few in order], alpha=2 * norm.sf(1), method="wilson")

    np.testing.assert_allclose(table[:, 0], [y[few].mean() for few in order])
    np.testing.assert_allclose(table[:, 2:], np.column_stack([low, high]), atol=1e-12)


# --- Proper and improper losses


@given(probability)
def test_the_proper_losses_are_smallest_at_the_truth(p):
    losses = {
        "logarithmic": lambda y: -np.log(y),
        "squared": lambda y: (1 - y) ** 2,
        "spherical": lambda y: -y / np.hypot(y, 1 - y),
        "boosting": lambda y: np.sqrt((1 - y) / y),
        "middle": lambda y: (1 - y) ** 3 * (1 + 3 * y),
    }
    for name, one in losses.items():
        assert smallest(lambda y, one=one: p * one(y) + (1 - p) * one(1 - y)) == pytest.approx(p, abs=1e-4), name


@given(probability, st.lists(st.floats(0.05, 3), min_size=3, max_size=3))
def test_any_positive_weight_gives_a_proper_loss(p, heights):
    def weight(y):
        return np.interp(y, [0, 0.3, 1], heights)

    def risk(y):
        no = quad(lambda v: v * weight(v), 0, y, points=[0.3])[0]
        yes = quad(lambda v: (1 - v) * weight(v), y, 1, points=[0.3])[0]
        return p * yes + (1 - p) * no

    nearby = p + 0.01 * np.array([-1, 0, 1])
    assert np.argmin([risk(y) for y in nearby]) == 1
    for y in (0.1, 0.5, 0.9):
        assert risk(y) >= risk(p) - 1e-12


def test_the_weight_is_the_curvature_of_the_expected_loss_of_the_truth(chapter):
    step = 1e-4
    for name, (if_one, if_zero, weight) in chapter.known.items():

        def own(at, one=if_one, zero=if_zero):
            return float(at * one.subs(chapter.y, at) + (1 - at) * zero.subs(chapter.y, at))

        for at in (0.2, 0.5, 0.7):
            bend = (own(at + step) - 2 * own(at) + own(at - step)) / step**2
            assert -bend == pytest.approx(float(weight.subs(chapter.y, at)), rel=1e-5), name


def test_the_link_of_boosting_has_the_slope_of_its_weight():
    def link(y):
        return (2 * y - 1) / np.sqrt(y * (1 - y))

    for y in (0.05, 0.5, 0.8):
        slope = (link(y + 1e-6) - link(y - 1e-6)) / 2e-6
        assert slope == pytest.approx(0.5 * (y * (1 - y)) ** -1.5, rel=1e-6)


@given(probability, st.sampled_from([1.0, 1.5, 2.0, 5.0]))
def test_what_focal_loss_says_is_where_it_is_smallest(p, gamma):
    chapter = run("set-up", "focal-truth", "focal-says")
    says = chapter.focal_says(np.array([p]), gamma)[0]

    def risk(y):
        return -p * (1 - y) ** gamma * np.log(y) - (1 - p) * y**gamma * np.log(1 - y)

    assert says == pytest.approx(smallest(risk), abs=1e-4)
    assert chapter.truth_behind(says, gamma) == pytest.approx(p, abs=1e-9)
    assert abs(says - 0.5) <= abs(p - 0.5) + 1e-9


def test_the_formula_repairs_what_focal_loss_says(chapter):
    raw, repaired = chapter.scores(chapter.raw)[0], chapter.scores(chapter.truth_behind(chapter.raw, 2))[0]

    assert raw.mean() - chapter.held["cross-entropy"][0].mean() == pytest.approx(0.09, abs=0.005)
    assert round(repaired.mean(), 4) == 0.2595
    assert np.mean([chapter.stretch(row) for row in chapter.raw]) == pytest.approx(2.62, abs=0.005)


@given(st.floats(0.02, 0.98).filter(lambda p: abs(p - 0.5) > 0.02))
def test_hinge_and_absolute_error_ask_for_the_sign(p):
    z = np.linspace(-3, 3, 601)
    hinge = p * np.maximum(0, 1 - z) + (1 - p) * np.maximum(0, 1 + z)
    y = np.linspace(0, 1, 101)

    assert z[hinge.argmin()] == pytest.approx(np.sign(p - 0.5))
    assert y[(p * (1 - y) + (1 - p) * y).argmin()] == (p > 0.5)


def test_smoothed_labels_and_class_weights_move_the_minimiser_as_stated():
    p, epsilon, v = np.array([0.5, 0.3, 0.15, 0.05]), 0.1, np.array([1, 4, 0.5, 2])
    row = (1 - epsilon) * p + epsilon / 4

    np.testing.assert_allclose(smallest_row(lambda y: -np.sum(row * np.log(y)), 4), row, atol=1e-5)
    weighted = smallest_row(lambda y: -np.sum(v * p * np.log(y)), 4)
    np.testing.assert_allclose(weighted, v * p / np.sum(v * p), atol=1e-5)


@pytest.mark.parametrize("p", [[0.7, 0.3], [0.5, 0.3, 0.2], [0.3, 0.3, 0.2, 0.2]])
def test_the_local_square_is_smallest_where_the_chapter_says(chapter, p):
    p = np.array(p)

    found = smallest_row(lambda y: np.sum(p * (1 - y) ** 2), len(p))

    np.testing.assert_allclose(chapter.local_says(p), found, atol=1e-5)
    assert chapter.local_says(p).sum() == pytest.approx(1)
    assert np.allclose(found, p, atol=1e-5) == (len(p) == 2)


def test_the_quadratic_and_the_spherical_loss_tell_the_truth_about_three_classes():
    p = np.array([0.5, 0.3, 0.2])

    np.testing.assert_allclose(smallest_row(lambda y: np.sum(y**2) - 2 * p @ y, 3), p, atol=1e-5)
    np.testing.assert_allclose(smallest_row(lambda y: -p @ y / np.linalg.norm(y), 3), p, atol=1e-5)


@given(probability)
def test_a_normalised_brier_score_is_cross_entropy_with_another_link(y):
    yes, no = np.exp(-((1 - y) ** 2)), np.exp(-(y**2))

    assert yes / (yes + no) == pytest.approx(scipy_special.expit(2 * y - 1), rel=1e-12)
    assert yes + no > 1.3


# --- Assumptions


def test_the_pair_model_is_a_regression_on_differences(chapter):
    gaps = chapter.features[::2, 1:] - chapter.features[1::2, 1:]
    theirs = logistic(gaps, chapter.male[::2]).coef_[0]
    output = chapter.pairs(chapter.features, chapter.signs)(chapter.features)

    np.testing.assert_allclose(output[::2], gaps @ theirs, rtol=1e-3)
    np.testing.assert_allclose(output[1::2], -output[::2])


@given(probability, probability)
def test_one_male_in_a_nest_by_enumeration(y_1, y_2):
    joint = {(a, b): (y_1 if a else 1 - y_1) * (y_2 if b else 1 - y_2) for a in (0, 1) for b in (0, 1)}
    given_one = joint[1, 0] / (joint[1, 0] + joint[0, 1])

    assert given_one == pytest.approx(scipy_special.expit(scipy_special.logit(y_1) - scipy_special.logit(y_2)))


def test_features_and_pairs_matter_more_than_losses(chapter):
    cost = {what: nats[0].mean() for (what, name), nats in chapter.wrong.items() if name == "cross-entropy"}
    own = chapter.held["cross-entropy"][0].mean()
    losses = max(abs(chapter.held[name][0].mean() - own) for name in ("probit", "Brier", "hinge"))

    assert cost["bills"] - cost["bills, species"] > 15 * losses
    assert own - chapter.held["nest by nest, depth and mass"][0].mean() / 2 > 15 * losses


def test_the_likelihood_that_knows_of_wrong_labels_is_fitted(chapter):
    def nll(weights):
        y = scipy_special.expit(chapter.features @ weights)
        recorded = 0.1 + 0.8 * np.where(chapter.recorded > 0, y, 1 - y)
        return -np.log(recorded).sum()

    mine = chapter.linear(chapter.recorder)(chapter.features, chapter.recorded)(np.eye(3))

    best = minimize(nll, mine + 0.3, tol=1e-10)
    np.testing.assert_allclose(mine, best.x, rtol=1e-3)


def test_the_table_of_assumptions_names_the_numbers_of_the_figure():
    text = CHAPTER.read_text(encoding="utf-8")

    assert re.search(r"nest by nest +0\.055", text)
    assert re.search(r"depth and mass +0\.260", text)
