"""The three decisions on which loss to take come out alike by other programs, and the page leads to every sheet.

The tests run the chapter's own cells, so what they compare is what the reader sees.
"""

import contextlib
import io
import re
import warnings

import numpy as np
import pytest
from chapter_cells import run_cells
from pages import ROOT, Page
from scipy import optimize, stats
from sklearn.model_selection import LeaveOneOut

from lossbook import data

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # importing it meets deprecations in its own dependencies
    import statsmodels.api as sm

CHAPTER = ROOT / "chapters" / "which-loss.ipynb"
PAGE = Page.read(CHAPTER)
TEXT = "\n".join(cell.source for cell in PAGE.text)
SHEETS = (
    "gaussian gaussian-learned-variance laplace pinball huber student-t von-mises mixture poisson negative-binomial "
    "exponential gamma bernoulli multi-label multinoulli multinomial ordinal"
).split()


@pytest.fixture(scope="module")
def chapter():
    """The names that the chapter's cells define, as attributes."""
    with contextlib.redirect_stdout(io.StringIO()):
        return run_cells(CHAPTER, [cell.id for cell in PAGE.code])


def printed(cell_id: str) -> str:
    (cell,) = [cell for cell in PAGE.code if cell.id == cell_id]
    return "".join("".join(output.get("text", "")) for output in cell.outputs)


def gap(one, other):
    """The line that the page prints for a paired difference."""
    difference = np.asarray(other) - np.asarray(one)
    return f"is better by {difference.mean():.4f} ± {stats.sem(difference):.4f}"


@pytest.mark.parametrize("sheet", SHEETS)
def test_a_question_leads_to_each_sheet_of_the_atlas(sheet):
    questions = TEXT.split("(sec-which-loss-questions)=")[1].split("(sec-which-loss-referee)=")[0]

    assert f"<sec-atlas-{sheet}>`" in questions


def test_the_questions_are_numbered_without_a_gap():
    questions = TEXT.split("(sec-which-loss-questions)=")[1].split("(sec-which-loss-referee)=")[0]

    assert re.findall(r"^(\d)\. \*\*.*\?\*\*$", questions, re.MULTILINE) == list("1234567")


def test_horse_kicks_by_scipy():
    deaths = data.horse_kicks().deaths
    poisson, gaussian = [], []
    for out in range(20):
        rest = np.delete(deaths, out, axis=0)
        poisson.extend(-stats.poisson.logpmf(deaths[out], rest.mean()))
        normal = stats.norm(*stats.norm.fit(rest))
        gaussian.extend(-np.log(normal.cdf(deaths[out] + 0.5) - normal.cdf(deaths[out] - 0.5)))

    assert gap(poisson, gaussian) in printed("kicks-candidates")
    everything = stats.norm(*stats.norm.fit(deaths))
    assert round(everything.cdf(-0.5), 2) == 0.08


def test_flights_by_statsmodels():
    flights = data.challenger()
    features, labels = sm.add_constant(flights.temperature_fahrenheit), flights.distress
    of_logit, of_share, of_line = [], [], []
    for rest, (out,) in LeaveOneOut().split(features):
        fit = sm.GLM(labels[rest], features[rest], family=sm.families.Binomial()).fit(tol=1e-12)
        of_logit.append(-stats.bernoulli.logpmf(labels[out], fit.predict(features[[out]])[0]))
        of_share.append(-stats.bernoulli.logpmf(labels[out], labels[rest].mean()))
        of_line.append(sm.OLS(labels[rest], features[rest]).fit().predict(features[[out]])[0])

    assert gap(of_logit, of_share) in printed("flights-loop")
    assert min(of_line) < 0
    assert f"from {min(of_line):.3f} to {max(of_line):.3f}" in printed("flights-loop")
    assert flights.temperature_fahrenheit[np.argmin(of_line)] == flights.temperature_fahrenheit.max()
    assert labels[np.argmin(of_line)] == 0
    assert round(np.log(1 - min(of_line)), 3) == 0.137  # what the line would be paid for "no distress"


def test_the_reweighted_fit_climbs_to_the_top_of_students_likelihood(chapter):
    def nll(parameters):
        line = chapter.features @ parameters[:2]
        return -stats.t.logpdf(chapter.typed, 4, line, np.exp(parameters[2])).sum()

    weights, scale = chapter.fit_line(chapter.features, chapter.typed, 4)
    best = optimize.minimize(nll, [4000, 600, 6.0], method="Nelder-Mead", options={"maxiter": 4000, "fatol": 1e-10})

    assert best.success
    assert np.allclose([*weights, scale], [*best.x[:2], np.exp(best.x[2])], rtol=1e-4)


def test_one_wrong_mass_ruins_the_gaussian_and_not_students_t(chapter):
    true, typed = chapter.birds.body_mass_g, chapter.typed
    before, after = chapter.held_out(true), chapter.held_out(typed)
    robust = chapter.held_out(true, 4), chapter.held_out(typed, 4)

    assert np.flatnonzero(true != typed).tolist() == [0]
    assert typed[0] == 10 * true[0]
    assert 0.9 < after.mean() - before.mean() < 1.1
    assert abs(robust[1].mean() - robust[0].mean()) < 5e-5
    assert 33_000 < typed[0] - chapter.features[0] @ chapter.wide < 35_000


def test_the_gaussian_held_out_loss_by_scipy(chapter):
    nats = np.zeros(342)
    for out in range(10):
        train, test = chapter.fold != out, chapter.fold == out
        fit = stats.linregress(chapter.flipper[train], chapter.birds.body_mass_g[train])
        line = fit.intercept + fit.slope * chapter.flipper
        scale = np.std(chapter.birds.body_mass_g[train] - line[train])
        nats[test] = -stats.norm.logpdf(chapter.birds.body_mass_g[test], line[test], scale)

    assert f"Gaussian     {nats.mean():8.4f} nats" in printed("typo-held-out").split("---")[1]
    assert sorted(np.bincount(chapter.fold)) == [34] * 8 + [35] * 2


def test_the_waits_by_scipy(chapter):
    waits = data.coal_disasters().waiting_days
    blocks = np.arange(len(waits)) * 10 // len(waits)
    exponential, gaussian = [], []
    for out in range(10):
        train, test = waits[blocks != out], waits[blocks == out]
        exponential.extend(-stats.expon.logpdf(test, scale=train.mean()))
        gaussian.extend(-stats.norm.logpdf(test, *stats.norm.fit(train)))

    assert gap(exponential, gaussian) in printed("ex-waits-code")
    assert 0.22 < stats.norm.cdf(0, *stats.norm.fit(waits)) < 0.28


def test_the_logarithm_needs_its_jacobian(chapter):
    """The density of a mass, by the distribution that SciPy calls log-normal."""
    train, test = chapter.fold != 0, chapter.fold == 0
    weights, scale = chapter.fit_line(chapter.features[train], np.log(chapter.birds.body_mass_g[train]))
    line = chapter.features[test] @ weights
    by_scipy = -stats.lognorm.logpdf(chapter.birds.body_mass_g[test], scale, scale=np.exp(line))

    assert np.allclose(chapter.of_masses[test], by_scipy)
    assert chapter.of_logs.mean() < 0 < chapter.of_masses.mean()


@pytest.mark.parametrize(("shift", "sign"), [(0.0, 0), (0.3, 1), (-0.3, -1)])
def test_compare_prints_the_paired_difference(chapter, capsys, shift, sign):
    one = np.random.default_rng(2).exponential(size=50)
    chapter.compare(("one", one), ("other", one + shift))

    assert np.sign(float(re.search(r"is better by (\S+) ±", capsys.readouterr().out)[1])) == sign
