"""The loss table is what the sheets of the atlas say, and the package computes what the table says.

Every sheet that names a function of `lossbook.losses` is compared with it at random points: loss, gradient, Hessian.
The formulas are evaluated by mpmath with 30 digits.
"""

import itertools
from functools import cache

import loss_table
import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pages import Page, pages
from sympy import Expr, Indexed, IndexedBase, Symbol, lambdify, symbols, sympify

from lossbook import gradients, hessians, losses
from lossbook.atlas import Form, Sheet

KEYS = {
    "atlas-real-targets": "gaussian gaussian-learned-variance laplace pinball huber student-t von-mises mixture",
    "atlas-counts-and-classes": (
        "poisson negative-binomial exponential gamma bernoulli multi-label multinoulli multinomial ordinal"
    ),
}
CLASSES = 3


@cache
def sheets() -> dict[str, Sheet]:
    return loss_table.all_sheets()


@cache
def calls() -> dict[str, tuple[Sheet, Form]]:
    return {form.call: (sheet, form) for sheet in sheets().values() for form in sheet.forms if form.call}


# --- the page


def test_the_atlas_has_its_sheets():
    assert list(sheets()) == [key for keys in KEYS.values() for key in keys.split()]


def test_the_page_is_what_the_tool_writes():
    page = loss_table.PAGE.read_text(encoding="utf-8")

    assert loss_table.filled(page, sheets()) == page, "run python tools/loss_table.py"


def test_every_loss_of_the_package_is_on_one_sheet():
    named = [form.call for sheet in sheets().values() for form in sheet.forms if form.call]

    assert sorted(named) == sorted(losses.__all__)


def test_every_row_leads_to_a_section_of_the_book():
    labels = {label for path in pages() for label in Page.read(path).labels}

    assert {sheet.derived for sheet in sheets().values()} - labels == set()


@pytest.mark.parametrize("chapter", KEYS)
def test_every_sheet_has_a_section_in_the_atlas(chapter):
    page = next(Page.read(path) for path in pages() if path.stem == chapter)

    assert {f"sec-atlas-{key}" for key in KEYS[chapter].split()} - set(page.labels) == set()


def test_nine_of_ten_steps_are_proved():
    verdicts = [verdict for sheet in sheets().values() for verdict in sheet.verdicts]

    assert verdicts.count("proved") >= 0.9 * len(verdicts)


# --- the tool

PAGE = "Words.\n\n% sheets: one two\n\n| old |\n|---|\n| row |\n\nMore words | with a bar.\n"


class Rows:
    """What the tool asks of a sheet."""

    def __init__(self, *rows: str) -> None:
        self._rows = list(rows)

    def rows(self) -> list[str]:
        return self._rows


def test_the_tool_writes_the_tables_and_keeps_the_words():
    written = loss_table.filled(PAGE, {"two": Rows("| c |"), "one": Rows("| a |", "| b |")})

    assert written.startswith(f"Words.\n\n% sheets: one two\n\n{loss_table.HEAD}\n|---|")
    assert written.endswith("|\n| a |\n| b |\n| c |\n\nMore words | with a bar.\n")
    assert "old" not in written


def test_writing_twice_changes_nothing():
    found = {"one": Rows("| a |"), "two": Rows("| c |")}
    once = loss_table.filled(PAGE, found)

    assert loss_table.filled(once, found) == once


def test_an_empty_place_is_filled():
    written = loss_table.filled("% sheets: one\n\nWords.\n", {"one": Rows("| a |")})

    assert written.endswith("| a |\n\nWords.\n")


@pytest.mark.parametrize(
    ("found", "message"),
    [
        ({"one": Rows()}, r"no chapter has: \['two'\]"),
        ({"one": Rows(), "two": Rows(), "three": Rows()}, r"does not ask for: \['three'\]"),
    ],
)
def test_a_sheet_without_a_place_and_a_place_without_a_sheet_are_refused(found, message):
    with pytest.raises(ValueError, match=message):
        loss_table.filled(PAGE, found)


def notebook(tmp_path, **cells: str):
    path = tmp_path / "atlas.ipynb"
    made = [
        {"cell_type": "code", "id": name.replace("_", "-"), "source": source, "outputs": [], "metadata": {}}
        for name, source in cells.items()
    ]
    path.write_text(loss_table.execute.to_text({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    return path


def test_only_the_cells_that_a_sheet_needs_are_run(tmp_path):
    path = notebook(
        tmp_path,
        imports="from lossbook.atlas import Sheet",
        unused="b = 1 / 0",
        first="a = 1",
        own="def f(a):\n    c = a\n    return [c for c in range(a)]",
        other="c = 1 / 0",
        second="a = a + 1",
        table="table = {}",
        entry="table['x'] = 2",
        sheet_one="Sheet(a, f, table)",
        after="a = 3",
    )

    made = loss_table.needed(path, lambda name, _: name == "sheet-one")
    assert [name for name, _ in made] == "imports first own second table entry sheet-one".split()


def test_a_cell_that_makes_another_sheet_is_refused(tmp_path):
    path = notebook(tmp_path, sheet_one="Sheet = dict\nSheet()")

    with pytest.raises(ValueError, match="cell sheet-one makes no sheet with the key one"):
        loss_table.sheets(path)


# --- the package computes what the sheets say


def facts(sheet: Sheet) -> dict[str, str]:
    return {fact.name: fact.kind for fact in sheet.where}


def values(sheet: Sheet, symbol: Symbol | IndexedBase, draw) -> object:
    """A value, or a row of values, that the sheet allows."""
    kind = facts(sheet).get(str(getattr(symbol, "label", symbol)))
    if kind is None:
        kind = "count" if symbol.is_integer else "positive" if symbol.is_positive else "real"
    number = {
        "binary": st.integers(0, 1),
        "count": st.integers(0, 50),
        "unit_interval": st.floats(0.01, 0.99),
        "positive": st.floats(0.1, 10),
        "real": st.floats(-10, 10),
    }
    if kind == "one_hot":
        hot = draw(st.integers(0, CLASSES - 1))
        return [float(place == hot) for place in range(CLASSES)]
    if kind == "simplex":
        row = [draw(st.floats(0.1, 1)) for _ in range(CLASSES)]
        return [x / sum(row) for x in row]
    if isinstance(symbol, IndexedBase):
        return [draw(number[kind]) for _ in range(CLASSES)]
    return float(draw(number[kind]))


def families(x: Expr) -> set[Symbol | IndexedBase]:
    """The symbols and families of an expression, without indices and sizes."""
    if isinstance(x, IndexedBase):
        return {x}
    labels = {base.label for base in x.atoms(IndexedBase)}
    indices = {index for term in x.atoms(Indexed) for index in term.indices}
    return x.atoms(IndexedBase) | {y for y in x.free_symbols - labels - indices if isinstance(y, Symbol)} - {SIZE}


SIZE = symbols("c", integer=True, positive=True)


@cache
def compiled(x: Expr) -> tuple[list, object]:
    """The symbols and entries of an expression whose sums are written out, and its value in mpmath."""
    whole = x.subs(SIZE, CLASSES).doit()
    atoms = sorted(whole.atoms(Indexed) | {y for y in whole.free_symbols if y.is_Symbol}, key=str)
    atoms = [y for y in atoms if str(y) not in {str(base.label) for base in whole.atoms(IndexedBase)}]
    return atoms, lambdify(atoms, whole, "mpmath")


def value(x: object, point: dict) -> float:
    """An expression at a point; NaN where it has no value, as a slope at a kink."""
    atoms, function = compiled(sympify(x))
    given = [point[y.base][int(y.indices[0]) - 1] if isinstance(y, Indexed) else point[y] for y in atoms]
    with mpmath.workdps(30):
        found = function(*map(mpmath.mpf, given))
    return np.nan if found is None else float(found)  # between the cases of a piecewise expression there is none


def entries(x: Expr, outputs: tuple, point: dict) -> float | list:
    """A derivative: a number, or a row or matrix of numbers if it has an entry for each class."""
    indices = [index for output in outputs for index in getattr(output, "indices", ())]
    if not indices:
        return value(x, point)
    places = itertools.product(range(1, CLASSES + 1), repeat=len(indices))
    flat = [value(x.subs(dict(zip(indices, place, strict=True))).doit(), point) for place in places]
    return np.reshape(flat, (CLASSES,) * len(indices))


@st.composite
def points(draw, call: str) -> tuple[dict, list, dict]:
    """A point, and the arguments of the call there."""
    sheet, form = calls()[call]
    names = set().union(*map(families, [form.loss, *form.arguments.values()]))
    point = {name: values(sheet, name, draw) for name in sorted(names, key=str)}
    given = {name: point[x] if isinstance(x, IndexedBase) else value(x, point) for name, x in form.arguments.items()}
    first, second, *rest = given
    return point, [np.array([given[first]]), np.array([given[second]])], {name: given[name] for name in rest}


def close(actual: object, expected: object) -> None:
    np.testing.assert_allclose(np.squeeze(actual), expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("call", losses.__all__)
@settings(max_examples=25)
@given(data=st.data())
def test_the_package_computes_what_the_sheet_says(call, data):
    sheet, form = calls()[call]
    point, pair, rest = data.draw(points(call))

    close(getattr(losses, call)(*pair, **rest), value(form.loss, point))
    (output, slope), *more = sheet.gradient_of(form).items()
    assert more == []
    expected = entries(slope, (output,), point)
    if np.all(np.isfinite(expected)):  # not at a kink
        close(getattr(gradients, call)(*pair, **rest), expected)
        ((outputs, bend),) = sheet.hessian_of(form).items()
        one_each = outputs if outputs[0] != outputs[1] else outputs[:1]
        close(getattr(hessians, call)(*pair, **rest), entries(bend, one_each, point))


@pytest.mark.parametrize("call", losses.__all__)
@settings(max_examples=25)
@given(data=st.data(), other=st.floats(-10, 10))
def test_a_loss_that_the_sheet_calls_convex_lies_below_its_chords(call, data, other):
    sheet, form = calls()[call]
    point, _, _ = data.draw(points(call))
    (output,) = sheet.outputs_of(form)
    if isinstance(output, Indexed) or not form.convex:
        return
    if facts(sheet).get(str(output)) == "unit_interval":
        other = 0.5 + other / 21
    ends = [value(form.loss, {**point, output: x}) for x in (point[output], other)]
    middle = value(form.loss, {**point, output: (point[output] + other) / 2})

    assert middle <= sum(ends) / 2 + 1e-9


def test_the_checks_can_fail():
    sheet, form = calls()["huber_loss"]
    y, t, delta = form.arguments.values()
    point = {y: 1.0, t: 2.5, delta: 1.0}
    (slope,) = sheet.gradient_of(form).values()

    close([1.0], value(form.loss, point))
    close([-1.0], entries(slope, (y,), point))
    with pytest.raises(AssertionError):
        close([1.0], entries(slope, (y,), point))
