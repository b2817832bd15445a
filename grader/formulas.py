"""Formulas as MathML, which browsers typeset without scripts."""

from __future__ import annotations

from sympy import Expr
from sympy.printing.mathml import MathMLPresentationPrinter


class _Printer(MathMLPresentationPrinter):
    """SymPy's printer, which knows sums, with products, and with a real minus sign."""

    def _print_Product(self, product: Expr) -> object:
        row = self.dom.createElement("mrow")
        for limit in product.limits:
            sign = self.dom.createElement("munderover")
            below = self.dom.createElement("mrow")
            for part in (self._print(limit[0]), self._sign("="), self._print(limit[1])):
                below.appendChild(part)
            for part in (self._sign("∏"), below, self._print(limit[2])):
                sign.appendChild(part)
            row.appendChild(sign)
        body = self._print(product.function)
        if product.function.is_Add or product.function.is_Mul:
            fence = self.dom.createElement("mrow")
            for part in (self._sign("("), body, self._sign(")")):
                fence.appendChild(part)
            body = fence
        row.appendChild(body)
        return row

    def _sign(self, text: str) -> object:
        sign = self.dom.createElement("mo")
        sign.appendChild(self.dom.createTextNode(text))
        return sign


def mathml(expr: Expr) -> str:
    """Presentation MathML of an expression, without the tag around it."""
    printer = _Printer({"mul_symbol": "\u2062"})
    return printer._print(expr).toxml().replace("<mo>-</mo>", "<mo>\u2212</mo>")
