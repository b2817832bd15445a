"""Mutants of a line of a derivation: the mistakes that people make, applied at every place where they can be made."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

from sympy import Add, Expr, Indexed, IndexedBase, Integer, Mul, Pow, Product, Sum, Symbol, exp, log
from sympy.concrete.expr_with_limits import ExprWithLimits


def mutants(expr: Expr) -> Iterator[tuple[str, Expr]]:
    """Distinct mutants of ``expr``, each with the name of the mistake and the part it was made in."""
    seen = {expr}
    for name, mutant in itertools.chain(_everywhere(expr), _swaps(expr)):
        if mutant not in seen and not mutant.has(Integer(0) ** -1):
            seen.add(mutant)
            yield name, mutant


def _everywhere(expr: Expr) -> Iterator[tuple[str, Expr]]:
    for part, rebuild in _parts(expr, lambda x: x):
        for mistake in (_sign, _factor, _bracket, _index, _limit, _logarithm, _minus):
            for name, changed in mistake(part):
                yield f"{name} in {part}", rebuild(changed)


def _parts(expr: Expr, rebuild: Callable[[Expr], Expr]) -> Iterator[tuple[Expr, Callable[[Expr], Expr]]]:
    """Every subexpression with a function that puts a replacement in its place."""
    yield expr, rebuild
    if isinstance(expr, Indexed):
        return
    if isinstance(expr, ExprWithLimits):
        yield from _parts(expr.function, lambda new: rebuild(expr.func(new, *expr.limits)))
        return
    for place, arg in enumerate(expr.args):
        if isinstance(arg, Expr):
            yield from _parts(
                arg, lambda new, place=place: rebuild(expr.func(*expr.args[:place], new, *expr.args[place + 1 :]))
            )


def _sign(part: Expr) -> Iterator[tuple[str, Expr]]:
    if part.is_Add:
        for term in part.args:
            yield f"flipped sign of {term}", part - 2 * term
    elif isinstance(part, Sum | Product | log | exp) or part.is_Symbol or isinstance(part, Indexed):
        yield "flipped sign", -part


def _factor(part: Expr) -> Iterator[tuple[str, Expr]]:
    if part.is_Mul or part.is_Add:
        for arg in part.args:
            yield f"dropped {arg}", part.func(*(other for other in part.args if other is not arg))
    if part.is_Mul:
        for arg in part.args:
            yield f"doubled factor {arg}", part * arg
    if part.is_Add:
        for term in part.args:
            yield f"doubled term {term}", part + term
    if part.is_Pow and part.exp.is_Number:
        yield "dropped exponent", part.base
    if isinstance(part, Sum | Product | log):
        yield "doubled", 2 * part


def _bracket(part: Expr) -> Iterator[tuple[str, Expr]]:
    """Only the first term stays inside; every choice of first term is tried."""
    inside = None
    if isinstance(part, Sum) and part.function.is_Add:
        inside, wrap = part.function, lambda first: Sum(first, *part.limits)
    elif part.is_Pow and part.base.is_Add:
        inside, wrap = part.base, lambda first: Pow(first, part.exp)
    elif isinstance(part, log | exp) and part.args[0].is_Add:
        inside, wrap = part.args[0], part.func
    elif part.is_Mul and any(arg.is_Add for arg in part.args):
        inside = next(arg for arg in part.args if arg.is_Add)
        outside = Mul(*(arg for arg in part.args if arg is not inside))
        wrap = lambda first: outside * first  # noqa: E731
    if inside is not None:
        for first in inside.args:
            yield f"lost bracket after {first}", wrap(first) + Add(*(term for term in inside.args if term is not first))
    if isinstance(part, log) and part.args[0].is_Mul:
        for first in part.args[0].args:
            yield f"lost bracket after {first}", log(first) * part.args[0] / first


def _index(part: Expr) -> Iterator[tuple[str, Expr]]:
    if isinstance(part, Indexed):
        for place, index in enumerate(part.indices):
            if index.is_Symbol:
                shifted = (*part.indices[:place], index + 1, *part.indices[place + 1 :])
                yield "shifted index", part.base[shifted]


def _limit(part: Expr) -> Iterator[tuple[str, Expr]]:
    if isinstance(part, Sum | Product):
        for place, (index, low, high) in enumerate(part.limits):
            for name, limit in (
                ("lost first term", (index, low + 1, high)),
                ("lost last term", (index, low, high - 1)),
            ):
                yield name, part.func(part.function, *part.limits[:place], limit, *part.limits[place + 1 :])


def _logarithm(part: Expr) -> Iterator[tuple[str, Expr]]:
    if isinstance(part, log):
        yield "log2 for log", part / log(2)
        yield "lost log", part.args[0]


def _minus(part: Expr) -> Iterator[tuple[str, Expr]]:
    if isinstance(part, exp) and part.args[0].could_extract_minus_sign():
        yield "lost minus", exp(-part.args[0])
    if part.is_Mul and part.could_extract_minus_sign():
        yield "lost minus", -part


def _swaps(expr: Expr) -> Iterator[tuple[str, Expr]]:
    bound = {limit[0] for part in expr.atoms(ExprWithLimits) for limit in part.limits}
    labels = {base.label for base in expr.atoms(IndexedBase)}
    symbols = sorted((expr.atoms(Symbol) - bound - labels), key=str)
    families = sorted(expr.atoms(IndexedBase), key=str)
    for one, other in itertools.combinations(symbols, 2):
        yield f"swapped {one} and {other}", expr.xreplace({one: other, other: one})
    for one, other in itertools.combinations(families, 2):
        try:
            yield f"swapped {one} and {other}", expr.xreplace({one: other, other: one})
        except (IndexError, ValueError):
            continue
