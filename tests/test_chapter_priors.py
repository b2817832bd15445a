"""The estimates of the chapter on priors agree with other programs, and its numbers with other ways to compute them.

The tests run the chapter's own cells, so what they compare is what the reader sees.
"""

from pathlib import Path

import mpmath
import numpy as np
import pytest
from chapter_cells import run_cells
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.optimize import minimize, minimize_scalar
from scipy.special import expit
from sklearn.linear_model import Lasso, LogisticRegression, Ridge
from sklearn.model_selection import LeaveOneOut, cross_val_predict

CHAPTER = Path(__file__).parent.parent / "chapters" / "priors.ipynb"
CELLS = (
    "set-up",
    "five-birds",
    "uncertainty",
    "plot-posterior",
    "ridge-numbers",
    "ridge-units",
    "soft-threshold",
    "lasso-five",
    "laplace-posterior",
    "lasso-function",
    "path-data",
    "plot-paths",
    "map-fit",
    "challenger-fits",
    "separable-fits",
    "what-fades",
    "letters",
    "dirichlet-check",
    "letter-codes",
    "ruler-table",
    "ruler-posterior",
    "improper-areas",
    "four-conventions",
    "small-samples",
    "best-by-formula",
    "leave-one-out-errors",
    "choose-fits",
    "intercept-check",
)


@pytest.fixture(scope="module")
def chapter():
    """The names that the chapter's cells define, as attributes."""
    return run_cells(CHAPTER, CELLS)


def column(values):
    return np.asarray(values, dtype=float)[:, None]


# The Gaussian prior


def test_the_ridge_slope_is_the_one_of_scikit_learn(chapter):
    theirs = Ridge(alpha=100).fit(column(chapter.flipper), chapter.mass)

    assert chapter.ridge_slope(chapter.S_now, chapter.B_now, 100) == pytest.approx(theirs.coef_[0], rel=1e-10)


def test_the_ridge_weights_are_those_of_scikit_learn(chapter):
    theirs = Ridge(alpha=37).fit(chapter.features, chapter.targets)

    assert chapter.ridge(chapter.features, chapter.targets, 37) == pytest.approx(theirs.coef_, rel=1e-8)


@given(S=st.floats(1, 1000), B=st.floats(-5000, 5000), strength=st.floats(0.1, 1000), centre=st.floats(-100, 100))
def test_the_ridge_slope_is_the_mode_of_the_posterior(chapter, S, B, strength, centre):
    ours = chapter.ridge_slope(S, B, strength, centre)
    slope = S * ours - B + strength * (ours - centre)  # of half of S (w - B/S)² + strength (w - centre)²

    assert abs(slope) < 1e-9 * (abs(B) + strength * abs(centre) + 1)


def test_the_posterior_with_the_other_species_is_what_the_text_says(chapter):
    precision = chapter.S_now / 400**2 + 1 / 20**2
    mean = (chapter.B_now / 400**2 + 45 / 20**2) / precision

    assert round(mean, 1) == 25.8
    assert round(precision**-0.5, 1) == 17.4


# The Laplace prior


@pytest.mark.parametrize("value", [-3.0, -1.0, -0.4, 0.0, 0.999, 1.5])
def test_the_soft_threshold_minimises(chapter, value):
    def cost(w):
        return (w - value) ** 2 / 2 + abs(w)

    best = minimize_scalar(cost, bracket=(-4, 4), options={"xtol": 1e-12})
    ours = chapter.soft_threshold(value, 1.0)

    assert cost(ours) <= best.fun + 1e-15
    assert ours == pytest.approx(best.x, abs=1e-6)


def test_a_small_least_squares_value_gives_exactly_zero(chapter):
    assert chapter.soft_threshold(np.array([-0.999, 0.0, 0.5, 1.0]), 1.0).tolist() == [0, 0, 0, 0]
    assert chapter.lasso_slope == 0


@pytest.mark.parametrize("threshold", [500.0, 3000.0, 12_000.0])
def test_the_lasso_is_the_one_of_scikit_learn(chapter, threshold):
    ours = chapter.lasso(chapter.features, chapter.targets, threshold, np.zeros(5))
    alpha = threshold / len(chapter.targets)
    theirs = Lasso(alpha=alpha, tol=1e-12, max_iter=100_000).fit(chapter.features, chapter.targets)

    assert ours == pytest.approx(theirs.coef_, abs=1e-6)
    assert (ours == 0).tolist() == (theirs.coef_ == 0).tolist()


def test_the_lasso_slope_of_five_birds_is_zero_for_scikit_learn_too(chapter):
    kappa = 400**2 / (40 / np.sqrt(2))  # scikit-learn divides the sum of squares by 2N
    x, t = column(chapter.flipper), chapter.mass

    assert Lasso(alpha=kappa / 5, tol=1e-14).fit(x, t).coef_[0] == 0
    assert Lasso(alpha=0.78 * kappa / 5, tol=1e-14).fit(x, t).coef_[0] != 0


def test_the_paths_end_near_least_squares_and_begin_at_zero(chapter):
    path = np.array(chapter.lasso_path)

    assert np.all(path[0] == 0)
    assert np.all(chapter.ridge_path[0] != 0)
    assert path[-1] == pytest.approx(chapter.plain, rel=0.1)
    assert chapter.ridge_path[-1] == pytest.approx(chapter.plain, rel=0.03)


def test_the_features_enter_in_the_order_that_the_text_gives(chapter):
    entry = [chapter.scales[np.flatnonzero(path)[0]] for path in np.array(chapter.lasso_path).T]
    bill_length, bill_depth, flipper, male, year = entry

    assert 1.8 < male < 2.6
    assert male < bill_depth < flipper < bill_length < year
    assert 25 < year < 31


def test_the_mode_mean_and_median_of_the_laplace_posterior(chapter):
    S, B, beta = chapter.S_now, chapter.B_now, chapter.beta_now

    def density(w):
        return mpmath.exp(-S * (w - B / S) ** 2 / (2 * 400**2) - abs(w) / beta)

    places = [-400, -100, 0, 100, 400]
    area = mpmath.quad(density, places)
    mean = mpmath.quad(lambda w: w * density(w), places) / area

    assert float(mean) == pytest.approx(chapter.mean, abs=1e-3)
    assert float(mpmath.quad(density, [-400, -100, chapter.median]) / area) == pytest.approx(0.5, abs=1e-4)
    assert chapter.mode_now == 0
    assert round(float(mpmath.quad(density, [-1, 0, 1]) / area), 4) == 0.0391


def test_a_gaussian_in_a_hundred_dimensions_stays_away_from_its_mode():
    assert stats.chi(100).mean() == pytest.approx(10, abs=0.05)
    assert stats.chi(100).cdf(7) < 1e-4


# Logistic regression


@pytest.mark.parametrize("tau", [2.5, 1.0, 0.5, 0.1])
def test_c_is_the_variance_of_the_prior(chapter, tau):
    ours = chapter.map_fit(chapter.flight_features, chapter.distress, np.array([0, 1 / tau**2]))
    model = LogisticRegression(C=tau**2, solver="newton-cg", tol=1e-12, max_iter=10_000)
    theirs = model.fit(column(chapter.standard), chapter.distress)

    assert theirs.coef_[0, 0] == pytest.approx(ours[1], rel=1e-5)
    assert theirs.intercept_[0] == pytest.approx(ours[0], rel=1e-5)


def test_the_map_fit_minimises_the_objective(chapter):
    def objective(weights):
        logits = chapter.flight_features @ weights
        return np.sum(np.logaddexp(0, logits) - chapter.distress * logits) + weights[1] ** 2 / 2

    best = minimize(objective, np.zeros(2), tol=1e-12)
    ours = chapter.map_fit(chapter.flight_features, chapter.distress, np.array([0, 1.0]))

    assert ours == pytest.approx(best.x, abs=1e-5)


@pytest.mark.parametrize(("tau", "forecast"), [(np.inf, 0.9996), (2.5, 0.9992), (0.1, 0.3749)])
def test_the_forecasts_under_a_prior(chapter, tau, forecast):
    weights = chapter.map_fit(chapter.flight_features, chapter.distress, np.array([0, 1 / tau**2]))

    assert round(float(expit(weights @ [1, chapter.cold])), 4) == forecast


@pytest.mark.parametrize("tau", [1, 10, 100, 1000])
def test_separable_penguins_have_a_finite_stationary_fit(chapter, tau):
    strengths = np.array([0, 1, 1]) / tau**2
    weights = chapter.map_fit(chapter.bill_features, chapter.gentoo, strengths, steps=60)
    y = expit(chapter.bill_features @ weights)
    gradient = chapter.bill_features.T @ (y - chapter.gentoo) + strengths * weights

    assert np.abs(gradient).max() < 1e-10


def test_the_penguins_are_separable(chapter):
    weights = chapter.map_fit(chapter.bill_features, chapter.gentoo, np.array([0, 1, 1]) / 100**2, steps=60)
    margins = (2 * chapter.gentoo - 1) * (chapter.bill_features @ weights)

    assert margins.min() > 0


# Label smoothing and counts


@given(st.integers(2, 6), st.floats(0.01, 0.99))
def test_the_smoothed_loss_of_one_example_is_least_at_the_smoothed_target(c, epsilon):
    target = (1 - epsilon) * np.eye(c)[0] + epsilon / c
    other = np.random.default_rng(c).dirichlet(np.ones(c))

    assert -np.sum(target * np.log(target)) <= -np.sum(target * np.log(other)) + 1e-12


@given(st.integers(2, 6), st.floats(0.01, 0.9))
def test_label_smoothing_is_the_mode_of_a_dirichlet_density_on_the_row(c, epsilon):
    kappa = epsilon / (c * (1 - epsilon))  # so that epsilon is c kappa / (1 + c kappa)
    parameters = np.eye(c)[0] + 1 + kappa  # of the posterior: prior 1 + kappa, and one observation
    mode = (parameters - 1) / (parameters - 1).sum()

    assert mode == pytest.approx((1 - epsilon) * np.eye(c)[0] + epsilon / c, rel=1e-9)


def test_only_the_smoothed_fit_forgets_how_many_birds_there_are(chapter):
    copies = np.tile(chapter.bill_features, (10, 1))
    soft = chapter.map_fit(copies, np.tile(chapter.soft_targets, 10), np.zeros(3))
    hard = chapter.map_fit(copies, np.tile(chapter.gentoo, 10), np.array([0, 1, 1]))

    assert round(float(np.linalg.norm(soft[1:])), 2) == 2.52
    assert round(float(np.linalg.norm(hard[1:])), 2) == 6.58


@pytest.mark.parametrize("alpha", [1.0, 2.0])
def test_the_mean_of_a_dirichlet_posterior_adds_alpha(chapter, alpha):
    posterior = stats.dirichlet(chapter.counts + alpha)
    smoothed = (chapter.counts + alpha) / (chapter.total + 26 * alpha)

    assert posterior.mean() == pytest.approx(smoothed, rel=1e-12)


@given(st.floats(0.1, 5), st.integers(0, 2**32 - 1))
def test_the_mode_of_a_dirichlet_posterior_adds_alpha_minus_one(kappa, seed):
    rng = np.random.default_rng(seed)
    counts, other = rng.integers(0, 9, 5), rng.dirichlet(np.ones(5))
    mode = (counts + kappa) / (counts + kappa).sum()
    density = stats.dirichlet(counts + 1 + kappa).logpdf

    assert density(mode) >= density(other / other.sum())


@pytest.mark.parametrize("alpha", [0.3, 1.0, 2.5])
def test_on_log_odds_the_mode_of_a_dirichlet_posterior_adds_alpha(alpha):
    counts = np.array([7.0, 0.0, 3.0])

    def shares(free):
        return np.exp([*free, 0.0]) / np.exp([*free, 0.0]).sum()

    def minus_log_density(free):
        steps = 1e-4 * np.eye(2)
        jacobian = [(shares(free + h)[:2] - shares(free - h)[:2]) / 2e-4 for h in steps]  # of the first two shares
        log_on_shares = np.sum((counts + alpha - 1) * np.log(shares(free)))
        return -log_on_shares - np.log(abs(np.linalg.det(jacobian)))

    mode = shares(minimize(minus_log_density, np.zeros(2), method="Nelder-Mead", options={"xatol": 1e-9}).x)

    np.testing.assert_allclose(mode, (counts + alpha) / (counts + alpha).sum(), rtol=1e-3)


def test_no_other_tried_pseudo_count_codes_english_shorter(chapter):
    def bits(kappa):
        shares = (chapter.counts + kappa) / (chapter.total + 26 * kappa)
        return -np.sum(chapter.english * np.log2(shares))

    entropy = -np.sum(chapter.english * np.log2(chapter.english))

    assert [round(bits(kappa) - entropy, 2) for kappa in (0.1, 0.5, 1)] == [0.11, 0.11, 0.12]
    assert bits(0.5) < min(bits(0.1), bits(1), bits(2), bits(10))


# Rulers


@pytest.mark.parametrize("a", [1, 0, 2, -2])
@pytest.mark.parametrize("b", [1, 0, 2, -2])
def test_the_mode_depends_on_both_rulers(chapter, a, b):
    grid = np.linspace(np.log(30), np.log(30_000), 400_001)  # ln σ
    log_density = -5 * grid - chapter.Q_now * np.exp(-2 * grid) / 2 + (a - 1) * grid + (1 - b) * grid

    assert np.exp(grid[log_density.argmax()]) == pytest.approx(np.sqrt(chapter.Q_now / (5 + b - a)), rel=1e-4)


def test_the_density_on_another_ruler_has_the_same_probabilities(chapter):
    # With the prior flat in σ, the precision has a Gamma density of shape 2 and rate Q/2: another road to both numbers.
    precision = stats.gamma(a=2, scale=2 / chapter.Q_now)

    assert precision.median() ** -0.5 == pytest.approx(chapter.median_sigma, rel=1e-3)
    peak = minimize_scalar(lambda kg: -precision.logpdf(kg / 1e6), bounds=(0.1, 100), method="bounded").x  # per kg²
    assert round((peak / 1e6) ** -0.5) == 374


def test_the_area_of_one_bird_grows_without_end(chapter):
    areas = [chapter.area(1, upper) for upper in (1e6, 1e8, 1e10)]
    exact = [float(mpmath.expint(1, chapter.Q_of[1] / (2 * upper**2))) / 2 for upper in (1e6, 1e8)]

    assert np.diff(areas) == pytest.approx(np.log(100), rel=1e-3)
    assert areas[:2] == pytest.approx(exact, rel=1e-3)


def test_the_area_of_two_birds_settles(chapter):
    exact = np.sqrt(np.pi / (2 * chapter.Q_of[2]))

    assert chapter.area(2, 1e8) == pytest.approx(exact, rel=1e-3)


# Conventions


def gradient_descent(x, t, factor, decay, steps=20_000):
    """Slope by gradient descent on the mean of the squares, the weights shrunk by the decay in each step."""
    slope, size = 0.0, 0.2 / (factor * np.mean(x**2) + decay)
    for _ in range(steps):
        slope -= size * (factor * np.mean((slope * x - t) * x) + decay * slope)
    return slope


def test_the_four_conventions_are_four_minimisers(chapter):
    x, t, size = chapter.x, chapter.t_now, 5
    objectives = {
        1: lambda w: np.sum((t - w * x) ** 2) + 100 * w**2,
        2: lambda w: np.sum((t - w * x) ** 2) / 2 + 100 * w**2,
        size: lambda w: np.mean((t - w * x) ** 2) + 100 * w**2,
        size / 2: lambda w: np.mean((t - w * x) ** 2) + 50 * w**2,
    }
    for factor, objective in objectives.items():
        ours, tau = chapter.translate(factor, chapter.flipper, chapter.mass)

        assert minimize_scalar(objective).x == pytest.approx(ours, rel=1e-5)
        assert tau == pytest.approx(400 / np.sqrt(100 * factor))


def test_weight_decay_beside_a_mean_is_half_of_n_lambda(chapter):
    # The gradient of the mean squared error, and λw added to it: what SGD with weight_decay does.
    found = gradient_descent(chapter.x, chapter.t_now, 2.0, 100.0)

    assert found == pytest.approx(chapter.translate(5 / 2, chapter.flipper, chapter.mass)[0], rel=1e-8)


# Bias and variance, and the choice of λ


def test_a_little_penalty_helps_and_the_best_is_the_formula(chapter):
    assert chapter.risk[1] < chapter.risk[0]
    assert 100 < chapter.strengths[chapter.best] < 230
    assert round((chapter.scatter / chapter.all_adelies) ** 2) == 151


def test_the_simulation_does_not_depend_on_its_seed(chapter):
    rng = np.random.default_rng(12345)
    slopes = []
    for _ in range(3000):
        draw = rng.choice(151, 8, replace=False)
        x, t = chapter.adelie.flipper_length_mm[draw], chapter.adelie.body_mass_g[draw]
        slopes.append(Ridge(alpha=chapter.strengths[chapter.best]).fit(column(x), t).coef_[0])
    squares = (np.array(slopes) - chapter.all_adelies) ** 2

    assert squares.mean() == pytest.approx(chapter.risk[chapter.best], abs=5 * squares.std() / np.sqrt(3000))


@pytest.mark.parametrize("strength", [0.01, 3, 100])
def test_leave_one_out_is_what_refitting_gives(chapter, strength):
    X, t = chapter.features[chapter.seen], chapter.targets[chapter.seen]
    predicted = cross_val_predict(Ridge(alpha=strength), X, t, cv=LeaveOneOut())

    assert chapter.errors(strength)[1] == pytest.approx(np.sqrt(np.mean((t - predicted) ** 2)), rel=1e-9)


def test_the_error_on_the_other_birds(chapter):
    model = Ridge(alpha=3).fit(chapter.features[chapter.seen], chapter.targets[chapter.seen])
    others = chapter.targets[~chapter.seen] - model.predict(chapter.features[~chapter.seen])

    assert chapter.errors(3)[2] == pytest.approx(np.sqrt(np.mean(others**2)), rel=1e-9)


def test_what_the_table_of_errors_is_said_to_show(chapter):
    values = (0.01, 1, 3, 10, 30, 100, 1000)
    fitted, left_out, others = np.transpose([chapter.errors(value) for value in values])

    assert np.all(np.diff(fitted) > 0)
    assert values[left_out.argmin()] == 10
    assert values[others.argmin()] == 3


def test_no_gain_is_larger_than_its_standard_error(chapter):
    gains = {tau: chapter.without - chapter.left_out_bits(tau) for tau in (5, 2, 1, 0.7, 0.5)}

    assert max(gains, key=lambda tau: gains[tau].mean()) == 1
    assert all(gain.mean() < gain.std() / np.sqrt(23) for gain in gains.values())


def test_only_a_free_intercept_follows_the_zero_of_the_scale(chapter):
    x, t = column(chapter.adelie.flipper_length_mm), chapter.adelie.body_mass_g
    constant = np.column_stack([np.ones(151), x])
    free = [Ridge(alpha=100).fit(x, t - zero).coef_[0] for zero in (0, 3700)]
    penalised = [Ridge(alpha=100, fit_intercept=False).fit(constant, t - zero).coef_[1] for zero in (0, 3700)]

    assert [round(slope, 1) for slope in free] == [32.3, 32.3]
    assert [round(slope, 1) for slope in penalised] == [19.5, 0.1]
