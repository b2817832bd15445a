"""What the numerics chapter says about losses and digits is true: its own cells against mpmath, SciPy and scikit-learn.

The tests run the chapter's own cells, so what they compare is what the reader sees.
"""

import csv
import math
import re
import warnings
from types import SimpleNamespace

import execute
import matplotlib.pyplot as plt
import mpmath
import numpy as np
import oracles
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from mpmath import mp, mpf
from oracles import ulps
from pages import ROOT, Page
from scipy import special as scipy_special
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sympy import lambdify

from lossbook import gradients, losses, special

CHAPTER = ROOT / "chapters" / "numerics.ipynb"
RESULTS = ROOT / "benchmarks" / "results"


class Chapter(SimpleNamespace):
    """The names that the chapter's cells define; short, where a failing test shows its arguments."""

    def __repr__(self) -> str:
        return "chapter"


@pytest.fixture(scope="module")
def chapter():
    """The names that the chapter's cells define, as attributes."""
    names: dict = {}
    digits = mp.dps
    try:
        for cell in execute.read(CHAPTER)["cells"]:
            if cell["cell_type"] == "code" and not cell["id"].startswith("plot-"):
                exec(compile("".join(cell["source"]), f"{CHAPTER.name}, {cell['id']}", "exec"), names)
    finally:
        mp.dps = digits  # the chapter sets it for itself
        plt.close("all")
    return Chapter(**names)


@pytest.fixture(autouse=True)
def fifty_digits():
    with mpmath.workdps(50):
        yield


# --- the question, and its answer ---------------------------------------------------------------------------------


def test_the_birds_are_separated_and_scikit_learn_separates_them_too(chapter):
    fit = LogisticRegression(C=1e8, max_iter=10_000).fit(chapter.standardised, chapter.gentoo)

    assert len(chapter.gentoo) == 274
    assert chapter.margins.min() > 23
    assert fit.score(chapter.standardised, chapter.gentoo) == 1
    # Newton's method moves along the ray of the widest margin, as a fit with almost no penalty does.
    directions = [v / np.linalg.norm(v) for v in (fit.coef_[0], chapter.weights[1:])]
    assert directions[0] @ directions[1] == pytest.approx(1, abs=1e-3)


def test_float32_reports_0_and_infinity_and_the_truth_is_neither(chapter):
    exact = [mp.log1p(mp.exp(-mpf(float(m)))) for m in np.where(chapter.gentoo == 1, 1, -1) * chapter.logits[:, 1]]

    assert chapter.reported_loss(chapter.logits, chapter.gentoo).mean() == 0
    assert chapter.reported_loss(chapter.logits, chapter.typing_error).mean() == np.inf
    assert chapter.honest.mean() == pytest.approx(float(sum(exact) / 274), rel=1e-5)
    assert chapter.wrong[0] == pytest.approx(float(chapter.margins[0]), rel=1e-6)
    assert np.array_equal(chapter.honest == 0, np.array([e < 2.0**-150 for e in exact]))


def test_each_newton_step_divides_the_loss_by_e(chapter):
    margin = chapter.sign * (chapter.features @ chapter.moving)  # after 51 steps
    ratio = np.log1p(np.exp(-chapter.margins)).mean() / np.log1p(np.exp(-margin)).mean()

    assert math.log(ratio) == pytest.approx(21, abs=0.2)


# --- floats -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [np.float64, np.float32])
def test_a_float_is_a_whole_number_times_a_power_of_two(kind):
    info = np.finfo(kind)
    length, low, high = (53, -1074, 971) if kind is np.float64 else (24, -149, 104)

    assert mpf(float(info.max)) == (2**length - 1) * mpf(2) ** high
    assert mpf(float(info.smallest_subnormal)) == mpf(2) ** low
    assert kind(1) + kind(2.0**-length) == 1  # half an ulp of 1 is rounded away
    assert kind(1) + np.spacing(kind(1)) != 1


@given(value=st.floats(-1e300, 1e300), error=st.integers(-1000, 1000))
def test_the_chapters_ulps_are_those_of_the_oracle(chapter, value, error):
    assume(abs(value) > 1e-300)
    moved = value + error * float(np.spacing(value))
    assume(math.isfinite(moved))
    truth = mpf(value) * (1 + mpf(2) ** -60)

    assert chapter.ulps(moved, truth) == pytest.approx(ulps(moved, truth), rel=1e-12)


@given(x=st.floats(-700, 700), s=st.floats(1e-300, 1e300))
def test_condition_numbers_are_what_a_small_change_does(chapter, x, s):
    assume(abs(x) > 1e-3)
    nudge = mpf(10) ** -25

    def measured(f, at):
        return (f(at * (1 + nudge)) / f(at) - 1) / nudge

    stated = chapter.condition(chapter.exp(chapter.x), chapter.x).subs(chapter.x, x)
    assert float(measured(mp.exp, mpf(x))) == pytest.approx(float(stated), rel=1e-6)
    odds = s / ((1 + s) * math.log1p(s))
    assert float(measured(mp.log1p, mpf(s))) == pytest.approx(odds, rel=1e-6)
    assert odds <= 1 + 1e-15


# --- overflow, underflow, log-sum-exp -----------------------------------------------------------------------------


def test_the_float32_example(chapter):
    exact = oracles.cross_entropy([10, 0, -100], 2)

    assert chapter.log_of_softmax[2] == np.inf
    assert f"{chapter.log_softmax[2]:.6f}" == "110.000046"
    assert chapter.log_softmax[2] == np.float32(float(exact))  # the nearest float32
    assert chapter.log_softmax.dtype == chapter.probabilities.dtype == np.float32


def test_the_ends_of_the_exponential():
    with np.errstate(over="ignore", under="ignore"):
        for kind, top, bottom in [(np.float64, 709.78, -745.13), (np.float32, 88.72, -103.97)]:
            assert np.isfinite(np.exp(kind(top)))
            assert np.isinf(np.exp(kind(top + 0.01)))
            assert np.exp(kind(bottom)) > 0
            assert np.exp(kind(bottom - 0.01)) == 0


@given(z=st.lists(st.floats(-1e4, 1e4), min_size=1, max_size=6))
@example(z=[1000.0, 0.0, -1000.0])
@example(z=[-1000.0, -1001.0, -2000.0])
def test_the_largest_logit_is_always_a_good_shift(chapter, z):
    with np.errstate(under="ignore"):
        found = chapter.shifted_log_sum(np.array(z), max(z))

    assert found == pytest.approx(float(scipy_special.logsumexp(z)), rel=1e-13, abs=1e-13)
    assert max(z) <= found <= (max(z) + math.log(len(z))) * (1 + 1e-15 * np.sign(found)) + 1e-12


def test_which_shift_fails_where():
    found = {}
    z = np.array([1000.0, 0, -1000.0]), np.array([-1000.0, -1001, -2000])
    with np.errstate(all="ignore"):
        for number, row in enumerate(z):
            for name, a in {"none": 0, "smallest": row.min(), "mean": row.mean(), "largest": row.max()}.items():
                found[number, name] = a + np.log(np.exp(row - a).sum())

    assert [key for key, value in found.items() if not np.isfinite(value)] == [
        *((0, name) for name in ("none", "smallest", "mean")),
        *((1, name) for name in ("none", "smallest")),
    ]


@given(z=st.floats(-700, 700), t=st.one_of(st.sampled_from([0.0, 1.0]), st.floats(0, 1)))
def test_the_switch_is_binary_cross_entropy(z, t):
    stable = abs(z) * abs(t - (z >= 0)) + math.log1p(math.exp(-abs(z)))

    assert ulps(stable, oracles.binary_cross_entropy(z, t)) <= 3


@given(b=st.floats(1e-3, 100), h=st.integers(0, 1), t=st.floats(0, 1))
def test_the_two_lines_with_the_switch_agree(chapter, b, h, t):
    names = {"b": mpf(b), "h": h, "t": mpf(t)}
    derivation = chapter.stable_binary
    lines = [lambdify(list(names), line, "mpmath") for line in (derivation.start, derivation.expr)]
    first, last = (float(line(*names.values())) for line in lines)

    assert first == pytest.approx(last, rel=1e-12)


# --- clip ---------------------------------------------------------------------------------------------------------


@given(lead=st.floats(-700, 30))
@example(lead=-23.02)
@example(lead=-23.03)
def test_the_clip_caps_the_loss_and_stops_the_gradient(chapter, lead):
    loss, slope = chapter.clipped_loss(np.array([[lead, 0.0]]), np.array([0]))
    q = 1 / (1 + mp.exp(-mpf(lead)))
    assume(abs(float(q) / 1e-10 - 1) > 1e-9)

    if q < 1e-10:
        assert loss[0] == pytest.approx(23.025851, abs=1e-6)
        assert slope[0] == 0
        assert gradients.cross_entropy([[lead, 0.0]], [0])[0, 0] == pytest.approx(-1, abs=1e-10)
    else:
        assert loss[0] == pytest.approx(float(-mp.log(q)), rel=1e-9, abs=1e-15)
        assert slope[0] == pytest.approx(float(q - 1), abs=1e-15)


def test_with_a_clip_the_model_never_moves(chapter):
    start = chapter.features @ -chapter.weights

    assert np.all(chapter.with_clip(start) == 0)
    assert np.array_equal(chapter.descend(chapter.with_clip, steps=3), -chapter.weights)
    assert losses.binary_cross_entropy(start, chapter.gentoo).min() > 23


def test_the_listing_averages_over_the_entries(chapter):
    assert chapter.listing == pytest.approx(0.15272, abs=5e-6)
    assert 3 * chapter.listing == pytest.approx(log_loss([0, 0], chapter.predicted, labels=[0, 1, 2]))


def test_probabilities_exceed_1_and_the_symmetric_clip_fails_in_float32(chapter):
    assert chapter.any_of_three > 1
    assert chapter.loss_of_any < 0
    assert np.float32(1) - np.float32(1e-10) == 1
    assert 1e-8 < abs((1 - (1 - 1e-10)) / 1e-10 - 1) < 1e-6  # in float64 six digits are left


# --- softmax of softmax -------------------------------------------------------------------------------------------


def test_softmax_of_softmax_on_the_articles_data():
    q = np.array([[0.5, 0.2, 0.3], [0.8, 0.1, 0.1]])

    assert -scipy_special.log_softmax(q, axis=1)[:, 0] == pytest.approx([0.9398, 0.6897], abs=5e-5)


@pytest.mark.parametrize("c", [2, 3, 1000])
def test_the_floor_of_softmax_of_softmax(c):
    floor, ceiling = math.log(1 + (c - 1) / math.e), math.log(math.e + c - 1)
    rng = np.random.default_rng(c)
    corners = losses.cross_entropy(np.eye(c)[:2], [0, 0])
    inside = losses.cross_entropy(rng.dirichlet(np.full(c, 0.05), 500), np.zeros(500, dtype=int))

    assert corners == pytest.approx([floor, ceiling], rel=1e-12)
    assert ceiling - floor == pytest.approx(1)
    assert np.all(inside > floor - 1e-12)
    assert np.all(inside < ceiling + 1e-12)


def test_no_training_passes_the_floor(chapter):
    def shown(z):
        return float(losses.cross_entropy(special.softmax(z)[None], [0])[0])

    found = minimize(shown, np.zeros(3), method="Nelder-Mead", options={"maxiter": 5000, "xatol": 1e-8})

    assert found.fun == pytest.approx(math.log(1 + 2 / math.e), abs=1e-6)
    assert found.fun >= math.log(1 + 2 / math.e) - 1e-15
    assert chapter.shown > 0.5514 > 5 * chapter.true


def test_the_second_softmax_takes_the_force_out_of_the_worst_errors():
    def shown(lead):
        return losses.cross_entropy(special.softmax(np.array([[lead, 0.0, 0.0]])), [0])[0]

    assert abs(shown(-19.99) - shown(-20.01)) / 0.02 < 1e-8
    assert gradients.cross_entropy([[-20.0, 0.0, 0.0]], [0])[0, 0] == pytest.approx(-1, abs=1e-8)


def test_the_gradient_through_two_softmaxes_is_that_of_the_shown_loss(chapter):
    def shown(weights):
        return losses.cross_entropy(special.softmax(chapter.all_features @ weights), chapter.bills.labels).mean()

    weights = np.random.default_rng(0).normal(size=(3, 3))
    inner = special.softmax(chapter.all_features @ weights)
    pull = special.softmax(inner) - chapter.one_hot
    pull = inner * (pull - (inner * pull).sum(axis=1, keepdims=True))
    direction = np.random.default_rng(1).normal(size=(3, 3))
    measured = (shown(weights + 1e-5 * direction) - shown(weights - 1e-5 * direction)) / 2e-5

    assert np.sum(chapter.all_features.T @ pull / 342 * direction) == pytest.approx(measured, rel=1e-6)


# --- nothing lost -------------------------------------------------------------------------------------------------

ROWS = st.lists(st.floats(-1, 1), min_size=2, max_size=5)


@given(z=ROWS, label=st.integers(0, 4))
@example(z=[1.0, -1.0], label=0)
def test_lossless_is_right_to_3_ulp_where_gaps_are_small(chapter, z, label):
    label %= len(z)
    loss, slope = chapter.lossless(z, label)

    assert ulps(loss, oracles.cross_entropy(z, label)) <= 4
    assert ulps(slope, oracles.cross_entropy_gradient(z, label)[label]) <= 6


@given(z=st.lists(st.floats(-3000, 3000), min_size=2, max_size=5), label=st.integers(0, 4))
@example(z=[-2000.0, 0.0, -1.0], label=0)
@example(z=[0.0, 3000.0], label=0)
def test_lossless_never_overflows_and_loses_only_what_a_gap_rounds(chapter, z, label):
    label %= len(z)
    loss, slope = chapter.lossless(z, label)
    exact = oracles.cross_entropy(z, label)

    assert 0 <= loss < np.inf
    assert -1 <= slope <= 0
    assert abs(mpf(loss) - exact) <= 4e-16 * (max(z) - min(z) + 4) * exact + mpf(2) ** -1074


@given(z=st.floats(0, 700))
def test_the_mirrored_gradient_is_right_where_the_plain_one_is_not(chapter, z):
    exact = oracles.binary_cross_entropy_gradient(z, 1.0)

    assert ulps(chapter.mirrored_gradient(z), exact) <= 2
    if z > 40:
        assert chapter.plain_gradient(z) == 0


@given(rest=ROWS, lead=st.floats(0, 700))
@example(rest=[0.3, -0.7], lead=699.9)
def test_compensated_gaps_lose_nothing(chapter, rest, lead):
    z = [lead, *rest]

    assert ulps(chapter.compensated_loss(z, 0), oracles.cross_entropy(z, 0)) <= 3 + 0.5 * len(rest)


@given(x=st.floats(-1e300, 1e300), y=st.floats(-1e300, 1e300))
@example(x=-600.3, y=0.1)
def test_the_lost_part_of_a_difference_is_exact(chapter, x, y):
    with mpmath.workdps(700):
        g, lost = chapter.difference(x, y)

        assert mpf(g) + mpf(lost) == mpf(x) - mpf(y)


def test_the_ulp_figure_shows_what_the_text_says(chapter):
    naive, shifted, label_shifted = chapter.errors
    leads = chapter.leads

    assert max(naive[leads <= -2].max(), shifted[leads <= -2].max()) < 4
    assert np.all(label_shifted < 40)
    assert label_shifted[leads == 40] > 5
    for form in (naive, shifted):
        rising = (leads >= 5) & (leads <= 32)
        digits_per_nat = np.polyfit(leads[rising], np.log10(form[rising]), 1)[0]
        assert digits_per_nat == pytest.approx(1 / math.log(10), rel=0.1)
        assert np.all(form[leads >= 37] > 2.0**52 * (1 - 1e-6))


def test_in_float32_nothing_is_left_from_17_nats_on(chapter):
    lead = np.float32(17)
    with np.errstate(divide="ignore"):
        assert chapter.reported_loss(np.array([[lead, 0]], dtype=np.float32), np.array([0]))[0] == 0
    assert chapter.reported_loss(np.array([[15, 0]], dtype=np.float32), np.array([0]))[0] > 0


def test_the_gap_figure_shows_what_the_text_says(chapter):
    plain, quotient, compensated = chapter.gap_errors

    assert np.all(plain < chapter.gaps + 2)
    assert plain[-1] > 300
    assert max(quotient.max(), compensated.max()) < 2.5


def test_the_divergence_of_the_chapter(chapter):
    rng = np.random.default_rng(2)
    for nearness in (1.0, 1e-3, 1e-6, 1e-9):
        one = rng.normal(size=5)
        other = one + nearness * rng.normal(size=5)
        exact = oracles.kl_divergence_of_logits(one, other)

        assert chapter.divergence_of(one, other) == pytest.approx(float(exact), rel=2e-13 / min(1, nearness**0.5))
        assert chapter.divergence_of(one, other) > 0
        assert float(chapter.true_divergence(one, other)) == pytest.approx(float(exact), rel=1e-12)


def test_the_plain_divergence_has_no_right_digit_for_nearly_equal_rows(chapter):
    assert max(chapter.relative[chapter.plain_divergence_of]) > 1
    assert max(chapter.relative[chapter.divergence_of]) < 1e-14
    assert chapter.negative > 0


# --- libraries ----------------------------------------------------------------------------------------------------


def test_scikit_learn_caps_the_loss_at_the_rounding_unit():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        wrong = log_loss([0], [[0.0, 1.0]], labels=[0, 1])
        right = log_loss([0], [[1.0, 0.0]], labels=[0, 1])

    assert wrong == pytest.approx(52 * math.log(2), rel=1e-12)
    assert right == pytest.approx(2.0**-52, rel=1e-12)


def table_of_the_chapter() -> list[dict[str, str]]:
    """The rows of the table of libraries."""
    (cell,) = (cell for cell in Page.read(CHAPTER).cells if "sklearn._loss |" in cell.source)
    lines = [line.strip("| \n") for line in cell.source.split("\n") if line.startswith("|")]
    head, _, *rows = ([entry.strip() for entry in line.split("|")] for line in lines)
    return [dict(zip(head, row, strict=True)) for row in rows]


def test_the_table_of_libraries_is_the_measured_one():
    with (RESULTS / "accuracy.csv").open(encoding="utf-8") as file:
        measured = {(r["what"], r["dtype"], r["case"], r["peer"]): r["error"] for r in csv.DictReader(file)}
    rows = table_of_the_chapter()

    assert len(rows) == 10
    for row in rows:
        for peer in ("lossbook", "SciPy", "sklearn._loss", "PyTorch", "optax"):
            expected = measured.get((row["what"], row["type"], row["case"], peer), "–")
            assert row[peer] == expected, f"{row['what']}, {row['case']}, {peer}: the measured value is {expected}"


def test_the_versions_beside_the_table_are_the_measured_ones():
    (cell,) = (cell for cell in Page.read(CHAPTER).cells if "sklearn._loss |" in cell.source)
    measured = (RESULTS / "accuracy.md").read_text(encoding="utf-8")
    names = {"scikit-learn": "scikit-learn", "SciPy": "scipy", "PyTorch": "torch", "optax": "optax", "JAX": "jax"}

    for shown, package in names.items():
        version = re.search(rf"{shown} (\d+\.\d+\.\d+)", cell.source)[1]
        assert re.search(rf"\b{package} {re.escape(version)}\b", measured), f"{package} {version} was not measured"


# --- exercises ----------------------------------------------------------------------------------------------------


@given(level=st.floats(-740, -1e-15))
@example(level=-math.log(2))
def test_the_complement_is_right_to_3_ulp(chapter, level):
    exact = mp.log1p(-mp.exp(mpf(level)))

    assert ulps(chapter.log_complement(level), exact) <= 3
    assert special.log1mexp(level) == pytest.approx(chapter.log_complement(level), rel=1e-14)


def test_float16(chapter):
    with np.errstate(over="ignore"):
        assert np.isinf(np.exp(np.float16(11.1)))
    assert np.isfinite(np.exp(np.float16(11.08)))
    assert np.exp(np.float16(-17.4)) == 0
    assert np.exp(np.float16(-17.3)) > 0
    assert np.float16(1e-10) == 0
    assert chapter.from_q[2] == np.inf
    assert chapter.by_log_softmax[2] == 110
    assert np.float16(1) + np.float16(0.0004) == 1
