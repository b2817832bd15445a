"""The derivation: a first line and steps, each verified before it is accepted."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sympy import (
    Add,
    Dummy,
    Expr,
    Integer,
    KroneckerDelta,
    Mul,
    Product,
    S,
    Sum,
    Symbol,
    diff,
    expand_mul,
    nan,
    oo,
    sympify,
    zoo,
)
from sympy import solve as sympy_solve
from sympy.concrete.expr_with_limits import ExprWithLimits
from sympy.core.function import Derivative, Subs
from sympy.tensor.indexed import Indexed, IndexedBase

from . import printing
from .evaluate import CannotEvaluate
from .facts import Fact, Knowledge, describe_missing, name_of
from .normal_form import Prover, TooLarge
from .numeric_check import (
    Counterexample,
    Incomplete,
    compare,
    compare_derivative,
    compare_order,
    holds_everywhere,
    second_root,
)
from .proofs import prove_equal, prove_nonnegative, prove_same_order

PROVED, CHECKED = "proved", "checked"


class DerivationError(ValueError):
    """A step does not follow, or could not be judged.

    Attributes
    ----------
    counterexample : dict
        Values of the symbols at a point where the step is false, keyed by SymPy's objects (``{N: 1, t[1]: 94/25}``);
        a pair of values for what ``over`` lets vary.  Empty if the step could not be evaluated.
    left, right : str
        What the two sides are at that point.
    """

    def __init__(self, message: str, found: Counterexample | None = None) -> None:
        super().__init__(message)
        found = found or Counterexample()
        self.counterexample, self.left, self.right = found.values, found.left, found.right


@dataclass(frozen=True)
class Step:
    """One accepted line of a derivation.

    Attributes
    ----------
    relation : str
        Name of the method that made it: ``"equals"``, ``"same_minimiser"``, ``"at_least"``, ...
    before, after : Expr
        The line above and this line.
    because : str
        The author's reason.
    verdict : str
        ``"proved"`` (by SymPy, for all sizes) or ``"checked"`` (at many points of several sizes).
    over : tuple
        The symbols or families that vary, for ``same_minimiser``; what was differentiated or solved for.
    dropped_constants, dropped_factors : tuple of Expr
        What a step with the same minimiser left out, where that was proved.
    transform : str
        The increasing function a step with the same minimiser applied, if any.
    """

    relation: str
    before: Expr
    after: Expr
    because: str = ""
    verdict: str = CHECKED
    over: tuple = ()
    dropped_constants: tuple[Expr, ...] = ()
    dropped_factors: tuple[Expr, ...] = ()
    transform: str = ""
    replaced: tuple = field(default=(), repr=False)


class Derivation:
    """A first expression and the steps that follow from it.

    Parameters
    ----------
    start : Expr or anything ``sympify`` takes
        The first line.
    where : iterable of Fact
        What is known of the symbols: :func:`real`, :func:`positive`, :func:`unit_interval`, :func:`binary`,
        :func:`count`, :func:`simplex`, :func:`one_hot`.  SymPy's own assumptions count too.
    because : str, optional
        What the first line is.

    Attributes
    ----------
    expr : Expr
        The last line.
    steps : tuple of Step
        The accepted steps, in order.

    Raises
    ------
    TypeError
        If something is not an expression or not a fact.
    ValueError
        If nothing is known of a symbol, or the facts contradict each other.

    Examples
    --------
    >>> from sympy import IndexedBase, Product, Sum, log, symbols
    >>> n, N = symbols("n N", integer=True, positive=True)
    >>> from lossbook.derivation import unit_interval
    >>> y = IndexedBase("y")
    >>> d = Derivation(-log(Product(y[n], (n, 1, N))), where=[unit_interval(y[n])])
    >>> d.equals(-Sum(log(y[n]), (n, 1, N)), because="the log of a product is a sum of logs")
          -log(Product(y[n], (n, 1, N)))
    (1) = -Sum(log(y[n]), (n, 1, N))  [proved: the log of a product is a sum of logs]

    A false step is refused with a point at which it is false:

    >>> d.equals(Sum(log(y[n]), (n, 1, N)))
    Traceback (most recent call last):
        ...
    lossbook.derivation.core.DerivationError: step 2 (equals) is false
      from: -Sum(log(y[n]), (n, 1, N))
      to:   Sum(log(y[n]), (n, 1, N))
      at N = 1, y₁ = 0.20: left 1.609, right −1.609
    """

    def __init__(self, start: object, *, where: Iterable[Fact] = (), because: str = "") -> None:
        if isinstance(where, Fact):
            where = [where]
        self.start = _expression(start, "the first line")
        self.facts = tuple(where)
        self.because = _reason(because)
        self.steps: tuple[Step, ...] = ()
        self._require_known(self.start, self._knowledge(self.start))

    @property
    def expr(self) -> Expr:
        """The last line."""
        return self.steps[-1].after if self.steps else self.start

    # -- relations ------------------------------------------------------------------------------------------------

    def equals(self, expr: object, *, because: str = "") -> Derivation:
        """The next line is equal to this one, at every point that satisfies the facts, for every size.

        Parameters
        ----------
        expr : Expr
            The next line.
        because : str, optional
            The reason, for the reader.

        Returns
        -------
        Derivation
            This derivation, one step longer.

        Raises
        ------
        DerivationError
            If the step is false (with a counterexample) or cannot be evaluated.
        """
        after, knowledge = self._prepare(expr)
        self._judge("equals", after, lambda: compare(knowledge, self.expr, after, lambda sign: sign == 0))
        return self._accept("equals", after, because, prove_equal(knowledge, self.expr, after))

    def at_least(self, expr: object, *, because: str = "") -> Derivation:
        """This line is at least the next one, at every point; parameters, result and errors as in :meth:`equals`."""
        after, knowledge = self._prepare(expr)
        self._judge("at_least", after, lambda: compare(knowledge, self.expr, after, lambda sign: sign >= 0))
        return self._accept("at_least", after, because, prove_nonnegative(knowledge, self.expr - after))

    def at_most(self, expr: object, *, because: str = "") -> Derivation:
        """This line is at most the next one, at every point; parameters, result and errors as in :meth:`equals`."""
        after, knowledge = self._prepare(expr)
        self._judge("at_most", after, lambda: compare(knowledge, self.expr, after, lambda sign: sign <= 0))
        return self._accept("at_most", after, because, prove_nonnegative(knowledge, after - self.expr))

    def same_minimiser(self, expr: object, *, over: object, because: str = "") -> Derivation:
        """The next line orders all values of ``over`` as this one does, so both have the same minimisers.

        Parameters
        ----------
        expr : Expr
            The next line.
        over : Symbol, IndexedBase, Indexed, or a list of them
            What varies; a family (or one of its terms) means all its entries.  Everything else is held fixed.
        because : str, optional
            The reason, for the reader.

        Returns
        -------
        Derivation
            This derivation, one step longer; the step records which constants and factors were dropped.

        Raises
        ------
        DerivationError
            If two values of ``over`` change their order, or the step cannot be evaluated.
        ValueError
            If ``over`` does not occur in this line.
        """
        after, knowledge = self._prepare(expr)
        varying = _varying(over, self.expr)
        names = frozenset(name_of(x) for x in varying)
        sizes = sorted(names & {str(size) for size in knowledge.sizes})
        if sizes:
            raise ValueError(
                f"over={sizes[0]}: {sizes[0]} is the limit of a sum, and the engine compares expressions at fixed sizes"
            )
        label = f"same_minimiser over {', '.join(sorted(names))}"
        self._judge(label, after, lambda: compare_order(knowledge, self.expr, after, names))
        dropped = prove_same_order(knowledge, self.expr, after, names)
        details = {"over": varying}
        if dropped is not None:
            back = self._restorer(after)
            details |= {
                "dropped_constants": tuple(back(e) for e in dropped.constants),
                "dropped_factors": tuple(back(e) for e in dropped.factors),
                "transform": dropped.transform,
            }
        return self._accept("same_minimiser", after, because, dropped is not None, **details)

    # -- operations -----------------------------------------------------------------------------------------------

    def differentiate(self, wrt: Symbol | Indexed, expr: object = None, *, because: str = "") -> Derivation:
        """The next line is the derivative of this one.

        Parameters
        ----------
        wrt : Symbol or Indexed
            With respect to what.  For one entry of a family use an index that no sum uses: ``y[m]``, with ``m`` a
            positive integer.
        expr : Expr, optional
            The derivative in the form you like; it is verified.  By default SymPy's, with Kronecker deltas carried out.
        because : str, optional
            The reason, for the reader.

        Raises
        ------
        DerivationError
            If ``expr`` is not the derivative (with a counterexample).
        ValueError
            If ``wrt`` does not occur in this line, or its index is that of a sum.
        """
        wrt = sympify(wrt)
        if not isinstance(wrt, Symbol | Indexed):
            raise TypeError(f"differentiate with respect to a symbol or an indexed term such as y[m], not {wrt!r}")
        if name_of(wrt) not in _names(self.expr):
            raise ValueError(f"{wrt} does not occur in {printing.text(self.expr)}")
        taken = {limit[0] for part in self.expr.atoms(ExprWithLimits) for limit in part.limits} - self.expr.free_symbols
        clash = sorted(set(getattr(wrt, "indices", ())) & taken, key=str)
        if clash:
            raise ValueError(
                f"{clash[0]} is already the index of a sum: differentiate with respect to an entry with an index of "
                f"its own, such as {name_of(wrt)}[m]"
            )
        knowledge = self._knowledge(wrt)
        found = _carry_out_deltas(
            diff(self.expr, wrt).doit(deep=False) if isinstance(self.expr, Derivative) else diff(self.expr, wrt),
            knowledge,
        )
        if found.has(Derivative, Subs):
            raise ValueError(
                f"SymPy has no formula for the derivative of {printing.text(self.expr)}: "
                "take the logarithm of products first"
            )
        after = found if expr is None else _expression(expr, "the derivative")
        if any(wrt in index.free_symbols for term in after.atoms(Indexed) for index in term.indices):
            raise ValueError(
                f"{wrt} is an index in {printing.text(after)}: it counts, so one cannot differentiate by it"
            )
        knowledge = self._knowledge(wrt, found, after)
        self._require_known(after, knowledge)
        self._judge(
            f"differentiate with respect to {wrt}", after, lambda: compare_derivative(knowledge, self.expr, wrt, after)
        )
        return self._accept("differentiate", after, because, prove_equal(knowledge, found, after), over=(wrt,))

    def substitute(self, replacements: Mapping, *, because: str = "") -> Derivation:
        """The next line is this one with symbols or families replaced by expressions.

        Parameters
        ----------
        replacements : mapping
            For example ``{y[n]: 1/(1 + exp(-z[n]))}``, which replaces every entry of ``y``; the indices of the key are
            placeholders.
        because : str, optional
            The reason, for the reader.

        Raises
        ------
        DerivationError
            If a replacement breaks a fact about what it replaces (a probability outside the unit interval, say).
        ValueError
            If something to be replaced does not occur in this line.
        """
        pairs = []
        for old, new in dict(replacements).items():
            old, new = sympify(old), _expression(new, "a replacement")
            if not isinstance(old, Symbol | Indexed):
                raise TypeError(f"substitute replaces symbols and indexed terms such as y[n], not {old!r}")
            if name_of(old) not in _names(self.expr):
                raise ValueError(f"{old} does not occur in {printing.text(self.expr)}")
            pairs.append((old, new))
        after = _replace(self.expr, pairs)
        knowledge = self._knowledge(after, *(new for _, new in pairs))
        self._require_known(after, knowledge)
        proved = True
        for old, new in pairs:
            proved &= self._respects_facts(knowledge, old, new, after)
        return self._accept(
            "substitute", after, because, proved, over=tuple(old for old, _ in pairs), replaced=tuple(pairs)
        )

    def solve_for(self, unknown: Symbol, expr: object = None, *, because: str = "") -> Derivation:
        """This line is set to 0; the next line is its one root in ``unknown``.

        Parameters
        ----------
        unknown : Symbol
            What to solve for.
        expr : Expr, optional
            The root in the form you like; it is verified.  By default SymPy's.
        because : str, optional
            The reason, for the reader.

        Raises
        ------
        DerivationError
            If ``expr`` is not a root, or not the only one the facts allow.
        ValueError
            If SymPy finds no root.
        """
        unknown = sympify(unknown)
        if not isinstance(unknown, Symbol) or unknown not in self.expr.free_symbols:
            raise ValueError(f"solve_for takes a symbol of {printing.text(self.expr)}; got {unknown}")
        knowledge = self._knowledge(self.expr)
        roots, linear = _roots(self.expr, unknown, knowledge)
        if expr is None:
            if len(roots) != 1:
                raise ValueError(
                    f"SymPy finds {len(roots)} roots of {printing.text(self.expr)} in {unknown}: give the one you mean"
                )
            after = self._restorer(self.expr)(roots[0])
        else:
            after = _expression(expr, "the root")
        knowledge = self._knowledge(after)
        self._require_known(after, knowledge)
        if unknown in after.free_symbols:
            raise ValueError(f"the root still contains {unknown}: {printing.text(after)}")
        at_root = self.expr.subs(unknown, after)
        label = f"solve_for {unknown}"
        # Where the root divides by zero there is none, and SymPy may have cancelled that in `at_root`.
        self._judge(label, after, lambda: holds_everywhere(knowledge, after, lambda value: True))
        self._judge(label, after, lambda: compare(knowledge, at_root, S.Zero, lambda sign: sign == 0))
        self._judge(label, after, lambda: second_root(knowledge, self.expr, unknown, after))
        proved = prove_equal(knowledge, at_root, S.Zero) and (linear or len(roots) == 1)
        return self._accept("solve_for", after, because, proved, over=(unknown,))

    # -- shared work ----------------------------------------------------------------------------------------------

    def _knowledge(self, *expressions: Expr) -> Knowledge:
        """Facts, and the index ranges of all lines so far and of the given expressions, in this order."""
        knowledge = Knowledge(self.facts)
        knowledge.learn_ranges(self.start)
        for step in self.steps:
            for x in step.over if step.relation == "differentiate" else ():
                knowledge.learn_ranges(x)
            knowledge.learn_ranges(step.after)
        for expr in expressions:
            knowledge.learn_ranges(expr)
        return knowledge

    def _prepare(self, expr: object) -> tuple[Expr, Knowledge]:
        after = _expression(expr, "the next line")
        knowledge = self._knowledge(after)
        self._require_known(after, knowledge)
        return after, knowledge

    def _require_known(self, expr: Expr, knowledge: Knowledge) -> None:
        _refuse_namesakes([self.start, *(step.after for step in self.steps), expr])
        missing = knowledge.unknown(expr)
        if missing:
            raise ValueError(describe_missing(missing[0]))

    def _judge(self, label: str, after: Expr, search: object) -> None:
        head = f"step {len(self.steps) + 1} ({label})"
        sides = f"\n  from: {printing.text(self.expr)}\n  to:   {printing.text(after)}\n  "
        try:
            found = search()
        except (CannotEvaluate, Incomplete) as reason:
            raise DerivationError(f"{head} could not be evaluated, so it is not accepted{sides}{reason}") from reason
        if found is not None:
            raise DerivationError(f"{head} is false{sides}{found}", found)

    def _accept(self, relation: str, after: Expr, because: str, proved: bool, **details: object) -> Derivation:
        step = Step(relation, self.expr, after, _reason(because), PROVED if proved else CHECKED, **details)
        self.steps = (*self.steps, step)
        return self

    def _respects_facts(self, knowledge: Knowledge, old: Symbol | Indexed, new: Expr, after: Expr) -> bool:
        """Whether a replacement provably satisfies the facts about what it replaces; refuses it where it does not."""
        name = name_of(old)
        kinds = knowledge.kinds.get(name, [])
        label = f"substitute {old}"
        row = knowledge.rows.get(name)
        prover = Prover(knowledge)
        proved = True
        if row is not None:
            index = old.indices[row.axis]
            whole = Sum(new, (index, *row.over[1:]))
            self._judge(label, after, lambda: compare(self._knowledge(whole), whole, S.One, lambda sign: sign == 0))
            proved = prove_equal(self._knowledge(whole), whole, S.One)
        admits = knowledge.admits
        positive_kinds = {"positive", "unit_interval", "simplex"} & set(kinds) or old.is_positive
        if positive_kinds or kinds or old.is_integer:
            free = self._with_free_indices(knowledge, old, new)
            self._judge(label, after, lambda: holds_everywhere(free, new, lambda value: _fits(admits, old, value, row)))
        refined = knowledge.refine(new)
        if positive_kinds:
            proved &= prover.positive(refined) or prover.positive(prover.normal(refined))
        if "unit_interval" in kinds:
            proved &= prove_nonnegative(knowledge, 1 - new)
        return proved and not {"binary", "count", "one_hot"} & set(kinds)

    def _with_free_indices(self, knowledge: Knowledge, old: Symbol | Indexed, new: Expr) -> Knowledge:
        """Knowledge in which the placeholders of a replacement run through the ranges of what it replaces."""
        wider = self._knowledge(new)
        for axis, index in enumerate(getattr(old, "indices", ())):
            bounds = knowledge.axis_ranges.get((name_of(old), axis))
            if index.is_Symbol and bounds is not None:
                wider.index_ranges.setdefault(index, bounds)
        return wider

    def _restorer(self, like: Expr) -> object:
        """Turn a result of the prover, whose symbols carry assumptions, back into the author's symbols."""
        originals: dict = {}
        for line in (self.start, *(step.after for step in self.steps), like):
            for x in line.atoms(Symbol, IndexedBase):
                originals.setdefault((str(x), isinstance(x, IndexedBase)), x)

        def back(e: Expr) -> Expr:
            labels = {base.label for base in e.atoms(IndexedBase)}
            table = {
                x: originals[str(x), isinstance(x, IndexedBase)]
                for x in e.atoms(Symbol, IndexedBase)
                if (str(x), isinstance(x, IndexedBase)) in originals and x not in labels
            }
            return _with_plain_indices(e.xreplace(table), originals)

        return back

    # -- display --------------------------------------------------------------------------------------------------

    def __repr__(self) -> str:
        numerals = [f"({place})" for place in range(1, len(self.steps) + 1)]
        margin = max([len(n) for n in numerals], default=0)
        heads = [f"{numeral:>{margin}} {_sign_text(step)} " for numeral, step in zip(numerals, self.steps, strict=True)]
        opening = " " * (
            max(len(h) for h in heads if len(h) <= margin + 3)
            if any(len(h) <= margin + 3 for h in heads)
            else margin + 3
        )
        note = f"  [{self.because}]" if self.because else ""
        shown = [opening + printing.text(self.start) + note]
        for head, step in zip(heads, self.steps, strict=True):
            reason = f": {step.because}" if step.because else ""
            shown.append(f"{head}{printing.text(step.after)}  [{step.verdict}{reason}]")
        return "\n".join(shown)

    def _repr_latex_(self) -> str:
        shown = [printing.lines(line, _ROOM) for line in (self.start, *(step.after for step in self.steps))]
        wide = max(printing.width(part) for formula in shown for part in formula) > _ROOM_BESIDE_REASONS
        rows = _rows("", "", shown[0], self.because, "", wide)
        for place, (step, formula) in enumerate(zip(self.steps, shown[1:], strict=True), start=1):
            sign, more = _sign_latex(step), []
            if step.relation == "substitute":
                more = [("", rf"{printing.latex(old)} \coloneqq {printing.latex(new)}") for old, new in step.replaced]
            rows += _rows(f"({place})", sign, formula, step.because, step.verdict, wide, more)
        body = f" \\\\[{'1.1em' if wide else '0.5em'}]\n".join(rows)
        return f"$$\n\\begin{{aligned}}\n{body}\n\\end{{aligned}}\n$$"


_ROOM = 56  # characters of a formula before it is cut
_ROOM_BESIDE_REASONS = 34  # wider formulas have their reasons above them instead
_REASON = 30  # characters of a line of a reason that stands beside its formula
_MARKS = {PROVED: r"\;\scriptstyle\blacksquare", CHECKED: r"\;\scriptstyle\square", "": ""}


def _rows(
    numeral: str, sign: str, formula: list[str], because: str, verdict: str, wide: bool, more: Iterable[tuple] = ()
) -> list[str]:
    """Lines of the aligned display: number, relation and formula, and the reason with the verdict's mark."""
    number = rf"{{\scriptstyle {numeral}}}\quad" if numeral else ""
    reason = [rf"\text{{{piece}}}" for piece in _wrapped(because, _ROOM if wide else _REASON)]
    mark = _MARKS[verdict]
    cells = [*more, (sign, formula[0]), *(("", rf"\quad {line}") for line in formula[1:])]
    if wide and reason:
        reason[-1] += mark
        cells = [("", rf"{{\small {line}}}") for line in reason] + cells
        note = ""
    else:
        stacked = r" \\ ".join([*reason[:-1], (reason[-1] if reason else "") + mark])
        note = rf"{{\small \begin{{array}}{{l}}{stacked}\end{{array}}}}" if stacked else ""
    rows = []
    for place, (relation, cell) in enumerate(cells):
        beside = rf" && \quad {note}" if note and place == len(cells) - len(formula) else ""
        space = r"\;" if relation else ""
        rows.append(rf"{number if place == 0 else ''} && {relation}{space} & {cell}{beside}".strip())
    joined = [*(row + r" \\" for row in rows[:-1]), rows[-1]]
    return ["\n".join(joined)]


def _wrapped(because: str, room: int) -> list[str]:
    r"""The reason in short lines, safe inside \text; formulas between dollar signs stay whole."""
    pieces = re.split(r"(\$[^$]*\$)", because)
    safe = "".join(
        piece.replace(" ", "\0") if piece.startswith("$") else re.sub(r"([%#&_{}])", r"\\\1", piece) for piece in pieces
    )
    return [
        line.replace("\0", " ") for line in textwrap.wrap(safe, room, break_long_words=False, break_on_hyphens=False)
    ]


def _over_text(step: Step) -> str:
    return ", ".join(printing.text(x.base.label if isinstance(x, Indexed) else x) for x in step.over)


def _sign_text(step: Step) -> str:
    return {
        "equals": "=",
        "at_least": ">=",
        "at_most": "<=",
        "same_minimiser": f"same minimiser over {_over_text(step)}:",
        "differentiate": f"d/d{', '.join(map(str, step.over))}:",
        "substitute": f"with {', '.join(f'{old} := {printing.text(new)}' for old, new in step.replaced)}:",
        "solve_for": f"= 0 at {', '.join(map(str, step.over))} =",
    }[step.relation]


def _sign_latex(step: Step) -> str:
    over = ", ".join(
        printing.latex(x.base.label if isinstance(x, Indexed) and step.relation == "same_minimiser" else x)
        for x in step.over
    )
    return {
        "equals": "=",
        "at_least": r"\ge",
        "at_most": r"\le",
        "same_minimiser": rf"\underset{{{over}}}{{\arg\min}}:",
        "differentiate": rf"\frac{{\partial}}{{\partial {over}}}:",
        "substitute": "=",
        "solve_for": rf"= 0 \iff {over} =",
    }[step.relation]


# ---------------------------------------------------------------------------------------------------------------------
# Reading input
# ---------------------------------------------------------------------------------------------------------------------


def _expression(x: object, what: str) -> Expr:
    try:
        expr = sympify(x)
    except (TypeError, ValueError, SyntaxError, AttributeError) as error:
        raise TypeError(f"{what} must be a SymPy expression; got {x!r}") from error
    if not isinstance(expr, Expr) or isinstance(expr, IndexedBase):
        raise TypeError(
            f"{what} must be a SymPy expression, such as Sum(y[n], (n, 1, N)); got {type(x).__name__}: {x!r}"
        )
    if expr.has(nan, oo, -oo, zoo) and not _only_limits(expr):
        raise ValueError(f"{what} is not finite: {expr}")
    return expr


def _only_limits(expr: Expr) -> bool:
    """Whether infinity occurs only as a limit of a sum or an integral."""
    bare = expr.replace(lambda e: isinstance(e, ExprWithLimits), lambda e: Dummy() * e.function)
    return not bare.has(nan, oo, -oo, zoo)


def _refuse_namesakes(expressions: list[Expr]) -> None:
    """Two different symbols with one name would be taken for one by every reader."""
    seen: dict[str, object] = {}
    for expr in expressions:
        labels = {base.label for base in expr.atoms(IndexedBase)}
        bound = {limit[0] for part in expr.atoms(ExprWithLimits) for limit in part.limits}
        for x in sorted((expr.atoms(Symbol) - labels - bound) | expr.atoms(IndexedBase), key=str):
            other = seen.setdefault(name_of(x), x)
            if other != x:
                kinds = (
                    "a symbol and an indexed family"
                    if type(other) is not type(x)
                    else "two symbols with different assumptions"
                )
                raise ValueError(
                    f"the name {name_of(x)} stands for {kinds}: create each symbol once, and use it everywhere"
                )


def _reason(because: object) -> str:
    if not isinstance(because, str):
        raise TypeError(f"because= takes a sentence, a string; got {because!r}")
    return " ".join(because.split())


def _names(expr: Expr) -> set[str]:
    bases = expr.atoms(IndexedBase)
    return {name_of(x) for x in expr.free_symbols | bases}


def _varying(over: object, expr: Expr) -> tuple:
    listed = list(over) if isinstance(over, list | tuple | set) else [over]
    if not listed:
        raise ValueError("over= is empty: name what varies")
    result = []
    for x in listed:
        x = sympify(x)
        if not isinstance(x, Symbol | Indexed | IndexedBase):
            raise TypeError(f"over= takes a symbol, a family such as IndexedBase('y'), or a list of them; got {x!r}")
        if name_of(x) not in _names(expr):
            raise ValueError(f"over={x}: {x} does not occur in {printing.text(expr)}")
        result.append(x.base if isinstance(x, Indexed) else x)
    return tuple(result)


# ---------------------------------------------------------------------------------------------------------------------
# Expressions
# ---------------------------------------------------------------------------------------------------------------------


def _carry_out_deltas(expr: Expr, knowledge: Knowledge) -> Expr:
    """Carry out the Kronecker deltas that differentiation leaves in sums."""
    if not expr.has(KroneckerDelta):
        return expr
    if isinstance(expr, Sum) and len(expr.limits) > 1:
        inner = _carry_out_deltas(Sum(expr.function, *expr.limits[:1]), knowledge)
        return _carry_out_deltas(Sum(inner, *expr.limits[1:]), knowledge)
    if isinstance(expr, Sum):
        function = expand_mul(_carry_out_deltas(expr.function, knowledge))
        index, low, high = expr.limits[0]
        picked, left = [], []
        for term in Add.make_args(function):
            other = _delta_partner(term, index, low, high, knowledge)
            if other is None:
                left.append(term)
            else:
                delta = next(f for f in Mul.make_args(term) if isinstance(f, KroneckerDelta) and index in f.args)
                picked.append((term / delta).xreplace({index: other}))
        rest = [_split_constant(term, expr.limits[0]) for term in left]
        return Add(*picked, *rest)
    if expr.args and not isinstance(expr, KroneckerDelta | Indexed):
        return expr.func(*(_carry_out_deltas(arg, knowledge) for arg in expr.args))
    return expr


def _split_constant(term: Expr, limit: tuple) -> Expr:
    free = Mul(*(f for f in Mul.make_args(term) if not f.has(limit[0])))
    return free * Sum(term / free, limit) if term / free != 1 else free * (limit[2] - limit[1] + 1)


def _delta_partner(term: Expr, index: Symbol, low: Expr, high: Expr, knowledge: Knowledge) -> Expr | None:
    for factor in Mul.make_args(term):
        if isinstance(factor, KroneckerDelta) and index in factor.args:
            other = factor.args[1] if factor.args[0] == index else factor.args[0]
            known = knowledge.index_ranges.get(other)
            if known == (low, high) or other == low:
                return other
    return None


def _replace(expr: Expr, pairs: list[tuple]) -> Expr:
    """Replace symbols, and every entry of families, without capturing indices."""
    table: dict = {}
    for old, new in pairs:
        if isinstance(old, Symbol):
            table[old] = new
            continue
        for term in expr.atoms(Indexed):
            if term.base != old.base:
                continue
            placeholders = dict(zip(old.indices, term.indices, strict=True))
            if any(not key.is_Symbol and key != value for key, value in placeholders.items()):
                continue
            taken = set().union(*(index.free_symbols for index in term.indices))
            table[term] = _rename_bound(new, taken | set(old.indices)).xreplace(
                {k: v for k, v in placeholders.items() if k.is_Symbol}
            )
    return expr.xreplace(table)


def _rename_bound(expr: Expr, taken: set[Symbol]) -> Expr:
    """Give the sums of ``expr`` indices that are not among ``taken``."""
    table = {}
    used = {str(x) for x in taken | expr.free_symbols}
    for part in sorted(expr.atoms(Sum, Product), key=str):
        for limit in part.limits:
            if limit[0] in taken:
                letter = next(a for a in "jilmkrs" if a not in used)
                used.add(letter)
                table[limit[0]] = Symbol(letter, **limit[0].assumptions0)
    return expr.xreplace(table)


def _roots(equation: Expr, unknown: Symbol, knowledge: Knowledge) -> tuple[list[Expr], bool]:
    """Roots that the facts allow, and whether the equation is linear in the unknown."""
    prover = Prover(knowledge)
    x = next(iter(knowledge.refine(unknown + 0).atoms(Symbol)))
    try:
        top = prover.numerator(prover.normal(knowledge.refine(equation)))
    except TooLarge:
        return [], False
    hidden = {
        part: Dummy(positive=True) if prover.positive(part) else Dummy(real=True)
        for part in top.atoms(Sum)
        if not part.has(x)
    }
    found = sympy_solve(top.xreplace(hidden), x)
    shown = {dummy: part for part, dummy in hidden.items()}
    roots = [root.xreplace(shown) for root in found]
    kept = [root for root in roots if not x.is_positive or not (root.is_zero or prover.positive(-root))]
    linear = bool(top.is_polynomial(x) and top.as_poly(x) is not None and top.as_poly(x).degree() == 1)
    return kept, linear


def _fits(admits: object, old: Symbol | Indexed, value: object, row: Fact | None) -> bool:
    if row is not None:
        return value > 0 if row.kind == "simplex" else value in (0, 1)
    return admits(old, Integer(int(value)) if value == int(value) else sympify(value))


def _with_plain_indices(e: Expr, originals: dict) -> Expr:
    """Rename the canonical indices _1, _2 of a normal form to letters."""
    table = {}
    used = {name for name, _ in originals}
    for x in sorted(e.atoms(Symbol), key=str):
        if str(x).startswith("_") and str(x)[1:].isdigit():
            letter = next(
                a
                for a in ("n", "k", "i", "j", "l", "m")
                if a not in used or ((a, False) in originals and a not in map(str, table.values()))
            )
            used.add(letter)
            table[x] = originals.get((letter, False), Symbol(letter, integer=True, positive=True))
    return e.xreplace(table)
