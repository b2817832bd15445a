"""Points that satisfy the facts, and the value of an expression at a point, to as many digits as asked.

Nothing here simplifies: an expression is walked as it is written, sums and products are looped over.  That keeps the
numerical check independent of the symbolic proof.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator

from sympy import Expr, Float, Integer, KroneckerDelta, Mul, Pow, Product, Rational, S, Sum, Symbol
from sympy import functions as special
from sympy.core.evalf import mp as _mpmath  # SymPy's own arbitrary-precision arithmetic
from sympy.core.function import AppliedUndef, Derivative
from sympy.core.numbers import NumberSymbol
from sympy.core.relational import Relational
from sympy.functions.elementary.piecewise import Piecewise
from sympy.integrals.integrals import Integral
from sympy.logic.boolalg import BooleanFalse, BooleanFunction, BooleanTrue
from sympy.tensor.indexed import Indexed

from .facts import Knowledge, bounded_product, name_of

DIGITS = 50
_SIZES = (1, 2, 3)
_MOST_ASSIGNMENTS = 36  # 0/1 tables with at most this many fillings are tried in full
_LEAST_POINTS = 12  # points a size
_LEAST_IN_ALL = 96
_MOST_SIZES = 27
_STYLES = ("generic", "zero", "fine", "equal", "one", "small", "large", "opposite", "huge")
_SPOT_SIZES = (
    (5, 4, 6),
    (4, 7, 5),
    (11, 6, 4),
    (7, 5, 9),
)  # a few points far from the small sizes, which a polynomial could fit
_LARGEST_EXPONENT = 10**30


class Undefined(ArithmeticError):
    """The expression has no finite real value at this point."""


class OutOfRange(Undefined):
    """There is a value, but it is too large or too close to tell by numbers."""


class CannotEvaluate(ValueError):
    """The expression has a part that the engine does not know how to evaluate at any point."""


# ---------------------------------------------------------------------------------------------------------------------
# Points
# ---------------------------------------------------------------------------------------------------------------------


class Point:
    """Values for the symbols of a derivation: sizes are fixed, every other value is made when it is first asked for.

    A value depends only on its own name, its index, the style and the number of the point, never on the order in which
    values are asked for; so the same point means the same numbers in every run.
    """

    def __init__(self, knowledge: Knowledge, sizes: dict[Symbol, int], number: int, style: str = "generic") -> None:
        self.knowledge, self.sizes, self.number, self.style = knowledge, sizes, number, style
        self.digits = DIGITS
        self.arithmetic = _context(DIGITS)
        self.symbols: dict[Symbol, Rational] = {}
        self.entries: dict[tuple[Indexed, tuple[int, ...]], Rational] = {}
        self.fixed: dict[tuple, object] = {}  # fillings of 0/1 entries and one-hot rows that were chosen on purpose
        self.asked: dict[
            tuple, int
        ] = {}  # the 0/1 entries and one-hot rows that were asked for, with their number of options
        self.redrawn: frozenset[str] = frozenset()  # families whose values this point draws afresh
        self.variant, self.restyle = 0, style
        self.known: dict = {}  # values of entries and inner sums that were computed already, to this number of digits
        self.measured: dict = {}  # values of whole expressions at this point, by the number of digits
        self.peak = [0.0]  # the largest term of any sum so far: what rounding errors are measured by

    def at(self, digits: int) -> Point:
        """The same point, to be evaluated with another number of digits."""
        twin = object.__new__(Point)
        twin.__dict__ = {**self.__dict__, "digits": digits, "arithmetic": _context(digits), "peak": [0.0], "known": {}}
        return twin

    def redraw(self, names: frozenset[str], variant: int, style: str) -> Point:
        """A point that differs from this one in the values of the named symbols and families only."""
        twin = Point(self.knowledge, self.sizes, self.number, self.style)
        twin.symbols = {x: value for x, value in self.symbols.items() if name_of(x) not in names}
        twin.entries = {key: value for key, value in self.entries.items() if name_of(key[0]) not in names}
        twin.fixed = {key: value for key, value in self.fixed.items() if key[0] not in names}
        twin.redrawn, twin.variant, twin.restyle = names, variant, style
        return twin

    def _draw(self, key: object) -> tuple[random.Random, str]:
        """A generator of its own for each value, and the style the value is drawn in."""
        fresh = key[0] in self.redrawn
        style = self.restyle if fresh else self.style
        label = f"{key}|{self.number}|{self.variant if fresh else 0}"
        return random.Random(label), style

    def symbol(self, x: Symbol) -> Rational:
        """Value of a symbol."""
        if x in self.sizes:
            return Integer(self.sizes[x])
        if x not in self.symbols:
            self.symbols[x] = self._value(x, (x.name,))
        return self.symbols[x]

    def entry(self, term: Indexed, indices: tuple[int, ...]) -> Rational:
        """Value of the entry of a family at concrete indices."""
        key = (term.base, indices)
        if key not in self.entries:
            name = name_of(term)
            row = self.knowledge.rows.get(name)
            if row is not None and len(row.target.indices) == len(indices):
                self._fill_row(term, indices, name, row)
            if key not in self.entries:  # no row, or an index outside it
                self.entries[key] = self._value(term, (name, *indices))
        return self.entries[key]

    def _value(self, x: Symbol | Indexed, key: tuple) -> Rational:
        if "binary" in self.knowledge.kinds.get(key[0], ()):
            choices = [value for value in (Integer(0), Integer(1)) if self.knowledge.admits(x, value)]
            self.asked.setdefault(key, len(choices))
            if key in self.fixed:
                return choices[self.fixed[key] % len(choices)]
            return self._draw(key)[0].choice(choices)
        generator, style = self._draw(key)
        for value in itertools.islice(_candidates(generator, style, x, self.knowledge.kinds.get(key[0], ())), 400):
            if self.knowledge.admits(x, value):
                return value
        raise CannotEvaluate(f"no value was found for {x} that satisfies its facts and assumptions")

    def _fill_row(self, term: Indexed, indices: tuple[int, ...], name: str, row: object) -> None:
        low, high = (int(self.value_of_bound(side)) for side in row.over[1:])
        axis = row.axis
        if not low <= indices[axis] <= high:
            return
        key = (name, "row", *(index for place, index in enumerate(indices) if place != axis))
        length = high - low + 1
        if row.kind == "one_hot":
            self.asked.setdefault(key, length)
            generator, _ = self._draw(key)
            hot = self.fixed[key] % length if key in self.fixed else generator.randrange(length)
            values = [Integer(int(place == hot)) for place in range(length)]
        else:
            values = _simplex_row(*self._draw(key), length)
        for place, value in enumerate(values):
            cell = (*indices[:axis], low + place, *indices[axis + 1 :])
            self.entries[(term.base, cell)] = value

    def value_of_bound(self, bound: Expr) -> int:
        """Value of a limit of a sum, such as N or N - 1, when only sizes occur in it."""
        value = bound.xreplace({size: Integer(number) for size, number in self.sizes.items()})
        if not value.is_Integer:
            raise CannotEvaluate(f"the limit {bound} is not an integer at {self.sizes}")
        return int(value)


def _small_sizes(knowledge: Knowledge, size: Symbol) -> list[int]:
    """The three smallest sizes that the facts allow, and 0 last, where they say that it may occur."""
    fitting = [n for n in range(1, 20) if knowledge.admits(size, Integer(n))][: len(_SIZES)]
    may_be_empty = "count" in knowledge.kinds.get(str(size), ()) or (size.is_nonnegative and not size.is_positive)
    return [*fitting, 0] if may_be_empty and knowledge.admits(size, Integer(0)) else fitting


def _candidates(
    generator: random.Random, style: str, x: Symbol | Indexed, kinds: tuple[str, ...]
) -> Iterator[Rational]:
    """Endless candidates for one value, those of the asked style first; readable: few digits."""
    whole = bool(x.is_integer) or "count" in kinds
    lead = {
        "zero": [Integer(0), Rational(1, 100)],
        "equal": [Rational(1, 2) if "unit_interval" in kinds else Integer(2)],
        "one": [generator.choice([Integer(1), Integer(-1)]), Integer(1), Rational(99, 100)],
        "small": [Rational(generator.randint(-99, 99) or 7, 1000), Rational(generator.randint(1, 9), 1000)],
        "large": [Integer(generator.randint(-25, 25)), Integer(generator.randint(5, 25)), Rational(997, 1000)],
        "fine": [Rational(generator.randint(-29000, 29000), 9973), Rational(generator.randint(1, 9972), 9973)],
        "huge": [
            Integer(generator.choice([-1, 1]) * generator.randint(150, 1500)),
            Integer(generator.randint(150, 1500)),
        ],
        "opposite": [Rational(generator.choice([-3, 3]), 2), Rational(generator.choice([1, 4]), 4)],
    }.get(style, [])
    yield from lead
    while True:
        if whole:
            yield Integer(generator.randint(0, 6))
            yield Integer(generator.randint(-6, 9))
        else:
            yield (
                Rational(generator.randint(2, 98), 100)
                if "unit_interval" in kinds
                else Rational(generator.randint(-400, 400), 100)
            )
            yield Rational(generator.randint(5, 400), 100)
            yield Rational(generator.randint(2, 98), 100)


def _simplex_row(generator: random.Random, style: str, length: int) -> list[Rational]:
    if style in ("zero", "equal", "opposite"):
        return [Rational(1, length)] * length
    total = 1000 if style in ("small", "large") else 9973 if style in ("fine", "huge") else 100
    if style in ("one", "small", "large"):  # nearly all in one entry
        sizes = [1] * length
        sizes[generator.randrange(length)] = total - (length - 1)
    else:
        cuts = sorted(generator.sample(range(1, total), length - 1))
        sizes = [high - low for low, high in zip([0, *cuts], [*cuts, total], strict=True)]
    return [Rational(size, total) for size in sizes]


def all_points(knowledge: Knowledge, symbols: list[Symbol], probe: Callable[[Point], None]) -> Iterator[Point]:
    """Points at every combination of small sizes, readable ones first.

    ``probe`` evaluates the expressions once, so that the point learns which 0/1 entries they ask for; where few, all
    their fillings are tried.
    """
    sizes = list(knowledge.sizes)
    small = [_small_sizes(knowledge, size) for size in sizes]
    combinations = bounded_product(small, _MOST_SIZES)
    far = [tuple(spot[place % 3] for place in range(len(sizes))) for spot in _SPOT_SIZES] if sizes else []
    far = [spot for spot in far if all(knowledge.admits(x, Integer(n)) for x, n in zip(sizes, spot, strict=True))]
    indices = [index for index in knowledge.index_ranges if index in symbols and index not in sizes]
    number = 0
    for values in (*combinations, *far):
        is_far = values in far
        table = dict(zip(sizes, values, strict=True))
        bounds = Point(knowledge, table, 0)
        ranges = [
            range(bounds.value_of_bound(low), bounds.value_of_bound(high) + 1)
            for low, high in (knowledge.index_ranges[index] for index in indices)
        ]
        for places in bounded_product([list(r) for r in ranges], 9) if indices else [()]:
            fixed = {**table, **dict(zip(indices, places, strict=True))}
            scout = Point(knowledge, fixed, number)
            probe(scout)
            keys = list(scout.asked)
            most = 3 if is_far else _MOST_ASSIGNMENTS
            fillings = bounded_product([list(range(scout.asked[key])) for key in keys], most) if keys else [()]
            least = 3 if is_far else 9 if indices else max(_LEAST_POINTS, _LEAST_IN_ALL // len(combinations))
            for round_ in range(max(1, -(-least // len(fillings)))):
                for place, filling in enumerate(fillings):
                    readable = round_ == 0 and place < max(1, len(fillings) // 2)
                    style = "generic" if readable else _STYLES[number % len(_STYLES)]
                    point = Point(knowledge, fixed, number, style)
                    point.fixed = dict(zip(keys, filling, strict=True))
                    number += 1
                    yield point


# ---------------------------------------------------------------------------------------------------------------------
# Values
# ---------------------------------------------------------------------------------------------------------------------

_CONTEXTS: dict[int, object] = {}


def _context(digits: int) -> object:
    """An arithmetic of our own for each precision, so that SymPy's global one is left alone."""
    if digits not in _CONTEXTS:
        _CONTEXTS[digits] = _mpmath.clone()
        _CONTEXTS[digits].dps = digits
    return _CONTEXTS[digits]


_NAMES = {
    special.exp: "exp", special.sin: "sin", special.cos: "cos", special.tan: "tan", special.sinh: "sinh",
    special.cosh: "cosh", special.tanh: "tanh",
    special.atan: "atan", special.erf: "erf", special.erfc: "erfc", special.gamma: "gamma",
    special.loggamma: "loggamma", special.factorial: "factorial", special.Abs: "fabs", special.sign: "sign",
    special.floor: "floor", special.ceiling: "ceil", special.digamma: "digamma", special.besseli: "besseli",
    special.binomial: "binomial", special.Max: "max", special.Min: "min", special.polygamma: "psi",
    special.beta: "beta",
}  # fmt: skip

Value = Callable[[Point, dict], object]


def compile_value(expr: Expr) -> Value:
    """Turn an expression into a function of a :class:`Point` and of the values of bound indices."""
    builder = _builder(expr)
    if builder is not None:
        return _once(builder(expr)) if expr.args and not expr.free_symbols else builder(expr)
    if isinstance(expr, Derivative):
        done = expr.doit()
        if not done.has(Derivative):
            return compile_value(done)
    if expr.is_Function and type(expr) not in _NAMES:
        return _by_sympy(expr)
    raise CannotEvaluate(f"the engine cannot evaluate {expr}, a {type(expr).__name__}")


def _once(function: Value) -> Value:
    """A constant is computed once for each number of digits."""
    values: dict[int, object] = {}

    def value(point: Point, bound: dict) -> object:
        if point.digits not in values:
            values[point.digits] = function(point, bound)
        return values[point.digits]

    return value


def _builder(expr: Expr) -> Callable[[Expr], Value] | None:
    if expr.is_number and not expr.args:
        return _number
    for kind, builder in (
        (Symbol, _symbol), (Indexed, _indexed), (Pow, _power), (Mul, _mul), (special.log, _log),
        (KroneckerDelta, _delta), (Piecewise, _piecewise), (Sum, _loop), (Product, _loop),
        (AppliedUndef, _opaque), (Integral, _integral),
    ):  # fmt: skip
        if isinstance(expr, kind):
            return builder
    return _add if expr.is_Add else _named if type(expr) in _NAMES else None


def value_at(function: Value, point: Point) -> object:
    """Value at a point.

    Raises
    ------
    Undefined
        If there is no finite real value.
    """
    try:
        value = function(point, {})
    except (ZeroDivisionError, OverflowError) as error:
        raise (
            Undefined("division by zero") if isinstance(error, ZeroDivisionError) else OutOfRange("overflow")
        ) from error
    return _finite(point, value)


def _finite(point: Point, value: object) -> object:
    if isinstance(value, point.arithmetic.mpc):
        if value.imag != 0:
            raise Undefined("not a real number")
        value = value.real
    if not point.arithmetic.isfinite(value):
        raise Undefined("not finite")
    return value


def _number(expr: Expr) -> Value:
    if expr.is_finite is not True or expr.is_real is not True:
        raise CannotEvaluate(f"{expr} is not a finite real number")
    if isinstance(expr, Rational):
        p, q = int(expr.p), int(expr.q)
        values: dict[int, object] = {}

        def value(point: Point, bound: dict) -> object:
            if point.digits not in values:
                values[point.digits] = point.arithmetic.mpf(p) / q
            return values[point.digits]

        return value
    if isinstance(expr, NumberSymbol):
        return lambda point, bound: point.arithmetic.mpf(expr._as_mpf_val(point.arithmetic.prec + 10))
    return lambda point, bound: point.arithmetic.mpf(Float(expr)._mpf_)


def _symbol(expr: Symbol) -> Value:
    def value(point: Point, bound: dict) -> object:
        if expr in bound:
            return point.arithmetic.mpf(bound[expr])
        if expr not in point.known:
            number = point.symbol(expr)
            point.known[expr] = point.arithmetic.mpf(int(number.p)) / int(number.q)
        return point.known[expr]

    return value


def _integer(expr: Expr, function: Value, point: Point, bound: dict) -> int:
    if expr in bound:
        return bound[expr]
    number = function(point, bound)
    if number != int(number):
        raise CannotEvaluate(f"{expr} must be an integer, but is {number} here")
    return int(number)


def _indexed(expr: Indexed) -> Value:
    base, parts = expr.base, [(index, compile_value(index)) for index in expr.indices]

    def value(point: Point, bound: dict) -> object:
        indices = tuple([_integer(index, function, point, bound) for index, function in parts])
        key = (base, indices)
        if key not in point.known:
            number = point.entry(expr, indices)
            point.known[key] = point.arithmetic.mpf(int(number.p)) / int(number.q)
        return point.known[key]

    return value


def _add(expr: Expr) -> Value:
    parts = [compile_value(arg) for arg in expr.args]

    def value(point: Point, bound: dict) -> object:
        terms = [part(point, bound) for part in parts]
        _remember_peak(point, terms)
        return point.arithmetic.fsum(terms)

    return value


def _remember_peak(point: Point, terms: list) -> None:
    for term in terms:
        if term > point.peak[0]:
            point.peak[0] = term
        elif -term > point.peak[0]:
            point.peak[0] = -term


def _mul(expr: Mul) -> Value:
    first, *parts = [compile_value(arg) for arg in expr.args]

    def value(point: Point, bound: dict) -> object:
        product = first(point, bound)
        for part in parts:
            product = product * part(point, bound)
        return product

    return value


def _power(expr: Pow) -> Value:
    base = compile_value(expr.base)
    if expr.exp.is_Integer:
        return _whole_power(expr, base, int(expr.exp))
    exponent = compile_value(expr.exp)

    def value(point: Point, bound: dict) -> object:
        b, e = base(point, bound), exponent(point, bound)
        if b == 0 and e < 0:
            raise Undefined(f"{expr} divides by zero")
        if b < 0 and e != int(e):
            raise Undefined(f"{expr} is a root of a negative number")
        if b > 0 and abs(e) > 100 and abs(e * point.arithmetic.log(b)) > _LARGEST_EXPONENT:
            raise OutOfRange("a power beyond the range of the numerical check")
        return b ** (int(e) if e == int(e) and abs(e) < 10**6 else e)

    return value


def _whole_power(expr: Pow, base: Value, exponent: int) -> Value:
    def value(point: Point, bound: dict) -> object:
        b = base(point, bound)
        if exponent < 0 and b == 0:
            raise Undefined(f"{expr} divides by zero")
        return b**exponent

    return value


def _log(expr: Expr) -> Value:
    argument = compile_value(expr.args[0])

    def value(point: Point, bound: dict) -> object:
        x = argument(point, bound)
        if not x > 0:
            raise Undefined(f"log of {point.arithmetic.nstr(x, 4)}")
        return point.arithmetic.log(x)

    return value


def _delta(expr: Expr) -> Value:
    left, right = ((side, compile_value(side)) for side in expr.args)

    def value(point: Point, bound: dict) -> object:
        same = left[1](point, bound) == right[1](point, bound)
        return point.arithmetic.mpf(int(same))

    return value


def _condition(expr: Expr) -> Callable[[Point, dict], bool]:
    if isinstance(expr, BooleanTrue | BooleanFalse):
        return lambda point, bound: bool(expr)
    if isinstance(expr, Relational):
        left, right = compile_value(expr.lhs), compile_value(expr.rhs)
        compare = {"==": "__eq__", "!=": "__ne__", "<": "__lt__", "<=": "__le__", ">": "__gt__", ">=": "__ge__"}[
            expr.rel_op
        ]
        return lambda point, bound: getattr(left(point, bound), compare)(right(point, bound))
    if isinstance(expr, BooleanFunction) and str(expr.func) in ("And", "Or", "Not"):
        parts = [_condition(arg) for arg in expr.args]
        combine = {"And": all, "Or": any, "Not": lambda truths: not next(iter(truths))}[str(expr.func)]
        return lambda point, bound: combine(part(point, bound) for part in parts)
    raise CannotEvaluate(f"the engine cannot evaluate the condition {expr}")


def _piecewise(expr: Piecewise) -> Value:
    cases = [(_condition(condition), compile_value(branch)) for branch, condition in expr.args]

    def value(point: Point, bound: dict) -> object:
        for holds, branch in cases:
            if holds(point, bound):
                return branch(point, bound)
        raise Undefined("no case of a piecewise expression holds")

    return value


def _loop(expr: Sum | Product) -> Value:
    function = compile_value(expr.function)
    for limit in expr.limits:
        if len(limit) != 3:
            raise CannotEvaluate(f"the index {limit[0]} of {expr} has no first and last value")
        function = _one_loop(function, *limit, isinstance(expr, Sum))
    outer = sorted((x for x in expr.free_symbols if isinstance(x, Symbol)), key=str)

    def value(point: Point, bound: dict) -> object:
        """An inner sum is computed once for each value of the outer indices it depends on."""
        key = (expr, tuple(bound.get(x) for x in outer))
        if key not in point.known:
            point.known[key] = function(point, bound)
        return point.known[key]

    return value


def _one_loop(function: Value, index: Symbol, low: Expr, high: Expr, adds: bool) -> Value:
    first = compile_value(low)
    if high.is_infinite:
        return _endless_sum(function, index, first, adds, high)
    last = compile_value(high)

    def value(point: Point, bound: dict) -> object:
        start, stop = _integer(low, first, point, bound), _integer(high, last, point, bound)
        inner = dict(bound)
        total = point.arithmetic.mpf(0 if adds else 1)
        for i in range(start, stop + 1):
            inner[index] = i
            term = function(point, inner)
            if adds:
                _remember_peak(point, [term])
            total = total + term if adds else total * term
        return total

    return value


def _endless_sum(function: Value, index: Symbol, first: Value, adds: bool, high: Expr) -> Value:
    if not adds or high is not S.Infinity:
        raise CannotEvaluate(f"the engine cannot evaluate a product or sum up to {high}")

    def value(point: Point, bound: dict) -> object:
        start = int(first(point, bound))
        total, inner, quiet = point.arithmetic.mpf(0), dict(bound), 0
        for i in range(start, start + 20_000):
            inner[index] = i
            term = function(point, inner)
            total += term
            quiet = quiet + 1 if abs(term) <= abs(total) * point.arithmetic.eps**2 else 0
            if quiet == 8:
                return total
        raise CannotEvaluate(f"the sum over {index} up to infinity converges too slowly to be evaluated")

    return value


def _integral(expr: Integral) -> Value:
    """By SymPy's closed form; quadrature would overlook a narrow peak."""
    if any(len(limit) != 3 for limit in expr.limits):
        raise CannotEvaluate(f"{expr} has no limits: its value is known up to a constant only")
    done = expr.doit()
    if done.has(Integral):
        raise CannotEvaluate(f"SymPy finds no closed form of {expr}")
    return compile_value(done)


def _named(expr: Expr) -> Value:
    parts, name = [compile_value(arg) for arg in expr.args], _NAMES[type(expr)]

    def value(point: Point, bound: dict) -> object:
        arguments = [part(point, bound) for part in parts]
        if name == "exp" and abs(arguments[0]) > _LARGEST_EXPONENT:
            raise OutOfRange("an exponential beyond the range of the numerical check")
        function = {"max": max, "min": min}.get(name) or getattr(point.arithmetic, name)
        try:
            return _finite(point, function(*arguments))
        except ValueError as error:  # a pole
            raise Undefined(f"{expr}: {error}") from error

    return value


def _by_sympy(expr: Expr) -> Value:
    parts = [compile_value(arg) for arg in expr.args]

    def value(point: Point, bound: dict) -> object:
        arguments = [Float(part(point, bound), point.digits) for part in parts]
        number = expr.func(*arguments).evalf(point.digits)
        if not number.is_Number:
            raise CannotEvaluate(f"the engine cannot evaluate {expr}")
        if not number.is_finite:
            raise Undefined(f"{expr} is not finite")
        return point.arithmetic.mpf(Float(number, point.digits)._mpf_)

    return value


def _opaque(expr: AppliedUndef) -> Value:
    """A function without a formula: smooth functions with random coefficients stand in for it, a new one each point."""
    parts, name = [compile_value(arg) for arg in expr.args], str(expr.func)
    is_positive = bool(expr.is_positive)

    def value(point: Point, bound: dict) -> object:
        ctx = point.arithmetic
        generator = random.Random(f"{name}|{point.number}")
        phase = ctx.mpf(generator.randint(0, 600)) / 100
        for part in parts:
            phase += part(point, bound) * generator.randint(20, 150) / 100
        wave = ctx.sin(phase) * generator.randint(50, 150) / 100 + ctx.mpf(generator.randint(-100, 100)) / 100
        return ctx.exp(wave) if is_positive else wave

    return value
