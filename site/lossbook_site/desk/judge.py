"""Judges what a reader writes at the derivation desk.  Runs in the browser (Pyodide), and in the tests.

The reader's lines run after the exercise's own, in one fresh namespace a check.  A step that was judged before is not
judged again: with the same facts and the same lines above it, the engine says the same.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import html
import io
import re
import traceback
from collections.abc import Callable

from sympy import Expr, Symbol, preorder_traversal, sympify
from sympy.tensor.indexed import Indexed, IndexedBase

from lossbook.derivation import Derivation, DerivationError, Step
from lossbook.derivation.printing import latex
from lossbook_site import derivations

YOURS = "<your lines>"
JUDGED = ("equals", "at_least", "at_most", "same_minimiser", "differentiate", "substitute", "solve_for")
_touched: list[Derivation] = []  # in the order of their last step
_refused: list[tuple[Derivation, Step]] = []  # the step that ended the check, with the derivation it was to extend


def check(prelude: str, lines: str, goal: str = "") -> dict[str, object]:
    """Run the reader's lines after those of the exercise.

    Parameters
    ----------
    prelude : str
        The exercise's own lines: symbols, facts, and the derivation ``d``.
    lines : str
        What the reader wrote.
    goal : str
        The last line that is asked for, as Python in the names of the prelude; empty on an empty sheet.

    Returns
    -------
    dict
        ``state``: ``"solved"``, ``"follows"`` (every step holds), ``"refused"`` (a step does not), ``"mistake"`` (in
        the Python) or ``"empty"``.  ``message``: what to tell the reader, as plain text.  ``line``: the number of the
        reader's line that it is about, or 0.  ``steps``: the accepted steps as HTML, and the one that was refused, with
        formulas as ``<span class="tex" data-tex="…">``.  ``count``: how many steps were accepted.  ``printed``: what
        was printed.
    """
    _touched.clear()
    _refused.clear()
    names: dict[str, object] = {"__name__": "desk"}
    printed = io.StringIO()
    with _watched(), contextlib.redirect_stdout(printed):
        exec(compile(prelude, "<the exercise>", "exec"), names)
        given = names.get("d")
        start = len(given.steps) if isinstance(given, Derivation) else 0
        # Before the reader's lines, which may give the names another meaning.
        wanted = sympify(eval(goal, dict(names))) if goal else None
        answer = _run(lines, names)
        shown = _shown(names, given, answer.pop("value", None))
        if answer["state"] == "follows" and shown is None:
            answer |= _say("empty", "There is no derivation yet. Begin with d = Derivation(…).")
        elif answer["state"] == "follows" and goal:
            answer |= _compare(shown, given, start, wanted, names)
        elif answer["state"] == "follows":
            answer |= _say("follows", _count(shown) if shown.steps else "The first line stands. Write the next one.")
    steps = shown.steps if shown is not None else ()
    markup = _markup(shown) if shown is not None else ""
    return answer | {"steps": markup, "count": len(steps), "printed": printed.getvalue()[:5000]}


def _run(lines: str, names: dict[str, object]) -> dict[str, object]:
    """Run the reader's lines; the value of the last one, where it is an expression, as a notebook shows it."""
    try:
        tree = ast.parse(lines, YOURS)
        dots = [part for part in ast.walk(tree) if isinstance(part, ast.Constant) and part.value is ...]
        if dots:
            return _say("mistake", "Put a formula in the place of the three dots.", dots[0].lineno)
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, YOURS, "exec"), names)
        value = eval(compile(ast.Expression(last.value), YOURS, "eval"), names) if last else None
    except SyntaxError as error:
        return _say("mistake", f"This is not Python yet: {error.msg}.", error.lineno or 0)
    except DerivationError as error:
        return _say("refused", _in_words(error), _line(error))
    except (ValueError, TypeError) as error:
        return _say("mistake", str(error), _line(error))
    except RecursionError:
        return _say("mistake", "A function calls itself without end.")
    except BaseException as error:  # whatever it is, it ends these lines and not the desk
        return _say("mistake", f"{type(error).__name__}: {error}", _line(error))
    return _say("follows", "") | {"value": value}


_AT = re.compile(r"(?:at (?P<where>.*): )?left (?P<left>.*), right (?P<right>.*)")
_SLOPE = " (slope, by central differences)"
_IN_WORDS = {
    "same_minimiser": "between these two points the line above goes from {left}, but yours from {right}",
    "differentiate": "the slope of the line above is {left}, but your line is {right}",
    "solve_for": "the line above is {left} with your root, not {right}",
    "at_least": "the line above is {left}, which is less than your bound {right}",
    "at_most": "the line above is {left}, which is more than your bound {right}",
    "equals": "the line above is {left}, but your line is {right}",
}


def _in_words(error: DerivationError) -> str:
    """The refusal: what the engine says, in whole sentences, without the lines that are shown as formulas."""
    head, *_, last = str(error).splitlines()
    found = _AT.fullmatch(last.strip())
    if not _refused:
        return str(error)
    step = _refused[0][1]
    if not found or step.relation not in _IN_WORDS:
        return f"{head[0].upper()}{head[1:]}: {last.strip()}."
    pair = " to " if step.relation == "same_minimiser" else " / "
    sides = {side: found[side].removesuffix(_SLOPE).replace(" / ", pair) for side in ("left", "right")}
    number = len(_refused[0][0].steps) + 1
    where = f"At {found['where']}, " if found["where"] else "But "
    return f"Step {number} is false. {where}{_IN_WORDS[step.relation].format(**sides)}."


def _line(error: BaseException) -> int:
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == YOURS]
    return frames[0].lineno or 0 if frames else 0


def _say(state: str, message: str, line: int = 0) -> dict[str, object]:
    return {"state": state, "message": message, "line": line}


def _shown(names: dict[str, object], given: object, value: object) -> Derivation | None:
    """The derivation to show: the exercise's; else the one the last line gave; else the one worked on last."""
    found = [given, value, _touched[-1] if _touched else None, names.get("d")]
    return next((each for each in found if isinstance(each, Derivation)), None)


def _compare(
    shown: Derivation, given: Derivation, start: int, wanted: Expr, names: dict[str, object]
) -> dict[str, object]:
    """Whether the exercise is solved: the last line is the goal, in the form of the goal."""
    if names.get("d") is not given:
        return _say("mistake", "Keep the derivation d of the exercise: add steps to it, such as d.equals(…).")
    if len(shown.steps) == start:
        return _say("empty", "Nothing is added yet. Write the next line, such as d.equals(…).")
    if same_form(shown.expr, wanted) and _equal(shown, wanted):
        return _say("solved", f"{_count(shown)} This is the line that was asked for.")
    return _say("follows", f"{_count(shown)} It is not yet the line that is asked for.")


def _equal(shown: Derivation, wanted: Expr) -> bool:
    if shown.expr == wanted:
        return True
    trial = Derivation(shown.start, where=shown.facts)
    trial.steps = shown.steps
    try:
        trial.equals(wanted)
    except (DerivationError, ValueError):
        return False
    return True


def same_form(expr: Expr, wanted: Expr) -> bool:
    """No function, sum, product or symbol that the wanted line does not have, and not much longer."""
    return (
        _heads(expr) <= _heads(wanted) and _symbols(expr) <= _symbols(wanted) and _size(expr) <= 1.5 * _size(wanted) + 6
    )


def _symbols(expr: Expr) -> set[str]:
    """Names that stand for something: not the index of a sum, which is free in each of its terms."""
    return {each.name for each in expr.free_symbols if isinstance(each, Symbol)}


def _heads(expr: Expr) -> set[str]:
    plain = {"Add", "Mul", "Pow", "Tuple", "ExprCondPair"}
    parts = (part for part in preorder_traversal(expr) if part.args and not isinstance(part, Indexed | IndexedBase))
    return {type(part).__name__ for part in parts} - plain


def _size(expr: Expr) -> int:
    return sum(1 for _ in preorder_traversal(expr))


def _count(shown: Derivation) -> str:
    """How many steps there are, and how sure the engine is of them."""
    verdicts = [step.verdict for step in shown.steps]
    checked = verdicts.count("checked")
    if not checked:
        many = (
            f"All {len(verdicts)} steps are"
            if len(verdicts) > 2
            else ("The step is", "Both steps are")[len(verdicts) - 1]
        )
        return f"{many} proved."
    return (
        f"{len(verdicts) - checked} of {len(verdicts)} steps are proved; "
        f"{checked} held at every point that was tried, which is no proof."
    )


def _markup(shown: Derivation) -> str:
    """The steps as in the book, formulas still as TeX."""

    def typeset(tex: str) -> str:
        return f'<span class="tex" data-tex="{html.escape(tex, quote=True)}"></span>'

    refused = [step for derivation, step in _refused if derivation is shown]
    whole = Derivation(shown.start, where=shown.facts, because=shown.because)
    whole.steps = (*shown.steps, *refused)
    steps = derivations.read(whole._repr_latex_().strip().strip("$"))
    if not steps:
        steps = [derivations.Step(lines=[("", latex(shown.start))], reason=shown.because)]
    if refused:
        steps[-1].verdict = "refused"
    return derivations.write(steps, typeset)


# --- What was judged before

# With (name, first line, facts, steps so far, arguments): the steps then, or the error, and the line that it refused.
_verdicts: dict[tuple, tuple[tuple[Step, ...] | None, Exception | None, Step | None]] = {}
_MOST = 500


@contextlib.contextmanager
def _watched():
    """Remember the verdict of each step, and which derivation was worked on last."""
    plain = {name: getattr(Derivation, name) for name in JUDGED}
    for name, method in plain.items():
        setattr(Derivation, name, _remembering(name, method))
    try:
        yield
    finally:
        for name, method in plain.items():
            setattr(Derivation, name, method)


def _remembering(name: str, method: Callable) -> Callable:
    @functools.wraps(method)
    def step(self: Derivation, *arguments: object, **options: object) -> Derivation:
        _touched.append(self)
        key = (name, self.start, self.facts, self.steps, _frozen(arguments), _frozen(sorted(options.items())))
        if key not in _verdicts:
            if len(_verdicts) >= _MOST:
                _verdicts.clear()
            _verdicts[key] = _judged(name, method, self, arguments, options)
        steps, error, refused = _verdicts[key]
        _refused[:] = [(self, refused)] if refused else []
        if error is not None:
            raise error.with_traceback(None)
        self.steps = steps
        return self

    return step


def _judged(name: str, method: Callable, derivation: Derivation, arguments: tuple, options: dict) -> tuple:
    tried: list[Expr] = []
    judge = derivation._judge  # the engine's own, which every step goes through with the line it is about
    derivation._judge = lambda label, after, search: (tried.append(after), judge(label, after, search))
    try:
        method(derivation, *arguments, **options)
    except DerivationError as error:
        over = _over(name, arguments, options)
        reason = options.get("because", "")
        reason = reason if isinstance(reason, str) else ""
        refused = Step(name, derivation.expr, tried[-1], reason, "", over) if tried else None
        return None, error, refused
    except (ValueError, TypeError) as error:
        return None, error, None
    finally:
        del derivation._judge
    return derivation.steps, None, None


def _over(name: str, arguments: tuple, options: dict) -> tuple:
    """What a step varies, differentiates by or solves for, as a tuple."""
    if name in ("differentiate", "solve_for"):
        return tuple(map(sympify, (*arguments[:1], *(options[key] for key in ("wrt", "unknown") if key in options))))
    over = options.get("over", ())
    return tuple(over) if isinstance(over, list | tuple) else (over,)


def _frozen(value: object) -> object:
    """What identifies an argument: SymPy's objects with their assumptions, the rest as it is written."""
    if isinstance(value, list | tuple):
        return tuple(map(_frozen, value))
    if isinstance(value, dict):
        return tuple((_frozen(key), _frozen(each)) for key, each in value.items())
    return value if isinstance(value, Expr) else repr(value)
