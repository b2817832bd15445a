r"""Derivations as lists of steps: the number, the formula, the reason beside it (below it on a phone), and the mark.

A cell prints its derivation as one LaTeX display, which Jupyter shows as a table as wide as it needs.  Here the rows
and cells of that display are taken apart again, so that each step can fold into a narrow page, scrolls by itself if
its formula is too long, and is read out in a sensible order.  What is not recognised stays the display that it was.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html import escape

_DISPLAY = re.compile(r"\s*\\begin\{aligned\}(.*)\\end\{aligned\}\s*", re.DOTALL)
_TOKEN = re.compile(r"\\begin\{[a-z]+\*?\}|\\end\{[a-z]+\*?\}|\\\\(?:\[[^\]]*\])?|\\.|[{}&]|[^\\{}&]+", re.DOTALL)
_NUMBER = re.compile(r"\{?\\scriptstyle\s*\((\d+)\)\}?(?:\\quad|\s)*")
_REASON = re.compile(r"(?:\\quad|\s)*\{\\small\b.*\}", re.DOTALL)
DISPLAY_STYLE = "\\displaystyle "
_MARKS = {r"\blacksquare": ("proved", "Proved for all sizes"), r"\square": ("checked", "Checked at many points")}
_MEANINGS = dict(_MARKS.values()) | {"refused": "Does not follow"}


@dataclass
class Step:
    """The opening line (without a number), or a step."""

    number: str = ""
    lines: list[tuple[str, str]] = field(default_factory=list)  # relation, formula
    reason: str = ""  # text, with formulas between dollar signs
    verdict: str = ""


def read(tex: str) -> list[Step] | None:
    """The steps of a derivation's display; None if this is no such display."""
    display = _DISPLAY.fullmatch(tex)
    if not display:
        return None
    steps: list[Step] = []
    for cells in _rows(display[1]):
        number = next((found[1] for cell in cells if (found := _NUMBER.fullmatch(cell))), "")
        if number or not steps:
            steps.append(Step(number))
        formulas = []
        for cell in cells:
            if _REASON.fullmatch(cell):
                steps[-1].reason = " ".join(filter(None, [steps[-1].reason, _text(cell)]))
                steps[-1].verdict = next((word for sign, (word, _) in _MARKS.items() if sign in cell), "")
            elif cell and not _NUMBER.fullmatch(cell):
                formulas.append(cell)
        if len(formulas) > 2:
            return None
        if formulas:
            steps[-1].lines.append(("", *formulas) if len(formulas) == 1 else tuple(formulas))
    recognised = len(steps) > 1 and all(step.lines for step in steps) and all(step.number for step in steps[1:])
    return steps if recognised and not steps[0].number else None


def _rows(body: str) -> Iterator[list[str]]:
    r"""The cells of each row, parted by ``\\`` and ``&`` outside of braces and environments."""
    cells, depth = [""], 0
    for token in _TOKEN.findall(body):
        depth += token == "{" or token.startswith(r"\begin")
        depth -= token == "}" or token.startswith(r"\end{")
        if depth == 0 and token.startswith("\\\\"):
            yield [cell.strip() for cell in cells]
            cells = [""]
        elif depth == 0 and token == "&":
            cells.append("")
        else:
            cells[-1] += token
    yield [cell.strip() for cell in cells]


def _text(cell: str) -> str:
    r"""What is in the \text{…} of a cell, in one line."""
    pieces, depth, start = [], 0, 0
    for token in re.finditer(r"\\text\{|\\.|[{}]", cell, re.DOTALL):
        if token[0] == r"\text{" and depth == 0:
            depth, start = 1, token.end()
        elif depth and token[0] in (r"\text{", "{"):
            depth += 1
        elif depth and token[0] == "}":
            depth -= 1
            if depth == 0:
                pieces.append(cell[start : token.start()])
    return " ".join(pieces)


def write(steps: list[Step], typeset: Callable[[str], str]) -> str:
    """The steps as HTML; `typeset` gives the HTML of a formula in a line."""
    return '<ol class="steps">\n' + "".join(_write(step, typeset) for step in steps) + "</ol>"


def _write(step: Step, typeset: Callable[[str], str]) -> str:
    html = '<li class="step"><div class="why">'
    if step.number:
        html += f'<span class="number">({step.number})</span> '
    # Text and formulas in turn.  The mark stays on the line of what stands before it.
    parts = [
        typeset(piece) if place % 2 else escape(re.sub(r"\\([%#&_{}$])", r"\1", piece))
        for place, piece in enumerate(re.split(r"(?<!\\)\$", step.reason))
        if piece
    ]
    if step.verdict:
        meaning = _MEANINGS[step.verdict]
        last = parts.pop() if parts else ""
        rest, space, word = ("", "", last) if step.reason.endswith("$") else last.rpartition(" ")
        mark = f'<span class="mark {step.verdict}" role="img" aria-label="{meaning}"></span>'
        parts.append(f'{rest}{space}<span class="last">{word}{mark}</span>')
    if parts:
        html += f'<span class="reason">{"".join(parts)}</span>'
    html += "</div>"
    for relation, formula in step.lines:
        html += f'<span class="relation">{typeset(DISPLAY_STYLE + relation) if relation else ""}</span>'
        html += f'<span class="formula">{typeset(DISPLAY_STYLE + formula)}</span>'
    return html + "</li>\n"
