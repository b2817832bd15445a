"""What the atlas of counts, waits and classes says is true: probabilities sum to 1, fits agree with other programs.

The tests run the chapter's own cells, so what they compare is what the reader sees.
"""

import contextlib
import io
import itertools
import math
import warnings
from pathlib import Path

import loss_table
import mpmath
import numpy as np
import pytest
from chapter_cells import run_cells
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import special as scipy_special
from scipy import stats
from scipy.optimize import linprog, minimize_scalar
from sklearn.linear_model import GammaRegressor, LogisticRegression, PoissonRegressor
from sklearn.metrics import mutual_info_score
from strategies import ordinary
from sympy import IndexedBase, Interval, Symbol, lambdify

from lossbook import losses, special

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # importing them meets deprecations in their own dependencies
    from statsmodels.discrete.discrete_model import NegativeBinomial
    from statsmodels.miscmodels.ordinal_model import OrderedModel

CHAPTER = Path(__file__).parent.parent / "chapters" / "atlas-counts-and-classes.ipynb"
CELLS = """set-up four-tables dispersion-index mixture negative-binomial-nll gain gain-by-chance waits shape-fit
gamma-fits wait-regression two-models species-by-year coefficient wine-table ordinal-functions ordinal-newton
ordinal-fit-function
recoding softmax-fit cut-gaussian four-models held-out ex-days-check""".split()


@pytest.fixture(scope="module")
def chapter():
    """The names that the chapter's cells define, as attributes."""
    return run_cells(CHAPTER, CELLS)


@pytest.fixture(scope="module")
def sheets():
    with contextlib.redirect_stdout(io.StringIO()):
        return loss_table.sheets(CHAPTER)


def nll_of(sheet):
    """The sheet's negative log-likelihood as a function of mpmath numbers, in the order of their names."""
    return lambdify(sorted(sheet.nll.free_symbols, key=str), sheet.nll, "mpmath")


def row_nll(sheet, size, target, logits):
    """The sheet's negative log-likelihood of one row, all sums written out."""
    written = sheet.nll.subs(Symbol("M", integer=True, positive=True), size)
    written = written.subs(Symbol("c", integer=True, positive=True), size).doit()
    values = {sheet.target[k + 1]: target[k] for k in range(size)}
    return float(written.subs(values | {IndexedBase("z")[k + 1]: logits[k] for k in range(size)}))


def edges_of(thresholds):
    return np.concatenate([[-np.inf], thresholds, [np.inf]])


increasing = st.tuples(ordinary(-5, 0), st.lists(ordinary(0.01, 4), min_size=1, max_size=4)).map(
    lambda drawn: np.cumsum([drawn[0], *drawn[1]])
)

# --- Every sheet is a distribution ------------------------------------------------------------------------------------


def test_every_step_of_every_sheet_is_proved(sheets):
    assert list(sheets) == [
        *("poisson", "negative-binomial", "exponential", "gamma", "bernoulli"),
        *("multi-label", "multinoulli", "multinomial", "ordinal"),
    ]
    assert {verdict for sheet in sheets.values() for verdict in sheet.verdicts} == {"proved"}


@given(eta=ordinary(-3, 3))
def test_poisson_sums_to_one_and_its_mean_is_what_the_output_says(sheets, eta):
    nll = nll_of(sheets["poisson"])
    p = [mpmath.exp(-nll(eta, t)) for t in range(120)]

    assert float(sum(p)) == pytest.approx(1, abs=1e-12)
    assert float(sum(t * x for t, x in enumerate(p))) == pytest.approx(math.exp(eta), rel=1e-11)


@given(eta=ordinary(-2, 1.5), alpha=ordinary(0.02, 1.0))
def test_negative_binomial_sums_to_one_with_the_variance_of_the_text(chapter, eta, alpha):
    t, mean = np.arange(600), math.exp(eta)
    p = np.exp(-chapter.negative_binomial_nll(mean, t, alpha))

    assert p.sum() == pytest.approx(1, abs=1e-10)
    assert p @ t == pytest.approx(mean, rel=1e-8)
    assert p @ (t - mean) ** 2 == pytest.approx(mean + alpha * mean**2, rel=1e-6)


@given(eta=ordinary(-3, 3), alpha=ordinary(1e-3, 3), t=st.integers(0, 12))
def test_the_sheet_of_the_negative_binomial_is_scipy(sheets, eta, alpha, t):
    expected = -stats.nbinom.logpmf(t, 1 / alpha, 1 / (1 + alpha * math.exp(eta)))

    assert float(nll_of(sheets["negative-binomial"])(alpha, eta, t)) == pytest.approx(expected, rel=1e-7, abs=1e-9)


@given(eta=ordinary(-4, 4), shape=ordinary(0.4, 6))
def test_exponential_and_gamma_are_scipy_and_integrate_to_one(sheets, eta, shape):
    gamma, exponential = nll_of(sheets["gamma"]), nll_of(sheets["exponential"])
    mean = math.exp(eta)
    for t in (0.01, 0.5, 3.0, 40.0):
        assert float(gamma(shape, eta, t)) == pytest.approx(-stats.gamma.logpdf(t, shape, scale=mean / shape), rel=1e-9)
        assert float(exponential(eta, t)) == pytest.approx(-stats.expon.logpdf(t, scale=mean), rel=1e-9)

    # In u = ln(t / mean) the integrand has no singularity at 0.
    u = np.linspace(-90, 8, 60_001)
    a, log_t = shape, u + eta
    density = np.exp(a * math.log(a) - math.lgamma(a) - a * (eta + np.exp(u)) + (a - 1) * log_t + log_t)
    assert density.sum() * (u[1] - u[0]) == pytest.approx(1, rel=1e-6)
    assert float(gamma(shape, eta, math.exp(log_t[50_000]))) == pytest.approx(
        log_t[50_000] - math.log(density[50_000]), rel=1e-9
    )


def test_the_supports_of_waits_exclude_zero(sheets):
    for key in ("exponential", "gamma"):
        assert sheets[key].support == Interval.open(0, math.inf)


@given(z=st.tuples(ordinary(-6, 6), ordinary(-6, 6), ordinary(-6, 6)))
def test_rows_of_answers_and_of_classes_sum_to_one(z):
    rows = np.array(list(itertools.product([0, 1], repeat=3)))
    coins = losses.binary_cross_entropy(np.tile(z, (8, 1)), rows).sum(axis=1)
    classes = losses.cross_entropy(np.tile(z, (3, 1)), np.arange(3))

    assert np.exp(-coins).sum() == pytest.approx(1, rel=1e-12)
    assert np.exp(-classes).sum() == pytest.approx(1, rel=1e-12)


@pytest.mark.parametrize("z", [(0.3, -1.2, 2.0), (5.0, 0.0, -4.0)])
def test_the_sheets_of_rows_are_the_losses_of_the_package(sheets, z):
    for row in itertools.product([0, 1], repeat=3):
        expected = losses.binary_cross_entropy(np.array(z), np.array(row)).sum()
        assert row_nll(sheets["multi-label"], 3, row, z) == pytest.approx(expected, rel=1e-10)
    for k, row in enumerate(np.eye(3, dtype=int)):
        expected = losses.cross_entropy(np.array([z]), np.array([k]))[0]
        assert row_nll(sheets["multinoulli"], 3, row.tolist(), z) == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("z", [(0.3, -1.2, 2.0), (1.0, 1.0, 1.0)])
def test_multinomial_sums_to_one_over_all_counts(sheets, z):
    rows = [row for row in itertools.product(range(5), repeat=3) if sum(row) == 4]
    nll = np.array([row_nll(sheets["multinomial"], 3, row, z) for row in rows])

    assert np.exp(-nll).sum() == pytest.approx(1, rel=1e-10)
    assert nll == pytest.approx(-stats.multinomial.logpmf(rows, 4, scipy_special.softmax(z)), rel=1e-8)


@given(score=ordinary(-30, 30), thresholds=increasing)
def test_ordered_classes_sum_to_one_and_are_differences_of_logistic_distributions(chapter, score, thresholds):
    ratings = np.arange(1, len(thresholds) + 2)
    p = np.exp(-chapter.ordinal_nll(np.full(ratings.size, score), ratings, thresholds))
    expected = np.diff(stats.logistic.cdf(edges_of(thresholds), loc=score))

    assert p.sum() == pytest.approx(1, rel=1e-12)
    assert p == pytest.approx(expected, rel=1e-9, abs=1e-14)


# --- Stable code ------------------------------------------------------------------------------------------------------


@given(score=ordinary(-1000, 1000), thresholds=increasing)
def test_the_ordinal_loss_keeps_its_digits(chapter, score, thresholds):
    with mpmath.workdps(1000):
        sigmas = [mpmath.mpf(0), *(1 / (1 + mpmath.exp(mpmath.mpf(score) - mpmath.mpf(x))) for x in thresholds), 1]
        expected = [float(-mpmath.log(b - a)) for a, b in itertools.pairwise(sigmas)]
    ratings = np.arange(1, len(thresholds) + 2)

    assert chapter.ordinal_nll(np.full(ratings.size, score), ratings, thresholds) == pytest.approx(expected, rel=1e-12)


def test_the_naive_ordinal_loss_breaks_where_the_text_says(chapter):
    cuts, three = np.array([-1.0, 0.0, 1.0, 2.0]), np.array([3])
    naive = {z: chapter.naive_ordinal_nll(np.array([z]), three, cuts)[0] for z in (36.0, -36.0, -40.0, 800.0, -800.0)}
    stable = {z: chapter.ordinal_nll(np.array([z]), three, cuts)[0] for z in naive}

    assert naive[36.0] == pytest.approx(stable[36.0], rel=1e-9)
    assert abs(naive[-36.0] - stable[-36.0]) > 0.1
    assert np.isinf([naive[-40.0], naive[800.0], naive[-800.0]]).all()


@given(mean=ordinary(0.01, 20), t=st.integers(0, 30), power=ordinary(-17, 0.5))
def test_the_negative_binomial_loss_keeps_its_digits(chapter, mean, t, power):
    alpha = 10.0**power
    with mpmath.workdps(80):
        r, m = 1 / mpmath.mpf(alpha), mpmath.mpf(mean)
        ratio = mpmath.loggamma(t + r) - mpmath.loggamma(r) - mpmath.loggamma(t + 1)
        expected = float(-ratio - r * mpmath.log(r / (r + m)) - t * mpmath.log(m / (r + m)))

    assert chapter.negative_binomial_nll(mean, [t], alpha)[0] == pytest.approx(expected, rel=1e-11, abs=1e-13)


def test_the_naive_negative_binomial_breaks_and_the_limit_is_the_poisson(chapter):
    poisson = losses.poisson_nll(np.log([0.7]), np.array([4.0]))[0]

    assert chapter.negative_binomial_nll(0.7, [4], 0.0)[0] == pytest.approx(poisson, rel=1e-13)
    assert chapter.negative_binomial_nll(0.7, [4], 1e-17)[0] == pytest.approx(poisson, rel=1e-13)
    assert abs(chapter.naive_negative_binomial_nll(0.7, 4, 1e-10) - poisson) > 1e-6
    assert abs(chapter.naive_negative_binomial_nll(0.7, 4, 1e-17) - poisson) > 100


@given(ordinary(1e-3, 200))
def test_digamma(chapter, a):
    assert chapter.digamma(a) == pytest.approx(scipy_special.digamma(a), rel=1e-9, abs=1e-9)


# --- Horse kicks ------------------------------------------------------------------------------------------------------


def scipy_gain(counts):
    """The largest gain of SciPy's negative binomial over SciPy's Poisson, and the dispersion where it is."""
    poisson = stats.poisson.logpmf(counts, counts.mean()).sum()

    def loss(log_alpha):
        r = math.exp(-log_alpha)
        return -stats.nbinom.logpmf(counts, r, r / (r + counts.mean())).sum()

    found = minimize_scalar(loss, bounds=(-9, 0), method="bounded", options={"xatol": 1e-7})
    return -found.fun - poisson, math.exp(found.x)


def test_the_gains_are_those_of_scipy_and_the_text(chapter):
    said = {"reports, 14 corps": (0.504, 0.131), "totals of the 14 corps": (1.829, 0.063)}
    for name, (gain, at) in (said | {"totals of the 20 years": (2.563, 0.096)}).items():
        row = chapter.gains(chapter.tables[name][None], chapter.dispersions)[0]
        theirs = scipy_gain(chapter.tables[name])

        assert row.max() == pytest.approx(theirs[0], abs=1e-5)
        assert theirs == pytest.approx((gain, at), abs=6e-4)
    assert chapter.gains(chapter.tables["reports, 10 corps"][None], chapter.dispersions).max() < 0


def test_statsmodels_finds_the_same_dispersion(chapter):
    counts = chapter.tables["reports, 14 corps"]
    theirs = NegativeBinomial(counts, np.ones((counts.size, 1))).fit(method="bfgs", disp=0, gtol=1e-9, maxiter=500)

    assert theirs.params == pytest.approx([np.log(0.7), 0.1314], abs=2e-4)
    at = chapter.negative_binomial_nll(0.7, counts, theirs.params[1]).sum()
    assert -theirs.llf == pytest.approx(at, abs=1e-6)


@given(st.lists(st.integers(0, 9), min_size=3, max_size=40))
def test_a_dispersion_exists_exactly_if_the_variance_exceeds_the_mean(chapter, counts):
    counts = np.array(counts)
    excess = counts.var() - counts.mean()
    assume(counts.sum() > 0)
    assume(abs(excess) > 1e-3)
    gains = chapter.gains(counts[None], np.geomspace(1e-6, 100, 400))[0]

    assert (gains.max() > 0) == (excess > 0)
    slope = gains[0] / 1e-6
    assert slope == pytest.approx(counts.size * excess / 2, rel=1e-2, abs=1e-3)


def test_chance_gives_such_gains_as_often_as_the_boundary_says(chapter):
    """Half of a chi-squared with one degree of freedom, in large samples; the chapter's tables are not that large."""
    for name in ("reports, 14 corps", "totals of the 14 corps", "totals of the 20 years"):
        counts = chapter.tables[name]
        ours = chapter.gains(counts[None], chapter.coarse).max()
        drawn = np.random.default_rng(5).poisson(counts.mean(), size=(4000, counts.size))
        share = np.mean(chapter.gains(drawn, chapter.coarse).max(axis=1) >= ours)

        assert share == pytest.approx(stats.chi2.sf(2 * ours, 1) / 2, abs=0.035)
        said = {"reports, 14 corps": 0.131, "totals of the 14 corps": 0.014, "totals of the 20 years": 0.006}[name]
        assert share == pytest.approx(said, abs=0.016)


@settings(max_examples=25)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 20)), min_size=4, max_size=30))
def test_the_poisson_fit_reproduces_the_mean_of_each_group(rows):
    group, counts = (np.array(column) for column in zip(*rows, strict=True))
    group = group.astype(float)
    assume(0 < group.sum() < group.size)
    means = [counts[group == g].mean() for g in (0, 1)]
    assume(min(means) > 0.2)
    fit = PoissonRegressor(alpha=0, tol=1e-10, max_iter=10_000, solver="newton-cholesky").fit(group[:, None], counts)

    assert fit.predict([[0.0], [1.0]]) == pytest.approx(means, rel=1e-5)


# --- Waits ------------------------------------------------------------------------------------------------------------


def test_shapes_and_gains_of_the_waits_are_scipy(chapter):
    said = {"before 1890": (0.957, 0.08), "from 1890 on": (0.863, 0.50), "all years": (0.739, 6.45)}
    for name, (shape, gain) in said.items():
        some = chapter.days[chapter.periods[name] & (chapter.days > 0)]
        theirs, _, scale = stats.gamma.fit(some, floc=0)
        ours = chapter.best_shape(some)
        better = stats.gamma.logpdf(some, theirs, scale=scale) - stats.expon.logpdf(some, scale=some.mean())

        assert ours == pytest.approx(theirs, rel=1e-6)
        assert (round(ours, 3), better.sum()) == (shape, pytest.approx(gain, abs=0.006))


@given(st.lists(ordinary(0.01, 100), min_size=2, max_size=20))
def test_the_best_shape_is_best(chapter, waits):
    waits = np.array(waits)
    assume(waits.std() > 0.05 * waits.mean())
    a, mean = chapter.best_shape(waits), waits.mean()

    best = stats.gamma.logpdf(waits, a, scale=mean / a).sum()
    for factor in (0.99, 1.01):
        assert stats.gamma.logpdf(waits, factor * a, scale=mean / (factor * a)).sum() < best
    assert scipy_special.polygamma(1, a) > 1 / a  # the loss is convex in the shape


def test_a_wait_of_zero_leaves_no_shape(chapter):
    early = chapter.days[chapter.early]
    found = []
    for instead in (0.5, 1e-5, 1e-20, 1e-80):
        filled = np.where(early == 0, instead, early)
        a = chapter.best_shape(filled)
        found.append((a, -stats.gamma.logpdf(filled, a, scale=filled.mean() / a).sum()))

    assert (np.diff(found, axis=0) < 0).all()
    assert found[-1][1] < found[0][1] - 90


def test_the_regression_of_waits_is_scikit_learn(chapter):
    positive = chapter.days > 0
    ours = chapter.wait_fit(chapter.line[positive], chapter.days[positive])
    theirs = GammaRegressor(alpha=0, solver="newton-cholesky", tol=1e-10).fit(
        chapter.decade[positive, None], chapter.days[positive]
    )

    assert ours == pytest.approx([theirs.intercept_, *theirs.coef_], rel=1e-7)
    with pytest.raises(ValueError, match="out of the valid range"):
        GammaRegressor(alpha=0).fit(chapter.decade[:, None], chapter.days)


def test_the_line_and_the_two_means_cost_what_the_text_says(chapter):
    two = np.where(chapter.early, chapter.days[chapter.early].mean(), chapter.days[~chapter.early].mean())

    assert chapter.flat_nll - chapter.line_nll == pytest.approx(28.9, abs=0.05)
    assert -stats.expon.logpdf(chapter.days, scale=two).sum() == pytest.approx(1174.4, abs=0.06)
    assert np.exp(chapter.line_weights[1]) == pytest.approx(1.201, abs=5e-4)
    assert chapter.best_shape((chapter.days / chapter.fitted)[chapter.days > 0]) == pytest.approx(0.886, abs=5e-4)


def test_whole_days_are_geometric(chapter):
    recorded = chapter.days[chapter.early]
    theirs = -stats.geom.logpmf(recorded, 1 - chapter.q, loc=-1).sum()

    assert chapter.geometric == pytest.approx(theirs, rel=1e-12)
    for q in (0.99 * chapter.q, chapter.q ** (1 / 1.01)):
        assert -stats.geom.logpmf(recorded, 1 - q, loc=-1).sum() > theirs
    assert chapter.in_days - chapter.in_years == pytest.approx(725.8, abs=0.05)


# --- Labels and counts of classes -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second", "saved"),
    [("Chinstrap", "male", 0.003), ("on Dream", "male", 0.0), ("Chinstrap", "on Dream", 84.0)],
)
def test_two_coins_cost_the_mutual_information_more(chapter, first, second, saved):
    a, b = chapter.answers[first].astype(int), chapter.answers[second].astype(int)
    four = np.bincount(2 * a + b, minlength=4).reshape(2, 2)
    coins = chapter.nats_of_shares(four.sum(axis=0)) + chapter.nats_of_shares(four.sum(axis=1))
    difference = coins - chapter.nats_of_shares(four)

    assert difference == pytest.approx(a.size * mutual_info_score(a, b), abs=1e-9)
    assert difference == pytest.approx(saved, abs=0.05)
    if (first, second) == ("Chinstrap", "on Dream"):  # the last pair of the cell
        assert chapter.coins_nats - chapter.nats_of_shares(chapter.four) == pytest.approx(difference, rel=1e-12)


def test_the_coefficient_is_the_difference_between_labels_and_counts(chapter):
    for shares in (np.tile(chapter.one_for_all, (3, 1)), chapter.own):
        labels = -(chapter.by_year * np.log(shares)).sum(axis=1)
        counts = -stats.multinomial.logpmf(chapter.by_year, chapter.by_year.sum(axis=1), shares)

        assert labels - chapter.coefficient == pytest.approx(counts, rel=1e-9)
    assert chapter.by_year.tolist() == [[50, 26, 34], [50, 18, 46], [52, 24, 44]]


@given(st.tuples(*3 * [ordinary(0.1, 20)]), st.tuples(*3 * [st.integers(0, 12)]))
def test_poissons_with_a_given_total_are_multinomial(means, counts):
    means, counts = np.array(means), np.array(counts)
    conditional = stats.poisson.logpmf(counts, means).sum() - stats.poisson.logpmf(counts.sum(), means.sum())

    expected = stats.multinomial.logpmf(counts, counts.sum(), means / means.sum())
    assert conditional == pytest.approx(expected, abs=1e-9)


# --- Ordinal ----------------------------------------------------------------------------------------------------------


def test_the_ordinal_fit_is_that_of_statsmodels(chapter):
    theirs = OrderedModel(chapter.ratings, chapter.inputs, distr="logit").fit(method="bfgs", disp=0, gtol=1e-8)

    assert chapter.weights == pytest.approx(theirs.params[:2], abs=1e-5)
    assert chapter.thresholds == pytest.approx(theirs.model.transform_threshold_params(theirs.params)[1:-1], abs=1e-5)
    assert chapter.wine_nll == pytest.approx(-theirs.llf, abs=1e-8)


def random_problem(seed, classes=4, size=30):
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(size, 2))
    ratings = 1 + rng.permutation(np.arange(size) % classes)
    return features, ratings, np.concatenate([rng.normal(size=2), np.cumsum([-1, *rng.uniform(0.2, 2, classes - 2)])])


@given(st.integers(0, 10_000))
def test_gradient_and_hessian_are_finite_differences_and_the_loss_is_convex(chapter, seed):
    features, ratings, parameters = random_problem(seed)
    rows = chapter.ordinal_rows(features, ratings, 4)

    def loss(p):
        return chapter.ordinal_nll(features @ p[:2], ratings, p[2:]).sum()

    gradient, hessian = chapter.ordinal_slope(parameters, *rows)
    steps = 1e-5 * np.eye(5)
    slopes = [(loss(parameters + e) - loss(parameters - e)) / 2e-5 for e in steps]
    bends = [
        (chapter.ordinal_slope(parameters + e, *rows)[0] - chapter.ordinal_slope(parameters - e, *rows)[0]) / 2e-5
        for e in steps
    ]
    assert gradient == pytest.approx(slopes, rel=1e-5, abs=1e-6)
    assert hessian == pytest.approx(np.array(bends), rel=1e-4, abs=1e-5)
    assert np.linalg.eigvalsh(hessian)[0] > -1e-9


@given(st.lists(st.integers(1, 5), min_size=5, max_size=40))
def test_without_inputs_the_cumulative_shares_are_best(chapter, ratings):
    ratings = np.array([*ratings, 1, 2, 3, 4, 5])
    _, thresholds = chapter.ordinal_fit(np.empty((ratings.size, 0)), ratings, 5)
    shares = np.bincount(ratings)[1:] / ratings.size

    assert special.sigmoid(thresholds) == pytest.approx(np.cumsum(shares)[:-1], rel=1e-9)
    nll = chapter.ordinal_nll(np.zeros(ratings.size), ratings, thresholds).sum()
    assert nll == pytest.approx(-np.log(shares[ratings - 1]).sum(), rel=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_reading_the_scale_from_the_other_end_turns_the_signs(chapter, seed):
    features, ratings, _ = random_problem(seed)
    weights, thresholds = chapter.ordinal_fit(features, ratings, 4)
    turned, other = chapter.ordinal_fit(features, 5 - ratings, 4)

    assert turned == pytest.approx(-weights, rel=1e-6, abs=1e-8)
    assert other == pytest.approx(-thresholds[::-1], rel=1e-6, abs=1e-8)


def test_the_gradient_is_the_probability_above_minus_the_probability_below(chapter):
    cuts, z = chapter.thresholds, 1.3
    p = np.exp(-chapter.ordinal_nll(np.full(5, z), np.arange(1, 6), cuts))
    for k in range(1, 6):
        rise = [chapter.ordinal_nll(np.array([z + e]), np.array([k]), cuts)[0] for e in (1e-6, -1e-6)]
        assert (rise[0] - rise[1]) / 2e-6 == pytest.approx(p[k:].sum() - p[: k - 1].sum(), abs=1e-8)


def direction_that_never_hurts(rows):
    """The largest gain, at most 1, of a direction along which no row rises: positive if no estimate exists."""
    found = linprog(rows.sum(axis=0), A_ub=rows, b_ub=np.zeros(len(rows)), bounds=[(-1, 1)] * rows.shape[1])
    return -found.fun


def test_the_ordinal_estimate_exists_and_the_multinoulli_one_does_not(chapter):
    above, below, gaps = chapter.ordinal_rows(chapter.inputs, chapter.ratings, 5)
    assert direction_that_never_hurts(np.vstack([above, below, -gaps])) < 1e-9

    labels = chapter.ratings - 1
    rivals = [
        np.kron(np.eye(5)[rival] - np.eye(5)[label], x)
        for x, label in zip(chapter.design, labels, strict=True)
        for rival in range(5)
        if rival != label
    ]
    assert direction_that_never_hurts(np.array(rivals)) > 1


def test_the_softmax_fit_settles_while_its_weights_grow(chapter):
    path = [chapter.softmax_fit(chapter.design, chapter.ratings, penalty) for penalty in (1e-2, 1e-4, 1e-6)]
    nll = [losses.cross_entropy(chapter.design @ w, chapter.ratings - 1).sum() for w in path]
    lengths = [np.linalg.norm(w) for w in path]

    assert nll[-1] == pytest.approx(84.306, abs=6e-4)
    assert np.all(np.diff(lengths) > 5)
    theirs = LogisticRegression(C=1, fit_intercept=False, tol=1e-10, max_iter=10_000).fit(
        chapter.design, chapter.ratings
    )
    assert pytest.approx(theirs.coef_, abs=1e-5) == chapter.softmax_fit(chapter.design, chapter.ratings, 1.0).T


def test_the_held_out_losses_are_those_of_other_programs(chapter):
    squares = shares = 0.0
    for judge in range(1, 10):
        seen = chapter.wine.judge != judge
        train, test = chapter.ratings[seen], chapter.ratings[~seen]
        slopes = np.linalg.lstsq(chapter.design[seen], train, rcond=None)[0]
        width, at = np.std(train - chapter.design[seen] @ slopes), chapter.design[~seen] @ slopes
        edges = edges_of([1.5, 2.5, 3.5, 4.5])
        p = stats.norm.cdf(edges[test], at, width) - stats.norm.cdf(edges[test - 1], at, width)
        squares -= np.log(p).sum()
        shares -= np.log(np.bincount(train, minlength=6)[test] / train.size).sum()

    assert chapter.nats.sum(axis=0)[:2] == pytest.approx([shares, squares], rel=1e-9)
    assert chapter.nats.sum(axis=0) == pytest.approx([108.4, 93.1, 100.1, 94.2], abs=0.06)
    paired = (chapter.nats[:, 2] - chapter.nats[:, 3]).std(ddof=1) * 3
    assert 5.9 / paired > 2.5


@pytest.mark.parametrize(("cut", "said"), [(2, (2.15, 1.39)), (3, (3.03, 1.81))])
def test_two_ordered_classes_are_a_logistic_regression(chapter, cut, said):
    above = (chapter.ratings > cut).astype(int)
    ours, threshold = chapter.ordinal_fit(chapter.inputs, 1 + above, 2)
    theirs = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-10).fit(chapter.inputs, above)

    assert ours == pytest.approx(theirs.coef_[0], rel=1e-5)
    assert -threshold == pytest.approx(theirs.intercept_, rel=1e-5)
    assert ours == pytest.approx(said, abs=6e-3)
