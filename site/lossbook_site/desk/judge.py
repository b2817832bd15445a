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
import traceback

from sympy import Expr, preorder_traversal, sympify
from sympy.tensor.indexed import Indexed, IndexedBase

from lossbook.derivation import Derivation, DerivationError

from . import derivations

YOURS = "<your lines>"
JUDGED = ("equals", "at_least", "at_most", "same_minimiser", "differentiate", "substitute", "solve_for")
_touched: list[Derivation] = []  # in the order of their last step


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
        reader's line that it is about, or 0.  ``steps``: the accepted steps as HTML, formulas as
        ``<span class="tex" data-tex="…">``.  ``count``: how many steps there are.  ``printed``: what was printed.
    """
    _touched.clear()
    names: dict[str, object] = {"__name__": "desk"}
    printed = io.StringIO()
    with _watched(), contextlib.redirect_stdout(printed):
        exec(compile(prelude, "<the exercise>", "exec"), names)
        given = names.get("d")
        start = len(given.steps) if isinstance(given, Derivation) else 0
        answer = _run(lines, names)
        shown = _shown(names, given, answer.pop("value", None))
        if answer["state"] == "follows" and shown is None:
            answer |= _say("empty", "There is no derivation yet. Begin with d = Derivation(…).")
        elif answer["state"] == "follows" and goal:
            answer |= _compare(shown, given, start, goal, names)
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
        return _say("refused", str(error), _line(error))
    except (ValueError, TypeError) as error:
        return _say("mistake", str(error), _line(error))
    except Exception as error:
        return _say("mistake", f"{type(error).__name__}: {error}", _line(error))
    return _say("follows", "") | {"value": value}


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
    shown: Derivation, given: Derivation, start: int, goal: str, names: dict[str, object]
) -> dict[str, object]:
    """Whether the exercise is solved: the last line is the goal, in the form of the goal."""
    if names.get("d") is not given:
        return _say("mistake", "Keep the derivation d of the exercise: add steps to it, such as d.equals(…).")
    if len(shown.steps) == start:
        return _say("empty", "Nothing is added yet. Write the next line, such as d.equals(…).")
    wanted = sympify(eval(goal, dict(names)))
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
        _heads(expr) <= _heads(wanted)
        and {str(each) for each in expr.free_symbols} <= {str(each) for each in wanted.free_symbols}
        and _size(expr) <= 1.5 * _size(wanted) + 6
    )


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

    tex = shown._repr_latex_().strip().strip("$")
    steps = derivations.read(tex)
    if steps:
        return derivations.write(steps, typeset)
    return typeset(derivations.DISPLAY_STYLE + tex)


# --- What was judged before

_verdicts: dict[tuple, tuple] = {}
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


def _remembering(name: str, method):
    @functools.wraps(method)
    def step(self: Derivation, *arguments: object, **options: object) -> Derivation:
        _touched.append(self)
        key = (name, self.start, self.facts, self.steps, _frozen(arguments), _frozen(sorted(options.items())))
        if key not in _verdicts:
            if len(_verdicts) >= _MOST:
                _verdicts.clear()
            try:
                method(self, *arguments, **options)
            except (DerivationError, ValueError, TypeError) as error:
                _verdicts[key] = (None, error)
            else:
                _verdicts[key] = (self.steps, None)
        steps, error = _verdicts[key]
        if error is not None:
            raise error.with_traceback(None)
        self.steps = steps
        return self

    return step


def _frozen(value: object) -> object:
    """What identifies an argument: SymPy's objects with their assumptions, the rest as it is written."""
    if isinstance(value, list | tuple):
        return tuple(map(_frozen, value))
    if isinstance(value, dict):
        return tuple((_frozen(key), _frozen(each)) for key, each in value.items())
    return value if isinstance(value, Expr) else repr(value)
