"""What is known of the symbols of a derivation, and what follows for their values.

A :class:`Fact` says something about one symbol (``sigma``) or about every entry of an indexed family (``t[n]`` stands
for all entries of ``t``).  :class:`Knowledge` gathers the facts of a derivation with SymPy's own assumptions and
answers the two questions the engine asks: *which values may this symbol take?* (to sample points) and *which symbol
with assumptions may stand for it?* (to prove).
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

from sympy import (
    Basic,
    Expr,
    Function,
    IndexedBase,
    Integer,
    Product,
    Rational,
    Sum,
    Symbol,
    sympify,
)
from sympy.concrete.expr_with_limits import ExprWithLimits
from sympy.core.function import AppliedUndef
from sympy.tensor.indexed import Indexed

ROW_KINDS = ("simplex", "one_hot")


@dataclass(frozen=True)
class Fact:
    """One statement about a symbol or about every entry of an indexed family; made by :func:`real` and its siblings."""

    kind: str
    target: Symbol | Indexed
    over: tuple[Symbol, Expr, Expr] | None = None

    @property
    def name(self) -> str:
        """The name of the symbol or of the family the fact is about."""
        return name_of(self.target)

    @property
    def axis(self) -> int:
        """Along which index a simplex or one-hot row runs (0 is the first index)."""
        return list(self.target.indices).index(self.over[0])

    def __str__(self) -> str:
        over = "" if self.over is None else f", over=({', '.join(map(str, self.over))})"
        return f"{self.kind}({self.target}{over})"


def real(x: Symbol | Indexed) -> Fact:
    """``x`` is a real number.

    >>> from sympy import IndexedBase, symbols
    >>> print(real(IndexedBase("t")[symbols("n")]))
    real(t[n])
    """
    return _fact("real", x)


def positive(x: Symbol | Indexed) -> Fact:
    """``x`` is a real number above 0."""
    return _fact("positive", x)


def unit_interval(x: Symbol | Indexed) -> Fact:
    """``x`` lies strictly between 0 and 1, as a probability that a sigmoid gives."""
    return _fact("unit_interval", x)


def binary(x: Symbol | Indexed) -> Fact:
    """``x`` is 0 or 1."""
    return _fact("binary", x)


def count(x: Symbol | Indexed) -> Fact:
    """``x`` is 0, 1, 2, ..."""
    return _fact("count", x)


def simplex(x: Indexed, *, over: tuple) -> Fact:
    """Each row of ``x`` is positive and sums to 1, as a softmax gives: the open simplex (a single entry is 1).

    Parameters
    ----------
    x : Indexed
        A typical entry, such as ``y[n, k]``.
    over : tuple
        ``(k, 1, c)``: the index along which a row runs, its first and its last value.
    """
    return _fact("simplex", x, over)


def one_hot(x: Indexed, *, over: tuple) -> Fact:
    """Each row of ``x`` holds a single 1 among 0s; arguments as in :func:`simplex`."""
    return _fact("one_hot", x, over)


def _fact(kind: str, x: object, over: object = None) -> Fact:
    target = sympify(x)
    if not isinstance(target, Symbol | Indexed):
        hint = f": write {kind}({target}[n]) for its entries" if isinstance(target, IndexedBase) else ""
        raise TypeError(f"{kind}(...) is about one symbol or indexed term, such as sigma or t[n]; got {x!r}{hint}")
    if kind not in ROW_KINDS:
        return Fact(kind, target)
    if not isinstance(target, Indexed):
        raise TypeError(f"{kind}(...) is about an indexed term, such as y[n, k]; got the symbol {target}")
    try:
        index, low, high = (sympify(part) for part in over)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{kind}({target}, over=...): over must be (index, first, last), such as (k, 1, c); got {over!r}"
        ) from error
    if index not in target.indices:
        raise ValueError(f"{kind}({target}, over={over}): {index} is not an index of {target}")
    return Fact(kind, target, (index, low, high))


def name_of(x: Symbol | Indexed | IndexedBase | AppliedUndef) -> str:
    """Name of a symbol, or of the family an indexed term belongs to."""
    if isinstance(x, Indexed):
        x = x.base
    label = x.label if isinstance(x, IndexedBase) else x
    return label.name if isinstance(label, Symbol) else str(label)  # a symbol's name is what str prints, much sooner


_IMPLIED = {
    "real": {"real": True},
    "positive": {"positive": True},
    "unit_interval": {"positive": True},
    "binary": {"integer": True, "nonnegative": True},
    "count": {"integer": True, "nonnegative": True},
    "simplex": {"positive": True},
    "one_hot": {"integer": True, "nonnegative": True},
}
_ADMITS = {
    "real": lambda value: True,
    "positive": lambda value: value > 0,
    "unit_interval": lambda value: 0 < value < 1,
    "binary": lambda value: value in (0, 1),
    "count": lambda value: value.is_integer and value >= 0,
}
_PROBES = [Rational(p, 20) for p in range(-60, 61, 7)] + [Integer(p) for p in range(-9, 26)] + [Integer(1000)]


def _own_assumptions(x: Basic) -> dict[str, bool]:
    """SymPy's assumptions of a symbol or family, without the one every symbol has."""
    owner = x.base.label if isinstance(x, Indexed) else x.label if isinstance(x, IndexedBase) else x
    return {key: value for key, value in owner.assumptions0.items() if key != "commutative" and value is not None}


class Knowledge:
    """Facts and assumptions of a derivation, and the ranges of its indices.

    Raises
    ------
    TypeError
        If something in ``facts`` is not a :class:`Fact`.
    ValueError
        If two facts, or a fact and an assumption, leave no value.
    """

    def __init__(self, facts: list[Fact]) -> None:
        for fact in facts:
            if not isinstance(fact, Fact):
                raise TypeError(f"where= takes facts such as real(t[n]) or positive(sigma); got {fact!r}")
        self.facts = tuple(facts)
        self.kinds: dict[str, list[str]] = {}
        self.rows: dict[str, Fact] = {}
        self.axis_ranges: dict[tuple[str, int], tuple[Expr, Expr]] = {}
        self.index_ranges: dict[Symbol, tuple[Expr, Expr]] = {}
        self.sizes: dict[Symbol, None] = {}
        for fact in facts:
            self.kinds.setdefault(fact.name, [])
            if fact.kind not in self.kinds[fact.name]:
                self.kinds[fact.name].append(fact.kind)
            if fact.over is not None:
                self._add_row(fact)
        for fact in facts:
            self._refuse_contradiction(fact.target)

    def _add_row(self, fact: Fact) -> None:
        earlier = self.rows.setdefault(fact.name, fact)
        if (earlier.kind, earlier.axis, earlier.over[1:]) != (fact.kind, fact.axis, fact.over[1:]):
            raise ValueError(
                f"contradictory facts: {earlier} and {fact} (simplex means the open simplex, without one-hot rows)"
            )
        self.axis_ranges.setdefault((fact.name, fact.axis), fact.over[1:])
        self._add_sizes(fact.over[1:])

    def _refuse_contradiction(self, target: Symbol | Indexed) -> None:
        name = name_of(target)
        if name in self.rows:
            needed = [0, 1] if self.rows[name].kind == "one_hot" else [Rational(1, 2), Rational(1, 3)]
            fits = all(self.admits(target, sympify(value)) for value in needed)
        else:
            fits = any(self.admits(target, value) for value in _PROBES)
        if not fits:
            said = [str(fact) for fact in self.facts if fact.name == name]
            telling = ("positive", "negative", "zero", "nonnegative", "nonpositive", "integer", "real")
            own = [key for key in telling if _own_assumptions(target).get(key)][:2]
            also = f", and SymPy assumes {target} {' and '.join(own)}" if own else ""
            raise ValueError(f"contradictory facts: no value satisfies {' and '.join(said)}{also}")

    def admits(self, target: Symbol | Indexed, value: Expr) -> bool:
        """Whether ``value`` satisfies every fact and assumption about ``target`` (rows as a whole apart)."""
        if not all(_ADMITS[kind](value) for kind in self.kinds.get(name_of(target), []) if kind in _ADMITS):
            return False
        return all(
            getattr(value, f"is_{key}", None) in (None, truth) for key, truth in _own_assumptions(target).items()
        )

    def is_known(self, x: Basic) -> bool:
        """Whether a fact or an assumption says that ``x`` is a real number of some kind."""
        owner = x.base.label if isinstance(x, Indexed) else x
        return name_of(x) in self.kinds or bool(owner.is_real)

    # -- sizes and ranges -------------------------------------------------------------------------------------

    def _add_sizes(self, bounds: tuple[Expr, ...]) -> None:
        for bound in bounds:
            for symbol in sorted(bound.free_symbols - set(self.index_ranges), key=str):
                if not symbol.is_integer and not {"count", "binary"} & set(self.kinds.get(str(symbol), ())):
                    raise ValueError(
                        f"{symbol} is the limit of a sum, but nothing says that it is an integer: "
                        f"create it with symbols({str(symbol)!r}, integer=True, positive=True)"
                    )
                self.sizes.setdefault(symbol)

    def learn_ranges(self, expr: Expr) -> None:
        """Read from the sums and products of ``expr`` which values each index may take; first seen, first kept."""
        self._learn(expr, {})
        for term in sorted(expr.atoms(Indexed), key=str):
            for axis, index in enumerate(term.indices):
                known = self.axis_ranges.get((name_of(term), axis))
                if index.is_Symbol and index in expr.free_symbols and known is not None:
                    self.index_ranges.setdefault(index, known)

    def _learn(self, expr: Basic, bound: dict[Symbol, tuple[Expr, Expr]]) -> None:
        if isinstance(expr, ExprWithLimits):
            inner = dict(bound)
            for limit in reversed(expr.limits):
                if len(limit) == 3:
                    inner[limit[0]] = (limit[1], limit[2])
                    if isinstance(expr, Sum | Product):
                        self._add_sizes(tuple(side for side in limit[1:] if not side.free_symbols & set(inner)))
            self._learn(expr.function, inner)
            return
        if isinstance(expr, Indexed):
            for axis, index in enumerate(expr.indices):
                if index in bound and not set().union(*(side.free_symbols for side in bound[index])) & set(bound):
                    self.axis_ranges.setdefault((name_of(expr), axis), bound[index])
        for arg in expr.args:
            self._learn(arg, bound)

    # -- symbols with assumptions, for proofs -------------------------------------------------------------------

    def refine(self, expr: Expr) -> Expr:
        """Return ``expr`` with every symbol replaced by one of the same name that carries what the facts imply."""
        table: dict[Basic, Basic] = {}
        lows: dict[Symbol, list[Expr]] = {}
        for part in expr.atoms(Sum, Product):
            for index, low, _ in part.limits:
                lows.setdefault(index, []).append(low)
        for symbol in expr.atoms(Symbol):
            if symbol in lows or symbol in self.index_ranges:
                first = lows.get(symbol, []) + list(self.index_ranges.get(symbol, ())[:1])
                sign = {"positive": True} if all(low.is_positive for low in first) else {}
                table[symbol] = Symbol(symbol.name, integer=True, **sign)
            elif str(symbol) in self.kinds:
                table[symbol] = Symbol(symbol.name, **self._refined(symbol))
        for base in expr.atoms(IndexedBase):
            if name_of(base) in self.kinds:
                table[base] = IndexedBase(name_of(base), **self._refined(base))
        labels = {base.label for base in expr.atoms(IndexedBase)}
        return expr.xreplace({old: new for old, new in table.items() if old not in labels})

    def _refined(self, x: Symbol | IndexedBase) -> dict[str, bool]:
        merged = dict(_own_assumptions(x))
        if merged.get("positive") and "count" in self.kinds[name_of(x)]:
            return {"integer": True, "positive": True}
        for kind in self.kinds[name_of(x)]:
            implied = dict(_IMPLIED[kind])
            if merged.get("positive"):
                implied.pop("nonnegative", None)
            merged.update(implied)
        keep = ("real", "integer", "positive", "nonnegative", "negative", "nonpositive", "nonzero")
        slim = {key: value for key, value in merged.items() if key in keep and value}
        return slim or {"real": True}

    def unknown(self, expr: Expr) -> list[Basic]:
        """Symbols, families and functions of ``expr`` about which nothing is known, in order of their names."""
        bound = {limit[0] for part in expr.atoms(ExprWithLimits) for limit in part.limits}
        labels = {base.label for base in expr.atoms(IndexedBase)}
        free = {symbol for symbol in expr.free_symbols if isinstance(symbol, Symbol)} - bound - labels
        missing: set[Basic] = {
            symbol for symbol in free if not self.is_known(symbol) and symbol not in self.index_ranges
        }
        missing |= {term for term in expr.atoms(Indexed) if not self.is_known(term)}
        missing |= {call for call in expr.atoms(AppliedUndef) if not call.is_real}
        families: dict[str, Basic] = {}
        for x in sorted(missing, key=str):
            families.setdefault(name_of(x), x)
        return list(families.values())


def describe_missing(x: Basic) -> str:
    """Say in a sentence how to tell the engine about ``x``."""
    if isinstance(x, AppliedUndef):
        return f"nothing is known of {x.func}: create it with Function({str(x.func)!r}, real=True) or positive=True"
    return f"nothing is known of {x}: add a fact such as where=[real({x})], or create it with an assumption (real=True)"


def undefined_functions(expr: Expr) -> list[Function]:
    """Functions without a formula that occur in ``expr``, such as a density ``p(t)``."""
    return sorted({call.func for call in expr.atoms(AppliedUndef)}, key=str)


def bounded_product(ranges: list[list[int]], most: int) -> list[tuple[int, ...]]:
    """All combinations of the given values, or an evenly spread selection of ``most`` of them (first and last kept)."""
    total = math.prod(map(len, ranges))
    if total <= most:
        return list(itertools.product(*ranges))
    return [_combination(ranges, (total - 1) * i // (most - 1)) for i in range(most)]


def _combination(ranges: list[list[int]], place: int) -> tuple[int, ...]:
    """The combination at a place of the list of all combinations."""
    chosen = []
    for choices in reversed(ranges):
        place, index = divmod(place, len(choices))
        chosen.append(choices[index])
    return tuple(reversed(chosen))
