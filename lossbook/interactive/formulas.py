"""Formulas of live figures: printed as JavaScript for the browser, and as Python for the picture on paper.

Both printers know sums and products over an index, indexed data (``x[1]`` is the first value, as on the page) and
:class:`Minimiser`.  :class:`Names` maps the symbols of a figure to short names, and refuses those it does not know.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from sympy import Expr, Float, Indexed, IndexedBase, Symbol, Tuple, sympify
from sympy.concrete.expr_with_limits import ExprWithLimits
from sympy.printing.codeprinter import PrintMethodNotImplementedError
from sympy.printing.jscode import JavascriptCodePrinter
from sympy.printing.pycode import PythonCodePrinter

__all__ = ["Minimiser", "Names"]

# The search of `Minimiser`, and of a handle for the pointer; runtime.js has the same two numbers.
GRID, STEPS = 64, 48
_GOLDEN = (math.sqrt(5) - 1) / 2


class Minimiser(ExprWithLimits):
    """Where an expression is smallest: ``Minimiser(loss, (m, low, high))`` is the best ``m`` from ``low`` to ``high``.

    A numerical search: the best of a grid, then golden sections around it.  The value is ±oo where the expression still
    falls at the end of the range, so that no minimum has been found.

    Examples
    --------
    >>> from sympy import symbols
    >>> from lossbook.interactive import Minimiser
    >>> a, m = symbols("a m")
    >>> Minimiser((m - a)**2, (m, -5, 5)).free_symbols
    {a}
    """

    def __new__(cls, function: Expr, limits: tuple) -> "Minimiser":
        if len(limits) != 3:
            raise ValueError(f"expected the limits (symbol, low, high); given {limits}")
        # Not ExprWithLimits.__new__: it would lift the cases of a Piecewise out of the sums they stand in.
        return Expr.__new__(cls, sympify(function), Tuple(*limits))


def search(f: Callable[[float], float], low: float, high: float) -> float:
    """The point between ``low`` and ``high`` where ``f`` is smallest."""
    step = (high - low) / GRID
    best = min(range(GRID + 1), key=lambda i: f(low + i * step))
    a, b = max(low, low + (best - 1) * step), min(high, low + (best + 1) * step)
    for _ in range(STEPS):
        width = _GOLDEN * (b - a)
        if f(b - width) <= f(a + width):
            b = a + width
        else:
            a = b - width
    return (a + b) / 2


def minimiser(f: Callable[[float], float], low: float, high: float) -> float:
    """As ``search``, and ±inf if the minimum lies at an end of the range."""
    found, edge = search(f, low, high), (high - low) * 1e-4
    return -math.inf if found - low < edge else math.inf if high - found < edge else found


def _exp(value: float) -> float:
    return math.exp(value) if value < 709.78 else math.inf


def _log(value: float) -> float:
    return math.log(value) if value > 0 else -math.inf if value == 0 else math.nan


# What the Python printer calls.  exp and log have JavaScript's limits instead of exceptions.
_HELPERS = {
    "total": lambda low, high, f: math.fsum(f(i) for i in range(round(low), round(high) + 1)),
    "product": lambda low, high, f: math.prod(f(i) for i in range(round(low), round(high) + 1)),
    "minimiser": minimiser,
    "safe_exp": _exp,
    "safe_log": _log,
}


class Names:
    """The symbols of a figure and their names in code: ``v0`` for a number, ``d0`` for a list of numbers."""

    def __init__(self) -> None:
        self.known: dict[Symbol | IndexedBase, str] = {}
        self._bound: dict[Symbol, str] = {}

    def add(self, symbol: Symbol | IndexedBase) -> str:
        """Make a symbol known; returns its name."""
        letter = "d" if isinstance(symbol, IndexedBase) else "v"
        return self.known.setdefault(symbol, f"{letter}{len(self.known)}")

    @contextmanager
    def bound(self, *symbols: Symbol) -> Iterator[list[str]]:
        """While it lasts, these symbols are arguments of a function: a running index, the variable of a curve."""
        before = self._bound
        names = [f"i{len(before) + place}" for place in range(len(symbols))]
        self._bound = before | dict(zip(symbols, names, strict=True))
        try:
            yield names
        finally:
            self._bound = before

    def __getitem__(self, symbol: Symbol | IndexedBase) -> str:
        name = self._bound.get(symbol) or self.known.get(symbol)
        if name is None:
            others = [str(one) for one in [*self.known, *self._bound]]
            twin = " with other assumptions" if str(symbol) in others else ""
            raise ValueError(
                f"{symbol} has no value: give it a slider, a handle or an entry of `given`; "
                f"this figure knows {', '.join(others) or 'nothing yet'}{twin}"
            )
        return name

    def javascript(self, *expressions: Expr, over: Sequence[Symbol] = ()) -> str:
        """A function of the running symbols, as JavaScript: ``(i0)=>[…, …]``, or of one value ``(i0)=>…``."""
        return self._printed(_JavaScript(self), expressions, over)

    def _printed(self, printer: "_JavaScript", expressions: Sequence[Expr], over: Sequence[Symbol]) -> str:
        with self.bound(*over) as names:
            try:
                texts = [" ".join(printer.doprint(sympify(one)).split()) for one in expressions]
            except PrintMethodNotImplementedError as error:
                raise ValueError(
                    f"the browser cannot compute {expressions}: {error.args[0].splitlines()[0]}"
                ) from error
        return f"({','.join(names)})=>" + (texts[0] if len(texts) == 1 else f"[{','.join(texts)}]")

    def python(self, *expressions: Expr, over: Sequence[Symbol] = ()) -> Callable[..., list[float]]:
        """The same function in Python; its first argument holds the values of the known symbols, in their order."""
        with self.bound(*over) as names:
            texts = [_Python(self).doprint(sympify(one)) for one in expressions]
            arguments = ",".join([*self.known.values(), *names])
        function = eval(f"lambda {arguments}: [{','.join(texts)}]", {**_HELPERS, "math": math})

        def call(values: Sequence, *running: float) -> list[float]:
            try:
                return [float(value) for value in function(*values, *running)]
            except (ZeroDivisionError, OverflowError, ValueError, TypeError):
                return [math.nan] * len(expressions)

        return call


class _Shared:
    """What both printers say alike."""

    names: Names
    function: str

    def _print_Symbol(self, expr: Symbol) -> str:
        return self.names[expr]

    def _print_Float(self, expr: Float) -> str:
        return f"{float(expr):.12g}"

    def _print_Idx(self, expr: Expr) -> str:
        return self.names[expr.label]

    def _print_Indexed(self, expr: Indexed) -> str:
        if len(expr.indices) != 1:
            raise ValueError(f"data have one index; given {expr}")
        return f"{self.names[expr.base]}[{self._print(expr.indices[0] - 1)}]"

    def _over(self, name: str, function: Expr, limits: Sequence) -> str:
        """A call of a helper for the last of the limits, which is the outermost; around those of the others."""
        *inner, (symbol, low, high) = limits
        bounds = f"{self._print(low)}, {self._print(high)}"
        with self.names.bound(symbol) as (index,):
            body = self.function.format(index, self._over(name, function, inner) if inner else self._print(function))
        return f"{name}({body}, {bounds})" if name == "minimiser" else f"{name}({bounds}, {body})"

    def _print_Sum(self, expr: ExprWithLimits) -> str:
        return self._over("total", expr.function, expr.limits)

    def _print_Product(self, expr: ExprWithLimits) -> str:
        return self._over("product", expr.function, expr.limits)

    def _print_Minimiser(self, expr: ExprWithLimits) -> str:
        return self._over("minimiser", expr.function, expr.limits)


class _JavaScript(_Shared, JavascriptCodePrinter):
    """What ``sympy.jscode`` prints, and the above."""

    function = "({})=>{}"

    def __init__(self, names: Names) -> None:
        super().__init__()
        self.names = names

    def _print_Mod(self, expr: Expr) -> str:
        a, b = (f"({self._print(part)})" for part in expr.args)
        return f"(({a} % {b} + {b}) % {b})"  # JavaScript's % has the sign of a

    def _print_Infinity(self, expr: Expr) -> str:
        return "Infinity"

    def _print_NegativeInfinity(self, expr: Expr) -> str:
        return "-Infinity"


class _Python(_Shared, PythonCodePrinter):
    function = "lambda {}: {}"

    def __init__(self, names: Names) -> None:
        super().__init__()
        self.names = names

    def _print_Mod(self, expr: Expr) -> str:
        return "({} % {})".format(*(f"({self._print(part)})" for part in expr.args))

    def _print_exp(self, expr: Expr) -> str:
        return f"safe_exp({self._print(expr.args[0])})"

    def _print_log(self, expr: Expr) -> str:
        return f"safe_log({self._print(expr.args[0])})"
