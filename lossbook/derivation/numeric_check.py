"""The numerical judge: looks for a point at which a step is false.

Every step passes here, also those that a proof settles; a proof alone is never believed.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from sympy import Expr, Integer, Rational, Symbol
from sympy.tensor.indexed import Indexed

from . import printing
from .evaluate import CannotEvaluate, OutOfRange, Point, Undefined, Value, _context, all_points, compile_value, value_at
from .facts import Knowledge, name_of

_MOST_DIGITS = 3000
_SHARPER = (1, 8, 24)  # times as many digits, before a step is refused
_MOST_MOVES = 6  # directions in which slopes are compared
_ORDER_POINTS = 48  # base points at which the order of two expressions is compared
_VARIANT_STYLES = ("generic", "generic", "opposite", "one", "large", "small", "equal")
_MORE_DIGITS = 64  # digits are added in such portions, so that a value is found again that was computed before
_STEP = Rational(1, 10**18)  # finite differences; the values have 50 digits


@dataclass
class Counterexample:
    """A point at which a step is false, and the values of both sides there (of a replacement or a root: its value)."""

    values: dict = field(default_factory=dict)
    left: str = ""
    right: str = ""

    def __str__(self) -> str:
        where = ", ".join(f"{printing.readable(x)} = {_shown(value)}" for x, value in self.values.items())
        said = f"left {self.left}, right {self.right}" if self.right else f"the new value is {self.left}"
        return f"at {where}: {said}" if where else said


def _shown(value: object) -> str:
    return " / ".join(printing.number(v) for v in value) if isinstance(value, tuple) else printing.number(value)


class Incomplete(ValueError):
    """The sides could not be evaluated at enough points."""


class Sides:
    """Two compiled expressions and their values at points."""

    def __init__(self, left: Expr, right: Expr) -> None:
        self.left, self.right = compile_value(left), compile_value(right)
        self.symbols = [x for x in sorted(left.free_symbols | right.free_symbols, key=str) if isinstance(x, Symbol)]

    def probe(self, point: Point) -> None:
        for side in (self.left, self.right):
            try_value(side, point)

    def values(self, point: Point) -> tuple[object, object]:
        return try_value(self.left, point), try_value(self.right, point)


def try_value(function: Value, point: Point) -> object:
    """Value at a point, or the :class:`Undefined` that says why there is none."""
    found = _found(function, point)
    return found if isinstance(found, Undefined) else found[0]


def _found(function: Value, point: Point) -> tuple[object, object] | Undefined:
    """Value at a point and the largest term that was added up on the way, or why there is none; computed once."""
    key = (function, point.digits)
    if key not in point.measured:
        point.measured[key] = _look_for(function, point)
    return point.measured[key]


def _look_for(function: Value, point: Point) -> tuple[object, object] | Undefined:
    """What :func:`_found` remembers.

    log(1 - 1/(1 + exp(-1500))) has a value, but 50 digits see a zero in the logarithm; so a missing value is looked for
    twice.
    """
    fresh = point.at(point.digits)
    try:
        return value_at(function, fresh), fresh.peak[0]
    except OutOfRange as reason:
        return reason
    except Undefined as reason:
        try:
            value_at(function, point.at(_MOST_DIGITS))
        except Undefined:
            return reason
        return OutOfRange("thousands of digits would be needed")


def order(function: Value, point: Point, other: Value, other_point: Point) -> int:
    """-1, 0 or 1 as the first value is below, equal to or above the second.

    A gap counts when it exceeds what rounding can do to the largest term that was added up; otherwise more digits
    decide.

    Raises
    ------
    OutOfRange
        If thousands of digits would be needed.
    """
    return order_of(function, point, _measured(function, point), other, other_point, _measured(other, other_point))


def _measured(function: Value, point: Point) -> tuple[object, object]:
    found = _found(function, point)
    if isinstance(found, Undefined):
        raise found
    return found


def order_of(function: Value, point: Point, first: tuple, other: Value, other_point: Point, second: tuple) -> int:
    """:func:`order` of two values that are known to the points' own number of digits."""
    digits, gap_before = point.digits, None
    for _ in range(6):
        gap, size = first[0] - second[0], max(abs(first[0]), abs(second[0]))
        rounding = _context(digits).mpf(10) ** (15 - digits) * max(first[1], second[1], size)
        if abs(gap) > 10**-6 * size and abs(gap) > max(rounding, 10**-20):
            return 1 if gap > 0 else -1
        if gap == 0 or abs(gap) <= _context(digits).mpf(10) ** (10 - digits) * size:
            return 0
        if gap_before is not None:
            if abs(gap) < gap_before * 10**-10:
                return 0  # a rounding error shrinks as digits are added, a true difference stays
            if abs(gap) > rounding:
                return 1 if gap > 0 else -1
        gap_before = abs(gap)
        digits = digits + 60 + _exponent(max(first[1], second[1], size)) + _exponent(1 / size)
        digits += -digits % _MORE_DIGITS
        if digits > _MOST_DIGITS:
            break
        first, second = _measured(function, point.at(digits)), _measured(other, other_point.at(digits))
    raise OutOfRange("thousands of digits would be needed")


def _exponent(x: object) -> int:
    """How many decimal digits a number has before its point."""
    return max(0, int(math.log10(2) * (x.man.bit_length() + x.exp))) if x else 0


def _values_at(point: Point) -> dict:
    """What the point assigned, in the order of a sentence: sizes and indices, entries, symbols."""
    entries = {base[tuple(map(Integer, indices))]: value for (base, indices), value in point.entries.items()}
    ordered = dict(sorted(entries.items(), key=lambda item: (str(item[0].base), tuple(map(int, item[0].indices)))))
    symbols = dict(sorted(point.symbols.items(), key=lambda item: str(item[0])))
    return {**{x: Integer(n) for x, n in point.sizes.items()}, **ordered, **symbols}


def _side(value: object) -> str:
    return f"undefined ({value})" if isinstance(value, Undefined) else printing.number(value)


def _both(first: object, second: object) -> tuple[str, str]:
    """Both sides with as many digits as it takes to tell them apart."""
    shown = _side(first), _side(second)
    if shown[0] == shown[1] and not isinstance(first, Undefined):
        context = _context(_MOST_DIGITS)
        for digits in (8, 16, 32, 64):
            shown = tuple(context.nstr(value, digits).replace("-", "−") for value in (first, second))
            if shown[0] != shown[1]:
                break
    return shown


def compare(knowledge: Knowledge, left: Expr, right: Expr, accept: Callable[[int], bool]) -> Counterexample | None:
    """Look for a point at which ``accept(order of the two sides)`` fails.

    Raises
    ------
    Incomplete
        If the sides could not be evaluated at enough points to judge.
    """
    sides = Sides(left, right)
    seen: dict[tuple, list[int]] = {}
    reason: object = ""
    for point in all_points(knowledge, sides.symbols, sides.probe):
        tally = seen.setdefault(tuple(point.sizes.values()), [0, 0])
        first, second = sides.values(point)
        if isinstance(first, Undefined) or isinstance(second, Undefined):
            if _undecided(first, second):
                tally[1] += 1
                reason = first if isinstance(first, Undefined) else second
                continue
            return Counterexample(_values_at(point), _side(first), _side(second))
        try:
            refused = all(
                not accept(order(sides.left, sharper, sides.right, sharper)) for sharper in _ever_sharper(point)
            )
        except Undefined as undecided:
            tally[1] += 1
            reason = undecided
            continue
        tally[0] += 1
        if refused:
            return Counterexample(_values_at(point), *_both(*sides.values(_sharpest(point))))
    require_enough(knowledge, seen, reason)
    return None


def _ever_sharper(point: Point) -> Iterator[Point]:
    """The point with its own number of digits and, for who is about to refuse a step, with many more.

    1 + Σ p (e^u - 1 - u) + Σ p u is e^-1495 at u = -1495: its terms agree to hundreds of digits, and a logarithm of it
    that is computed with 50 is a logarithm of noise.
    """
    return (point.at(times * point.digits) for times in _SHARPER)


def _sharpest(point: Point) -> Point:
    return point.at(_SHARPER[-1] * point.digits)


def _undecided(first: object, second: object) -> bool:
    """Whether a point tells nothing: both sides undefined there, or one beyond the range of the arithmetic."""
    return all(isinstance(x, Undefined) for x in (first, second)) or any(
        isinstance(x, OutOfRange) for x in (first, second)
    )


def require_enough(knowledge: Knowledge, seen: dict[tuple, list[int]], reason: object) -> None:
    """Refuse to judge when too few points could be evaluated at some size."""
    for sizes, (good, bad) in seen.items():
        if good == 0 or good < bad:
            where = ", ".join(f"{size} = {n}" for size, n in zip(knowledge.sizes, sizes, strict=False))
            at = f" at {where}" if where else ""
            why = f" ({reason})" if str(reason) else ""
            raise Incomplete(f"both sides were undefined at {bad} of {good + bad} points{at}{why}")
    if not seen:
        raise Incomplete("no point satisfies the facts")


# ---------------------------------------------------------------------------------------------------------------------
# The same order over some of the symbols
# ---------------------------------------------------------------------------------------------------------------------


def compare_order(knowledge: Knowledge, left: Expr, right: Expr, names: frozenset[str]) -> Counterexample | None:
    """Look for two values of the named symbols that the two expressions put in a different order.

    Values are compared in pairs, and along small steps: two smooth functions order all values alike only if their
    gradients point the same way everywhere.
    """
    sides = Sides(left, right)
    seen: dict[tuple, list[int]] = {}
    reason: object = ""
    bases = list(all_points(knowledge, sides.symbols, sides.probe))
    stride = max(1, len(bases) // _ORDER_POINTS)
    for place, base in enumerate(bases[::stride]):
        tally = seen.setdefault(tuple(base.sizes.values()), [0, 0])
        sides.probe(base)
        usable = []
        for variant in _variants(base, names):
            first, second = sides.values(variant)
            if _undecided(first, second):
                tally[1] += 1
                reason = first if isinstance(first, Undefined) else second
                continue
            if isinstance(first, Undefined) or isinstance(second, Undefined):
                return Counterexample(_values_at(variant), _side(first), _side(second))
            tally[0] += 1
            usable.append(variant)
        found = _different_pair(sides, usable, names)
        if found is None and usable:
            found = _different_direction(sides, usable[place % len(usable)], names)
        if found is not None:
            return found
    require_enough(knowledge, seen, reason)
    return None


def _variants(base: Point, names: frozenset[str]) -> Iterator[Point]:
    yield base
    yield _mirrored(base, names)
    for number, style in enumerate(_VARIANT_STYLES):
        yield base.redraw(names, number, style)


def _mirrored(base: Point, names: frozenset[str]) -> Point:
    """The base point with the named values reflected, so that even functions tie; rows are reversed."""
    twin = base.redraw(names, 0, "generic")
    for x, value in base.symbols.items():
        if x.name in names:
            twin.symbols[x] = _reflected(base.knowledge, x, value)
    cells = {key: value for key, value in base.entries.items() if name_of(key[0]) in names}
    for (family, indices), value in cells.items():
        row = base.knowledge.rows.get(name_of(family))
        if row is None:
            twin.entries[family, indices] = _reflected(base.knowledge, family[indices], value)
            continue
        low, high = (base.value_of_bound(side) for side in row.over[1:])
        opposite = (*indices[: row.axis], low + high - indices[row.axis], *indices[row.axis + 1 :])
        twin.entries[family, indices] = cells.get((family, opposite), value)
    return twin


def _reflected(knowledge: Knowledge, x: Symbol | Indexed, value: Rational) -> Rational:
    for candidate in (-value, 1 - value):
        if knowledge.admits(x, candidate):
            return candidate
    return 1 / value if value != 0 and knowledge.admits(x, 1 / value) else value


def _different_pair(sides: Sides, points: list[Point], names: frozenset[str]) -> Counterexample | None:
    known = [(point, _measured(sides.left, point), _measured(sides.right, point)) for point in points]
    if _ordered_alike(sides, sorted(known, key=lambda one: one[1][0])):
        return None
    for place, (first, *of_first) in enumerate(known):
        for second, *of_second in known[:place]:
            try:
                one = order_of(sides.left, first, of_first[0], sides.left, second, of_second[0])
                other = order_of(sides.right, first, of_first[1], sides.right, second, of_second[1])
            except Undefined:
                continue
            if one != other and _differ(sides, first, second):
                return _pair(sides, first, second, names)
    return None


def _ordered_alike(sides: Sides, known: list[tuple]) -> bool:
    """Whether points that the left side puts in order are so on the right: if neighbours are, all pairs are."""
    try:
        return all(
            order_of(sides.left, first, of_first[0], sides.left, second, of_second[0])
            == order_of(sides.right, first, of_first[1], sides.right, second, of_second[1])
            for (first, *of_first), (second, *of_second) in itertools.pairwise(known)
        )
    except Undefined:
        return False


def _differ(sides: Sides, first: Point, second: Point) -> bool:
    """Whether the two sides put the two points in different orders, however many digits are spent on it."""
    try:
        return all(
            order(sides.left, one, sides.left, two) != order(sides.right, one, sides.right, two)
            for one, two in zip(_ever_sharper(first), _ever_sharper(second), strict=True)
        )
    except Undefined:
        return False


def _pair(sides: Sides, first: Point, second: Point, names: frozenset[str]) -> Counterexample:
    one, other = _values_at(first), _values_at(second)
    merged = {x: (value, other.get(x, value)) if name_of(x) in names else value for x, value in one.items()}
    left = [_side(try_value(sides.left, _sharpest(point))) for point in (first, second)]
    right = [_side(try_value(sides.right, _sharpest(point))) for point in (first, second)]
    return Counterexample(merged, " / ".join(left), " / ".join(right))


def _moves(point: Point, names: frozenset[str]) -> list[dict]:
    """Small independent moves of the named continuous values; a simplex row moves along itself."""
    knowledge = point.knowledge
    moves: list[dict] = []
    for x in sorted(point.symbols, key=str):
        if x.name in names and not x.is_integer and not _is_discrete(knowledge, x.name):
            moves.append({x: 1})
    cells = sorted((key for key in point.entries if name_of(key[0]) in names), key=lambda key: (str(key[0]), key[1]))
    for family, indices in cells:
        name = name_of(family)
        if _is_discrete(knowledge, name) or family.label.is_integer:
            continue
        row = knowledge.rows.get(name)
        if row is None:
            moves.append({(family, indices): 1})
            continue
        last = point.value_of_bound(row.over[2])
        end = (*indices[: row.axis], last, *indices[row.axis + 1 :])
        if end != indices and (family, end) in point.entries:
            moves.append({(family, indices): 1, (family, end): -1})
    step = max(1, len(moves) // _MOST_MOVES)
    return moves[::step][:_MOST_MOVES]


def _is_discrete(knowledge: Knowledge, name: str) -> bool:
    return bool({"binary", "count", "one_hot"} & set(knowledge.kinds.get(name, ())))


def moved(point: Point, move: dict, length: Rational) -> Point:
    """The point with some values shifted by ``length`` times the move."""
    twin = point.at(point.digits)  # with nothing computed yet
    twin.measured = {}
    twin.symbols, twin.entries = dict(point.symbols), dict(point.entries)
    for key, amount in move.items():
        table = twin.entries if isinstance(key, tuple) else twin.symbols
        table[key] = table[key] + length * amount
    return twin


def _slopes(function: Value, point: Point, moves: list[dict]) -> list | None:
    try:
        return [
            (value_at(function, moved(point, move, _STEP)) - value_at(function, moved(point, move, -_STEP)))
            / (2 * point.arithmetic.mpf(10) ** -18)
            for move in moves
        ]
    except Undefined:
        return None


def _different_direction(sides: Sides, point: Point, names: frozenset[str]) -> Counterexample | None:
    """A step that one expression calls up and the other down, if their gradients differ in direction."""
    moves = _moves(point, names)
    if not moves:
        return None
    left, right = _slopes(sides.left, point, moves), _slopes(sides.right, point, moves)
    if left is None or right is None:
        return None
    ctx = point.arithmetic
    lengths = [ctx.sqrt(ctx.fsum(s * s for s in slopes)) for slopes in (left, right)]
    if min(lengths) <= 10**-12 * max(1, max(lengths)):
        return None  # flat on one side: pairs of values have been compared already
    unit = [[s / length for s in slopes] for slopes, length in zip((left, right), lengths, strict=True)]
    apart = [a - b for a, b in zip(*unit, strict=True)]
    if ctx.sqrt(ctx.fsum(a * a for a in apart)) < 10**-9:
        return None
    largest = max(abs(a) for a in apart)
    direction = [Rational(round(float(a / largest) * 1000), 1000) for a in apart]
    combined: dict = {}
    for move, amount in zip(moves, direction, strict=True):
        for key, share in move.items():
            combined[key] = combined.get(key, 0) + share * amount
    for halvings in range(60):
        other = moved(point, combined, Rational(1, 2**halvings))
        try:
            if not _admitted(other, combined):
                continue
        except Undefined:
            continue
        if _differ(sides, other, point):
            return _pair(sides, point, other, names)
    return None


def _admitted(point: Point, keys: dict) -> bool:
    for key in keys:
        x, value = (key[0][key[1]], point.entries[key]) if isinstance(key, tuple) else (key, point.symbols[key])
        if name_of(x) in point.knowledge.rows:
            if value <= 0:
                return False
        elif not point.knowledge.admits(x, value):
            return False
    return True


# ---------------------------------------------------------------------------------------------------------------------
# Derivatives and roots
# ---------------------------------------------------------------------------------------------------------------------


def compare_derivative(
    knowledge: Knowledge, before: Expr, wrt: Symbol | Indexed, claimed: Expr
) -> Counterexample | None:
    """Look for a point at which ``claimed`` is not the slope of ``before`` along ``wrt``, by central differences."""
    sides = Sides(before, claimed)
    handle = compile_value(wrt)
    indices = [compile_value(index) for index in getattr(wrt, "indices", ())]
    symbols = sorted(set(sides.symbols) | {x for x in wrt.free_symbols if isinstance(x, Symbol)}, key=str)
    seen: dict[tuple, list[int]] = {}
    reason: object = ""

    def probe(point: Point) -> None:
        sides.probe(point)
        try_value(handle, point)

    for point in all_points(knowledge, symbols, probe):
        tally = seen.setdefault(tuple(point.sizes.values()), [0, 0])
        probe(point)
        key = wrt
        if isinstance(wrt, Indexed):
            key = (wrt.base, tuple(int(value_at(index, point)) for index in indices))
        found = None
        for sharper in _ever_sharper(point):  # ln(1 - erf(25)) needs hundreds of digits
            slopes, claim = _slopes(sides.left, sharper, [{key: 1}]), try_value(sides.right, sharper)
            found = _slope_error(sharper, slopes, claim)
            if found is None:
                break
        if slopes is None or isinstance(claim, OutOfRange):
            tally[1] += 1
            reason = "the expression is undefined"
            continue
        tally[0] += 1
        if found is not None:
            return found
    require_enough(knowledge, seen, reason)
    return None


def _slope_error(point: Point, slopes: list | None, claim: object) -> Counterexample | None:
    if slopes is None:
        return None
    if isinstance(claim, Undefined) or abs(slopes[0] - claim) > 10**-15 * max(1, abs(slopes[0]), abs(claim)):
        slope, shown = _both(slopes[0], claim)
        return Counterexample(_values_at(point), f"{slope} (slope, by central differences)", shown)
    return None


def holds_everywhere(knowledge: Knowledge, expr: Expr, test: Callable[[object], bool]) -> Counterexample | None:
    """Look for a point at which the value of ``expr`` fails a test."""
    sides = Sides(expr, expr)
    seen: dict[tuple, list[int]] = {}
    for point in all_points(knowledge, sides.symbols, sides.probe):
        value = try_value(sides.left, point)
        seen.setdefault(tuple(point.sizes.values()), [0, 0])[0] += 1
        if not isinstance(value, Undefined) and not test(value):
            value = try_value(sides.left, point.at(_MOST_DIGITS))  # 1/(1 + exp(-1500)) is below 1, but not to 50 digits
            if point.style in ("large", "huge") and not test(value):
                continue  # erf(1500) is below 1, but not to thousands of digits
        if isinstance(value, OutOfRange):
            continue
        if isinstance(value, Undefined) or not test(value):
            return Counterexample(_values_at(point), _side(value), "")
    require_enough(knowledge, seen, "")
    return None


def second_root(knowledge: Knowledge, equation: Expr, unknown: Symbol, root: Expr) -> Counterexample | None:
    """Look for a point at which the equation has another root: its sign may change at ``root`` and nowhere else."""
    sides, zero = Sides(equation, root), compile_value(Integer(0))
    symbols = [x for x in sides.symbols if x != unknown]
    for place, point in enumerate(all_points(knowledge, symbols, sides.probe)):
        if place > 60:
            break
        at_root = try_value(sides.right, point)
        if isinstance(at_root, Undefined):
            continue
        signs = {-1: set(), 1: set()}
        for number, style in enumerate(("generic",) * 6 + _VARIANT_STYLES):
            other = point.redraw(frozenset([unknown.name]), number, style)
            if isinstance(try_value(sides.left, other), Undefined) or unknown not in other.symbols:
                continue
            x = other.arithmetic.mpf(int(other.symbols[unknown].p)) / int(other.symbols[unknown].q)
            if abs(x - at_root) <= 10**-12:  # so near, rounding decides the sign
                continue
            try:
                sign = order(sides.left, other, zero, other)
            except Undefined:
                continue
            if sign == 0:
                return Counterexample(_values_at(other), "0", f"another root besides {printing.number(at_root)}")
            signs[1 if x > at_root else -1].add(sign)
        if any(len(found) > 1 for found in signs.values()):
            return Counterexample(_values_at(point), "changes sign", "more than once")
    return None


__all__ = [
    "CannotEvaluate",
    "Counterexample",
    "Incomplete",
    "compare",
    "compare_derivative",
    "compare_order",
    "holds_everywhere",
    "second_root",
]
