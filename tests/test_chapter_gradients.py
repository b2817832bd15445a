"""The numbers of the chapter on gradients agree with other programs, and its claims about them are true.

The tests run the chapter's own cells, so what they compare is what the reader sees.
"""

from pathlib import Path
from types import SimpleNamespace

import execute
import mpmath
import numpy as np
import pytest
import sympy
from chapter_cells import run_cells
from hypothesis import given
from hypothesis import strategies as st
from scipy import special as scipy_special
from scipy import stats
from scipy.optimize import approx_fprime, brentq, minimize, minimize_scalar
from sklearn.linear_model import LogisticRegression

from lossbook import data, hessians, losses, special

CHAPTER = Path(__file__).parent.parent / "chapters" / "gradients.ipynb"
CELLS = (
    "set-up",
    "birds",
    "best-fit",
    "first-look",
    "per-node-numbers",
    "two-factors",
    "descent",
    "descend",
    "runs",
    "from-zero",
    "surfaces",
    "gradients-agree",
    "typo",
    "typo-fits",
    "ex-brier-check",
    "ex-labels-fits",
)


@pytest.fixture(scope="module")
def chapter():
    """The names that the chapter's cells define, as attributes."""
    return run_cells(CHAPTER, CELLS)


def sigmoid(z):
    """The sigmoid with as many digits as mpmath works with."""
    return 1 / (1 + mpmath.exp(-z))


def count_wrong(chapter, weights):
    return ((chapter.features @ weights > 0) != chapter.targets).sum()


# ---------------------------------------------------------------------------------------------------------------------
# The question
# ---------------------------------------------------------------------------------------------------------------------


def test_the_best_fit_agrees_with_scikit_learn(chapter):
    column = chapter.features[:, 1:]
    theirs = LogisticRegression(C=np.inf, solver="newton-cg", tol=1e-12, max_iter=10_000).fit(column, chapter.targets)

    assert [theirs.intercept_[0], theirs.coef_[0, 0]] == pytest.approx(chapter.best, rel=1e-5)


def test_the_start_is_wrong_about_208_of_219_birds(chapter):
    assert len(chapter.targets) == 219
    assert chapter.targets.sum() == 68
    assert count_wrong(chapter, chapter.best) == 11
    assert count_wrong(chapter, chapter.start) == 208


def test_the_squared_error_pulls_a_thirteenth_at_the_start(chapter):
    def slope(objective, weights):
        return np.linalg.norm(approx_fprime(weights, objective, 1e-7))

    zero = np.zeros(2)

    assert slope(chapter.cross_entropy, chapter.start) / slope(chapter.cross_entropy, zero) == pytest.approx(
        2.0, abs=0.01
    )
    assert slope(chapter.half_squared, zero) / slope(chapter.half_squared, chapter.start) == pytest.approx(
        13.4, abs=0.1
    )
    assert chapter.cross_entropy(chapter.start) / chapter.cross_entropy(zero) == pytest.approx(8, abs=0.1)


def test_softmax_of_lengths_depends_on_the_unit():
    bills = data.penguin_bills()
    bird = np.array([bills.bill_length_mm[0], bills.bill_depth_mm[0]])

    assert bird.tolist() == [39.1, 18.7]
    assert scipy_special.softmax(bird / 10)[0] == pytest.approx(0.884933, abs=1e-6)
    assert scipy_special.softmax(bird)[0] > 0.999999


# ---------------------------------------------------------------------------------------------------------------------
# Pairs
# ---------------------------------------------------------------------------------------------------------------------


def simplex_rows(c):
    weights = st.lists(st.floats(0.01, 1), min_size=c, max_size=c)
    return weights.map(lambda w: np.array(w) / np.sum(w))


def per_node(y, t):
    return -np.sum(t * np.log(y) + (1 - t) * np.log1p(-y))


@given(y=simplex_rows(2))
def test_per_node_is_twice_the_cross_entropy_of_two_classes(y):
    assert per_node(y, np.array([1, 0])) == pytest.approx(-2 * np.log(y[0]), rel=1e-9)


def test_per_node_ranks_two_predictions_the_other_way():
    first, second = np.array([0.43, 0.48, 0.09]), np.array([0.4151, 0.355, 0.2299])
    row = np.array([1, 0, 0])

    assert -np.log(first[0]) < -np.log(second[0])
    assert per_node(first, row) > per_node(second, row)


def test_the_slopes_of_the_per_node_form_behind_softmax(chapter):
    y, t = scipy_special.softmax(chapter.at_nodes), chapter.row_of_nodes
    pull = (y - t) / (1 - y)

    assert chapter.slopes_of_nodes == pytest.approx(pull - y * pull.sum(), abs=1e-8)
    assert chapter.slopes_of_nodes[:2] / (y - t)[:2] == pytest.approx([2, 2], abs=0.2)
    assert chapter.slopes_of_nodes[2] < 0 < (y - t)[2]


def test_two_factors_break_where_the_text_says(chapter):
    by_factors = chapter.delta_by_factors(chapter.tried, 0)

    assert np.isnan(by_factors[-1])
    assert by_factors[:-1] == pytest.approx(scipy_special.expit(chapter.tried[:-1]), rel=1e-12)


# ---------------------------------------------------------------------------------------------------------------------
# Saturation
# ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("z", "by_entropy", "by_square", "ratio"),
    [(5, "0.99331", "0.00660", "150.42"), (10, "0.99995", "0.0000454", "22028")],
)
def test_the_documents_numbers(z, by_entropy, by_square, ratio):
    with mpmath.workdps(50):
        entropy = mpmath.diff(lambda u: -mpmath.log(1 - sigmoid(u)), z)
        square = mpmath.diff(lambda u: sigmoid(u) ** 2 / 2, z)

    assert float(entropy) == pytest.approx(float(by_entropy), abs=5e-6)
    assert float(square) == pytest.approx(float(by_square), rel=1e-3)
    assert float(entropy / square) == pytest.approx(float(ratio), rel=5e-5)
    assert float(entropy / square) == pytest.approx(np.exp(z) + 2 + np.exp(-z), rel=1e-14)


def test_the_pull_of_the_squared_error_is_largest_at_ln_2():
    found = minimize_scalar(
        lambda z: -(scipy_special.expit(z) ** 2) * scipy_special.expit(-z),
        bounds=(-5, 5),
        method="bounded",
        options={"xatol": 1e-9},
    )

    assert found.x == pytest.approx(np.log(2), abs=1e-6)
    assert -found.fun == pytest.approx(4 / 27, rel=1e-12)


@pytest.mark.parametrize(("target", "change"), [(0, np.log(2)), (1, -np.log(2))])
def test_the_curvature_changes_its_sign_where_the_text_says(target, change):
    def curvature(z):
        with mpmath.workdps(40):
            return float(mpmath.diff(lambda u: (sigmoid(u) - target) ** 2, z, 2))

    assert brentq(curvature, change - 1, change + 1, xtol=1e-12) == pytest.approx(change, abs=1e-10)
    outwards = [1, 2, 5] if target == 0 else [-1, -2, -5]
    assert all(curvature(z) < 0 for z in outwards)
    assert all(curvature(-z) > 0 for z in outwards)


# ---------------------------------------------------------------------------------------------------------------------
# The exponential family
# ---------------------------------------------------------------------------------------------------------------------

OUTCOMES = st.lists(st.tuples(st.floats(0.1, 5), st.floats(-3, 3)), min_size=1, max_size=5)


@given(outcomes=OUTCOMES, theta=st.floats(-2, 2), place=st.integers(0, 4))
def test_gradient_and_hessian_of_any_family(outcomes, theta, place):
    weights, statistics = np.array(outcomes).T
    observed = statistics[place % len(outcomes)]

    def loss(parameter):
        total = mpmath.fsum(h * mpmath.exp(parameter * value) for h, value in outcomes)
        return mpmath.log(total) - parameter * observed

    chances = weights * np.exp(theta * statistics)
    chances = chances / chances.sum()
    mean = chances @ statistics
    with mpmath.workdps(50):
        slope, curvature = (float(mpmath.diff(loss, theta, order)) for order in (1, 2))

    assert slope == pytest.approx(mean - observed, abs=1e-12)
    assert curvature == pytest.approx(chances @ (statistics - mean) ** 2, abs=1e-12)


@pytest.mark.parametrize(
    ("log_normaliser", "mean", "variance"),
    [
        (lambda u: u**2 / 2, lambda u: u, lambda u: 1),
        (
            lambda u: mpmath.log1p(mpmath.exp(u)),
            scipy_special.expit,
            lambda u: stats.bernoulli.var(1 / (1 + np.exp(-u))),
        ),
        (mpmath.exp, np.exp, lambda u: stats.poisson.var(np.exp(u))),
    ],
    ids=["Gaussian", "Bernoulli", "Poisson"],
)
@pytest.mark.parametrize("theta", [-2.0, 0.0, 1.5])
def test_the_log_normalisers_of_the_instances(log_normaliser, mean, variance, theta):
    with mpmath.workdps(40):
        slope, bend = (float(mpmath.diff(log_normaliser, theta, order)) for order in (1, 2))

    assert slope == pytest.approx(mean(theta), rel=1e-12)
    assert bend == pytest.approx(variance(theta), rel=1e-12)


@given(
    z=st.lists(st.floats(-5, 5), min_size=4, max_size=4),
    v=st.lists(st.floats(-3, 3), min_size=4, max_size=4),
)
def test_the_hessian_of_softmax_is_a_variance_along_every_line(z, v):
    y, v = scipy_special.softmax(z), np.array(v)
    (hessian,) = hessians.cross_entropy(np.array([z]), np.array([0]))

    assert v @ hessian @ v == pytest.approx(y @ (v - y @ v) ** 2, abs=1e-12)
    assert np.linalg.eigvalsh(hessian).min() > -1e-15


# ---------------------------------------------------------------------------------------------------------------------
# Without the canonical link
# ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("z", [-30, -5, -1, 0, 2, 8])
def test_the_probit_loss_is_convex_and_its_gradient_is_another(z):
    with mpmath.workdps(500):

        def loss(u):
            return -mpmath.log(mpmath.ncdf(u))

        slope, curvature = mpmath.diff(loss, z), mpmath.diff(loss, z, 2)
        hazard = mpmath.npdf(z) / mpmath.ncdf(z)

        assert curvature > 0
        assert mpmath.almosteq(slope, -hazard, 1e-50)
        assert mpmath.almosteq(curvature, hazard * (hazard + z), 1e-50)
        assert abs(slope - (mpmath.ncdf(z) - 1)) > mpmath.mpf(10) ** -16


def test_a_gaussian_with_an_exponential_mean_is_not_convex():
    def curvature(z, t=3.0):
        with mpmath.workdps(40):
            return float(mpmath.diff(lambda u: (mpmath.exp(u) - t) ** 2 / 2, z, 2))

    assert brentq(curvature, -1, 2, xtol=1e-12) == pytest.approx(np.log(1.5), abs=1e-10)
    assert curvature(np.log(1.4)) < 0 < curvature(np.log(1.6))


@pytest.mark.parametrize("y", [0.1, 0.5, 0.8])
@pytest.mark.parametrize("t", [0, 1])
def test_the_identity_row_of_the_table(y, t):
    with mpmath.workdps(40):

        def loss(p):
            return -t * mpmath.log(p) - (1 - t) * mpmath.log(1 - p)

        slope, curvature = float(mpmath.diff(loss, y)), float(mpmath.diff(loss, y, 2))

    assert slope == pytest.approx((y - t) / (y * (1 - y)), rel=1e-12)
    assert curvature == pytest.approx(t / y**2 + (1 - t) / (1 - y) ** 2, rel=1e-12)


# ---------------------------------------------------------------------------------------------------------------------
# The experiment
# ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["cross-entropy", "half squared"])
def test_the_deltas_are_the_slopes_of_the_objectives(chapter, name):
    objective, delta = chapter.objectives[name], chapter.deltas[name]
    for weights in (chapter.start, np.array([0.5, 1.0])):
        slope = chapter.features.T @ delta(chapter.features @ weights, chapter.targets) / 219

        assert slope == pytest.approx(approx_fprime(weights, objective, 1e-7), abs=1e-6)


def test_what_the_text_says_of_the_three_runs(chapter):
    wrong = chapter.wrong_of

    assert wrong["cross-entropy"][[10, 100, 3000]].tolist() == [13, 9, 11]
    assert wrong["half squared"][[100, 300, 1000]].tolist() == [209, 68, 9]
    assert wrong["half squared, step 4"][[10, 100, 300]].tolist() == [208, 68, 9]
    ledge = chapter.features @ chapter.runs["half squared"][300]
    assert np.all(ledge < 0)  # every bird an Adelie


def test_four_times_the_step_shortens_the_plateaus_to_a_quarter(chapter):
    def arrival(name):
        return np.argmax(chapter.wrong_of[name] < 20)

    assert arrival("half squared") / arrival("half squared, step 4") == pytest.approx(4, abs=0.2)


def test_descent_on_cross_entropy_arrives_at_the_best_fit(chapter):
    assert chapter.runs["cross-entropy"][-1] == pytest.approx(chapter.best, abs=1e-3)
    distances = np.linalg.norm(chapter.runs["cross-entropy"] - chapter.best, axis=1)
    assert 1300 < np.argmax(distances < 0.005) < 1400


def test_newton_needs_seven_jumps_from_zero(chapter):
    weights, features, distances = np.zeros(2), chapter.features, []
    for _jump in range(7):
        y = 1 / (1 + np.exp(-features @ weights))
        hessian = features.T @ ((y * (1 - y))[:, None] * features)
        weights = weights - np.linalg.solve(hessian, features.T @ (y - chapter.targets))
        distances.append(np.linalg.norm(weights - chapter.best))

    assert distances[-2] > 0.005 > distances[-1]


def test_descent_on_the_squared_error_arrives_from_zero(chapter):
    theirs = minimize(chapter.half_squared, [-2.0, 5.0], method="Nelder-Mead", options={"xatol": 1e-8, "fatol": 1e-15})
    end = chapter.descend(chapter.delta_squared, chapter.targets, np.zeros(2), 4, 3000)[-1]

    assert end == pytest.approx(theirs.x, abs=0.02)
    assert count_wrong(chapter, end) == 9
    assert chapter.centre - chapter.spread * end[0] / end[1] == pytest.approx(44.14, abs=0.005)


def test_only_one_of_the_landscapes_is_convex(chapter):
    """Along every grid line the second differences of a convex surface are at least 0."""
    lowest = {
        name: min(np.diff(s, 2, axis=0).min(), np.diff(s, 2, axis=1).min()) for name, s in chapter.surfaces.items()
    }

    assert lowest["cross-entropy"] > -1e-12
    assert lowest["half squared"] < -0.001
    assert chapter.surfaces["half squared"].max() < 0.5


def test_a_worse_start_leaves_the_squared_error_on_its_shelf(chapter):
    path = chapter.descend(chapter.delta_squared, chapter.targets, [0.0, -8.0], 1, 10_000)
    gain = chapter.half_squared(path[-2]) - chapter.half_squared(path[-1])
    good = chapter.descend(chapter.delta_entropy, chapter.targets, [0.0, -8.0], 1, 100)

    assert count_wrong(chapter, path[-1]) == count_wrong(chapter, path[1000]) == 68
    assert gain == pytest.approx(3e-9, rel=0.2)
    assert count_wrong(chapter, good[-1]) == 9


# ---------------------------------------------------------------------------------------------------------------------
# Large losses
# ---------------------------------------------------------------------------------------------------------------------


def test_students_pull_is_largest_at_the_scale_times_the_root_of_the_degrees():
    nu, s = 3.0, 0.4
    found = minimize_scalar(
        lambda r: -approx_fprime([r], lambda x: -stats.t.logpdf(x[0], nu, scale=s), 1e-7)[0],
        bounds=(0.01, 5),
        method="bounded",
    )

    assert found.x == pytest.approx(s * np.sqrt(nu), abs=1e-3)
    assert -found.fun == pytest.approx((nu + 1) / (2 * np.sqrt(nu) * s), rel=1e-5)


@pytest.mark.parametrize(
    ("name", "loss"),
    [
        ("half squared", lambda r: r**2 / 2),
        ("Huber, 0.4 kg", lambda r: scipy_special.huber(0.4, r)),
        ("Student, 0.4 kg", lambda r: -stats.t.logpdf(r, 3, scale=0.4)),
    ],
)
def test_the_estimates_with_the_typo_are_the_minima(chapter, name, loss):
    for masses in (chapter.masses, chapter.copied):
        theirs = minimize_scalar(
            lambda at, masses=masses: loss(at - masses).sum(), bounds=(3, 5), method="bounded", options={"xatol": 1e-8}
        )

        assert chapter.locate(chapter.fits[name], masses) == pytest.approx(theirs.x, abs=1e-5)


def test_how_far_the_typo_drags_each_estimate(chapter):
    shift = {n: chapter.locate(g, chapter.copied) - chapter.locate(g, chapter.masses) for n, g in chapter.fits.items()}

    assert shift["half squared"] == pytest.approx(0.2235, abs=1e-4)
    assert shift["half squared"] / chapter.masses.std() == pytest.approx(0.5, abs=0.02)
    assert shift["Huber, 0.4 kg"] == pytest.approx(0.004, abs=5e-4)
    assert abs(shift["Student, 0.4 kg"]) < 1e-3
    assert chapter.copied[0] == 37.5
    assert len(chapter.masses) == 151


# ---------------------------------------------------------------------------------------------------------------------
# Exercises
# ---------------------------------------------------------------------------------------------------------------------


@given(z=st.lists(st.floats(-4, 4), min_size=4, max_size=4), k=st.integers(0, 3))
def test_the_delta_of_softmax_with_squared_error(chapter, z, k):
    row = np.eye(4)[k]

    def half_brier(*logits):
        total = mpmath.fsum(map(mpmath.exp, logits))
        return sum((mpmath.exp(u) / total - t) ** 2 for u, t in zip(logits, row, strict=True)) / 2

    with mpmath.workdps(30):
        exact = [float(mpmath.diff(half_brier, z, tuple(int(i == j) for i in range(4)))) for j in range(4)]

    assert chapter.brier_delta(np.array(z), row) == pytest.approx(exact, abs=1e-12)


def test_softmax_with_squared_error_saturates(chapter):
    row, logits = np.array([1, 0, 0, 0]), np.array([0.0, 10.0, 0.0, 0.0])
    ratio = np.linalg.norm(special.softmax(logits) - row) / np.linalg.norm(chapter.brier_delta(logits, row))

    assert ratio == pytest.approx(6600, rel=0.02)


def test_the_squared_error_writes_wrong_labels_off(chapter):
    column, mistaken = chapter.features[:, 1:], chapter.mistaken
    theirs = LogisticRegression(C=np.inf, solver="newton-cg", tol=1e-12, max_iter=10_000).fit(column, mistaken)
    kept, misled = (
        chapter.descend(chapter.delta_squared, labels, np.zeros(2), 4, 3000)[-1]
        for labels in (chapter.targets, mistaken)
    )

    assert (mistaken != chapter.targets).sum() == 10
    assert np.sort(chapter.length)[9] < 44.1 - 9
    assert theirs.coef_[0, 0] / chapter.spread == pytest.approx(0.38, abs=0.005)
    assert misled == pytest.approx(kept, abs=0.02)


@pytest.mark.parametrize("t", [0, 1])
@pytest.mark.parametrize("z", [-3.0, 0.0, 2.5])
def test_the_live_figure_draws_the_losses_of_its_four_pairs(z, t):
    sources = {cell["id"]: "".join(cell["source"]) for cell in execute.read(CHAPTER)["cells"]}
    names: dict = {}
    for cell_id in ("set-up", "symbols"):
        exec(sources[cell_id], names)
    y, label = names["y"], names["t"]  # what the cells between derive:
    names |= {"s": 1 / (1 + sympy.exp(-names["z"])), "entropy": SimpleNamespace(expr=y - label)}
    names["squared"] = SimpleNamespace(expr=(y - label) * y * (1 - y))
    exec(sources["one-logit-pairs"], names)

    p = scipy_special.expit(z)
    expected = {
        "identity + squared error": (z - t) ** 2 / 2,
        "sigmoid + cross-entropy": losses.binary_cross_entropy(z, t),
        # A target of 0 means another of the three classes, and not just "not the first".
        "softmax + cross-entropy": losses.cross_entropy(np.array([[z, 0.0, 0.0]]), [1 - t])[0],
        "sigmoid + squared error": (p - t) ** 2 / 2,
    }
    at = {names["z"]: z, label: t}
    for name, (loss, delta) in names["pairs"].items():
        assert float(loss.subs(at)) == pytest.approx(float(expected[name]), rel=1e-12), name
        assert float(loss.diff(names["z"]).subs(at)) == pytest.approx(float(delta.subs(at)), rel=1e-12), name
