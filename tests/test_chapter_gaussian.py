"""The fits of the Gaussian chapter agree with other programs, and what its text says about them is true.

The tests run the chapter's own cells, so what they compare is what the reader sees.
"""

import re
import warnings
from fractions import Fraction
from pathlib import Path

import execute
import numpy as np
import pytest
from chapter_cells import run_cells
from scipy import linalg, stats
from scipy.optimize import least_squares, minimize, minimize_scalar
from sklearn.linear_model import Lasso, LinearRegression, Ridge
from sklearn.metrics import mean_squared_error

from lossbook import losses
from lossbook.data import penguin_masses, penguins

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # importing it meets deprecations in its own dependencies
    import statsmodels.api as sm

CHAPTER = Path(__file__).parent.parent / "chapters" / "gaussian.ipynb"
CELLS = {cell["id"]: "".join(cell["source"]) for cell in execute.read(CHAPTER)["cells"]}
# The cells that compute with numbers, in the chapter's order; the derivations are checked as they run.
NUMBERS = (
    "set-up",
    "penguins",
    "scatter",
    "density",
    "vertical-gaussians",
    "marginal",
    "shape",
    "variant-values",
    "penalty-slopes",
    "weights-experiment",
    "units-data",
    "naive",
    "broken",
    "condition-numbers",
    "stable",
    "with-lossbook",
    "estimates",
    "bias",
    "standard-errors",
    "fit-figure",
    "residual-plot",
    "parallel-lines",
    "quantiles",
    "bowls",
    "descent-figure",
    "outlier",
    "outlier-numbers",
    "coverage",
    "sex-check",
    "units-check",
    "twins-check",
)


@pytest.fixture(scope="module")
def chapter():
    """The names that the chapter's cells define, as attributes."""
    return run_cells(CHAPTER, NUMBERS)


@pytest.fixture(scope="module")
def birds():
    """The data, read here and not by the chapter."""
    return penguin_masses()


@pytest.fixture(scope="module")
def ols(birds):
    """The line by statsmodels."""
    return sm.OLS(birds.body_mass_g, sm.add_constant(birds.flipper_length_mm)).fit()


def exact_line(x, t):
    """Intercept and slope in rational arithmetic, on the very numbers that are given."""
    x, t = [Fraction(float(v)) for v in x], [Fraction(float(v)) for v in t]
    mean_x, mean_t = sum(x) / len(x), sum(t) / len(t)
    slope = sum((a - mean_x) * (b - mean_t) for a, b in zip(x, t, strict=True)) / sum((a - mean_x) ** 2 for a in x)
    return float(mean_t - slope * mean_x), float(slope)


# --- The line


def test_the_line_is_exact_to_eleven_digits(chapter, birds):
    exact = exact_line(birds.flipper_length_mm, birds.body_mass_g)

    assert [chapter.intercept, chapter.slope] == pytest.approx(exact, rel=1e-11)


def test_the_line_agrees_with_scikit_learn(chapter, birds):
    theirs = LinearRegression().fit(birds.flipper_length_mm[:, None], birds.body_mass_g)

    assert theirs.intercept_ == pytest.approx(chapter.intercept, rel=1e-10)
    assert theirs.coef_ == pytest.approx([chapter.slope], rel=1e-10)
    assert mean_squared_error(birds.body_mass_g, chapter.prediction) * 342 == pytest.approx(chapter.sse_best, rel=1e-12)


def test_the_line_and_its_error_bars_agree_with_statsmodels(chapter, ols):
    assert ols.params == pytest.approx([chapter.intercept, chapter.slope], rel=1e-10)
    assert ols.bse[1] == pytest.approx(chapter.se_slope, rel=1e-10)
    assert ols.ssr == pytest.approx(chapter.sse_best, rel=1e-12)
    assert np.sqrt(ols.mse_resid) == pytest.approx(chapter.sigma_unbiased, rel=1e-12)
    assert -ols.llf == pytest.approx(chapter.least_nll, rel=1e-12)


def test_the_interval_for_a_bird_is_nearly_that_of_statsmodels(chapter, ols):
    theirs = ols.get_prediction([[1, 200]]).summary_frame(alpha=0.05)
    low, high = chapter.at_200 - chapter.reach, chapter.at_200 + chapter.reach

    # Theirs uses Student's t with 340 degrees of freedom and adds the uncertainty of the line: 4 g more on either side.
    assert theirs["mean"][0] == pytest.approx(chapter.at_200, rel=1e-10)
    assert low - 5 < theirs["obs_ci_lower"][0] < low
    assert high < theirs["obs_ci_upper"][0] < high + 5


def test_a_general_optimiser_finds_the_same_three_parameters(chapter, birds):
    x = (birds.flipper_length_mm - 200) / 10

    def nll(parameters):
        level, slope, log_scale = parameters
        return -stats.norm.logpdf(birds.body_mass_g / 100, level + slope * x, np.exp(log_scale)).sum()

    found = minimize(nll, [30, 0, 3], method="BFGS", options={"gtol": 1e-6}).x

    assert found[0] * 100 == pytest.approx(chapter.at_200, rel=1e-6)
    assert found[1] * 10 == pytest.approx(chapter.slope, rel=1e-6)
    assert np.exp(found[2]) * 100 == pytest.approx(chapter.sigma_ml, rel=1e-6)


def test_any_other_line_or_scale_is_worse(chapter):
    for scale in (0.99, 1.01):
        nll = losses.gaussian_nll(chapter.prediction, chapter.mass, scale=scale * chapter.sigma_ml).sum()
        assert nll > chapter.least_nll
    for step in (-0.1, 0.1):
        assert np.sum((chapter.residual - step * chapter.x_centred) ** 2) > chapter.sse_best
        assert np.sum((chapter.residual - step) ** 2) > chapter.sse_best


# --- Rounding


@pytest.mark.parametrize("zero", [0, 10**6, 10**7, 10**8, 10**9])
def test_centring_saves_the_digits_that_the_naive_line_loses(chapter, birds, zero):
    exact = exact_line(birds.flipper_length_mm, birds.body_mass_g)[1]
    naive = chapter.naive_line(birds.flipper_length_mm + zero, birds.body_mass_g)[1]
    centred = chapter.centred_line(birds.flipper_length_mm + zero, birds.body_mass_g)[1]

    assert centred == pytest.approx(exact, rel=1e-12)
    lost = abs(naive / exact - 1)
    assert lost < 1e-12 if zero == 0 else lost > 1e-15 * zero


def test_condition_numbers(chapter):
    for matrix in chapter.designs.values():
        values = linalg.svdvals(matrix)
        assert np.linalg.cond(matrix) == pytest.approx(values[0] / values[-1], rel=1e-6)
        assert np.linalg.cond(matrix.T @ matrix) == pytest.approx((values[0] / values[-1]) ** 2, rel=1e-4)


# --- What is Gaussian


def test_shapes_agree_with_scipy(chapter, birds):
    off_line = birds.body_mass_g - (4200 + 50 * (birds.flipper_length_mm - 201))
    for values in (birds.flipper_length_mm, birds.body_mass_g, off_line):
        assert chapter.shape(values) == pytest.approx((stats.skew(values), stats.kurtosis(values)), rel=1e-10)


def test_masses_are_far_from_gaussian_and_residuals_are_not(chapter, birds):
    assert stats.shapiro(birds.body_mass_g).pvalue < 1e-6
    assert stats.shapiro(chapter.residual).pvalue > 0.05


def test_the_model_implies_a_marginal_nearer_to_the_masses_than_one_gaussian(chapter, birds):
    mixture = stats.norm(chapter.by_eye(birds.flipper_length_mm)[:, None], 400)
    implied = np.log(mixture.pdf(birds.body_mass_g).mean(axis=0)).sum()
    single = stats.norm(birds.body_mass_g.mean(), birds.body_mass_g.std()).logpdf(birds.body_mass_g).sum()

    assert implied > single + 10


def test_quantiles_agree_with_scipy(chapter):
    places, expected = chapter.places, stats.norm.ppf(chapter.places) * chapter.sigma_ml

    assert places == pytest.approx((np.arange(1, 343) - 0.5) / 342)
    assert chapter.expected == pytest.approx(expected, abs=1e-9 * chapter.sigma_ml)


def test_one_residual_leaves_the_band(chapter):
    gap = np.sort(chapter.residual) - chapter.expected

    assert np.sum((gap < chapter.low) | (gap > chapter.high)) == 1
    assert round(gap[-1]) == 119
    assert round(gap[0]) == 111
    middle = gap[34:-34]
    assert np.abs(middle).max() < 55
    assert np.abs(gap).max() < 150


# --- Weights, penalties, units


def test_weighted_fits_agree_with_statsmodels(chapter):
    for trial in (0, 1, 1999):
        plain = sm.OLS(chapter.weighings[:, trial], chapter.X_centred).fit()
        fair = sm.WLS(chapter.weighings[:, trial], chapter.X_centred, weights=1 / chapter.scales[:, 0] ** 2).fit()
        assert chapter.plain[:, trial] == pytest.approx(plain.params, rel=1e-9)
        assert chapter.fair[:, trial] == pytest.approx(fair.params, rel=1e-9)


def test_the_spread_of_the_slopes_is_what_theory_says(chapter):
    X, variance = chapter.X_centred, chapter.scales[:, 0] ** 2
    bread = np.linalg.inv(X.T @ X)
    plain = np.sqrt((bread @ (X.T * variance) @ X @ bread)[1, 1])
    fair = np.sqrt(np.linalg.inv((X.T / variance) @ X)[1, 1])

    # 2000 repetitions: a relative standard error of 1/sqrt(4000).
    assert chapter.plain[1].std() == pytest.approx(plain, rel=4 / np.sqrt(4000))
    assert chapter.fair[1].std() == pytest.approx(fair, rel=4 / np.sqrt(4000))
    assert 1.6 < plain / fair < 1.8


@pytest.mark.parametrize(("objective", "alpha"), [("SSE", 100), ("SSE/2", 200), ("MSE", 100 * 342)])
def test_penalised_slopes_agree_with_ridge_regression(chapter, birds, objective, alpha):
    ridge = Ridge(alpha=alpha).fit(birds.flipper_length_mm[:, None], birds.body_mass_g)
    misfit = chapter.objectives[objective]

    assert chapter.slopes[(misfit + 100 * chapter.slopes**2).argmin()] == pytest.approx(ridge.coef_[0], abs=0.006)
    assert chapter.slopes[misfit.argmin()] == pytest.approx(chapter.slope, abs=0.006)


def test_the_penalised_root_agrees_with_a_general_optimiser(chapter, birds):
    x, t = birds.flipper_length_mm - birds.flipper_length_mm.mean(), birds.body_mass_g - birds.body_mass_g.mean()
    found = minimize_scalar(lambda w: np.sqrt(np.mean((t - w * x) ** 2)) + 100 * w**2).x
    mine = chapter.slopes[(chapter.objectives["RMSE"] + 100 * chapter.slopes**2).argmin()]

    assert mine == pytest.approx(found, abs=0.006)


def test_the_gradients_of_the_four_variants_are_those_of_the_text(chapter):
    t, y, step = chapter.mass, chapter.by_eye(chapter.flipper), 1e-3
    variants = {
        "SSE": (lambda y: np.sum((t - y) ** 2), 2 * (y - t)),
        "SSE/2": (lambda y: np.sum((t - y) ** 2) / 2, y - t),
        "MSE": (lambda y: np.mean((t - y) ** 2), 2 * (y - t) / 342),
        "RMSE": (lambda y: np.sqrt(np.mean((t - y) ** 2)), (y - t) / (342 * np.sqrt(np.mean((t - y) ** 2)))),
    }
    for value, gradient in variants.values():
        for place in (0, 100, 341):
            bump = step * (np.arange(342) == place)
            assert (value(y + bump) - value(y - bump)) / (2 * step) == pytest.approx(gradient[place], rel=1e-4)


def test_one_price_for_all_birds_makes_the_scale_eighteen_times_too_large(chapter):
    def misread(scale):
        return chapter.sse_best / (2 * scale**2) + np.log(scale)

    found = minimize_scalar(misread, bounds=(100, 20_000), method="bounded", options={"xatol": 1e-6}).x

    assert found / chapter.sigma_ml == pytest.approx(np.sqrt(342), rel=1e-6)


def test_lasso_and_ridge_add_their_penalties_to_what_the_text_says():
    rng = np.random.default_rng(1)
    x = rng.normal(size=50)
    x -= x.mean()
    t = 3 * x + rng.normal(size=50)
    t -= t.mean()
    lasso = Lasso(alpha=0.5, tol=1e-12).fit(x[:, None], t).coef_[0]
    ridge = Ridge(alpha=5).fit(x[:, None], t).coef_[0]

    # SSE/(2N) + α|w| has its minimum where (x·x w − x·t)/N + α = 0, for a positive slope.
    assert lasso == pytest.approx((x @ t - 50 * 0.5) / (x @ x), rel=1e-8)
    assert ridge == pytest.approx(x @ t / (x @ x + 5), rel=1e-8)


def test_the_ridge_of_the_exercise_does_not_mind_kilograms(chapter, birds):
    in_grams, in_kilograms = (
        Ridge(alpha=1000).fit(birds.flipper_length_mm[:, None], birds.body_mass_g * unit).coef_[0] for unit in (1, 1e-3)
    )

    assert in_grams / chapter.slope == pytest.approx(chapter.shrink, rel=1e-9)
    assert in_kilograms / chapter.line_kg[1] == pytest.approx(chapter.shrink, rel=1e-9)


def test_the_growth_factors_agree_with_a_general_optimiser():
    table = penguins()
    adelie = table.species == "Adelie"
    female, male = (adelie & (table.sex == sex) for sex in ("female", "male"))

    def best(mass_weight, bill_weight):
        def objective(a):
            masses = table.body_mass_g[male] - a**3 * table.body_mass_g[female].mean()
            bills = table.bill_length_mm[male] - a * table.bill_length_mm[female].mean()
            return mass_weight * np.sum(masses**2) + bill_weight * np.sum(bills**2)

        return round(minimize_scalar(objective, bounds=(1, 1.2), method="bounded", options={"xatol": 1e-8}).x, 3)

    variances = table.body_mass_g[male].var(), table.bill_length_mm[male].var()
    assert best(1, 0) == 1.063
    assert best(0, 1) == 1.084
    assert best(1, 1) == 1.063
    assert best(1e-6, 1) == 1.082
    assert best(1 / variances[0], 1 / variances[1]) == 1.067
    assert best(1e6 / variances[0], 1e6 / variances[1]) == 1.067


# --- Species and sex


def test_parallel_lines_agree_with_statsmodels(chapter, birds, ols):
    names = ("Adelie", "Chinstrap", "Gentoo")
    design = np.column_stack([*(birds.species == name for name in names), birds.flipper_length_mm]).astype(float)
    theirs = sm.OLS(birds.body_mass_g, design).fit()

    assert theirs.params[3] == pytest.approx(chapter.common_slope, rel=1e-9)
    at_mean = theirs.params[:3] + theirs.params[3] * birds.flipper_length_mm.mean()
    assert at_mean == pytest.approx(chapter.levels, rel=1e-9)
    assert theirs.llf - ols.llf == pytest.approx(chapter.gain, rel=1e-8)
    assert np.sqrt(theirs.ssr / 342) == pytest.approx(chapter.sigma_parallel, rel=1e-10)


def test_labels_are_species(chapter, birds):
    assert [chapter.species[label] for label in chapter.labels] == list(birds.species)


def test_the_fit_with_sex_agrees_with_statsmodels(chapter):
    table = penguins()
    known = np.isfinite(table.body_mass_g) & (table.sex != "")
    names = ("Adelie", "Chinstrap", "Gentoo")
    design = [table.species[known] == name for name in names]
    design += [table.flipper_length_mm[known], table.sex[known] == "male"]
    theirs = sm.OLS(table.body_mass_g[known], np.column_stack(design).astype(float)).fit()

    assert known.sum() == 333
    assert theirs.params[3:] == pytest.approx(chapter.fitted[3:], rel=1e-9)
    assert np.sqrt(theirs.ssr / 333) == pytest.approx(chapter.sigma_sex, rel=1e-10)
    assert stats.skew(theirs.resid) == pytest.approx(chapter.skewness_sex, rel=1e-8)


# --- Descent, outlier, coverage


def test_descents_end_where_the_text_says(chapter, birds):
    paths = {name: chapter.descend(matrix, 10_000) for name, matrix in chapter.designs.items()}
    x, t = birds.flipper_length_mm, birds.body_mass_g
    through_origin = t - (x @ t) / (x @ x) * x

    assert [len(path) for path in paths.values()] == [10_000, 2579, 6]
    assert paths["centred"][-1] < 1e-3
    assert paths["standardised"][-1] < 1e-3
    assert paths["raw"][-1] == pytest.approx(np.mean(through_origin**2) - chapter.sigma_ml**2, rel=0.01)
    assert round(np.sqrt(np.mean(through_origin**2))) == 563


def test_the_bowl_is_the_nll(chapter):
    rng = np.random.default_rng(7)
    for x, level in ((chapter.flipper, chapter.intercept), (chapter.x_centred, chapter.mean_mass)):
        off = rng.normal(size=2) * [50, 2]
        outputs = level + off[0] + (chapter.slope + off[1]) * x
        excess = losses.gaussian_nll(outputs, chapter.mass, scale=chapter.sigma_ml).sum() - chapter.least_nll
        assert chapter.excess_nll(off, x) == pytest.approx(excess, rel=1e-8)


def test_the_line_with_a_typing_error_agrees_with_scikit_learn(chapter, birds):
    mass = birds.body_mass_g.copy()
    assert (birds.flipper_length_mm.max(), mass[birds.flipper_length_mm.argmax()]) == (231, 5650)
    mass[birds.flipper_length_mm.argmax()] = 56_500
    theirs = LinearRegression().fit(birds.flipper_length_mm[:, None], mass)
    residual = mass - theirs.predict(birds.flipper_length_mm[:, None])

    assert theirs.coef_[0] == pytest.approx(chapter.slope_typed, rel=1e-9)
    assert np.sqrt(np.mean(residual**2)) == pytest.approx(chapter.sigma_typed, rel=1e-9)


def test_the_band_of_a_wrong_width_covers_what_theory_says(chapter):
    # One width for all: about the root of the mean variance.  Indoors and in the wind it covers far more and far less.
    width = 1.96 * np.sqrt(np.mean(chapter.scales**2))
    for scale, chosen in ((150, ~chapter.windy), (800, chapter.windy)):
        theory = stats.norm.cdf(width / scale) - stats.norm.cdf(-width / scale)
        assert chapter.inside[chosen].mean() == pytest.approx(theory, abs=0.01)


def test_five_birds_need_the_divisor_three(chapter):
    variance = np.mean(chapter.sse_of_five) / 400**2  # of σ² times a chi-squared variable with 3 degrees of freedom

    assert variance == pytest.approx(3, abs=4 * np.sqrt(6 / 200_000))


# --- The loss card


def test_the_calls_of_the_loss_card_reduce_as_it_says(chapter, birds):
    x, t, y = birds.flipper_length_mm, birds.body_mass_g, chapter.prediction
    solved = least_squares(lambda w: t - w[0] - w[1] * (x - 200), [4000, 0])

    assert solved.cost == pytest.approx(chapter.sse_best / 2, rel=1e-9)
    assert mean_squared_error(t, y) == pytest.approx(losses.squared_error(y, t).mean(), rel=1e-12)
    two = np.column_stack([t, 2 * t]), np.column_stack([y, y])
    assert mean_squared_error(*two) == pytest.approx(np.mean((two[0] - two[1]) ** 2), rel=1e-12)
    assert -stats.norm.logpdf(t, loc=y, scale=390) == pytest.approx(losses.gaussian_nll(y, t, scale=390), rel=1e-12)
    assert np.linalg.lstsq(np.column_stack([np.ones(342), x]), t, rcond=None)[1] == pytest.approx(chapter.sse_best)


# --- The text


def said(cell_id):
    """The text of a cell in one line, with plain minus signs."""
    return " ".join(CELLS[cell_id].replace("−", "-").split())


QUOTED = {
    "penguins-text": lambda c: [f"about {c.mass.mean():.0f} g, give or take {c.mass.std():.0f} g"],
    "variant-values-text": lambda c: [f"typically {np.sqrt(c.mse_by_eye):.0f} g off"],
    "penalty-slopes-text": lambda c: [f"all four find {c.slope:.1f} g/mm"],
    "weights-experiment-text": lambda c: [f"scatters {c.plain[1].std() / c.fair[1].std():.1f} times as much"],
    "naive-text": lambda c: [f"rises by {c.slope:.1f} g", f"{c.intercept:.0f} g at a flipper of 0 mm"],
    "condition-numbers-text": lambda c: [
        f"from {np.linalg.cond(c.X):.0f} to eight million",
        f"down to {np.linalg.cond(c.X_centred):.0f},",
    ],
    "stable-text": lambda c: [f"({1 - c.sse_best / c.sse_by_eye:.2%})".replace("%", " %")],
    "estimates-text": lambda c: [
        f"scatter by {c.sigma_ml:.0f} g, half of the {c.mass.std():.0f} g",
        f"NLL of {c.least_nll / 342:.1f} nats a bird",
        f"the difference is {c.sigma_unbiased - c.sigma_ml:.0f} g",
    ],
    "standard-errors-text": lambda c: [
        f"about {c.at_200:.0f} g",
        f"between {c.at_200 - c.reach:.0f} g and {c.at_200 + c.reach:.0f} g",
        f"known to about {c.se_mean:.0f} g",
    ],
    "residuals-by-species-text": lambda c: [
        f"on average {-c.residual[c.labels == 1].mean():.0f} g lighter",
        f"{-c.residual[c.labels == 1].mean() / c.mass[c.labels == 1].mean():.0%} of its mass".replace("%", " %"),
        f"Adélies are {c.residual[c.labels == 0].mean():.0f} g and Gentoos {c.residual[c.labels == 2].mean():.0f} g",
    ],
    "parallel-lines-text": lambda c: [
        f"goes with {c.common_slope:.0f} g, not {c.slope:.0f} g",
        f"buy {c.gain:.1f} nats",
        f"from {c.sigma_ml:.0f} g to {c.sigma_parallel:.0f} g",
    ],
    "quantiles-text": lambda c: [f"{c.residual.max():.0f} g, is", f"{c.residual.min():.0f} g, is"],
    "sex-text": lambda c: [f"a male is {c.fitted[4]:.0f} g heavier", f"to {c.sigma_sex:.0f} g, and the slope"],
    "descent-figure-text": lambda c: ["need 6 steps and centred ones 2579"],
}


@pytest.mark.parametrize("cell_id", QUOTED)
def test_the_text_quotes_what_the_code_computes(chapter, cell_id):
    for quote in QUOTED[cell_id](chapter):
        assert re.sub(r"\s+", " ", quote) in said(cell_id)
