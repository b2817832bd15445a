"""The cases of the error clinic: each symptom is real, each false line is refused, each repair holds by other programs.

The tests run the chapter's own cells, so what they compare is what the reader sees.
"""

import contextlib
import io
import re
from itertools import combinations
from pathlib import Path

import mpmath
import numpy as np
import pytest
from chapter_cells import run_cells
from pages import ROOT, Page
from read_latex import read_latex
from scipy import integrate, optimize, stats
from scipy.special import expit, log_softmax, rel_entr
from sklearn.linear_model import Ridge
from sklearn.metrics import log_loss
from sympy import Indexed, IndexedBase, Symbol

from lossbook import data, losses
from lossbook.derivation import Derivation

CHAPTER = ROOT / "chapters" / "error-clinic.ipynb"
PAGE = Page.read(CHAPTER)
CODE = [cell.id for cell in PAGE.code]
CASES = [cell_id.removesuffix("-refused") for cell_id in CODE if cell_id.endswith("-refused")]
BY_ID = {cell.id: cell for cell in PAGE.cells}


@pytest.fixture(scope="module")
def chapter():
    """The names that the chapter's cells define at the end of the page, as attributes."""
    with contextlib.redirect_stdout(io.StringIO()):
        return run_cells(CHAPTER, CODE)


def run_only(*cells: str):
    """The names of some cells: later cases use a few of the names again."""
    with contextlib.redirect_stdout(io.StringIO()):
        return run_cells(CHAPTER, ["set-up", "submit", "five-checks-code", *cells])


def printed(cell_id: str) -> str:
    return "".join("".join(output.get("text", "")) for output in BY_ID[cell_id].outputs)


# --- Every case has its parts


def test_there_are_eighteen_cases_and_seventeen_refusals():
    cases = [cell.source for cell in PAGE.text if re.search(r"^### \d+\. ", cell.source, re.MULTILINE)]
    numbers = [int(n) for source in cases for n in re.findall(r"^### (\d+)\. ", source, re.MULTILINE)]

    assert numbers == list(range(1, 19))
    assert len(CASES) == 17  # the engine has nothing to refuse in the case of floats


@pytest.mark.parametrize("case", CASES)
def test_a_case_asks_before_the_engine_answers(case):
    ids = [cell.id for cell in PAGE.cells]
    lines = BY_ID[f"{case}-lines"].source

    assert lines.rstrip().endswith("**Find it before you read on.**")
    assert ids.index(f"{case}-lines") < ids.index(f"{case}-refused") < ids.index(f"{case}-repair")
    assert re.search(r"step \d+ \(.*\) is false\n", printed(f"{case}-refused"))


@pytest.mark.parametrize("case", [*CASES, "clip"])
def test_a_repair_is_accepted(case):
    source, outputs = BY_ID[f"{case}-repair"].source, BY_ID[f"{case}-repair"].outputs
    if "submit(" in source:
        assert printed(f"{case}-repair").count("accepted") == source.count("submit(")
    else:
        (result,) = outputs
        steps = "".join(result["data"]["text/plain"])
        assert "[proved" in steps
        assert "[checked" not in steps


def test_submit_refuses_and_accepts(capsys):
    chapter = run_only()
    one = chapter.symbols("u", positive=True)
    chapter.submit(Derivation(one + one), "equals", 2 * one)
    chapter.submit(Derivation(one + one), "equals", 3 * one)

    said = capsys.readouterr().out.split("\n", 1)
    assert said[0] == "accepted"
    assert said[1].startswith("step 1 (equals) is false")


# --- The symptoms and the repairs, by other programs


def test_the_variance_is_that_of_the_sample_with_another_sign(chapter):
    scale = stats.norm.fit(chapter.mass)[1]

    assert np.isclose(-np.mean(chapter.deviation**2), -(scale**2))
    assert "208,890" in printed("bracket-symptom-code")
    assert round(scale**2) == 208890
    assert round(scale) == 457


def test_the_blind_loss_does_not_see_and_the_repaired_one_does(chapter):
    z, t = np.linspace(-4, 4, 23), chapter.distress

    assert np.allclose(chapter.blind_loss(z, t), chapter.blind_loss(z, 1 - t))
    mended = chapter.seeing.expr
    values = [float(mended.subs({chapter.target: int(a), chapter.logit: b})) for a, b in zip(t, z, strict=True)]
    assert np.isclose(np.mean(values), log_loss(t, expit(z)))


def test_the_monkey_has_more_entropy_than_english(chapter):
    assert np.isclose(-chapter.false_entropy(26), stats.entropy(np.full(26, 1 / 26)))
    assert f"{stats.entropy(chapter.english):.3f}" == "2.887"
    assert round(100 * (np.log(26) / stats.entropy(chapter.english) - 1)) == 13


def test_the_stuck_index_finds_the_last_bird_and_the_running_one_the_mean(chapter):
    found = optimize.minimize_scalar(lambda mean: chapter.stuck_squares(chapter.mass, mean))

    assert np.isclose(found.x, chapter.mass[-1])
    assert chapter.mass[-1] == 4000
    assert round(chapter.mass.mean()) == 3701
    assert str(chapter.running.expr) == "Sum(x[n], (n, 1, N))/N"


def test_the_short_sum_divides_the_share_by_the_number_of_flights(chapter):
    found = optimize.minimize_scalar(lambda z: chapter.short_sum(z, chapter.distress), bounds=(-9, 4), method="bounded")

    assert np.isclose(expit(found.x), 7 / 23 / 23, rtol=1e-4)
    assert f"{7 / 23 / 23:.4f}" in printed("scope-symptom-code")
    assert round(1 / (7 / 23 / 23)) == 76


@pytest.mark.parametrize("variance", [0.5, 1.0, 42.475])
def test_the_area_below_the_typed_density_is_one_over_the_variance(chapter, variance):
    width = 12 / np.sqrt(variance)
    area, _ = integrate.quad(lambda x: chapter.typed_density(x, 190.0, variance), 190 - width, 190 + width)

    assert np.isclose(area, 1 / variance)


def test_the_repaired_density_has_the_area_that_the_page_prints(chapter):
    mean, scale = stats.norm.fit(chapter.flippers)
    inside = np.diff(stats.norm.cdf([170, 210], mean, scale))[0]

    assert f"{inside:.4f}" in printed("power-repair")
    assert round(1 - inside, 4) == 0.0022


def test_the_two_likelihoods_that_may_be_compared():
    chapter = run_only("values-symptom-code", "values-checks")
    gaussian = -stats.norm.logpdf(chapter.body, chapter.line, chapter.sigma_hat).sum()
    laplace = -stats.laplace.logpdf(chapter.body, chapter.line, chapter.b_hat).sum()

    assert np.isclose(chapter.full, gaussian)
    assert np.isclose(chapter.laplace, laplace)
    assert round(laplace - gaussian, 1) == 15.8
    assert 2350 < laplace - chapter.gauss < 2400  # "almost 2400 nats"
    assert np.isclose(chapter.gauss, 342 / 2)
    assert (laplace - chapter.gauss) / np.log(10) > 1000  # "a thousand digits"


def test_the_size_of_the_bird_is_the_minimiser_in_either_unit(chapter):
    for factor in (1.0, 1e-3):
        values = chapter.both * np.array([1, factor])
        nll = lambda s, x=values: -stats.norm.logpdf(x[291], s * x.mean(axis=0), x.std(axis=0)).sum()  # noqa: E731
        assert f"{optimize.minimize_scalar(nll).x:.3f}" == "1.189"
        squares = lambda s, x=values: np.sum((x[291] - s * x.mean(axis=0)) ** 2)  # noqa: E731
        assert f"{optimize.minimize_scalar(squares).x:.3f}" == {1.0: "0.881", 1e-3: "1.317"}[factor]
    assert data.penguins().species[np.isfinite(data.penguins().bill_length_mm)][291] == "Chinstrap"


@pytest.mark.parametrize(("squares_factor", "alpha"), [(0.5, 342), (1.0, 171)])
def test_the_two_ridge_slopes_are_scikit_learns_with_two_penalties(squares_factor, alpha):
    chapter = run_only("values-symptom-code", "half-symptom-code")
    fitted = Ridge(alpha=alpha, fit_intercept=False).fit(chapter.feature[:, None], chapter.excess).coef_[0]

    assert np.isclose(chapter.ridge_slope(342, squares_factor), fitted)
    assert f"{fitted:.0f}" in printed("half-symptom-code")


def test_the_divergence_of_sorted_samples_is_in_grams_and_that_of_shares_is_not(chapter):
    wrong = rel_entr(chapter.adelie, chapter.gentoo).sum()  # without its correction for masses that do not sum to 1

    assert np.isclose(chapter.paired_divergence(chapter.adelie, chapter.gentoo), wrong)
    assert wrong < 0
    assert np.isclose(chapter.paired_divergence(chapter.adelie / 1000, chapter.gentoo / 1000), wrong / 1000)
    counts = [np.histogram(x, chapter.edges)[0] + 0.5 for x in (chapter.adelie, chapter.gentoo)]
    assert f"{stats.entropy(*counts):.3f}" in printed("sorted-repair")


def test_the_excess_of_the_monkey(chapter):
    excess = stats.entropy(chapter.english, np.full(26, 1 / 26))

    assert np.isclose(chapter.in_nats, excess)
    assert f"{excess:.3f} nats = {stats.entropy(chapter.english, np.full(26, 1 / 26), base=2):.3f} bits" == (
        "0.371 nats = 0.535 bits"
    )


def test_the_floor_of_the_descent_is_the_entropy(chapter):
    assert f"3000: {stats.entropy(chapter.english):.4f}" in printed("floor-symptom-code")
    row = [mpmath.mpf(x) / 10 for x in (1, 7, 2)]
    assert mpmath.nstr(-sum(x * mpmath.log(x) for x in row), 4) == "0.8018"


def test_the_three_means_of_the_untrained_classifier(chapter):
    uniform = np.full((342, 3), 1 / 3)
    honest = log_loss(chapter.labels, uniform)
    nodes = -(np.log(1 / 3) + 2 * np.log(2 / 3))

    assert np.isclose(chapter.matrix_mean(chapter.untrained), honest / 3)
    assert np.isclose(chapter.per_node(chapter.untrained), nodes)
    assert np.isclose(chapter.softmax_twice(chapter.untrained), honest)
    assert np.isclose(chapter.softmax_twice(chapter.sure_logits), float(mpmath.log(1 + 2 / mpmath.e)))
    assert printed("node-symptom-code").startswith(f"{nodes:.4f}")


def test_softmax_twice_is_what_it_says(chapter):
    z = np.random.default_rng(4).normal(size=(342, 3))
    by_scipy = -log_softmax(np.exp(log_softmax(z, axis=1)), axis=1)[np.arange(342), chapter.labels].mean()

    assert np.isclose(chapter.softmax_twice(z), by_scipy)


def test_only_the_coldest_flight_is_not_a_number(chapter):
    with np.errstate(divide="ignore", invalid="ignore"):
        clipped = chapter.clipped_loss(chapter.steep, chapter.distress)
    by_mpmath = [
        float(mpmath.log1p(mpmath.exp(float(z))) - int(t) * float(z))
        for z, t in zip(chapter.steep, chapter.distress, strict=True)
    ]

    assert np.flatnonzero(np.isnan(clipped)).tolist() == [int(np.argmin(data.challenger().temperature_fahrenheit))]
    assert f"mean {np.mean(by_mpmath):.4f} nats" in printed("clip-repair")


def test_the_broadcast_objective_is_flattest_and_the_honest_one_is_not(chapter):
    flat = optimize.minimize_scalar(chapter.broadcast_error)
    slope = stats.linregress(chapter.flipper, chapter.body).slope

    assert np.isclose(flat.x, 0, atol=1e-4)
    assert round(slope, 1) == 49.7
    table = chapter.body[None, :] - (chapter.body.mean() + 25.0 * chapter.column)
    assert np.isclose(chapter.broadcast_error(25.0), np.mean(table**2))
    assert table.size == 116_964


def test_logits_taken_for_probabilities_and_the_right_loss(chapter):
    assert printed("logits-symptom-code").split() == (
        "0.000 nats: 19 flights 0.888 nats: 1 flights 23.026 nats: 3 flights".split()
    )
    right = log_loss(chapter.distress, expit(chapter.fitted))
    assert printed("logits-loss") == f"{right:.4f} nats = {right / np.log(2):.4f} bits per flight\n"


# --- The table


def test_each_case_was_asked_the_checks_that_apply(chapter):
    assert [int(name.split()[0]) for name in chapter.caught_by] == list(range(1, 19))
    assert all(
        {"limit", "numbers", "minimiser"} <= set(answers) <= set(chapter.CHECKS)
        for answers in chapter.caught_by.values()
    )
    assert all(any(answers.values()) for answers in chapter.caught_by.values())


def test_limits_and_numbers_are_the_only_pair_that_finds_all(chapter):
    answers = list(chapter.caught_by.values())
    covering = [
        pair for pair in combinations(chapter.CHECKS, 2) if all(a.get(pair[0]) or a.get(pair[1]) for a in answers)
    ]

    assert covering == [("limit", "numbers")]
    assert not any(all(a.get(check) for a in answers) for check in chapter.CHECKS)


def test_what_the_text_says_of_the_columns(chapter):
    found = {check: sum(bool(answers.get(check)) for answers in chapter.caught_by.values()) for check in chapter.CHECKS}

    assert found["numbers"] == 17
    assert min(found, key=found.get) == "slope"
    assert not chapter.caught_by["16 upper clip"]["numbers"]
    mild = chapter.clipped_loss(chapter.mild, chapter.distress)
    assert np.allclose(mild, losses.binary_cross_entropy(chapter.mild, chapter.distress), rtol=1e-6, atol=0)


@pytest.mark.parametrize(
    ("right", "passed"),
    [
        (lambda v, variance: v @ v / (2 * variance) + len(v) / 2 * np.log(2 * np.pi * variance), True),
        (lambda v, variance: v @ v / (2 * variance) - len(v) / 2 * np.log(2 * np.pi * variance), False),
    ],
)
def test_the_checks_of_the_first_case_pass_a_right_formula(right, passed):
    """The same five expressions, with the right objective in the place of the false one: nothing is found."""
    chapter = run_only("bracket-symptom-code", "bracket-refused")
    source = BY_ID["bracket-checks"].source.split("at = 2e5")[1]
    names = vars(chapter) | {"false_nll": lambda values, variance: right(values - values.mean(), variance)}
    with contextlib.redirect_stdout(io.StringIO()):
        exec("at = 2e5" + source, names)
    answers = names["caught_by"]["1 lost bracket"]

    assert all(not answers[check] for check in ("units", "limit", "numbers", "minimiser")) is passed


# --- The assignment


def test_the_assignment_is_linked_and_its_cases_are_not_given_away():
    release = Path(ROOT / "assignments" / "release" / "error-clinic.ipynb")
    text = "\n".join(cell.source for cell in PAGE.text)

    assert "(../assignments/release/error-clinic.ipynb)" in text
    assert release.is_file()
    assert "case_a" not in "\n".join(cell.source for cell in PAGE.cells)
    assert not set(PAGE.labels) & set(Page.read(release).labels)


# --- The lines on the page are those that the engine was given


def as_printed(formula: str) -> str:
    """A formula of the page in the dialect of read_latex: sums with their limits, brackets in pairs, no slash."""
    formula = re.sub(r"\\displaystyle|\\min_y|\\[bB]ig[lr]?|\\left|\\right|\\[,;]", " ", formula)
    formula = re.sub(r"/\(([^()]*)\)", r" \\frac{1}{\1}", formula)
    formula = re.sub(r"\\frac(\d)(\d|N)", r"\\frac{\1}{\2}", formula)
    formula = formula.replace(r"\frac1N", r"\frac{1}{N}").replace(r"\sigma_d^2", r"\sigma_{d}^{2}")
    formula = re.sub(r"\\(sum|prod)_([nkd])(?!\w)", lambda m: rf"\{m[1]}_{{{m[2]}=1}}^{{{SIZES[m[2]]}}}", formula)
    formula = re.sub(r"([a-z])_([a-z])(?!\w)", r"\1_{\2}", formula)
    formula = re.sub(r"_\{nk\}", "_{n,k}", formula)
    return (
        formula.replace("[", r"\left(")
        .replace("]", r"\right)")
        .replace("(", r"\left(")
        .replace(")", r"\right)")
        .replace(r"\left\left(", r"\left(")
        .replace(r"\right\right)", r"\right)")
    )


SIZES = {"n": "N", "k": "c", "d": "D"}
EARLIER = {
    "index": ["bracket-refused"],
    "values": ["bracket-refused"],
    "broadcast": ["bracket-refused", "values-refused"],
}


@pytest.mark.parametrize(
    ("case", "number", "expression"),
    [
        ("bracket", 1, "bell_nll"),
        ("bracket", 2, "line_2"),
        ("bracket", 4, "-squares / N"),
        ("minus", 3, "line_3"),
        ("index", 1, "Product(bell_curve, (n, 1, N))"),
        ("scope", 1, "cross_entropy"),
        ("scope", 2, "short.subs(m, n)"),
        ("values", 1, "noise_nll"),
        ("values", 2, "misfit"),
        ("sigma", 2, "weighed"),
        ("sigma", 3, "plain"),
        ("half", 1, "half_and_penalty.start"),
        ("half", 2, "sse + lam * w**2 / 2"),
        ("matrix", 1, "total / N"),
        ("matrix", 2, "total / (N * c)"),
        ("node", 1, "form_1.start"),
        ("node", 2, "-Sum(nodes, three)"),
        ("broadcast", 1, "mse"),
    ],
)
def test_a_line_on_the_page_is_the_line_in_the_code(case, number, expression):
    chapter = vars(run_only(*EARLIER.get(case, ()), f"{case}-refused"))
    line = re.search(rf"^{number}\. .*", BY_ID[f"{case}-lines"].source, re.MULTILINE)[0]
    formula = max(re.findall(r"\$([^$]+)\$", line), key=len)
    known = {str(x): x for x in chapter.values() if isinstance(x, Symbol)}
    known |= {
        str(x): x for x in chapter.values() if isinstance(x, IndexedBase) and (str(x) not in "tz" or case != "minus")
    }
    on_page, in_code = read_latex(as_printed(formula), known), eval(expression, chapter)

    values = np.random.default_rng(number).uniform(0.2, 0.8, size=40).tolist()
    sizes = dict.fromkeys((chapter["N"], chapter["c"], chapter["D"]), 3)
    on_page, in_code = (side.subs(sizes).doit().subs(chapter["n"], 1) for side in (on_page, in_code))
    parts = sorted((on_page - in_code).atoms(Indexed) | in_code.atoms(Indexed), key=str)
    on_page, in_code = (side.subs(dict(zip(parts, values, strict=False))) for side in (on_page, in_code))
    rest = sorted(on_page.free_symbols | in_code.free_symbols, key=str)
    on_page, in_code = (float(side.subs(dict(zip(rest, values[20:], strict=False)))) for side in (on_page, in_code))
    assert np.isclose(on_page, in_code)
