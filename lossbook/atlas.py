r"""Sheets of the atlas: one card for each kind of target, and no formula on it that was not checked.

A :class:`Sheet` says of one kind of target which distribution it has, what the model outputs, and which losses follow.
What can be computed is: the constructor hands every formula to a :class:`~lossbook.derivation.Derivation`, which
accepts it or raises an error with a counterexample.  Words (the statistic, whether an estimate exists) are only shown.

density  →  negative log-likelihood  →  factor · loss + constant  →  loss  →  gradient  →  Hessian

The loss table of the book is made from these sheets.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import combinations_with_replacement

from sympy import Expr, IndexedBase, Mul, Piecewise, S, Set, Symbol, log, symbols, sympify
from sympy.core.relational import Relational
from sympy.tensor.indexed import Indexed

from lossbook.derivation import Derivation, DerivationError, Fact
from lossbook.derivation.printing import latex, lines, text

__all__ = ["Form", "Sheet", "Side"]

Output = Symbol | Indexed


@dataclass(frozen=True)
class Side:
    """A loss with a kink, on one side of it, where it is smooth.

    Attributes
    ----------
    where : Relational
        The side, such as ``t > y``.
    target : Expr
        The target there, such as ``y + r`` with a positive ``r``: what the engine puts in to compare.
    loss : Expr
        What the loss is there.
    """

    where: Relational
    target: Expr
    loss: Expr


@dataclass(frozen=True, kw_only=True)
class Form:
    """One way to write the loss: NLL = factor · loss + constant.

    Attributes
    ----------
    loss : Expr
        The loss of one example.
    gradient : Expr or mapping, optional
        Its derivative in the output; with several outputs ``{output: derivative}``.  With ``sides`` it is computed, and
        a later form that states none has that of the first form, times the ratio of the factors.
    hessian : Expr or mapping, optional
        Its second derivative, likewise; with several outputs ``{(output, output): derivative}``.
    factor, constant : Expr
        What was dropped; both free of the outputs.
    convex : bool, optional
        Whether the loss is convex in the outputs.  Checked where the Hessian is a number or a 2 by 2 matrix.
    curvature : str
        More about it, in words.
    call : str
        The function of ``lossbook.losses``, if there is one.
    arguments : mapping
        What that function's arguments are in the formulas: ``{"predictions": y, "targets": t, "scale": sigma}``.
    instead : mapping
        What is put into the negative log-likelihood first: ``{y: 1/(1 + exp(-z))}``.
    outputs : tuple
        What the model then outputs: ``(z,)``.  By default the outputs of the sheet.
    stable : Expr, optional
        A form of the loss that a computer can evaluate; it must be equal to the loss.
    sides : tuple of Side
        The smooth parts of a loss with a kink.
    """

    loss: Expr
    gradient: Expr | Mapping | None = None
    hessian: Expr | Mapping | None = None
    factor: Expr = S.One
    constant: Expr = S.Zero
    convex: bool | None = None
    curvature: str = ""
    call: str = ""
    arguments: Mapping[str, Expr] = field(default_factory=dict)
    instead: Mapping = field(default_factory=dict)
    outputs: tuple[Output, ...] = ()
    stable: Expr | None = None
    sides: tuple[Side, ...] = ()

    @property
    def signature(self) -> str:
        """The call as a reader types it, such as ``laplace_nll(predictions, targets, scale=…)``."""
        first, second, *rest = self.arguments
        return f"{self.call}({', '.join([first, second, *(f'{name}=…' for name in rest)])})"


@dataclass(frozen=True, kw_only=True)
class Sheet:
    r"""What is known of one kind of target, in the order of the four-step recipe.

    Attributes
    ----------
    key : str
        The name of the sheet: its cell is ``sheet-KEY``.
    title : str
        The assumption and the loss.  This and all other words may contain ``$formulas$`` and ```code```.
    target : Symbol or IndexedBase
        The target, ``t``; a family for a row of numbers.
    outputs : tuple of Symbol or Indexed
        What the model outputs; of a family one term, such as ``z[m]``.
    support : Set or str
        The values of the target: a set of SymPy (so that tests can sum over it), or words.
    law : str
        The distribution, in words.
    density : Expr
        Its density or probability, a function of the target and the outputs.
    where : iterable of Fact
        What is known of the symbols.
    link : str
        How the outputs become parameters of the distribution.
    nll : Expr
        The negative log-likelihood of one example, constants kept.
    forms : tuple of Form
        The losses; the first is the one that the book uses.
    statistic : str
        What minimises the sum of the losses when there is no input.
    exists : str
        Whether the maximum likelihood estimate exists.
    stable : str
        How to compute the loss.
    libraries : mapping
        Calls in other libraries: ``{"SciPy": "scipy.stats.laplace.logpdf"}``.
    derived : str
        The label of the section that derives it; by default ``sec-atlas-KEY``.

    Raises
    ------
    DerivationError
        If a formula does not follow; the message has the sheet, the step and a counterexample.
    ValueError
        If something dropped depends on an output, or a formula is missing.

    Examples
    --------
    >>> from sympy import exp, log, pi, sqrt
    >>> t, y = symbols("t y", real=True)
    >>> sheet = Sheet(
    ...     key="unit", title="Gaussian of width 1", target=t, outputs=(y,), support=S.Reals,
    ...     law="Gaussian, mean $y$, scale 1", density=exp(-(t - y)**2/2)/sqrt(2*pi), link="the mean is the output",
    ...     nll=(t - y)**2/2 + log(2*pi)/2, statistic="mean", exists="always", stable="as it stands",
    ...     forms=[Form(loss=(t - y)**2/2, gradient=y - t, hessian=1, constant=log(2*pi)/2, convex=True)],
    ... )
    >>> print(sheet)
    Gaussian of width 1
      support           t in Reals
      distribution      Gaussian, mean y, scale 1
                        p(t | x) = exp(-(t - y)**2/2)/sqrt(2*pi)
      link              the mean is the output
      NLL               log(2*pi)/2 + (t - y)**2/2
      loss              (t - y)**2/2
      dropped in y      constant log(2*pi)/2
      gradient          d/dy: y - t
      Hessian           d^2/dy^2: 1
      convexity         convex
      estimates         mean
      MLE exists?       always
      compute           as it stands
      checked           5 steps, 5 of them proved
    """

    key: str
    title: str
    target: Symbol | IndexedBase
    outputs: tuple[Output, ...]
    support: Set | str
    law: str
    density: Expr
    where: Iterable[Fact] = ()  # a tuple once made, like outputs and forms
    link: str
    nll: Expr
    forms: Iterable[Form]
    statistic: str
    exists: str
    stable: str
    libraries: Mapping[str, str] = field(default_factory=dict)
    derived: str = ""
    derivations: tuple[Derivation, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for name in ("outputs", "where", "forms"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        if not self.outputs or not self.forms:
            raise ValueError(f"sheet {self.key}: expected at least one output and one form of the loss")
        object.__setattr__(self, "derived", self.derived or f"sec-atlas-{self.key}")
        object.__setattr__(self, "derivations", tuple(self._derive()))

    # -- what is checked ------------------------------------------------------------------------------------------

    def _derive(self) -> Iterable[Derivation]:
        """Every formula of the sheet, as steps that the engine accepted."""
        try:
            start = Derivation(-log(self.density), where=self.where, because="minus the log of the density")
            yield start.equals(self.nll, because="the logarithm is taken")
            for form in self.forms:
                yield from self._derive_form(form)
        except DerivationError as error:
            error.args = (f"sheet {self.key}: {error}",)
            raise

    def _derive_form(self, form: Form) -> Iterable[Derivation]:
        outputs = self.outputs_of(form)
        names = {_name(x) for x in outputs}
        for what, dropped in {"factor": form.factor, "constant": form.constant}.items():
            depends = sorted(names & {_name(x) for x in sympify(dropped).atoms(Symbol, Indexed)})
            if depends:
                raise ValueError(f"sheet {self.key}: the dropped {what} {dropped} depends on the output {depends[0]}")
        reading = Derivation(self.nll, where=self.where, because="negative log-likelihood")
        if form.instead:
            reading.substitute(form.instead, because="what the model outputs")
        whole = form.factor * form.loss + form.constant
        if reading.expr != whole:
            reading.equals(whole, because="sorted by what depends on the output")
        if form.factor != 1 or form.constant != 0:
            reading.same_minimiser(form.loss, over=list(outputs), because="constants dropped")
        yield reading
        if form.stable is not None:
            yield Derivation(form.loss, where=self.where).equals(form.stable, because="for the computer")
        if self._inherits(form):
            return
        if form.sides:
            for side in form.sides:
                there = Derivation(form.loss, where=self.where, because="the loss")
                there.substitute({self.target: side.target}, because="on this side")
                yield there.equals(side.loss.subs(self.target, side.target), because="no kink here")
                slope = Derivation(side.loss, where=self.where, because="the loss on this side")
                for _ in range(2 if side.loss.diff(outputs[0], 2) != 0 else 1):
                    slope.differentiate(outputs[0], because="its slope")
                yield slope
        else:
            yield from self._differentiate(form.loss, outputs, form.gradient, form.hessian)
            yield from self._judge_convexity(form)

    def _differentiate(self, loss: Expr, outputs: tuple, gradient: object, hessian: object) -> Iterable[Derivation]:
        """The loss differentiated in each output, and again."""
        first, second = _by_output(gradient, outputs), _by_pair(hessian, outputs)
        missing = [output for output in outputs if output not in first]
        if missing:
            raise ValueError(f"sheet {self.key}: the derivative in {missing[0]} is missing")
        for output, expected in first.items():
            slope = Derivation(loss, where=self.where, because="the loss")
            yield slope.differentiate(output, expected, because="its slope")
        for (one, other), expected in second.items():
            if first[one].has(other) or isinstance(other, Indexed):
                bend = Derivation(first[one], where=self.where, because="the slope")
                yield bend.differentiate(other, expected, because="its curvature")
            elif expected != 0:
                raise ValueError(f"sheet {self.key}: the slope {first[one]} has no {other}, so it does not bend")

    def _judge_convexity(self, form: Form) -> Iterable[Derivation]:
        """Where the sheet says convex, the curvature is nowhere negative; where it denies that, somewhere it is."""
        bend = self.bend_of(form)
        if form.convex is None or bend is None:
            return
        judged = Derivation(bend, where=self.where, because="the curvature")
        try:
            judged.at_least(0, because="nowhere negative")
        except DerivationError:
            if form.convex:
                raise
            return
        if not form.convex:
            raise ValueError(f"sheet {self.key}: said to be not convex, but {text(bend)} is nowhere negative")
        yield judged

    # -- what is read off -----------------------------------------------------------------------------------------

    def _inherits(self, form: Form) -> bool:
        """Whether the form has its derivatives from the first one: both are the same NLL but for what was dropped."""
        main = self.forms[0]
        same = self.outputs_of(form) == self.outputs_of(main) and form.instead == main.instead
        return form is not main and form.gradient is None and not form.sides and same

    def outputs_of(self, form: Form) -> tuple[Output, ...]:
        """The outputs of the model in this form of the loss."""
        return tuple(form.outputs) or self.outputs

    def gradient_of(self, form: Form) -> dict[Output, Expr]:
        """The derivative of the loss in each output; undefined at a kink."""
        if self._inherits(form):
            ratio = self.forms[0].factor / form.factor
            return {x: _times(ratio, slope) for x, slope in self.gradient_of(self.forms[0]).items()}
        if not form.sides:
            return _by_output(form.gradient, self.outputs_of(form))
        return {x: _on_sides(form, lambda loss, x=x: loss.diff(x)) for x in self.outputs_of(form)}

    def hessian_of(self, form: Form) -> dict[tuple[Output, Output], Expr]:
        """The second derivative of the loss in each pair of outputs; undefined at a kink."""
        if self._inherits(form):
            ratio = self.forms[0].factor / form.factor
            return {pair: _times(ratio, bend) for pair, bend in self.hessian_of(self.forms[0]).items()}
        if not form.sides:
            return _by_pair(form.hessian, self.outputs_of(form))
        pairs = combinations_with_replacement(self.outputs_of(form), 2)
        return {(x, z): _on_sides(form, lambda loss, x=x, z=z: loss.diff(x, z)) for x, z in pairs}

    def bend_of(self, form: Form) -> Expr | None:
        """What must be nowhere negative if the loss is convex: the second derivative, or vᵀHv for two outputs."""
        outputs, hessian = self.outputs_of(form), self.hessian_of(form)
        if form.sides or any(isinstance(x, Indexed) for x in outputs):
            return None
        if len(outputs) == 1:
            return hessian.get((outputs[0], outputs[0]))
        if len(outputs) == 2 and len(hessian) == 3:
            v, (one, other) = symbols("v_1 v_2", real=True), outputs
            cross = hessian.get((one, other), hessian.get((other, one)))
            return hessian[one, one] * v[0] ** 2 + 2 * cross * v[0] * v[1] + hessian[other, other] * v[1] ** 2
        return None

    @property
    def verdicts(self) -> list[str]:
        """The engine's verdict on every step of the sheet."""
        return [step.verdict for derivation in self.derivations for step in derivation.steps]

    # -- display --------------------------------------------------------------------------------------------------

    def _entries(self) -> Iterable[tuple[str, list]]:
        """Label and lines of each entry; a line is words, an expression, or a pair of LaTeX and an expression."""
        t = _latex(self.target)
        yield "support", [self.support if isinstance(self.support, str) else (rf"{t} \in", self.support)]
        main = self.forms[0].loss
        short = {main: Symbol(r"\ell")} if main.has(Piecewise) else {}  # cases in an exponent cannot be read
        yield "distribution", [self.law, (rf"p({t} \mid x) =", self.density.xreplace(short))]
        yield "link", [self.link]
        yield "NLL", [self.nll.xreplace(short)]
        for form in self.forms:
            label, sign = ("loss", r"\ell =" if short else "") if form is self.forms[0] else ("also", "")
            yield label, [(sign, form.loss)]
            names = ", ".join(_latex(x) for x in self.outputs_of(form))
            dropped = [(rf"\text{{{word}}}\;", x) for word, x, nothing in _dropped(form) if x != nothing]
            yield f"dropped in ${names}$", dropped or ["nothing"]
            if not self._inherits(form):
                yield "gradient", [(_slope(x), slope) for x, slope in self.gradient_of(form).items()]
                yield "Hessian", [(_slope(*pair), bend) for pair, bend in self.hessian_of(form).items()]
                yield "convexity", [_convexity(form)]
            if form.stable is not None:
                yield "stable form", [form.stable]
            if form.call:
                yield "lossbook", [f"`{form.signature}`"]
        yield "estimates", [self.statistic]
        yield "MLE exists?", [self.exists]
        yield "compute", [self.stable]
        for library, call in self.libraries.items():
            yield library, [f"`{call}`"]
        proved = self.verdicts.count("proved")
        yield "checked", [f"{len(self.verdicts)} steps, {proved} of them proved"]

    def __repr__(self) -> str:
        shown = [_plain(self.title)]
        for label, entry in self._entries():
            for place, line in enumerate(entry):
                shown.append(f"  {_plain(label) if place == 0 else '':17} {_plain(line)}")
        return "\n".join(shown)

    def _repr_latex_(self) -> str:
        rows = [rf"\rlap{{\textbf{{{_words(self.title)}}}}} &"]
        for label, entry in self._entries():
            first = rf"\small\text{{{_words(label)}}}"
            for line in entry:
                for piece in _typeset(line):
                    rows.append(f"{first} & {piece}")
                    first = ""
        body = "".join(f"{row} \\\\[{_gap(row)}]\n" for row in rows)
        return f"$$\n\\begin{{array}}{{ll}}\n{body}\\end{{array}}\n$$"

    def rows(self) -> list[str]:
        """The rows of the loss table, one for each form: Markdown."""
        return [f"| {' | '.join(self._row(form))} |" for form in self.forms]

    def _row(self, form: Form) -> list[str]:
        outputs = self.outputs_of(form)
        other = outputs != self.outputs_of(self.forms[0])
        bends = _listed({_pair(*pair): bend for pair, bend in self.hessian_of(form).items()})
        return [
            self.law + (f"; output ${', '.join(map(_latex, outputs))}$" if other else ""),
            f"`{form.signature}`" if form.call else "none",
            _inline(form.loss),
            ", ".join(f"{word} {_inline(x)}" for word, x, nothing in _dropped(form) if x != nothing) or "nothing",
            _listed({_latex(x): slope for x, slope in self.gradient_of(form).items()}),
            ": ".join(filter(None, [bends, _convexity(form)])),
            self.statistic,
            f"{{ref}}`{self.derived}`",
        ]


# ---------------------------------------------------------------------------------------------------------------------
# Formulas by output
# ---------------------------------------------------------------------------------------------------------------------


def _name(x: object) -> str:
    return str(x.base.label) if isinstance(x, Indexed) else str(x)


def _by_output(gradient: object, outputs: tuple) -> dict:
    if gradient is None:
        return {}
    if isinstance(gradient, Mapping):
        return {x: sympify(slope) for x, slope in gradient.items()}
    if len(outputs) != 1:
        raise ValueError(f"expected a derivative for each of the outputs {outputs}, given one: {gradient}")
    return {outputs[0]: sympify(gradient)}


def _by_pair(hessian: object, outputs: tuple) -> dict:
    if hessian is None:
        return {}
    if isinstance(hessian, Mapping):
        return {pair: sympify(bend) for pair, bend in hessian.items()}
    if len(outputs) != 1:
        raise ValueError(f"expected a second derivative for each pair of the outputs {outputs}, given one: {hessian}")
    return {(outputs[0], outputs[0]): sympify(hessian)}


def _times(ratio: Expr, x: Expr) -> Expr:
    """The product, case by case, and without SymPy's multiplying a number into a bracket."""
    if isinstance(x, Piecewise):
        return Piecewise(*((_times(ratio, value), where) for value, where in x.args))
    return Mul(ratio, x, evaluate=not (sympify(ratio).is_Number and x.is_Add and ratio != 1))


def _on_sides(form: Form, derivative: object) -> Expr:
    """A derivative side by side; the same on all sides, it stands once."""
    found = [(derivative(side.loss), side.where) for side in form.sides]
    return found[0][0] if len({value for value, _ in found}) == 1 else Piecewise(*found)


def _dropped(form: Form) -> list[tuple[str, Expr, Expr]]:
    return [("factor", sympify(form.factor), S.One), ("constant", sympify(form.constant), S.Zero)]


def _convexity(form: Form) -> str:
    said = {True: "convex", False: "not convex", None: ""}[form.convex]
    return ", ".join(filter(None, [said, form.curvature])) or "not stated"


# ---------------------------------------------------------------------------------------------------------------------
# Words and formulas on the card
# ---------------------------------------------------------------------------------------------------------------------

_ROOM = 56  # characters of a line of the card
# What a card says in TeX, and how it says the same in plain text; single signs last.
_PLAIN = (
    (r"\\to\b", "->"),
    (r"\\pm ?", "+-"),
    (r" ?/ \\partial ", "/d"),
    (r"\\partial ?", "d"),
    (r" ?\\[lr]vert ?|\\mid", "|"),
    (r"\\(text|quad|[;,])", " "),
    (r"[\\{}$`]", ""),
)
_PARTS = re.compile(r"(\$[^$]*\$|`[^`]*`)")


def _latex(x: object) -> str:
    """LaTeX without a bare bar, which would end a cell of a Markdown table."""
    return re.sub(r"\\left\|(.*?)\\right\|", r"\\left\\lvert \1 \\right\\rvert", latex(x))


def _slope(*outputs: Output) -> str:
    if len(outputs) == 1:
        return rf"\partial / \partial {_latex(outputs[0])}:\quad"
    below = rf"\partial {_pair(*outputs)}".replace(r" \, ", r" \, \partial ")
    return rf"\partial^2 / {below}:\quad"


def _pair(one: Output, other: Output) -> str:
    return f"{_latex(one)}^2" if one == other else rf"{_latex(one)} \, {_latex(other)}"


def _words(line: str) -> str:
    r"""Words, safe inside \text: formulas stay, code becomes \texttt."""
    pieces = []
    for piece in _PARTS.split(line):
        if piece.startswith("$"):
            pieces.append(piece)
        else:
            code = piece.startswith("`")
            safe = re.sub(r"([%#&_{}])", r"\\\1", piece.strip("`") if code else piece)
            pieces.append(rf"\texttt{{{safe}}}" if code else safe)
    return "".join(pieces)


def _wrapped(line: str) -> list[str]:
    """Words in short lines; formulas and code stay whole."""
    kept = _PARTS.sub(lambda m: m[0].replace(" ", "\0"), line)
    cut = textwrap.wrap(kept, _ROOM, break_long_words=False, break_on_hyphens=False)
    return [piece.replace("\0", " ") for piece in cut]


def _typeset(line: object) -> list[str]:
    """The LaTeX rows of one line of an entry."""
    if isinstance(line, str):
        return [rf"\text{{{_words(piece)}}}" for piece in _wrapped(line)]
    head, formula = line if isinstance(line, tuple) else ("", line)
    first, *rest = lines(formula, _ROOM) if isinstance(formula, Expr) else [_latex(formula)]
    return [rf"\displaystyle {head} {first}".strip(), *(rf"\displaystyle \qquad {piece}" for piece in rest)]


def _gap(row: str) -> str:
    """Space below a row: fractions and sums need more."""
    return "1.2em" if re.search(r"\\(frac|sum|prod|begin)", row) else "0.35em"


def _plain(line: object) -> str:
    """A line of the card as plain text."""
    head, formula = line if isinstance(line, tuple) else (line, None) if isinstance(line, str) else ("", line)
    for pattern, plain in _PLAIN:
        head = re.sub(pattern, plain, head)
    return head if formula is None else " ".join(f"{head} {text(formula)}".replace("\\", "").split())


def _inline(x: Expr) -> str:
    return f"${_latex(x)}$"


def _listed(by_output: Mapping[str, Expr]) -> str:
    if len(by_output) == 1:
        return _inline(*by_output.values())
    return "; ".join(f"in ${names}$: {_inline(x)}" for names, x in by_output.items())
