"""The numbers of the chapter on the exponential family, against other programs, integrals and brute force.

The tests run the chapter's own cells, so what they compare is what the reader sees.
"""

import warnings
from pathlib import Path

import mpmath
import numpy as np
import pytest
from chapter_cells import run_cells
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import optimize, stats
from scipy.special import expit, ndtr

from lossbook import information

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # importing it meets deprecations in its own dependencies
    import statsmodels.api as sm

CHAPTER = Path(__file__).parent.parent / "chapters" / "exponential-family.ipynb"
CELLS = (
    "set-up",
    "symbols",
    "ledgers",
    "flocks",
    "letters",
    "probit-parts",
    "challenger-fits",
    "information-of",
    "letter-fits",
    "hulls",
    "plot-hulls",
    "gaussian-natural",
    "gaussian-fit",
    "eigenvalues",
    "bregman-formula",
    "cases",
    "deviance",
    "replays",
    "rank-of",
    "tables-real",
    "tables-more",
    "tables-classes",
    "ranks",
    "glance-formulas",
    "ex-ranks-check",
    "ex-imaginary-numbers",
    "ex-entropy-check",
)
LINKS = {"logit": "Logit", "probit": "Probit", "cloglog": "CLogLog"}
reals = st.floats(-3, 3)


@pytest.fixture(scope="module")
def chapter():
    """The names that the chapter's cells define, as attributes."""
    return run_cells(CHAPTER, CELLS)


# -- what the likelihood remembers --------------------------------------------------------------------------------


def test_the_ledgers_differ_in_likelihood_and_not_in_ratio(chapter):
    gaps, levels = [], []
    for counts in (chapter.ledger, chapter.forged):
        nll = [-stats.poisson.logpmf(counts, rate).sum() for rate in (0.5, 0.7)]
        assert nll == pytest.approx([chapter.poisson(0.5, counts), chapter.poisson(0.7, counts)], rel=1e-12)
        gaps.append(nll[0] - nll[1])
        levels.append(nll[0])

    assert sum(chapter.ledger) == sum(chapter.forged) == 196
    assert len(chapter.ledger) == len(chapter.forged) == 280
    assert round(gaps[0], 6) == round(gaps[1], 6) == 9.948558
    assert abs(levels[0] - levels[1]) > 40


def test_only_the_gaussian_cannot_tell_the_flocks_apart(chapter):
    def gap(law, masses, *shape):
        low, high = law.logpdf(masses, *shape, 3.5, 0.4), law.logpdf(masses, *shape, 3.9, 0.5)
        return (high - low).sum()

    flocks = chapter.masses, chapter.mirrored
    gaussian = [gap(stats.norm, masses) for masses in flocks]
    laplace = [gap(stats.laplace, masses) for masses in flocks]
    student = [gap(stats.t, masses, 3) for masses in flocks]

    assert np.round(gaussian, 4).tolist() == [8.7906, 8.7906]
    assert np.round(laplace, 4).tolist() == [-10.0697, 4.1697]
    assert np.round(student, 4).tolist() == [-8.1361, 1.8208]


# -- the log-normaliser -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("power", [-2.0, 0.0, 0.5, 1.0, 3.0])
def test_moments_of_the_letters_are_derivatives_of_the_log_normaliser(chapter, power):
    with mpmath.workdps(50):
        logs = [mpmath.mpf(float(v)) for v in chapter.log_share]

        def normaliser(at):
            return mpmath.log(sum(mpmath.exp(at * v) for v in logs))

        exact = [normaliser(power), mpmath.diff(normaliser, power), mpmath.diff(normaliser, power, 2)]

    assert chapter.moments(power) == pytest.approx([float(v) for v in exact], rel=1e-10)


def test_at_power_one_the_mean_is_minus_the_entropy(chapter):
    shares = np.exp(chapter.log_share)

    assert chapter.moments(1.0)[1] == pytest.approx(-information.entropy(shares), rel=1e-12)
    assert chapter.moments(1.0)[0] == pytest.approx(0, abs=1e-12)


# -- information --------------------------------------------------------------------------------------------------


def fitted(chapter, name):
    """Weights of the chapter's fit, and its two information matrices there."""
    weights = np.zeros(2)
    for _ in range(50):
        score, expected, observed = chapter.information(chapter.links[name], weights)
        weights = weights + np.linalg.solve(expected, score)
    return weights, expected, observed


@pytest.mark.parametrize("name", LINKS)
def test_fits_and_both_standard_errors_are_those_of_statsmodels(chapter, name):
    family = sm.families.Binomial(getattr(sm.families.links, LINKS[name])())
    model = sm.GLM(chapter.distress, chapter.features, family=family)
    weights, expected, observed = fitted(chapter, name)
    theirs = model.fit(tol=1e-14, maxiter=200)

    assert theirs.params == pytest.approx(weights, rel=1e-6)
    assert theirs.bse == pytest.approx(np.sqrt(np.diag(np.linalg.inv(expected))), rel=1e-6)
    assert -model.hessian(weights, observed=True, scale=1) == pytest.approx(observed, rel=1e-6)
    assert -model.hessian(weights, observed=False, scale=1) == pytest.approx(expected, rel=1e-6)


def test_only_the_canonical_link_has_one_information(chapter):
    for name in LINKS:
        _, expected, observed = fitted(chapter, name)
        ratio = np.sqrt(np.linalg.inv(observed)[1, 1] / np.linalg.inv(expected)[1, 1])
        if name == "logit":
            assert ratio == pytest.approx(1, rel=1e-9)
        else:
            assert 1.02 < ratio < 1.12


@pytest.mark.parametrize("name", LINKS)
@pytest.mark.parametrize("z", [-1.5, -0.2, 0.0, 0.9])
def test_the_expected_curvature_is_the_mean_of_the_curvatures_and_of_squared_slopes(chapter, name, z):
    inverse = {
        "logit": lambda v: 1 / (1 + mpmath.exp(-v)),
        "probit": mpmath.ncdf,
        "cloglog": lambda v: 1 - mpmath.exp(-mpmath.exp(v)),
    }[name]
    with mpmath.workdps(40):
        p = inverse(mpmath.mpf(z))
        chances = (1 - p, p)
        losses = (lambda v: -mpmath.log(1 - inverse(v)), lambda v: -mpmath.log(inverse(v)))
        bends = sum(w * mpmath.diff(loss, z, 2) for w, loss in zip(chances, losses, strict=True))
        squares = sum(w * mpmath.diff(loss, z) ** 2 for w, loss in zip(chances, losses, strict=True))
    probability, slope, _ = (float(np.ravel(v)[0]) for v in chapter.links[name](np.array([z])))

    assert float(bends) == pytest.approx(float(squares), rel=1e-10)
    assert slope**2 / (probability * (1 - probability)) == pytest.approx(float(bends), rel=1e-10)


@given(st.floats(0.05, 0.95))
def test_squared_error_behind_a_sigmoid_breaks_the_information_identity(y):
    bend, square = 0.0, 0.0
    for target, chance in ((1, y), (0, 1 - y)):
        slope = (y - target) * y * (1 - y)
        bend += chance * (y * (1 - y) * (y * (1 - y) + (y - target) * (1 - 2 * y)))
        square += chance * slope**2

    assert bend == pytest.approx(y**2 * (1 - y) ** 2, rel=1e-9)
    assert square == pytest.approx(y**3 * (1 - y) ** 3, rel=1e-9)
    assert bend > 3.9 * square


# -- existence ----------------------------------------------------------------------------------------------------

supports = st.lists(st.tuples(st.integers(-300, 300).map(lambda v: v / 100), st.floats(0.1, 5)), min_size=2, max_size=6)


@given(supports, st.floats(0.02, 0.98))
def test_between_the_extremes_one_parameter_matches_the_mean(support, place):
    values, weights = np.transpose(support)
    assume(np.ptp(values) > 0.5)
    wanted = values.min() + place * np.ptp(values)

    def excess(theta):
        logs = theta * values + np.log(weights)
        p = np.exp(logs - logs.max())
        return p @ values / p.sum() - wanted

    assert excess(-2000) < 0 < excess(2000)
    assert abs(excess(optimize.brentq(excess, -2000, 2000, xtol=1e-13))) < 1e-6


@given(supports)
def test_at_the_largest_statistic_the_loss_falls_for_ever_towards_its_bound(support):
    values, weights = np.transpose(support)
    assume(np.ptp(values) > 0.5)
    top = values.max()
    losses = [np.log(weights @ np.exp(theta * (values - top))) for theta in (0, 0.5, 1, 2, 4)]
    bound = np.log(weights[values == top].sum())

    assert np.all(np.diff(losses) < 0)
    assert losses[-1] >= bound - 1e-12
    assert np.log(weights @ np.exp(1e6 * (values - top))) == pytest.approx(bound, abs=1e-9)


@pytest.mark.parametrize("text", ["to be or not to be, that is the question", "sphinx of black quartz, judge my vow"])
def test_the_fitted_power_is_the_root_and_the_smallest_loss(chapter, text):
    power, observed = chapter.fitted_power(text)
    root = optimize.brentq(lambda at: chapter.moments(at)[1] - observed, -20, 20, xtol=1e-14)
    best = optimize.minimize_scalar(lambda at: chapter.moments(at)[0] - at * observed, bounds=(-5, 5), method="bounded")

    assert power == pytest.approx(root, abs=1e-9)
    assert power == pytest.approx(best.x, abs=1e-4)


def test_the_islands_are_on_the_edge_and_all_together_are_inside(chapter):
    for shares, missing in zip(chapter.shares, (2, 1, 1), strict=True):
        assert sum(shares) == pytest.approx(1)
        assert np.count_nonzero(np.array(shares) == 0) == missing

    assert 0 < chapter.together[0] < 1 - chapter.together[1] < 1
    assert round(chapter.bird[1] - chapter.bird[0] ** 2, 2) == 0.21  # the height above the parabola: the variance
    assert chapter.bird[1] - chapter.bird[0] ** 2 == pytest.approx(chapter.masses.var(), rel=1e-10)


# -- several parameters -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("mu", "sigma"), [(0.0, 1.0), (1.3, 0.4), (-2.0, 3.0)])
def test_derivatives_of_the_gaussian_log_normaliser_are_moments(chapter, mu, sigma):
    point = {chapter.theta_1: mu / sigma**2, chapter.theta_2: -1 / (2 * sigma**2)}
    names = chapter.theta_1, chapter.theta_2
    gradient = [float(chapter.A_2.diff(a).subs(point)) for a in names]
    hessian = [[float(chapter.A_2.diff(a, b).subs(point)) for b in names] for a in names]
    law = stats.norm(mu, sigma)
    first, second, third, fourth = (law.moment(order) for order in (1, 2, 3, 4))
    crossed = third - first * second

    assert gradient == pytest.approx([first, second], rel=1e-9)
    assert np.ravel(hessian) == pytest.approx([sigma**2, crossed, crossed, fourth - second**2], rel=1e-9, abs=1e-12)
    assert np.linalg.det(hessian) == pytest.approx(2 * sigma**6, rel=1e-9)


def test_the_gaussian_fit_needs_two_sums_only(chapter):
    mean, scale = stats.norm.fit(chapter.masses)

    assert [chapter.first_sum, chapter.spread] == pytest.approx([mean, scale], rel=1e-10)


def test_one_eigenvalue_of_26_logits_is_0_and_none_of_25_parameters(chapter):
    p = np.exp(chapter.log_share)
    jacobian = np.eye(26)[:, :25]
    full, reduced = np.linalg.eigvalsh(chapter.full), np.linalg.eigvalsh(chapter.reduced)

    assert abs(full[0]) < 1e-15 < 1e-5 < full[1]
    assert reduced[0] > 3e-5
    assert jacobian.T @ (np.diag(p) - np.outer(p, p)) @ jacobian == pytest.approx(chapter.reduced, abs=1e-15)


# -- Bregman ------------------------------------------------------------------------------------------------------


@given(supports, st.floats(-2, 2), st.floats(-2, 2))
def test_the_divergence_of_two_members_is_the_gap_of_a_to_its_tangent(support, theta, other):
    values, weights = np.transpose(support)

    def member(at):
        logs = at * values + np.log(weights)
        normaliser = np.log(np.sum(np.exp(logs)))
        return np.exp(logs - normaliser), normaliser

    (p, a_here), (q, a_there) = member(theta), member(other)

    assert stats.entropy(p, q) == pytest.approx(a_there - a_here - (other - theta) * (p @ values), abs=1e-9)


@given(st.floats(0.05, 20), st.floats(0.05, 20))
def test_divergences_are_losses_minus_their_smallest_value(t, y):
    laws = {
        "Gaussian": (lambda mean: -stats.norm.logpdf(t, mean, 1), (t - y) ** 2 / 2),
        "exponential": (lambda mean: -stats.expon.logpdf(t, scale=mean), t / y - np.log(t / y) - 1),
        "Poisson": (lambda mean: mean - t * np.log(mean), t * np.log(t / y) - t + y),
    }
    for nll, divergence in laws.values():
        assert nll(y) - nll(t) == pytest.approx(divergence, rel=1e-6, abs=1e-9)


def test_the_divergences_of_the_page_are_these(chapter):
    point = {chapter.t_: 3, chapter.y_: 1}
    expected = {"Gaussian": 2.0, "Poisson": 3 * np.log(3) - 2, "exponential": 2 - np.log(3)}

    assert round(expected["Poisson"], 2) == 1.30
    for name, (F, named, _) in chapter.cases.items():
        assert float(chapter.bregman(F).subs(point)) == pytest.approx(expected[name], rel=1e-12)
        assert float(named.subs(point)) == pytest.approx(expected[name], rel=1e-12)


@given(st.lists(st.floats(0.1, 9), min_size=2, max_size=8), st.floats(0.1, 9))
def test_the_mean_minimises_every_bregman_divergence(targets, y):
    t = np.array(targets)
    divergences = (
        lambda t, y: (t - y) ** 2 / 2,
        lambda t, y: t * np.log(t / y) - t + y,
        lambda t, y: t / y - np.log(t / y) - 1,
        lambda t, y: np.exp(t) - np.exp(y) - np.exp(y) * (t - y),
    )
    for divergence in divergences:
        excess = divergence(t, y).sum() - divergence(t, t.mean()).sum()
        assert excess == pytest.approx(len(t) * divergence(t.mean(), y), rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("name", ["14 corps", "10 corps", "20 years"])
def test_the_deviance_is_the_g_statistic_and_the_replays_agree_with_others(chapter, name):
    totals = chapter.groupings[name]
    statistic, approximate = stats.power_divergence(totals, lambda_="log-likelihood")
    equal = np.full(len(totals), 1 / len(totals))
    draws = np.random.default_rng(99).multinomial(totals.sum(), equal, size=20_000)
    others = stats.power_divergence(draws, lambda_="log-likelihood", axis=1).statistic
    tail, error = chapter.tails[name]

    assert chapter.deviance(totals) == pytest.approx(statistic, rel=1e-12)
    assert abs(tail - np.mean(others >= statistic - 1e-9)) < 5 * error
    assert tail == pytest.approx(approximate, rel=0.4)


def test_the_verdicts_on_the_corps_are_those_of_the_text(chapter):
    assert chapter.tails["14 corps"][0] < 0.02
    assert round(chapter.tails["10 corps"][0], 2) == 0.08
    assert 0.003 < chapter.tails["20 years"][0] < 0.008


# -- who belongs --------------------------------------------------------------------------------------------------


def scipy_tables(chapter):
    """The same tables from SciPy's normalised log-densities."""
    first, second = chapter.settings, chapter.others
    counts, success = chapter.counts_row, expit(first - 3)
    ends = np.array([-np.inf, -1.0, 0.0, 0.8, 2.0, np.inf])
    through = ndtr(first - 1)
    mixed = 0.7 * stats.norm.pdf(chapter.reals, first, 0.5) + 0.3 * stats.norm.pdf(chapter.reals, 0, 0.5)
    huber = np.where(
        np.abs(chapter.reals - first) < 1,
        (chapter.reals - first) ** 2 / 2,
        np.abs(chapter.reals - first) - 0.5,
    )
    return {
        "Gaussian, mean": stats.norm.logpdf(chapter.reals, first, 0.8),
        "Gaussian, both": stats.norm.logpdf(chapter.reals, first, second),
        "Laplace, scale": stats.laplace.logpdf(chapter.reals, 0, first),
        "Laplace, location": stats.laplace.logpdf(chapter.reals, first),
        # the asymmetry of 0.8 : 0.2 is SciPy's kappa = 2, with the scale 0.4
        "pinball, location": stats.laplace_asymmetric.logpdf(chapter.reals, 2.0, first, 2.5),
        "Huber, location": -huber,
        "Student t, location": stats.t.logpdf(chapter.reals, 3, first),
        "mixture, location": np.log(mixed),
        "exponential": stats.expon.logpdf(chapter.above_zero, scale=1 / first),
        "gamma, both": stats.gamma.logpdf(chapter.above_zero, second, scale=1 / first),
        "Poisson": stats.poisson.logpmf(counts, first),
        "neg. binomial, r known": stats.nbinom.logpmf(counts, 2.5, 1 - success),
        "neg. binomial, both": stats.nbinom.logpmf(counts, second, 1 - success),
        "von Mises, both": stats.vonmises.logpdf(chapter.angles, second, first),
        "von Mises, direction": stats.vonmises.logpdf(chapter.angles, 2, first),
        "Bernoulli, probit": stats.bernoulli.logpmf(np.array([[0, 1]]), through),
        "ordinal, 5 classes": np.log(np.diff(expit(ends - 2 * first), axis=1)),
    }


def test_the_tables_are_those_of_the_distributions(chapter):
    tables = scipy_tables(chapter)

    assert set(chapter.tables) - set(tables) == {"Multinoulli, 5 classes"}
    for name, table in tables.items():
        assert chapter.singular_values(table) == pytest.approx(chapter.found[name], abs=1e-10), name


def test_the_ranks_are_what_the_page_prints(chapter):
    ranks = {name: int(np.sum(values > 1e-9)) for name, values in chapter.found.items()}
    members = {name for name, rank in ranks.items() if rank == chapter.tables[name][0]}

    assert members == {
        "Gaussian, mean",
        "Gaussian, both",
        "Laplace, scale",
        "exponential",
        "gamma, both",
        "Poisson",
        "neg. binomial, r known",
        "von Mises, both",
        "Bernoulli, probit",
        "Multinoulli, 5 classes",
    }
    assert (ranks["von Mises, direction"], ranks["ordinal, 5 classes"]) == (2, 4)


def test_the_verdicts_do_not_hang_on_the_threshold(chapter):
    for name, values in chapter.found.items():
        unknown = chapter.tables[name][0]
        if int(np.sum(values > 1e-9)) == unknown:
            assert values[unknown - 1] > 1e-3, name
            assert np.all(values[unknown:] < 1e-13), name
        else:
            assert values[unknown] > 1e-3, name


def test_the_last_singular_values_of_the_negative_binomial_are_small_but_not_zero(chapter):
    with mpmath.workdps(50):
        rows = []
        for setting, other in zip(chapter.settings[:, 0], chapter.others[:, 0], strict=True):
            log_success = -mpmath.log1p(mpmath.exp(3 - mpmath.mpf(setting)))
            rows.append([k * log_success + mpmath.loggamma(k + mpmath.mpf(other)) for k in range(25)])
        table = np.array(rows)
        table = table - table.mean(axis=1, keepdims=True)
        table = table - table.mean(axis=0, keepdims=True)
        squares = mpmath.eigsy(mpmath.matrix((table @ table.T).tolist()), eigvals_only=True)
        values = sorted((mpmath.sqrt(abs(square / max(squares))) for square in squares), reverse=True)

    assert [float(value) for value in values[8:11]] == pytest.approx([6e-10, 2e-11, 3e-14], rel=0.2)
    assert values[11] < 1e-24  # centring 12 rows leaves 11
    assert chapter.found["neg. binomial, both"][:8] == pytest.approx([float(v) for v in values[:8]], rel=1e-4)


@given(st.data())
def test_a_product_of_parameter_and_statistic_has_rank_one_whatever_h_and_a_are(chapter, data):
    def column(length):
        return np.array(data.draw(st.lists(reals, min_size=length, max_size=length)))

    theta, statistic, base, normaliser = column(5), column(7), column(7), column(5)
    assume(np.ptp(theta) > 0.1 and np.ptp(statistic) > 0.1)
    table = theta[:, None] * statistic + base - normaliser[:, None]

    assert np.all(chapter.singular_values(table)[1:] < 1e-10)


def test_newton_overshoots_from_afar_as_the_text_says():
    """A coin with as many ones as zeros: the root is 0, and the start 3."""
    theta, path = mpmath.mpf(3), []
    for _ in range(2):
        y = 1 / (1 + mpmath.exp(-theta))
        theta += (mpmath.mpf(1) / 2 - y) / (y * (1 - y))
        path.append(round(float(theta)))

    assert path == [-7, 551]


# -- at a glance, and the exercises -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "theta", "law"),
    [
        ("Gaussian", -0.7, lambda theta: stats.norm(theta, 1)),
        ("Bernoulli", 1.1, lambda theta: stats.bernoulli(expit(theta))),
        ("Poisson", 0.8, lambda theta: stats.poisson(np.exp(theta))),
        ("exponential", -1.7, lambda theta: stats.expon(scale=-1 / theta)),
        ("neg. binomial", -0.4, lambda theta: stats.nbinom(3, 1 - np.exp(theta))),
    ],
)
def test_the_table_holds_mean_and_variance_of_each_member(chapter, name, theta, law):
    normaliser, mean_of, variance_of = chapter.formulas[name]
    step = 1e-4
    up, here, down = (float(normaliser(np.array(theta + shift))) for shift in (step, 0.0, -step))
    mean = float(mean_of(np.array(theta)))

    assert mean == pytest.approx(law(theta).mean(), rel=1e-12)
    assert float(variance_of(mean)) == pytest.approx(law(theta).var(), rel=1e-12)
    assert (up - down) / (2 * step) == pytest.approx(mean, rel=1e-6)
    assert (up + down - 2 * here) / step**2 == pytest.approx(law(theta).var(), rel=1e-5)


@pytest.mark.parametrize("y", [0.2, 1.0, 4.5])
def test_the_conjugates_of_the_table(y):
    """F(y) is the largest value of theta y - A(theta)."""
    rows = {
        "Gaussian": (lambda v: v**2 / 2, y**2 / 2, (-20, 20)),
        "Poisson": (np.exp, y * np.log(y) - y, (-20, 20)),
        "exponential": (lambda v: -np.log(-v), -1 - np.log(y), (-200, -1e-9)),
        "negative binomial": (
            lambda v: -3 * np.log(1 - np.exp(v)),
            y * np.log(y / (y + 3)) - 3 * np.log((y + 3) / 3),
            (-50, -1e-9),
        ),
    }
    for name, (normaliser, expected, ends) in rows.items():
        best = optimize.minimize_scalar(
            lambda v, normaliser=normaliser: normaliser(v) - v * y,
            bounds=ends,
            method="bounded",
            options={"xatol": 1e-10},
        )
        assert -best.fun == pytest.approx(expected, abs=1e-7), name


def test_the_conjugates_of_the_classes():
    y = np.array([0.1, 0.25, 0.65])
    best = optimize.minimize(lambda v: np.log(1 + np.exp(v).sum()) - v @ y[:2], np.zeros(2), tol=1e-12)

    assert -best.fun == pytest.approx(np.sum(y * np.log(y)), abs=1e-9)
    assert best.x == pytest.approx(np.log(y[:2] / y[2]), abs=1e-4)


def test_the_pareto_estimate_is_the_best_alpha():
    incomes = stats.pareto.rvs(2.3, scale=1.5, size=60, random_state=7)
    best = optimize.minimize_scalar(
        lambda alpha: -stats.pareto.logpdf(incomes, alpha, scale=1.5).sum(), bounds=(0.1, 20), method="bounded"
    )

    assert best.x == pytest.approx(60 / np.log(incomes / 1.5).sum(), rel=1e-4)


def test_ranks_of_the_exercise(chapter):
    fractions = np.linspace(0.02, 0.98, 25)[None, :]
    beta = stats.beta.logpdf(fractions, chapter.settings, chapter.others)
    scale = stats.weibull_min.logpdf(chapter.above_zero, 1.5, scale=chapter.settings)
    both = stats.weibull_min.logpdf(chapter.above_zero, chapter.settings, scale=chapter.others)
    ranks = [int(np.sum(chapter.singular_values(table) > 1e-9)) for table in (scale, both, beta)]

    assert ranks[0] == 1
    assert ranks[1] > 5
    assert ranks[2] == 2


def test_an_imaginary_bird_is_a_dirichlet_prior(chapter):
    """The shares are the mode of a Dirichlet posterior whose prior has the parameters 1 + n_0 / 3."""
    biscoe = np.array([44, 0, 124])
    for birds, printed in ((1, 0.002), (10, 0.0187)):
        posterior = 1 + birds / 3 + biscoe
        mode = (posterior - 1) / (posterior.sum() - 3)
        assert round(mode[1], 4) == printed


def test_the_member_has_the_largest_entropy_of_its_mean(chapter):
    p, values = chapter.p, chapter.log_share
    constraints = np.vstack([np.ones(26), values])
    _, _, directions = np.linalg.svd(constraints)
    rng = np.random.default_rng(3)

    assert p @ values == pytest.approx(chapter.shares_of_line @ values, abs=1e-12)
    for _ in range(50):
        direction = rng.normal(size=24) @ directions[2:]
        direction *= 0.9 * np.min(p / np.maximum(np.abs(direction), 1e-300))
        q = p + direction
        assert q @ values == pytest.approx(p @ values, abs=1e-12)
        assert information.entropy(q / q.sum()) < information.entropy(p)
