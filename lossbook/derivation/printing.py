"""Formulas in the order in which a lecturer writes them, as LaTeX and as plain text.

SymPy keeps factors and terms in an order of its own; ``t*log(y)`` prints as ``log(y)*t``.  Here a product reads
numbers, symbols, brackets, functions, sums; a sum of terms starts with a positive one; and 1/sqrt(2 pi sigma**2)
keeps its root.
"""

from __future__ import annotations

import re

from sympy import Add, Expr, Integer, Mul, Pow, Product, Rational, S, Sum, Symbol, exp, fraction, log, pi, sqrt
from sympy.core.function import AppliedUndef
from sympy.printing.latex import LatexPrinter
from sympy.printing.precedence import PRECEDENCE
from sympy.printing.str import StrPrinter
from sympy.tensor.indexed import Indexed, IndexedBase

_GREEK = re.compile(r"\\[A-Za-z]+|[{}^_]|\s|\\[,;!]")


def term_key(term: Expr) -> tuple:
    """Order of the terms of a sum: positive ones first, big sums before the rest, then by the letters in them."""
    negative = term.could_extract_minus_sign()
    weight = 0 if term.has(Sum, Product) else 2 if term.is_Number else 1
    letters = sorted(str(x) for x in term.atoms(Symbol, Indexed))
    return (
        negative,
        weight if not term.is_Number or negative else -1,
        any(factor.is_Add for factor in Mul.make_args(term)),
        letters,
        str(term),
    )


def factor_key(factor: Expr) -> tuple:
    """Order of the factors of a product: numbers, symbols, brackets, functions, sums."""
    base = factor.base if factor.is_Pow else factor
    if factor.is_number:
        kind = 0
    elif isinstance(factor, exp):
        kind = 5
    elif base.is_Symbol:
        kind = 1
    elif isinstance(base, Indexed):
        kind = 2
    elif isinstance(base, Sum | Product):
        kind = 7
    elif base.is_Add:
        kind = 4 if not base.has(Sum, Product) else 6
    elif isinstance(base, AppliedUndef):
        kind = 3
    else:
        kind = 5
    return (kind, str(base), str(factor))


def gather_root(factors: list[Expr]) -> list[Expr]:
    """Undo SymPy's taking apart of 1/sqrt(2 pi sigma**2): everything of power -1/2 goes back under one root."""
    if not any(f.is_Pow and f.base == pi and f.exp.is_Rational and f.exp.q == 2 for f in factors):
        return factors
    half = next(f.exp for f in factors if f.is_Pow and f.base == pi)
    sign = 1 if half > 0 else -1
    number = Mul(*(f for f in factors if f.is_number and f.is_algebraic))
    rest = [f for f in factors if not f.is_number]
    inside: Expr = pi
    square = number**2
    if not square.is_Rational or abs(half) != S.Half:
        return factors
    root_of = square if sign > 0 else 1 / square
    outside = [S.One]
    if number.is_Rational:
        outside = [number]
    else:
        inside = root_of * inside
        outside = [S.NegativeOne] if number.is_negative else []
    kept = []
    for f in rest:
        base, power = (f.base, f.exp) if f.is_Pow else (f, S.One)
        if power == sign and base.is_Symbol and base.is_positive:
            inside = inside * base**2
        elif power == half:
            inside = inside * base
        else:
            kept.append(f)
    root = Pow(inside, half, evaluate=False)
    return [*(f for f in outside if f != 1), root, *kept]


class _Ordered:
    """Ordering shared by the two printers."""

    def ordered_terms(self, expr: Add) -> list[Expr]:
        terms = sorted(Add.make_args(expr), key=term_key)
        if all(term.is_Number or (term.is_Symbol and term.is_integer) for term in terms):
            terms.sort(key=lambda term: term.is_Number)  # N + 1, but 1 + x
        return terms

    def ordered_factors(self, expr: Mul) -> list[Expr]:
        return sorted(gather_root(list(Mul.make_args(expr))), key=factor_key)


class Latex(_Ordered, LatexPrinter):
    """LaTeX in the order of the lecture, with ln for the natural logarithm."""

    def __init__(self) -> None:
        super().__init__({"ln_notation": True, "fold_short_frac": False, "mul_symbol": None})

    def _print_Add(self, expr: Add, order: object = None) -> str:
        pieces = []
        for place, term in enumerate(self.ordered_terms(expr)):
            minus = term.could_extract_minus_sign()
            text = self._print(-term if minus else term)
            if (-term if minus else term).is_Add:
                text = rf"\left({text}\right)"
            pieces.append((" - " if minus else " + ") + text if place else ("- " if minus else "") + text)
        return "".join(pieces)

    def _print_Mul(self, expr: Mul) -> str:
        if expr.could_extract_minus_sign():
            inner = -expr
            text = self._print(inner)
            return rf"- \left({text}\right)" if inner.is_Add else f"- {text}"
        factors = self.ordered_factors(expr)
        top = [f for f in factors if not _is_below(f)]
        bottom = [_flip(f) for f in factors if _is_below(f)]
        numbers = [f for f in factors if f.is_Rational and f.q != 1]
        if numbers:
            (number,) = numbers
            top = (
                [Integer(number.p), *(f for f in top if f is not number)]
                if number.p != 1
                else [f for f in top if f is not number]
            )
            bottom = [Integer(number.q), *bottom]
        if not bottom:
            return self._row(top)
        in_front = [f for f in top if _stands_alone(f)]
        small = [f for f in top if not _stands_alone(f)]
        if len(in_front) == 1 and not small and in_front[0].is_Add:
            small, in_front = in_front, []
        fraction_ = rf"\frac{{{self._row(small) or '1'}}}{{{self._row(bottom)}}}"
        if len(in_front) == 1 and in_front[0].is_Add:
            return rf"{fraction_} \left({self._print(in_front[0])}\right)"
        return " ".join([fraction_, self._row(in_front)]).strip()

    def _row(self, factors: list[Expr]) -> str:
        """Factors side by side."""
        texts = []
        for place, factor in enumerate(factors):
            text = self._print(factor)
            last = place == len(factors) - 1
            root = factor.base if factor.is_Pow else factor
            reaches_on = isinstance(factor, Sum | Product) or (
                isinstance(root, log) and isinstance(root.args[0], Sum | Product)
            )  # a reader would take what follows for a part of the sum
            if (factor.is_Add and len(factors) > 1) or (reaches_on and not last):
                text = rf"\left({text}\right)"
            if texts and text[:1].isdigit() and texts[-1][-1:].isdigit():
                text = rf"\cdot {text}"
            texts.append(text)
        return r" \, ".join(texts) if any(isinstance(f, exp | log) for f in factors[1:]) else " ".join(texts)

    def _print_Sum(self, expr: Sum) -> str:
        return self._big(expr, r"\sum")

    def _print_Product(self, expr: Product) -> str:
        return self._big(expr, r"\prod")

    def _big(self, expr: Sum | Product, sign: str) -> str:
        heads = []
        for limit in reversed(expr.limits):
            index = self._print(limit[0])
            heads.append(rf"{sign}_{{{index}={self._print(limit[1])}}}^{{{self._print(limit[2])}}}")
        body = self._print(expr.function)
        if expr.function.is_Add or body.startswith("-"):
            body = rf"\left({body}\right)"
        return " ".join([*heads, body])

    def _print_Indexed(self, expr: Indexed) -> str:
        indices = [self._print(index) for index in expr.indices]
        short = all(len(index) == 1 or index.startswith("\\") for index in indices)
        return rf"{self._print(expr.base.label)}_{{{('' if short else ',').join(indices)}}}"

    def _print_exp(self, expr: exp, exp: str | None = None) -> str:
        argument = expr.args[0]
        shown = self._print(argument)
        tall = argument.has(Sum, Product) or (fraction(argument)[1] != 1 and not argument.is_number)
        text = rf"\exp\!\left({shown}\right)" if tall else rf"e^{{{shown}}}"
        return text if exp is None else rf"\left({text}\right)^{{{exp}}}"

    def _print_log(self, expr: log, exp: str | None = None) -> str:
        argument = expr.args[0]
        shown = self._print(argument)
        bare = (
            argument.is_Symbol
            or isinstance(argument, Indexed)
            or argument.is_Integer
            or isinstance(argument, Sum | Product)
        )
        power = "" if exp is None else rf"^{{{exp}}}"
        return rf"\ln{power} {shown}" if bare else rf"\ln{power}\!\left({shown}\right)"

    def _print_KroneckerDelta(self, expr: Expr, exp: str | None = None) -> str:
        indices = sorted((self._print(index) for index in expr.args), key=str)
        text = rf"\delta_{{{''.join(indices) if all(len(i) == 1 for i in indices) else ','.join(indices)}}}"
        return text if exp is None else rf"{text}^{{{exp}}}"

    def _print_Pow(self, expr: Pow) -> str:
        if expr.exp.is_Rational and expr.exp.is_negative:
            return rf"\frac{{1}}{{{self._print(_flip(expr))}}}"
        return super()._print_Pow(expr)

    def _needs_brackets(self, expr: Expr) -> bool:
        return super()._needs_brackets(expr) or isinstance(expr, Sum | Product)


class Text(_Ordered, StrPrinter):
    """Plain text that Python reads back, in the order of the lecture."""

    def _print_Add(self, expr: Add, order: object = None) -> str:
        text = ""
        for place, term in enumerate(self.ordered_terms(expr)):
            minus = term.could_extract_minus_sign()
            shown = self.parenthesize(-term if minus else term, PRECEDENCE["Add"] + (1 if minus else 0))
            text += (" - " if minus else " + ") + shown if place else ("-" if minus else "") + shown
        return text

    def _print_Mul(self, expr: Mul) -> str:
        if expr.could_extract_minus_sign():
            inner = -expr
            return "-" + (f"({self._print(inner)})" if inner.is_Add else self._print(inner))
        factors = self.ordered_factors(expr)
        bottom = [_flip(f) for f in factors if _is_below(f)]
        top = [f for f in factors if not _is_below(f)]
        for f in factors:
            if f.is_Rational and f.q != 1:
                top = [g for g in top if g is not f]
                top = [Integer(f.p), *top] if f.p != 1 else top
                bottom = [Integer(f.q), *bottom]
        above = "*".join(self.parenthesize(f, PRECEDENCE["Mul"]) for f in top) or "1"
        if not bottom:
            return above
        below = "*".join(self.parenthesize(f, PRECEDENCE["Mul"] + (len(bottom) == 1)) for f in bottom)
        return f"{above}/({below})" if len(bottom) > 1 else f"{above}/{below}"


def _is_below(f: Expr) -> bool:
    """Whether a factor belongs below the fraction bar."""
    return f.is_Pow and f.exp.is_Rational and f.exp.is_negative and not isinstance(f, exp)


def _flip(f: Expr) -> Expr:
    power = -f.exp
    return f.base if power == 1 else Pow(f.base, power, evaluate=not (power == S.Half and f.base.is_Mul))


def _stands_alone(f: Expr) -> bool:
    """Whether a factor stands behind the fraction and not on its bar."""
    base = f.base if f.is_Pow else f
    return isinstance(base, Sum | Product | log) or (base.is_Add and base.has(Sum, Product))


_LATEX = Latex()
_TEXT = Text()


def latex(expr: Expr) -> str:
    r"""LaTeX of an expression, as the book prints it.

    >>> from sympy import log, symbols
    >>> t, y = symbols("t y")
    >>> print(latex(t*log(y) + (1 - t)*log(1 - y)))
    t \, \ln y + \left(1 - t\right) \, \ln\!\left(1 - y\right)
    """
    return _LATEX.doprint(expr)


def text(expr: Expr) -> str:
    """Plain text of an expression, as the book prints it.

    >>> from sympy import log, symbols
    >>> t, y = symbols("t y")
    >>> print(text(t*log(y) + (1 - t)*log(1 - y)))
    t*log(y) + (1 - t)*log(1 - y)
    """
    return _TEXT.doprint(expr)


def width(formula: str) -> int:
    """Rough width of a LaTeX formula, in characters: commands that draw nothing do not count, fractions count once."""
    shown = re.sub(r"\\(left|right|,|;|!|quad)", "", formula)
    shown = re.sub(r"\\frac\{([^{}]*)\}\{([^{}]*)\}", lambda m: max(m.groups(), key=len), shown)
    shown = re.sub(r"(\\sum|\\prod)_\{[^{}]*\}\^\{[^{}]*\}", "SSS", shown)
    shown = re.sub(r"\\(ln|exp|max|min)", "lnn", shown)
    return len(re.sub(r"\\[A-Za-z]+|[{}^_\s]", lambda m: "x" if m.group().startswith("\\") else "", shown))


def lines(expr: Expr, room: int) -> list[str]:
    """LaTeX of an expression, cut before the signs of its outermost sum into lines of about ``room`` characters."""
    whole = latex(expr)
    if width(whole) <= room or not expr.is_Add:
        return [whole]
    result: list[str] = []
    for term in _LATEX.ordered_terms(expr):
        minus = term.could_extract_minus_sign()
        shown = latex(-term if minus else term)
        sign = "-" if minus else "+"
        if not result:
            result.append(("- " if minus else "") + shown)
        elif width(result[-1]) + width(shown) + 3 <= room:
            result[-1] += f" {sign} {shown}"
        else:
            result.append(f"{{}} {sign} {shown}")
    return result


_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_LETTERS = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "eta": "η", "theta": "θ",
    "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν",
    "pi": "π", "rho": "ρ", "sigma": "σ", "tau": "τ", "phi": "φ", "omega": "ω",
}  # fmt: skip


def readable(x: Symbol | Indexed) -> str:
    """Name of a value in a sentence: σ, t₁, y₂₃."""
    if isinstance(x, Indexed):
        indices = [str(index) for index in x.indices]
        joined = "" if all(len(index) == 1 for index in indices) else ","
        if all(index.isdigit() for index in indices) and not joined:
            return readable_name(str(x.base.label)) + "".join(indices).translate(_SUBSCRIPTS)
        return f"{readable_name(str(x.base.label))}[{', '.join(indices)}]"
    return readable_name(str(x))


def readable_name(name: str) -> str:
    """Greek letter for a spelled-out name."""
    return _LETTERS.get(name.rstrip("_"), name)


def number(value: object) -> str:
    """A number in a sentence: at most four significant digits, a real minus sign; exact where it is short."""
    if isinstance(value, Rational) or getattr(value, "is_Rational", False):
        if value.q == 1:
            return str(value).replace("-", "−")
        short = f"{float(value):.4g}"
        exact = Rational(short) == value
        decimals = f"{float(value):.2f}" if exact and Rational(f"{float(value):.2f}") == value else short
        return decimals.replace("-", "−")
    return f"{float(value):.4g}".replace("-", "−")


__all__ = ["IndexedBase", "latex", "lines", "number", "readable", "sqrt", "text", "width"]
