"""Live figures: their formulas in JavaScript, their words, what they refuse.  A browser plays with them elsewhere."""

import gzip
import json
import math
import random
import re
import subprocess
import sys
from collections.abc import Callable
from functools import cache

import matplotlib.pyplot as plt
import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from live_pages import figures, stored
from pages import ROOT
from sympy import (
    Abs,
    Add,
    Expr,
    Indexed,
    IndexedBase,
    Max,
    Min,
    Mod,
    Mul,
    Piecewise,
    Product,
    Rational,
    Sum,
    Symbol,
    exp,
    floor,
    lambdify,
    log,
    loggamma,
    oo,
    pi,
    sign,
    sqrt,
    symbols,
    sympify,
    tanh,
)

from lossbook import plotting
from lossbook.interactive import Figure, Minimiser
from lossbook.interactive.figure import runtime, shown
from lossbook.interactive.formulas import minimiser

sys.path.insert(0, str(ROOT / "site"))

from lossbook_site import packages

mu, u, m = symbols("mu u m", real=True)
sigma = symbols("sigma", positive=True)
k, n, N = symbols("k n N", integer=True, positive=True)
x = IndexedBase("x")

MOST_LINES, MOST_BYTES = 250, 6 * 1024


def small(**options) -> Figure:
    """A figure with one of everything."""
    live = Figure("A title", "A task.", given={x: [1.5, 2, 4], N: 3}, **options)
    live.slider(mu, -2, 6, start=1, step=0.1, label="centre", unit="mm")
    panel = live.panel(("length", "mm", -2, 6), ("height", "", 0, 1))
    panel.curve(exp(-((u - mu) ** 2) / (2 * sigma**2)), over=(u, -2, 6), label="a curve", filled=True)
    panel.handle(sigma, at=(mu + sigma, Rational(1, 2)), low=0.5, high=3, start=1, label="width")
    panel.handle(x[n], at=(x[n], 0), over=(n, 1, N), low=-2, high=6, step=0.5, label="point", role="data")
    panel.points((x[n], 0.1), over=(n, 1, N), label="points")
    panel.segments((x[n], 0), (mu, 1), over=(n, 1, N), dashed=True)
    panel.squares(x[n], 0, x[n] / 8, over=(n, 1, N), label="squares")
    other = live.panel(("case", "", 0, 3), ("size", "", -1, 3), ticks={1: "one", 2: "two"}, wide=True)
    other.bars(n, n * mu / 4, over=(n, 1, 2), digits=1, role=2)
    total = Sum((x[n] - mu) ** 2, (n, 1, N))
    live.read_out("total", total, digits=3, unit="mm²")
    live.read_out("best", Minimiser(total.subs(mu, m), (m, -2, 6)))
    live.read_out("none", log(mu - 7), none="no such number")
    return live


# --- JavaScript computes what SymPy computes

DOCUMENT = """
globalThis.window = globalThis;
globalThis.document = {createElement: () => ({}), head: {append() {}}, querySelectorAll: () => []};
"""
ASK = """
const {tools} = lossbookLive;
lossbookLive = (key, make) => { globalThis.spec = make(tools); };
"""
ANSWER = """
const parts = spec.panels.flatMap((panel) => [...panel.marks, ...panel.handles]).concat(spec.readOuts);
const text = (value) => [value].flat().map(String);
const answers = QUESTIONS.map(([state, runnings]) => {
  spec.variables.forEach((variable, i) => variable.set(state[i]));
  if (spec.variables.some((variable, i) => variable.get() !== state[i])) throw Error("a variable was not set");
  return parts.map((part, i) => runnings[i].map((running) => text(part.at(running))));
});
console.log(JSON.stringify(answers));
"""


def scripts(html: str) -> list[str]:
    return re.findall(r"<script[^>]*>(.*?)</script>", html, re.DOTALL)


def in_node(html: str, questions: list) -> list:
    """What the formulas of a figure give in Node: for each state, for each part, for each running value."""
    brought, own = scripts(html)
    code = DOCUMENT + brought + ASK + own + ANSWER.replace("QUESTIONS", json.dumps(questions))
    result = subprocess.run([packages.node(), "-"], input=code, capture_output=True, text=True, encoding="utf-8")
    assert result.returncode == 0, result.stderr
    return [
        [[[float(v) for v in values] for values in part] for part in answer] for answer in json.loads(result.stdout)
    ]


def written_out(e: Expr) -> Expr:
    """An expression without sums, products and remainders: term by term, the outermost index first."""
    if isinstance(e, Sum | Product):
        *inner, (index, low, high) = e.limits
        rest = e.func(e.function, *inner) if inner else e.function
        terms = [written_out(rest.subs(index, i)) for i in range(int(low), int(high) + 1)]
        return Add(*terms) if isinstance(e, Sum) else Mul(*terms)
    if isinstance(e, Mod):  # which SymPy's printers write without the brackets that it needs
        return e.args[0] - e.args[1] * floor(e.args[0] / e.args[1])
    return e.func(*map(written_out, e.args)) if e.args and not isinstance(e, Indexed) else e


class Oracle:
    """The value of an expression by SymPy and mpmath, which share nothing with the printers: sums are written out."""

    def __init__(self, figure: Figure, expression: object, running: Symbol | None) -> None:
        numbers = {s: v for s, v in figure._values.items() if not isinstance(v, list)}
        moved = [v.symbol for v in figure._variables if v.place is None]
        fixed = {s: sympify(int(v) if v == int(v) else v) for s, v in numbers.items() if s not in moved}
        written = written_out(sympify(expression).subs(fixed))
        self.places = {v.symbol[v.place]: i for i, v in enumerate(figure._variables) if v.place is not None}
        values = {
            base[i]: Rational(str(one))
            for base, all_of in figure._values.items()
            if isinstance(all_of, list)
            for i, one in enumerate(all_of, 1)
            if base[i] not in self.places
        }
        self.state = [v.symbol if v.place is None else v.symbol[v.place] for v in figure._variables]
        self.names = [Symbol(f"state{i}") for i in range(len(self.state))]
        self.running, self.written, self.values = running, written, values
        self.expression, self.function = cache(self._expression), cache(self._function)

    def _expression(self, running: float) -> Expr:
        e = self.written
        if self.running is not None:
            e = e.subs(self.running, sympify(int(running)) if running == int(running) else Rational(str(running)))
        return e.xreplace(self.values).xreplace(dict(zip(self.state, self.names, strict=True)))

    def _function(self, running: float) -> Callable:
        return lambdify(self.names, self.expression(running), "mpmath")

    def __call__(self, state: list[float], running: float) -> mpmath.mpf:
        with mpmath.workdps(30):
            return self.function(running)(*(mpmath.mpf(str(value)) for value in state))


def parts_of(figure: Figure) -> list[tuple[list, Symbol | None, list[float]]]:
    """Expressions, running symbol and some of its values, for each part in the order of the script."""
    found = []
    for panel in figure._panels:
        for mark in panel._marks:
            low, high, count = figure._bounds(mark)
            some = [round(low + (high - low) * part, 2) for part in (0.1, 0.45, 0.83)]
            values = some if mark.kind == "curve" else list(range(round(low), round(high) + 1))[:: max(1, count // 3)]
            found.append((list(mark.expressions), mark.over[0] if mark.over else None, values if mark.over else [0]))
        for handle in panel._handles:
            symbol, place = handle.running or (None, 0)
            found.append((list(handle.at), symbol, [place]))
    return found + [([one.expression], None, [0]) for one in figure._read_outs]


def states(figure: Figure, count: int) -> list[list[float]]:
    """The start and some other states, each variable at a multiple of its step."""
    random_of = random.Random(7)
    found = [[one.start for one in figure._variables]]
    for _ in range(count):
        steps = [(one, random_of.randint(0, round((one.high - one.low) / one.step))) for one in figure._variables]
        found.append([round(min(one.high, one.low + k * one.step), one.digits) for one, k in steps])
    return found


def check_against_sympy(figure: Figure, html: str, count: int) -> None:
    parts, chosen = parts_of(figure), states(figure, count)
    answers = in_node(html, [[state, [values for _, _, values in parts]] for state in chosen])
    compared = 0
    for i, (expressions, running, values) in enumerate(parts):
        for place, expression in enumerate(expressions):
            oracle = Oracle(figure, expression, running)
            for answer, state in zip(answers, chosen, strict=True):
                for row, value in zip(answer[i], values, strict=True):
                    compare(oracle, state, value, row[place])
                    compared += 1
    assert compared > 20


def compare(oracle: Oracle, state: list[float], running: float, given: float) -> None:
    expression = oracle.expression(running)
    if isinstance(expression, Minimiser):
        best_of_many(expression, dict(zip(oracle.names, state, strict=True)), given)
        return
    assert not expression.has(Minimiser), "test a Minimiser alone"
    expected = oracle(state, running)
    if isinstance(expected, mpmath.mpc) or not mpmath.isfinite(expected):
        assert not math.isfinite(given), (expression, state, running)
    else:
        assert given == pytest.approx(float(expected), rel=1e-11, abs=1e-11), (expression, state, running)


def best_of_many(expression: Minimiser, state: dict, given: float) -> None:
    """No other point of the range is better than the one found; an infinity points to the end that is best."""
    symbol, low, high = expression.limits[0]
    f = lambdify(symbol, expression.function.subs(state), "numpy")
    low, high = float(low), float(high)
    grid = np.linspace(low, high, 4001)
    least = np.array([f(float(point)) for point in grid]).min() if not np.ndim(f(grid)) else f(grid).min()
    found = {math.inf: high, -math.inf: low}.get(given, given)

    assert low <= found <= high
    assert f(found) <= least + 1e-9 * (1 + abs(least))
    if math.isinf(given):
        assert f(found) <= min(f(low + (high - low) * part) for part in (0.001, 0.5, 0.999))


def test_the_small_figure_computes_in_javascript_what_sympy_computes():
    live = small()

    check_against_sympy(live, live.html(), 12)


@pytest.mark.parametrize("chapter", sorted({one.chapter for one in stored()}))
def test_the_figures_of_a_chapter_compute_in_javascript_what_sympy_computes(chapter):
    expected = [one.html for one in stored() if one.chapter == chapter]

    assert [figure.html() for figure in figures(chapter)] == expected
    for figure, html in zip(figures(chapter), expected, strict=True):
        check_against_sympy(figure, html, 4)


@pytest.mark.parametrize(
    "expression",
    [
        Max(mu, 1) + Min(mu, sigma, 2),
        Piecewise((mu**2 / 2, Abs(mu) <= 1), (Abs(mu) - Rational(1, 2), True)),
        Piecewise((1, (mu > 0) & (sigma > 1)), (2, (mu < -1) | (sigma < 1)), (3, True)),
        sign(mu) * tanh(mu) * sqrt(sigma) / (1 + exp(-mu)),
        log(1 + exp(mu)) + log(2 * pi * sigma**2) / 2 + 0.1,
        floor(mu * 3) + mu**3 + sigma ** Rational(-3, 2) + Abs(mu - 2),
        Mod(mu, 2) * sigma - Mod(-mu, 3) / 3 + (Mod(mu, 2) + 1) ** 2,
        Product(x[n] + mu, (n, 1, N)),
        Sum(Sum(x[n] * x[k] * k, (k, 1, n)), (n, 1, N)),
        Sum(n * k * mu, (n, 1, k), (k, 1, 3)),
        Sum(x[N + 1 - n] * n, (n, 1, N)),
        Piecewise((oo, mu > 0), (-oo, True)),
    ],
    ids=str,
)
def test_a_formula_in_javascript_has_the_value_that_sympy_gives(expression):
    live = Figure("A title", "A task.", given={x: [1.5, -2, 4], N: 3})
    live.slider(mu, -3, 3, step=0.01)
    live.slider(sigma, 0.5, 2, step=0.01)
    live.panel(("a", "", 0, 1), ("b", "", 0, 1)).points((mu, expression))
    live.read_out("value", expression)

    check_against_sympy(live, live.html(), 25)


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=9))
def test_minimisers_are_the_statistics_they_should_be(values):
    mean = minimiser(lambda c: sum((v - c) ** 2 for v in values), -6, 6)
    median = minimiser(lambda c: sum(abs(v - c) for v in values), -6, 6)
    middle = sorted(values)[(len(values) - 1) // 2], sorted(values)[len(values) // 2]

    assert mean == pytest.approx(np.mean(values), abs=1e-6)
    assert middle[0] - 1e-6 <= median <= middle[1] + 1e-6


def test_a_minimum_at_the_end_of_the_range_is_none():
    assert minimiser(lambda c: -c, 0, 4) == math.inf
    assert minimiser(lambda c: c, 0, 4) == -math.inf
    assert minimiser(lambda c: math.log1p(math.exp(-c)), 0.001, 30) == math.inf


# --- Words


@given(st.floats(-1e6, 1e6), st.integers(0, 5))
def test_a_value_is_written_as_javascript_writes_it(value, digits):
    text = shown(value, digits)

    assert re.fullmatch(r"−?\d+" + (rf"\.\d{{{digits}}}" if digits else ""), text)
    assert float(text.replace("−", "-")) == pytest.approx(value, abs=0.5 * 10**-digits * (1 + 1e-9))
    assert not re.fullmatch(r"−0(\.0*)?", text)


def test_python_and_javascript_write_the_same_characters():
    values = [0.125, -0.125, 0.375, 2.5, -2.5, 0.5, 1e-9, -1e-9, 1234.5678, -0.05, 1.005, 999.995, 12345678.9]
    source = (ROOT / "lossbook/interactive/runtime.js").read_text(encoding="utf-8")
    function = re.search(r"const format = .*?\n  \};", source, re.DOTALL)[0]
    asked = f"{function}\nconsole.log(JSON.stringify({values}.map((v) => [0, 1, 2, 3].map((d) => format(v, d, 'g')))))"
    answer = subprocess.run(
        [packages.node(), "-e", asked], capture_output=True, text=True, encoding="utf-8", check=True
    )

    assert json.loads(answer.stdout) == [[shown(value, d, "g") for d in range(4)] for value in values]


def test_what_is_not_finite_has_its_own_words():
    assert shown(math.inf, 2, "g", "there is none") == "there is none"
    assert "none = no such number" in repr(small())


def test_a_figure_says_its_values_in_words():
    assert repr(small()) == (
        "<Figure 'A title': centre = 1.0 mm, width = 1.00; total = 10.250 mm², best = 2.50, none = no such number>"
    )


def test_a_value_that_is_read_out_is_not_said_twice():
    live = small()
    live.read_out("centre", mu, digits=1, unit="mm")

    assert repr(live).count("centre = 1.0 mm") == 1


# --- The same every time, and small


def test_the_same_figure_twice_is_the_same():
    one, other = small()._repr_mimebundle_(), small()._repr_mimebundle_()

    assert one == other
    assert set(one) == {"text/html", "image/png", "text/plain"}


def test_html_needs_nothing_from_elsewhere_and_no_number_has_noise():
    for html in [small().html(), *(one.html for one in stored())]:
        own = scripts(html)[1]
        assert not re.search(r"https?:|//[a-z]|src=|import|fetch|eval\(|url\(", own)
        assert not re.search(r"\d\.\d{13,}", html)


def test_the_runtime_is_small():
    folder = ROOT / "lossbook" / "interactive"
    lines = (folder / "runtime.js").read_text(encoding="utf-8").splitlines()

    assert len(lines) <= MOST_LINES
    assert max(map(len, lines)) <= 128
    assert len(gzip.compress(runtime().encode(), 9, mtime=0)) <= MOST_BYTES


def test_words_cannot_leave_the_script_or_the_page():
    live = small()
    live._title, live._read_outs[0].label = "</script><b>", "<i>&"

    assert len(scripts(live.html())) == 2
    assert "<b>" not in re.sub(r"<script.*?</script>", "", live.html(), flags=re.DOTALL)


# --- On paper


def test_the_picture_is_not_left_open_and_leaves_matplotlib_alone():
    before, settings = plt.get_fignums(), dict(plt.rcParams)
    small().png()

    assert plt.get_fignums() == before
    assert dict(plt.rcParams) == settings


def test_the_picture_shows_the_start():
    first, second = small(columns=2).picture().axes

    assert (first.get_xlabel(), first.get_ylabel()) == ("length (mm)", "height")
    assert [text.get_text() for text in second.get_xticklabels()] == ["one", "two"]
    assert [round(bar.get_height(), 3) for bar in second.patches] == [0.25, 0.5]
    assert [text.get_text() for text in second.texts] == ["0.3", "0.5"]
    assert [text.get_text() for text in first.get_legend().get_texts()] == ["a curve", "points", "squares"]
    curve = first.lines[0]
    np.testing.assert_allclose(curve.get_ydata(), np.exp(-((curve.get_xdata() - 1) ** 2) / 2))
    assert first.get_position().width < second.get_position().width  # which is wide


def test_a_handle_outside_the_axes_is_drawn_at_their_edge():
    live = Figure("A title", "A task.")
    live.slider(mu, -2, 6, start=5)
    live.panel(("length", "mm", 0, 1), ("height", "", 0, 1)).handle(mu, at=(mu, -mu))
    (point,) = live.picture().axes[0].lines

    assert (point.get_xdata(), point.get_ydata()) == (1, 0)


def test_squares_are_square_on_paper():
    picture = small().picture()
    ax = picture.axes[0]
    for square in [patch for patch in ax.patches if hasattr(patch, "get_width")]:
        (x0, y0), (x1, y1) = ax.transData.transform(
            [square.get_xy(), (square.get_x() + square.get_width(), square.get_y() + square.get_height())]
        )

        assert x1 - x0 == pytest.approx(y1 - y0, rel=0.02)


def test_only_what_nothing_can_move_stands_still():
    live = Figure("A title", "A task.", given={x: [1.5, 2, 4], N: 3, sigma: 2})
    live.slider(mu, -2, 6)
    panel = live.panel(("length", "mm", -2, 6), ("height", "", 0, 1))
    panel.curve(u * sigma, over=(u, 0, 1))
    panel.points((x[n], 0), over=(n, 1, N))
    panel.curve(u * mu, over=(u, 0, 1))
    panel.points((Sum(x[n], (n, 1, N)), Minimiser((m - mu) ** 2, (m, 0, 1))))

    marks = re.findall(r"\{kind:[^\n]*", live.html())
    assert ["still:true" in mark for mark in marks] == [True, True, False, False]
    panel.handle(x[n], at=(x[n], 0), over=(n, 1, N), low=0, high=5)
    marks = re.findall(r"\{kind:[^\n]*", live.html())
    assert ["still:true" in mark for mark in marks] == [True, False, False, False]


def test_colours_are_those_of_the_book():
    html = small().html()

    assert set(re.findall(r'color:"(#\w+)"', html)) <= {*plotting.COLORS.values(), *plotting.CLASS_COLORS}
    assert f'color:"{plotting.COLORS["data"]}"' in html


# --- Errors, at once


def refuse_unknown(live, panel):
    live.read_out("value", u)
    live.html()


def refuse_other_assumptions(live, panel):
    live.read_out("value", Symbol("mu"))
    live.html()


def refuse_browser(live, panel):
    live.read_out("value", loggamma(mu))
    live.html()


REFUSALS = {
    "u has no value: give it a slider": refuse_unknown,
    "mu has no value.*with other assumptions": refuse_other_assumptions,
    "the browser cannot compute .*loggamma": refuse_browser,
    "sigma needs a range: give it a slider": lambda live, panel: panel.handle(sigma, at=(0, 0)),
    "sigma needs a range: low < high; given low=2, high=1": lambda live, panel: live.slider(sigma, 2, 1),
    "sigma needs a range: low < high; given low=1, high=None": lambda live, panel: panel.handle(
        sigma, at=(0, 0), low=1
    ),
    "sigma must start between 1 and 2; given 3": lambda live, panel: live.slider(sigma, 1, 2, start=3),
    "sigma: step must be positive; given 0": lambda live, panel: live.slider(sigma, 1, 2, step=0),
    "mu can be moved already": lambda live, panel: live.slider(mu, 1, 2),
    "N has a given value": lambda live, panel: live.slider(N, 1, 2),
    "data have handles as x": lambda live, panel: panel.handle(x[n], at=(0, 0), low=0, high=1),
    r"x\[1\] must start between 5 and 9; given 1.5": lambda live, panel: panel.handle(
        x[n], at=(x[n], 0), over=(n, 1, N), low=5, high=9
    ),
    "role must be one of data": lambda live, panel: panel.points((0, 0), role="blue"),
    "role must be one of .* given 9": lambda live, panel: panel.handle(mu, at=(0, 0), role=9),
    r"over must be \(symbol, low, high\)": lambda live, panel: panel.curve(u, over=(u, 1)),
    r"y must be \(name, unit, low, high\)": lambda live, panel: live.panel(("a", "", 0, 1), ("b", "", 1, 1)),
    "columns must be 1, 2 or 3": lambda live, panel: Figure("A", "B.", columns=4),
    "task must not be empty": lambda live, panel: Figure("A", " "),
    r"expected finite numbers, shape \(N,\) for x": lambda live, panel: Figure("A", "B.", given={x: [1, math.nan]}),
    "expected a finite number for N": lambda live, panel: Figure("A", "B.", given={N: [1, 2]}),
    "needs a panel, and something to move": lambda live, panel: Figure("A", "B.").html(),
    "data have one index": lambda live, panel: (live.read_out("a", x[1, 2]), live.html()),
    "expected the limits": lambda live, panel: Minimiser(m**2, (m, 1)),
}


@pytest.mark.parametrize("message", REFUSALS, ids=lambda message: message[:40])
def test_what_makes_no_sense_is_refused_in_words(message):
    live = Figure("A title", "A task.", given={x: [1.5, 2, 4], N: 3})
    live.slider(mu, -2, 6)
    panel = live.panel(("length", "mm", -2, 6), ("height", "", 0, 1))

    with pytest.raises(ValueError, match=message):
        REFUSALS[message](live, panel)
