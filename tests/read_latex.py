"""Reads back the LaTeX that lossbook.derivation prints, by the rules a reader follows.

A sum or product sign reaches to the next plus or minus sign, ``\\ln x`` takes one factor, juxtaposition multiplies.
Whoever drops a bracket prints a formula that reads as another one.
"""

from __future__ import annotations

import re

from sympy import Abs, Expr, IndexedBase, Integer, KroneckerDelta, Product, Sum, Symbol, exp, factorial, log, pi, sqrt

_TOKEN = re.compile(r"\\[A-Za-z]+|\\[,!;]|\d+|[A-Za-z]|[-+=^_{}()|!,]")
_SPACE = {r"\,", r"\!", r"\;"}


class Reader:
    """A formula and a place in it; ``known`` holds the symbols and families by the names they are printed under."""

    def __init__(self, formula: str, known: dict[str, Symbol | IndexedBase]) -> None:
        self.tokens = [token for token in _TOKEN.findall(formula) if token not in _SPACE]
        self.known, self.place = known, 0

    @property
    def next(self) -> str:
        return self.tokens[self.place] if self.place < len(self.tokens) else ""

    def take(self, *expected: str) -> str:
        token = self.next
        if expected and token not in expected:
            raise ValueError(f"expected {expected}, found {token!r} after {' '.join(self.tokens[: self.place])}")
        self.place += 1
        return token

    def whole(self) -> Expr:
        value = self.expression()
        if self.next:
            raise ValueError(f"left over: {' '.join(self.tokens[self.place :])}")
        return value

    def expression(self) -> Expr:
        sign = -1 if self.next == "-" and self.take() else 1
        total = sign * self.term()
        while self.next in ("+", "-"):
            sign = 1 if self.take() == "+" else -1
            total += sign * self.term()
        return total

    def term(self) -> Expr:
        value = self.factor()
        while self.next and self.next not in ("+", "-", "}", r"\right", "=", ",", "|"):
            if self.next == r"\cdot":
                self.take()
            value *= self.factor()
        return value

    def factor(self) -> Expr:
        if self.next == "e" and "e" not in self.known:
            self.take()
            return exp(self.power() or Integer(1))
        if self.next == r"\ln":
            self.take()
            exponent = self.power()
            value = log(self.factor())
            return value if exponent is None else value**exponent
        value = self.atom()
        while self.next == "!":
            self.take()
            value = factorial(value)
        exponent = self.power()
        return value if exponent is None else value**exponent

    def power(self) -> Expr | None:
        if self.next != "^":
            return None
        self.take()
        return self.group()

    def group(self) -> Expr:
        if self.next != "{":
            return self.atom()
        self.take("{")
        value = self.expression()
        self.take("}")
        return value

    def atom(self) -> Expr:
        token = self.take()
        if token.isdigit():
            return Integer(token)
        if token == "{":
            value = self.expression()
            self.take("}")
            return value
        if token == r"\frac":
            top = self.group()
            return top / self.group()
        if token == r"\sqrt":
            return sqrt(self.group())
        if token == r"\exp":
            return exp(self.atom())
        if token == r"\left":
            bracket = self.take("(", "|")
            value = self.expression()
            self.take(r"\right")
            self.take(")" if bracket == "(" else "|")
            return value if bracket == "(" else Abs(value)
        if token in (r"\sum", r"\prod"):
            return self.big(Sum if token == r"\sum" else Product)
        if token == r"\pi":
            return pi
        return self.name(token)

    def big(self, kind: type) -> Expr:
        self.take("_")
        self.take("{")
        index = self.name(self.take())
        self.take("=")
        low = self.expression()
        self.take("}")
        self.take("^")
        high = self.group()
        return kind(self.term(), (index, low, high))

    def name(self, token: str) -> Expr:
        token = token.lstrip("\\")
        if self.next != "_":
            return self.known[token]
        self.take("_")
        self.take("{")
        indices = []
        while self.next != "}":
            if self.next == ",":
                self.take()
            indices.append(self.index())
        self.take("}")
        return KroneckerDelta(*indices) if token == "delta" else self.known[token][tuple(indices)]

    def index(self) -> Expr:
        token = self.take()
        value = Integer(token) if token.isdigit() else self.name(token)
        while self.next in ("+", "-"):
            sign = 1 if self.take() == "+" else -1
            token = self.take()
            value += sign * (Integer(token) if token.isdigit() else self.name(token))
        return value


def read_latex(formula: str, known: dict[str, Symbol | IndexedBase]) -> Expr:
    """The expression a reader sees in ``formula``."""
    return Reader(formula, known).whole()
