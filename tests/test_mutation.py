"""Every derivation in the book, mutated step by step: the engine must refuse each mutant that is a mistake.

These tests take minutes, so ``make mutants`` runs them, after ``make test``.  The steps are collected while the
chapters run (chapter_runs).  A mutant that the engine accepts must be listed in ``equivalent_mutants.tsv`` with the
reason why it is no mistake, and a second judge, which shares no code with the engine, must agree.  To bring the list
up to date after a chapter changed, run ``PYTHONPATH=tools python tests/test_mutation.py`` and give each new line its
reason.
"""

from __future__ import annotations

import csv
import functools
import os
import random
import sys
from collections.abc import Iterator
from pathlib import Path

import execute
import pytest
from chapter_runs import Record, run
from mutations import mutants
from sympy import Expr, Indexed, IndexedBase, Integer, Product, Sum, Symbol, lambdify
from sympy.core.function import AppliedUndef

from lossbook.derivation import Derivation, DerivationError, Fact, core
from lossbook.derivation.printing import text

ROOT = Path(__file__).resolve().parent.parent
CHAPTERS = sorted(path.stem for path in (ROOT / "chapters").glob("*.ipynb"))
LIST = ROOT / "tests" / "equivalent_mutants.tsv"
MUTATED = {"equals", "same_minimiser", "at_least", "at_most", "differentiate"}


def retry(record: Record, mutant: Expr) -> bool:
    """Whether the engine accepts ``mutant`` in the place of the step's line.

    Only the numbers refuse a step; the proofs, which decide between "proved" and "checked", are left out here.
    """
    derivation = Derivation(record.start, where=record.facts)
    derivation.steps = record.steps[:-1]
    step = record.step
    with pytest.MonkeyPatch.context() as engine:
        engine.setattr(core, "prove_equal", lambda *_: False)
        engine.setattr(core, "prove_nonnegative", lambda *_: False)
        engine.setattr(core, "prove_same_order", lambda *_: None)
        try:
            if step.relation == "same_minimiser":
                derivation.same_minimiser(mutant, over=list(step.over))
            elif step.relation == "differentiate":
                derivation.differentiate(*step.over, mutant)
            else:
                getattr(derivation, step.relation)(mutant)
        except (DerivationError, ValueError):
            return False
    return True


def records(chapter: str) -> tuple[Record, ...]:
    """The accepted steps of a chapter."""
    return run(ROOT / "chapters" / f"{chapter}.ipynb").records


@functools.cache
def accepted(chapter: str) -> tuple[tuple[tuple[str, ...], Record, Expr], ...]:
    """The mutants of a chapter that the engine accepts, each with its name in the list."""
    return tuple(
        ((chapter, record.step.relation, mistake, text(record.step.after), text(mutant)), record, mutant)
        for record in records(chapter)
        if record.step.relation in MUTATED
        for mistake, mutant in mutants(record.step.after)
        if retry(record, mutant)
    )


def listed() -> dict[tuple[str, ...], str]:
    """Names of the equivalent mutants, with their reasons."""
    with LIST.open(encoding="utf-8", newline="") as file:
        return {tuple(row[:-1]): row[-1] for row in csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)}


# ---------------------------------------------------------------------------------------------------------------------
# The second judge: SymPy writes the sums out for two or three terms, NumPy evaluates at random points
# ---------------------------------------------------------------------------------------------------------------------


def is_no_mistake(record: Record, mutant: Expr) -> bool:
    """Whether the mutated step holds at random points for written-out sums."""
    return all(_holds(record, mutant, size) for size in (2, 3))


def _holds(record: Record, mutant: Expr, size: int) -> bool:
    step = record.step
    fixed = _fixed([step.before, mutant, *(x for x in step.over if not isinstance(x, IndexedBase))], size)
    before, after = (side.subs(fixed).doit() for side in (step.before, mutant))
    if step.relation == "differentiate":
        before = before.diff(step.over[0].subs(fixed))
    atoms = sorted((before.atoms(Indexed) | after.atoms(Indexed) | _symbols(before) | _symbols(after)), key=str)
    calls = sorted(before.atoms(AppliedUndef) | after.atoms(AppliedUndef), key=str)
    if calls:
        return True  # a function without a formula has no value here
    left, right = (lambdify(atoms, side, "mpmath") for side in (before, after))
    generator = random.Random(size)
    names = {str(x.base.label if isinstance(x, Indexed) else x) for x in step.over}
    for _ in range(12):
        point = _values(record.facts, atoms, generator, size)
        one, two = left(*point), right(*point)
        if step.relation == "same_minimiser":
            fresh = _values(record.facts, atoms, generator, size)
            varies = [_name(x) in names for x in atoms]
            other = [new if moves else old for new, old, moves in zip(fresh, point, varies, strict=True)]
            if _order(one, left(*other)) != _order(two, right(*other)):
                return False
        elif step.relation == "at_least":
            if one < two - 1e-10:
                return False
        elif step.relation == "at_most":
            if one > two + 1e-10:
                return False
        elif abs(one - two) > 1e-8 * max(1, abs(one)):
            return False
    return True


def _order(one: float, other: float) -> int:
    """-1, 0 or 1; values that agree to ten digits tie, however small they are."""
    gap = one - other
    return 0 if abs(gap) <= 1e-10 * max(abs(one), abs(other)) else 1 if gap > 0 else -1


def _name(x: Symbol | Indexed) -> str:
    return str(x.base.label) if isinstance(x, Indexed) else str(x)


def _symbols(e: Expr) -> set[Symbol]:
    return e.atoms(Symbol) - {base.label for base in e.atoms(IndexedBase)}


def _fixed(sides: list[Expr], size: int) -> dict[Symbol, Integer]:
    """Every size is ``size``, every free index is 1 or 2, the same on all sides, so that sums can be written out."""
    big = [part for e in sides for part in e.atoms(Sum, Product)]
    limits = {x for part in big for limit in part.limits for bound in limit[1:] for x in bound.free_symbols}
    bound = {limit[0] for part in big for limit in part.limits}
    terms = [term for e in sides for term in e.atoms(Indexed)]
    indices = {x for term in terms for index in term.indices for x in index.free_symbols} - bound
    fixed = {x: Integer(size) for x in limits - bound}
    return fixed | {x: Integer(1 + place % 2) for place, x in enumerate(sorted(indices - limits, key=str))}


def _values(facts: tuple[Fact, ...], atoms: list, generator: random.Random, size: int) -> list[float]:
    kinds: dict[str, set[str]] = {}
    rows: dict[tuple, list[float]] = {}
    for fact in facts:
        kinds.setdefault(fact.name, set()).add(fact.kind)
    row_facts = {fact.name: fact for fact in facts if fact.over is not None}
    values = []
    for x in atoms:
        name, kind = _name(x), kinds.get(_name(x), set())
        if isinstance(x, Indexed) and name in row_facts:
            fact = row_facts[name]
            length = size if fact.over[2].free_symbols else int(fact.over[2] - fact.over[1] + 1)
            place = int(x.indices[fact.axis] - (fact.over[1] if fact.over[1].is_Integer else 1))
            key = (name, *(index for axis, index in enumerate(x.indices) if axis != fact.axis))
            if key not in rows:
                parts = [generator.uniform(0.1, 1) for _ in range(length)]
                hot = generator.randrange(length)
                rows[key] = (
                    [float(i == hot) for i in range(length)]
                    if fact.kind == "one_hot"
                    else [p / sum(parts) for p in parts]
                )
            values.append(rows[key][place] if 0 <= place < length else generator.uniform(0.1, 0.9))
        elif "binary" in kind:
            values.append(float(generator.randrange(2)))
        elif "unit_interval" in kind:
            values.append(generator.uniform(0.05, 0.95))
        elif "count" in kind or x.is_integer:
            values.append(float(generator.randint(1, 6)))
        elif "positive" in kind or x.is_positive:
            values.append(generator.uniform(0.1, 3))
        else:
            values.append(generator.uniform(-2, 2))
    return values


# ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.mutants
@pytest.mark.parametrize("chapter", CHAPTERS)
def test_the_engine_refuses_every_mutant_that_is_a_mistake(chapter):
    names = {name for name, _, _ in accepted(chapter)}
    known = {name for name in listed() if name[0] == chapter}

    assert names - known == set(), "accepted, but not listed as equivalent"
    assert known - names == set(), "listed as equivalent, but refused or gone"


@pytest.mark.mutants
@pytest.mark.parametrize("chapter", CHAPTERS)
def test_the_second_judge_agrees_about_the_equivalent_mutants(chapter):
    disputed = [name for name, record, mutant in accepted(chapter) if not is_no_mistake(record, mutant)]

    assert disputed == []


def test_every_equivalent_mutant_has_a_reason():
    assert [name for name, reason in listed().items() if len(reason.split()) < 3] == []


def test_the_second_judge_finds_a_mistake():
    n, size = Symbol("n", integer=True, positive=True), Symbol("N", integer=True, positive=True)
    x = IndexedBase("x", real=True)
    derivation = Derivation(Sum(x[n] + 1, (n, 1, size))).equals(Sum(x[n], (n, 1, size)) + size)
    record = Record(derivation.facts, derivation.steps, derivation.start)

    assert is_no_mistake(record, derivation.expr)
    assert not is_no_mistake(record, derivation.expr + 1)


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_nine_steps_in_ten_are_proved(chapter):
    verdicts = [record.step.verdict for record in records(chapter)]

    assert verdicts.count("proved") >= 0.9 * len(verdicts)


def _score() -> Iterator[str]:
    """Lines of the list as it should be: known reasons are kept, a new name has none."""
    known = listed() if LIST.exists() else {}
    tried = total = 0
    for chapter in CHAPTERS:
        for record in records(chapter):
            if record.step.relation in MUTATED:
                total += len(list(mutants(record.step.after)))
        for name, record, mutant in accepted(chapter):
            tried += 1
            verdict = "" if is_no_mistake(record, mutant) else "MISTAKE"
            yield "\t".join([*name, known.get(name, verdict)])
    steps = [record.step for chapter in CHAPTERS for record in records(chapter)]
    proved = sum(step.verdict == "proved" for step in steps)
    print(f"{len(steps)} steps, {proved} proved; {total} mutants, {tried} accepted", file=sys.stderr)


if __name__ == "__main__":
    os.environ.update(execute.clean_environment())
    lines = list(_score())
    LIST.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
