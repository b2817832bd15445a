"""Derivations that check themselves.

A :class:`Derivation` starts from a SymPy expression and grows step by step.  Each step is verified before it is
accepted, for symbolic sample size and class count; a false step raises a :class:`DerivationError`
with a concrete counterexample.

>>> from sympy import symbols
>>> x = symbols("x", real=True)
>>> Derivation((x + 1)**2).equals(x**2 + 2*x + 1).steps[-1].verdict
'proved'

How a step is judged
    First by numbers: both sides are evaluated to 50 digits at many points that satisfy the facts, for every combination
    of small sizes and a few large ones, 0/1 values exhausted where few, boundary cases included (``numeric_check``).
    One point where the step is false refuses it.  Then by algebra: a normal form settles most steps for all sizes
    (``normal_form``, ``proofs``).  A step that passes both is ``proved``; one that only the numbers
    vouch for is ``checked``.

Modules: ``facts`` (what is known), ``evaluate`` (points and values), ``numeric_check``, ``normal_form``, ``proofs``,
``printing`` (formulas in the lecturer's order) and ``core`` (the derivation itself).  All need SymPy alone.
"""

from .core import Derivation, DerivationError, Step
from .facts import Fact, binary, count, one_hot, positive, real, simplex, unit_interval

__all__ = [
    "Derivation",
    "DerivationError",
    "Fact",
    "Step",
    "binary",
    "count",
    "one_hot",
    "positive",
    "real",
    "simplex",
    "unit_interval",
]
