"""Derivations, graded line by line.

The student gives a list of lines; the first is the start, and each of the others has to follow from the last one that
was accepted.  ``lossbook.derivation`` decides that, with a counterexample where it does not.

Points go to *milestones*, named by the author: properties that a line can have (``without(Product)``: the product is
gone).  The rule:

- A milestone is earned by the first accepted line that has its property.
- A line that passes more than ``together`` milestones at once (2 unless said), or all of them, is a jump: it earns the
  furthest of them alone, and none if it is the end.  So ``[start, end]`` earns the goal, and nothing in between.
- The goal is earned by the last line, if it equals the goal, has its form, and no line of the list is false.
- All milestones and the goal weigh the same.

Accepted are other names of symbols, other forms of the same expression, any number of steps, and any order of the
milestones.  A line that repeats an earlier one earns nothing, because it has no property that is new.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from . import engine

MOST_LINES = 40
MOST_NAMES = 8
MOST_RENAMINGS = 800
SECONDS = 60


@dataclass
class Line:
    """An accepted line, as a milestone sees it: its expression in the author's names, and the relations used so far."""

    expr: object
    relations: frozenset[str] = frozenset()


Property = Callable[[Line], bool]


# relation -> what it says of a line and the one above it
RELATIONS = {
    "equals": "equals",
    "same_minimiser": "has the same minimiser as",
    "differentiate": "is the derivative of",
    "solve_for": "is the root of",
}


def without(*things: object) -> Property:
    """None of these occurs in the line: classes such as ``Product``, symbols, families."""
    return lambda line: not _occur(line.expr, things)


def uses(*things: object) -> Property:
    """One of these occurs in the line."""
    return lambda line: _occur(line.expr, things)


def _occur(expr: object, things: Iterable[object]) -> bool:
    from sympy import Symbol
    from sympy.tensor.indexed import IndexedBase

    for thing in things:
        if isinstance(thing, Symbol | IndexedBase):
            if str(thing) in _free_names(expr):
                return True
        elif expr.has(thing):
            return True
    return False


def form(model: object) -> Property:
    """No function, sum, product or symbol that ``model`` does not have, and not much longer."""
    from sympy import sympify

    model = sympify(model)
    return lambda line: (
        _heads(line.expr) <= _heads(model)
        and _free_names(line.expr).keys() <= _free_names(model).keys()
        and _size(line.expr) <= 1.5 * _size(model) + 6
    )


def once(relation: str) -> Property:
    """The relation (``"differentiate"``, ``"solve_for"``, ``"same_minimiser"``) has been used."""
    return lambda line: relation in line.relations


def _heads(expr: object) -> set[str]:
    from sympy import preorder_traversal
    from sympy.tensor.indexed import Indexed, IndexedBase

    found = set()
    for part in preorder_traversal(expr):
        if (
            part.args
            and not isinstance(part, Indexed | IndexedBase)
            and not (part.is_Add or part.is_Mul or part.is_Pow)
        ):
            found.add(type(part).__name__)
    return found - {"Tuple", "ExprCondPair"}


def _size(expr: object) -> int:
    from sympy import preorder_traversal

    return sum(1 for _ in preorder_traversal(expr))


@dataclass
class Task:
    """What a derivation starts from, and where it leads."""

    start: object
    goal: object
    where: tuple
    over: object
    differentiate: object
    solve_for: object
    milestones: dict[str, Property]
    together: int = 2
    over_after: str = ""
    authors: dict[str, object] = field(default_factory=dict)


def derivation(
    lines: object,
    *,
    start: object,
    goal: object,
    milestones: dict[str, Property],
    points: float,
    where: Iterable = (),
    over: object = None,
    differentiate: object = None,
    solve_for: object = None,
    together: int = 2,
    over_after: str = "",
) -> float:
    """Points for a list of lines; see the module for the rule.

    Parameters
    ----------
    lines : list of Expr
        What the student gave.
    start, goal : Expr
        The first line and the last, in the author's symbols.
    milestones : dict
        Name for the student -> property of a line: :func:`without`, :func:`uses`, :func:`form`, :func:`once`, or any
        function of a :class:`Line`.
    points : float
        For everything.
    where : iterable of Fact
        What is known of the symbols, as for ``lossbook.derivation.Derivation``.
    over : Symbol or IndexedBase or list, optional
        Besides ``equals``, a step may keep the same minimiser over these.
    over_after : str, optional
        The milestone from which on that is so; until then a lost factor is an error.  A step that reaches a milestone
        later in the list may do both at once.
    differentiate : Symbol or Indexed, optional
        One step may be the derivative with respect to this.
    solve_for : Symbol, optional
        One step may set the line to 0 and solve for this.
    together : int
        How many milestones one line may pass.

    Returns
    -------
    float
        The points; what happened is noted for the feedback.
    """
    from . import hidden

    task = Task(start, goal, tuple(where), over, differentiate, solve_for, dict(milestones), together, over_after)
    problem = _no_lines(lines)
    if problem:
        results, why = [], ""
    else:
        results, why = engine.at_arms_length(lambda: walk(task, list(lines)), SECONDS)
    earned = {name for result in results for name in result.get("earned", ())}
    shares = [*task.milestones, "the required form"]
    total = round(points * len(earned) / len(shares), 2)
    message = problem or _first_problem(results) or (f"The rest could not be judged: {why}." if why else "")
    if not message and len(earned) < len(shares):
        missing = [name for name in shares if name not in earned]
        message = f"Every line follows, but not shown: {'; '.join(missing)}."
    shown = [{"name": name, "earned": name in earned} for name in shares]
    hidden.note(
        {
            "derivation": results,
            "milestones": shown,
            "check": "the derivation",
            "message": message,
            "points": total,
            "max": points,
        }
    )
    return total


def _no_lines(lines: object) -> str:
    from sympy import Basic

    if not isinstance(lines, list | tuple):
        return f"A list of lines was expected; this is a {type(lines).__name__}."
    if not 1 <= len(lines) <= MOST_LINES:
        return f"The list has {len(lines)} lines; between 1 and {MOST_LINES} were expected."
    for number, line in enumerate(lines, start=1):
        if not isinstance(line, Basic | int) or isinstance(line, bool):
            return f"Line {number} is a {type(line).__name__}; a SymPy expression was expected."
    return ""


def _first_problem(results: list[dict]) -> str:
    for result in results:
        if result.get("verdict") in ("false", "unjudged"):
            return f"Line {result['number']}: {result['message']}"
    return ""


# --- In the process that can be killed


def walk(task: Task, lines: list) -> Iterator[dict]:
    """Judge the lines one after the other."""
    from sympy import Equality, Expr, sympify

    given = [sympify(line) for line in lines]
    given = [line.rhs if isinstance(line, Equality) else line for line in given]
    for number, line in enumerate(given, start=1):
        if not isinstance(line, Expr):
            yield _shown(line, number=number, verdict="unjudged", message="this is no expression with a value")
            return
    start, goal = sympify(task.start), sympify(task.goal)
    task.authors = _authors(task, start, goal)
    apart = [_apart(line) for line in given]
    translate = _translation(task, start, apart)
    chain = _Chain(task, start, goal)
    for number, (line, own) in enumerate(zip(given, apart, strict=True), start=1):
        yield {**_shown(line, number=number), **chain.add(translate(own), number, number == len(given))}


class _Chain:
    """The accepted lines so far."""

    def __init__(self, task: Task, start: object, goal: object) -> None:
        self.task, self.goal = task, goal
        self.accepted = [start]
        self.relations: frozenset[str] = frozenset()
        self.passed = {name for name, has in task.milestones.items() if has(Line(start))}
        self.broken = False
        self.above = 0  # the number of the last accepted line; 0 is the start that the task gives

    def add(self, line: object, number: int, is_last: bool) -> dict:
        verdict = self._judge(line, number)
        if verdict["verdict"] in ("false", "unjudged"):
            self.broken = True
            return verdict
        verdict["above"] = self.above
        if verdict["verdict"] != "repeats":
            self.accepted.append(line)
            self.above = number
        if verdict.get("relation") in ("differentiate", "solve_for", "same_minimiser"):
            self.relations |= {verdict["relation"]}
        seen = Line(line, self.relations)
        new = [name for name, has in self.task.milestones.items() if name not in self.passed and has(seen)]
        self.passed |= set(new)
        ends = is_last and not self.broken and self._is_goal(seen)
        at_the_end = form(self.goal)(seen)
        jump = len(new) > self.task.together or (at_the_end and len(new) == len(self.task.milestones) > 0)
        earned = ([] if at_the_end else new[-1:]) if jump else new
        verdict["earned"] = [*earned, *(["the required form"] if ends else [])]
        if jump:
            lost = [name for name in new if name not in earned]
            verdict["message"] = f"a jump: not shown on the way: {'; '.join(lost)}"
        return verdict

    def _judge(self, line: object, number: int) -> dict:
        if any(alike(line, earlier) for earlier in self.accepted[1:]):
            return {"verdict": "repeats", "message": "this line stands above already"}
        if alike(line, self.accepted[0]):
            return {"verdict": "start" if number == 1 else "repeats", "message": ""}
        answer: dict = {}
        tried = []
        for relation, argument in self._relations(line):
            answer = follows(self.accepted[-1], line, relation, argument, self.task.where)
            if answer["verdict"] in ("proved", "checked"):
                return {"verdict": "follows", "relation": relation, "how": answer["verdict"], "message": ""}
            tried.append(RELATIONS[relation])
        if answer["verdict"] == "false":
            above = f"line {self.above}" if self.above else "the start"
            sentence = (
                f"it neither {' nor '.join(tried)} {above}"
                if len(tried) > 1
                else f"it is not true that it {tried[0]} {above}"
            )
            return {**answer, "message": f"{sentence}: {answer['message']}"}
        return answer

    def _relations(self, line: object) -> Iterator[tuple[str, object]]:
        yield "equals", None
        if self.task.over is not None and self._may_drop(line) and not self.relations & {"differentiate", "solve_for"}:
            yield "same_minimiser", self.task.over
        for relation in ("differentiate", "solve_for"):
            argument = getattr(self.task, relation)
            waits = relation == "solve_for" and self.task.differentiate is not None
            if waits and "differentiate" not in self.relations:
                continue
            if relation == "solve_for" and argument in line.free_symbols:  # no root, so say why it is not equal
                continue
            if argument is not None and relation not in self.relations:
                yield relation, argument

    def _may_drop(self, line: object) -> bool:
        """Whether constants and factors may be dropped in this step: from ``over_after`` on, or in a step beyond it."""
        first = self.task.over_after
        if not first or first in self.passed:
            return True
        names = list(self.task.milestones)
        later = names[names.index(first) + 1 :]
        seen = Line(line, self.relations)
        return form(self.goal)(seen) or any(self.task.milestones[name](seen) for name in later)

    def _is_goal(self, line: Line) -> bool:
        if not form(self.goal)(line):
            return False
        if alike(line.expr, self.goal):
            return True
        return follows(line.expr, self.goal, "equals", None, self.task.where)["verdict"] in ("proved", "checked")


def alike(a: object, b: object) -> bool:
    """Whether two lines are the same but for the names of the indices of sums."""
    return a == b or a.as_dummy() == b.as_dummy()


def follows(before: object, after: object, relation: str, argument: object, where: tuple) -> dict:
    """What the engine says of a step: ``proved``, ``checked``, ``false`` with a counterexample, or ``unjudged``."""
    from sympy import srepr

    if relation == "solve_for":
        after = _factors_outside(after)
    question = engine.digest(relation, str(argument), "; ".join(map(str, where)), srepr(before), srepr(after))
    return engine.recalled(question, lambda: _ask(before, after, relation, argument, where))


def _factors_outside(root: object) -> object:
    """Σ s/N as (Σ s)/N: one root, but put into 1/v only the second lets SymPy cancel, and s = 0 refutes the first."""
    from sympy import Sum

    def split(part: object) -> object:
        factor, rest = part.function.as_independent(*(index for index, *_ in part.limits), as_Add=False)
        return factor * part.func(rest, *part.limits)

    return root.replace(lambda part: isinstance(part, Sum), split)


def _ask(before: object, after: object, relation: str, argument: object, where: tuple) -> dict:
    from lossbook.derivation import Derivation, DerivationError

    try:
        steps = Derivation(before, where=where)
        if relation == "equals":
            steps.equals(after)
        elif relation == "same_minimiser":
            steps.same_minimiser(after, over=argument)
        else:
            getattr(steps, relation)(argument, after)
    except DerivationError as error:
        if error.counterexample:
            return {"verdict": "false", "message": _against(error)}
        return {"verdict": "unjudged", "message": f"this could not be judged: {_last_line(error)}"}
    except (ValueError, TypeError, NotImplementedError, AttributeError, KeyError, ArithmeticError) as error:
        return {"verdict": "unjudged", "message": f"this could not be judged: {error}"[:500]}
    return {"verdict": steps.steps[-1].verdict, "message": ""}


def _against(error: object) -> str:
    """A counterexample in words; for two values of what varies, how each line goes from the one to the other."""
    from lossbook.derivation import printing

    values = error.counterexample.items()
    fixed = [f"{printing.readable(x)} = {printing.number(v)}" for x, v in values if not isinstance(v, tuple)]
    moved = [(printing.readable(x), v) for x, v in values if isinstance(v, tuple)]
    moved = [(name, *map(printing.number, v)) for name, v in moved if v[0] != v[1]]
    at = f"at {', '.join(fixed)}" if fixed else ""
    if moved and " / " in error.left and " / " in error.right:
        ways = " and ".join(f"{name} goes from {a} to {b}" for name, a, b in moved)
        left, right = (" to ".join(side.split(" / ")) for side in (error.left, error.right))
        return f"{at + ', ' if at else ''}when {ways}, the line above goes from {left} and this line from {right}"[:500]
    if error.right:
        return f"{at}{': ' if at else ''}the line above is {error.left}, and this line is {error.right}"[:500]
    return f"{at}{': ' if at else ''}{error.left}"[:500]


def _last_line(error: Exception) -> str:
    return str(error).strip().split("\n")[-1].strip()[:500]


def _shown(line: object, **more: object) -> dict:
    """A line for the feedback, in the student's own symbols."""
    from lossbook.derivation import printing

    try:
        text = printing.text(line)
    except Exception:
        text = str(line)
    return {"text": text[:1000], "mathml": _mathml(line), **more}


def _mathml(line: object) -> str:
    from .formulas import mathml

    try:
        text = mathml(line)
    except Exception:  # the printer does not know every class
        return ""
    return text if len(text) <= 40_000 else ""


# --- Names


def _free_names(expr: object) -> dict[str, object]:
    """Name -> symbol or family, of what is free in an expression."""
    from sympy import Symbol
    from sympy.concrete.expr_with_limits import ExprWithLimits
    from sympy.tensor.indexed import Indexed, IndexedBase

    bases = expr.atoms(IndexedBase) | {part.base for part in expr.atoms(Indexed)}
    labels = {base.label for base in bases}
    bound = {limit[0] for part in expr.atoms(ExprWithLimits) for limit in part.limits}
    symbols = {x for x in expr.free_symbols if isinstance(x, Symbol)} - labels - bound
    return {str(x): x for x in [*symbols, *bases]}


def _bound(expr: object) -> set:
    from sympy.concrete.expr_with_limits import ExprWithLimits

    return {limit[0] for part in expr.atoms(ExprWithLimits) for limit in part.limits}


def _apart(line: object) -> object:
    """Other names for indices of sums that are also free, as in Σ_j e^(z_j) - z_j; a renaming would confuse the two."""
    from sympy import Symbol
    from sympy.concrete.expr_with_limits import ExprWithLimits

    new = {x: Symbol(f"{x}_", **x.assumptions0) for x in _bound(line) & line.free_symbols}
    if not new:
        return line
    return line.replace(
        lambda part: isinstance(part, ExprWithLimits),
        lambda part: part.xreplace({index: new[index] for index, *_ in part.limits if index in new}),
    )


def _authors(task: Task, start: object, goal: object) -> dict[str, object]:
    """The author's symbols and families by name."""
    from sympy import Basic, sympify
    from sympy.tensor.indexed import Indexed

    names = {**_free_names(goal), **_free_names(start)}
    extra: Sequence = task.over if isinstance(task.over, list | tuple) else [task.over]
    for x in [*(fact.target for fact in task.where), task.differentiate, task.solve_for, *extra]:
        if isinstance(x, Basic):
            found = {str(x.base): x.base} if isinstance(x, Indexed) else {str(x): x}
            if isinstance(x, Indexed) and x is task.differentiate:
                found |= {str(index): index for index in x.indices if sympify(index).is_Symbol}
            names = {**found, **names}
    return names


def _translation(task: Task, start: object, lines: list) -> Callable[[object], object]:
    """From the student's symbols to the author's: by name where that fits, else by the shape of the first line."""
    own: dict[str, object] = {}
    for line in lines:
        own.update(_free_names(line))
    same = {name: name for name in own if name in task.authors}
    identity = _renamer(task, own, same)
    if len(same) == len(own) and (alike(identity(lines[0]), start) or len(lines) == 1):
        return identity
    for renaming in itertools.islice(_renamings(own, task.authors, same), MOST_RENAMINGS):
        candidate = _renamer(task, own, renaming)
        if alike(candidate(lines[0]), start):
            return candidate
    if len(same) == len(own):
        return identity
    for renaming in itertools.islice(_renamings(own, task.authors, same), 24):
        candidate = _renamer(task, own, renaming)
        if follows(start, candidate(lines[0]), "equals", None, task.where)["verdict"] in ("proved", "checked"):
            return candidate
    return identity


def _renamings(own: dict[str, object], authors: dict[str, object], same: dict[str, str]) -> Iterator[dict[str, str]]:
    """One-to-one renamings of the student's names, those first that keep what fits."""
    new = [name for name in own if name not in same]
    if len(own) > MOST_NAMES:
        return
    left = [name for name in authors if name not in same.values()]
    for choice in itertools.permutations(left, len(new)):
        if all(_kind(own[a]) == _kind(authors[b]) for a, b in zip(new, choice, strict=True)):
            yield {**same, **dict(zip(new, choice, strict=True))}
    for choice in itertools.permutations(authors, len(own)):
        if all(_kind(own[a]) == _kind(authors[b]) for a, b in zip(own, choice, strict=True)):
            yield dict(zip(own, choice, strict=True))


def _kind(x: object) -> str:
    from sympy.tensor.indexed import IndexedBase

    return "family" if isinstance(x, IndexedBase) else "symbol"


def _renamer(task: Task, own: dict[str, object], renaming: dict[str, str]) -> Callable[[object], object]:
    from sympy import Symbol
    from sympy.tensor.indexed import IndexedBase

    def apply(line: object) -> object:
        table: dict = {}
        for name, x in _free_names(line).items():
            if name in renaming:
                table[x] = task.authors[renaming[name]]
        taken = set(map(str, task.authors)) | set(own)
        known = {str(x): x for side in (task.start, task.goal) for x in _bound(side)}
        bound = sorted(_bound(line), key=str)
        # An index of a sum may have any name; with the author's, the engine knows the step from other students.
        used = {*map(str, bound), *map(str, table.values())}
        spare = [name for name in known if name not in used]
        for index in bound:
            if isinstance(table.get(index), Symbol):
                continue
            name = str(index)
            if name in known:
                table[index] = known[name]
            elif spare:
                table[index] = known[spare.pop(0)]
            else:
                name = name if name not in taken else f"{name}_"
                table[index] = Symbol(name, integer=True, positive=True)
        bases = {x: y for x, y in table.items() if isinstance(x, IndexedBase)}
        labels = {x.label for x in bases}
        return line.xreplace({x: y for x, y in table.items() if x not in labels})

    return apply
