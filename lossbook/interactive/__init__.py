"""Figures to play with in the page: an author writes formulas, the reader's browser computes them.

The formulas are SymPy expressions, best of all those that a chapter has checked.  A :class:`Figure` has sliders, panels
with curves, points, bars and draggable handles, and read-outs; as the last line of a cell it shows itself:

>>> from sympy import exp, symbols
>>> from lossbook.interactive import Figure
>>> z, u = symbols("z u")
>>> live = Figure("The sigmoid", "Move z and see where the curve is steep.")
>>> live.slider(z, -6, 6, start=1, label="log-odds z", unit="nats")
>>> panel = live.panel(x=("log-odds", "nats", -6, 6), y=("probability", "", 0, 1))
>>> panel.curve(1 / (1 + exp(-u)), over=(u, -6, 6), label="sigmoid")
>>> panel.handle(z, at=(z, 1 / (1 + exp(-z))))
>>> live.read_out("probability", 1 / (1 + exp(-z)), digits=3)
>>> live
<Figure 'The sigmoid': log-odds z = 1.0 nats; probability = 0.731>

In a browser the figure is drawn by a small script of our own, which comes with it: no other library, no request.  Where
no script runs (a printed edition, a reader without JavaScript) a picture drawn by ``lossbook.plotting`` and the values
at the start take its place.  ``Minimiser`` is the one function that SymPy lacks: where a loss is smallest.
"""

from .figure import Figure, Panel
from .formulas import Minimiser

__all__ = ["Figure", "Minimiser", "Panel"]
