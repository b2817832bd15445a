"""Derivations graded line by line: which lines earn which milestones."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from sympy import (
    Eq,
    IndexedBase,
    Integer,
    KroneckerDelta,
    Matrix,
    Pow,
    Product,
    Rational,
    Sum,
    Symbol,
    exp,
    log,
    pi,
    sqrt,
    symbols,
)

from grader import engine, hidden, milestones
from grader.milestones import Line, Task, form, once, uses, walk, without
from lossbook.derivation import binary, real

ROOT = Path(__file__).resolve().parent.parent
n, m, N = symbols("n m N", integer=True, positive=True)
t, y = IndexedBase("t"), IndexedBase("y")
sigma = Symbol("sigma", positive=True)


def gaussian(t=t, y=y, sigma=sigma, n=n, N=N):
    """The five lines of the Gaussian derivation, in any symbols."""
    term = (t[n] - y[n]) ** 2 / (2 * sigma**2)
    squares = Sum((t[n] - y[n]) ** 2, (n, 1, N))
    return [
        -log(Product(exp(-term) / sqrt(2 * pi * sigma**2), (n, 1, N))),
        -Sum(log(exp(-term) / sqrt(2 * pi * sigma**2)), (n, 1, N)),
        Sum(term + log(2 * pi * sigma**2) / 2, (n, 1, N)),
        squares / (2 * sigma**2) + N * log(2 * pi * sigma**2) / 2,
        squares,
    ]


LINES = gaussian()
SUM, NO_EXP, SQUARES, GOAL = "sum", "no exponential", "no sigma", "the required form"


def task(**changed):
    settings = {
        "start": LINES[0],
        "goal": LINES[-1],
        "where": (real(t[n]), real(y[n])),
        "over": y,
        "differentiate": None,
        "solve_for": None,
        "milestones": {SUM: without(Product), NO_EXP: without(Product, exp), SQUARES: without(Product, exp, sigma)},
        "over_after": NO_EXP,
    }
    return Task(**{**settings, **changed})


def judged(lines, **changed):
    """Verdicts, and what was earned, in the order of the lines."""
    results = list(walk(task(**changed), list(lines)))
    return [result["verdict"] for result in results], [name for result in results for name in result.get("earned", ())]


ALL = [SUM, NO_EXP, SQUARES, GOAL]


def pick(*places):
    return [LINES[place] for place in places]


SMALL = Sum(y[n] ** 2 - 2 * y[n] * t[n] + t[n] ** 2, (n, 1, N))


@pytest.mark.parametrize(
    ("lines", "earned"),
    [
        (LINES, ALL),
        (pick(0, 2, 4), ALL),
        (pick(1, 2, 3, 4), ALL),
        (pick(0, 1, 4), ALL),
        ([*LINES[:4], SMALL, LINES[4]], ALL),
        ([*LINES[:4], LINES[4] / 2, 3 * LINES[4], LINES[4]], ALL),
        ([*LINES[:4], SMALL], ALL),
        ([*LINES[:4], LINES[4] / (1 + sigma - sigma) + sigma - sigma], ALL),
        (pick(0, 4), [GOAL]),
        (pick(4), [GOAL]),
        (pick(0, 4, 4), [GOAL]),
        (pick(0, 3), [SUM, NO_EXP]),
        (pick(0), []),
        (pick(0, 0, 0, 0, 0), []),
        (pick(0, 1, 1, 1, 1), [SUM]),
        (pick(0, 1, 0, 1), [SUM]),
        ([*LINES[:2], LINES[0] + 1, *LINES[2:]], [SUM, NO_EXP, SQUARES]),
        ([*LINES[:2], 2 * LINES[2], *LINES[3:]], [SUM, NO_EXP, SQUARES]),
        ([*LINES[:4], Sum(t[n] - y[n], (n, 1, N))], [SUM, NO_EXP]),
        ([*LINES[:4], Sum(t[n] ** 2, (n, 1, N))], [SUM, NO_EXP]),
        ([*LINES, Integer(0)], [SUM, NO_EXP, SQUARES]),
        ([Integer(0)], []),
    ],
)
def test_each_list_earns_what_it_shows(lines, earned):
    assert judged(lines)[1] == earned


def test_a_jump_is_told():
    results = list(walk(task(), pick(0, 4)))

    assert results[1]["verdict"] == "follows"
    assert results[1]["message"] == "a jump: not shown on the way: sum; no exponential; no sigma"


def test_a_false_line_comes_with_a_counterexample_and_the_next_is_compared_with_the_last_that_held():
    results = list(walk(task(), [*LINES[:2], 2 * LINES[2], LINES[2]]))

    assert [result["verdict"] for result in results] == ["start", "follows", "false", "follows"]
    assert [result.get("above") for result in results] == [0, 1, None, 2]
    told = results[2]["message"]
    assert told.startswith("it is not true that it equals line 2: at N = 1, t₁ = ")
    # What is told is true, to the digits that are told.
    values = dict(re.findall(r"(\S+) = ([-.\d]+\d)", told.replace("−", "-")))
    point = {t[1]: values["t₁"], y[1]: values["y₁"], sigma: values["σ"]}
    above, here = re.search(r"the line above is ([-.\d]+), and this line is ([-.\d]+)", told.replace("−", "-")).groups()
    for line, value in ((LINES[1], above), (2 * LINES[2], here)):
        exact = line.subs(N, 1).doit().subs({x: Rational(value) for x, value in point.items()})
        assert float(exact) == pytest.approx(float(value), rel=2e-3)


def test_two_lines_that_order_values_differently_are_told_so():
    told = list(walk(task(), [*LINES[:4], Sum(t[n] - y[n], (n, 1, N))]))[4]["message"]

    assert told.startswith("it neither equals nor has the same minimiser as line 4: at N = 1, t₁ = ")
    assert re.search(
        r"when y₁ goes from \S+ to \S+, the line above goes from \S+ to \S+ and this line from \S+ to \S+$", told
    )


def test_a_lost_factor_is_an_error_until_factors_may_be_dropped():
    assert judged([*LINES[:2], 2 * LINES[2]])[0] == ["start", "follows", "false"]
    assert judged([*LINES[:3], 2 * LINES[2]])[0] == ["start", "follows", "follows", "follows"]
    assert judged([*LINES[:3], 2 * LINES[2]], over=None)[0] == ["start", "follows", "follows", "false"]
    assert judged([*LINES[:2], 2 * LINES[2]], over_after="")[0] == ["start", "follows", "follows"]


def test_two_milestones_at_once_are_no_jump_unless_the_author_says_so():
    assert judged(pick(0, 2, 4), together=1)[1] == [NO_EXP, SQUARES, GOAL]


A, B, i, M, s = IndexedBase("A"), IndexedBase("B"), Symbol("i"), Symbol("M"), Symbol("s")


@pytest.mark.parametrize(
    "lines",
    [
        gaussian(A, B, s, i, M),
        gaussian(y, t, s, i, M),
        gaussian(y, t),
        gaussian(n=m),
        gaussian(n=Symbol("j", integer=True)),
        gaussian(sigma=Symbol("N"), N=Symbol("sigma")),
        gaussian(sigma=Symbol("sigma"), N=Symbol("N"), n=Symbol("n")),
        [line.subs({}) for line in gaussian(IndexedBase("x_1"), IndexedBase("mu"), Symbol("σ"))],
    ],
)
def test_symbols_may_have_any_names(lines):
    assert judged(lines)[1] == ALL


@pytest.mark.parametrize("index", symbols("k j i x", integer=True, positive=True))
def test_the_index_of_a_sum_may_be_a_letter_that_is_free_elsewhere(index):
    j, k, c = symbols("j k c", integer=True, positive=True)
    z = IndexedBase("z")
    start = -log(exp(z[j]) / Sum(exp(z[k]), (k, 1, c)))
    settings = {"start": start, "goal": log(Sum(exp(z[k]), (k, 1, c))) - z[j], "where": (real(z[k]),)}
    settings |= {"over": None, "over_after": "", "milestones": {}}

    right = log(Sum(exp(z[index]), (index, 1, c))) - z[j]
    wrong = log(Sum(exp(z[index]), (index, 1, c))) - z[1]
    assert judged([start, right], **settings) == (["start", "follows"], [GOAL])
    assert judged([start, wrong], **settings) == (["start", "false"], [])


def test_the_renaming_is_one_for_all_lines():
    # The first line in own symbols, another line in mixed up ones.
    own, mixed = gaussian(A, B, s, i, M), gaussian(A, A, s, i, M)

    assert judged([*own[:2], mixed[2]])[0] == ["start", "follows", "false"]


def test_other_forms_of_the_start_are_recognised_in_own_symbols():
    own = gaussian(A, B, s, i, M)
    expanded = -log(Product(exp(-((B[i] - A[i]) ** 2) / 2 / s**2) / (s * sqrt(2 * pi)), (i, 1, M)))

    assert judged([expanded, *own[1:]])[1] == ALL


def test_an_equation_counts_as_its_right_side():
    assert judged([Eq(Symbol("L"), line, evaluate=False) for line in LINES])[1] == ALL


def test_an_unknown_symbol_is_not_judged_and_says_why():
    results = list(walk(task(), [*LINES[:2], LINES[2] + Symbol("q") - Symbol("q") * Symbol("r")]))

    assert results[2]["verdict"] == "unjudged"
    assert "nothing is known of" in results[2]["message"]


T, z = Symbol("t", real=True), Symbol("z", real=True)


def bernoulli():
    """From the probability of a logit to the gradient of its loss."""
    probability = 1 / (1 + exp(-z))
    start = -log(probability**T * (1 - probability) ** (1 - T))
    loss = log(1 + exp(z)) - T * z
    return start, loss, 1 / (1 + exp(-z)) - T


def gradient_task():
    start, _, goal = bernoulli()
    return task(
        start=start,
        goal=goal,
        where=(binary(T),),
        over=None,
        differentiate=z,
        over_after="",
        milestones={
            "one logarithm": lambda line: not any(x.exp.has(T) for x in line.expr.atoms(Pow)),
            "the slope": once("differentiate"),
        },
    )


def test_one_step_may_be_the_derivative():
    start, loss, goal = bernoulli()
    slope = exp(z) / (1 + exp(z)) - T
    cases = {
        (start, loss, slope, goal): ["one logarithm", "the slope", GOAL],
        (start, loss, goal): ["one logarithm", "the slope", GOAL],
        (start, goal): [GOAL],
        (start, loss, goal + T): ["one logarithm"],
        (start, loss, slope, exp(z) / (1 + exp(z)) ** 2): ["one logarithm", "the slope"],
    }
    for lines, expected in cases.items():
        found = [name for result in walk(gradient_task(), list(lines)) for name in result.get("earned", ())]
        assert found == expected, lines


def test_one_step_may_solve_for_the_root():
    mu = Symbol("mu", real=True)
    loss = Sum((t[n] - mu) ** 2, (n, 1, N))
    slope = 2 * N * mu - 2 * Sum(t[n], (n, 1, N))
    mean = Sum(t[n], (n, 1, N)) / N
    settings = {"start": loss, "goal": mean, "where": (real(t[n]),), "over": None, "over_after": ""}
    settings |= {"differentiate": mu, "solve_for": mu}
    settings["milestones"] = {"slope": once("differentiate"), "root": once("solve_for")}

    assert judged([loss, slope, mean], **settings)[1] == ["slope", "root", GOAL]
    assert judged([loss, mean], **settings)[1] == []
    assert judged([loss, slope, mean / 2], **settings)[1] == ["slope"]

    lost_factor = list(walk(task(**settings), [loss, slope, slope / 2, mean]))[2]
    assert lost_factor["verdict"] == "false"
    assert "it is not true that it equals line 2" in lost_factor["message"]


def test_a_root_may_have_its_factor_inside_the_sum():
    v = Symbol("v", positive=True)
    squares = Sum((t[n] - y[n]) ** 2, (n, 1, N))
    slope = N / (2 * v) - squares / (2 * v**2)
    settings = {"start": slope, "goal": squares / N, "differentiate": None, "solve_for": v}
    settings |= {"over": None, "over_after": "", "milestones": {}}

    for root in (squares / N, Sum((t[n] - y[n]) ** 2 / N, (n, 1, N))):
        assert judged([slope, root], **settings) == (["start", "follows"], [GOAL]), root
    for root in (Sum((t[n] - y[n]) ** 2 / (2 * N), (n, 1, N)), Sum((t[n] - y[n]) / N, (n, 1, N))):
        assert judged([slope, root], **settings) == (["start", "false"], []), root


@pytest.mark.parametrize(
    ("has", "yes", "no"),
    [
        (without(Product), LINES[1], LINES[0]),
        (without(sigma), LINES[4], LINES[3]),
        (without(y), sigma**2, LINES[4]),
        (uses(Sum), LINES[1], LINES[0]),
        (uses(t, sigma), LINES[4], Integer(1)),
        (form(LINES[4]), SMALL.func((t[n] - y[n]) ** 2 / 2, *SMALL.args[1:]), LINES[3]),
        (form(LINES[4]), 2 * LINES[4], Sum(exp(log((t[n] - y[n]) ** 2)) + exp(t[n]), (n, 1, N))),
    ],
)
def test_properties(has, yes, no):
    assert has(Line(yes))
    assert not has(Line(no))


def test_a_bound_index_is_no_free_name():
    assert not uses(n)(Line(LINES[4]))
    assert uses(m)(Line(t[m] * KroneckerDelta(m, 1)))


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("x", "this is a str"),
        (None, "this is a NoneType"),
        ([], "has 0 lines"),
        ([LINES[0]] * 41, "has 41 lines"),
        ([LINES[0], "x"], "Line 2 is a str"),
        ([LINES[0], 1.5], "Line 2 is a float"),
        ([LINES[0], True], "Line 2 is a bool"),
    ],
)
def test_what_is_no_list_of_lines_earns_nothing_and_says_why(lines, words):
    log_of = hidden.Log()
    with hidden.at_work(b"", "a", None, log_of):
        points = milestones.derivation(lines, start=LINES[0], goal=LINES[4], milestones={}, points=1)

    assert points == 0
    assert words in log_of.summary()


def test_a_matrix_is_not_judged():
    assert judged([LINES[0], Matrix([1, 2])])[0] == ["start", "unjudged"]


def test_verdicts_are_remembered_by_the_exact_question():
    engine.memory.clear()
    judged(LINES)
    asked = len(engine.memory)
    judged(LINES)
    assert len(engine.memory) == asked > 3

    judged(LINES, where=(real(t[n]), real(y[n]), real(sigma)))
    assert len(engine.memory) > asked


APART = """
import time
from grader import engine
def loop():
    yield {"a": 1}
    while True: time.sleep(1)
def grow():
    yield {"a": 2}
    x = [0]
    while True: x *= 2
def fall():
    yield {"a": 3}
    import os
    os._exit(1)
for work, seconds in ((loop, 3), (grow, 300), (fall, 300), (lambda: iter([{"a": 4}]), 300)):
    print(engine.at_arms_length(work, seconds))
"""


def test_an_engine_that_loops_or_grows_is_stopped_and_what_it_said_is_kept():
    result = subprocess.run([sys.executable, "-c", APART], capture_output=True, text=True, cwd=ROOT, timeout=900)

    assert result.stdout.split("\n")[:-1] == [
        "([{'a': 1}], 'it took too long')",
        "([{'a': 2}], 'the expressions are too large')",
        "([{'a': 3}], 'it needed more memory or time than it may have')",
        "([{'a': 4}], '')",
    ], result.stderr
