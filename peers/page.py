"""The cells of the page that come from a run: one for each section, one for the libraries, one table of all.

`cells` returns them by their ids; peers/write.py puts them into chapters/rosetta-stone.ipynb, and tests/test_rosetta.py
compares.  Everything in between is written by hand, in the notebook.
"""

import re

from libraries import LIBRARIES
from model import Call, Section, Trap
from sections import GROUPS, SECTIONS

PAGE = "chapters/rosetta-stone.ipynb"
LABEL = "sec-rosetta-stone-"
SENTENCE = re.compile(r"(?<=[.!?”])\s+(?=[A-Z(`*“])")
COLUMNS = ("SciPy", "scikit-learn", "PyTorch", "JAX/optax", ("Keras", "TensorFlow"))


def cells(results: dict) -> dict[str, str]:
    """The Markdown of every cell that comes from a run, by the cell's id."""
    found = {"libraries": libraries(results), "all-calls": overview(results)}
    return found | {f"calls-{section.key}": of(section, results["sections"][section.key]) for section in SECTIONS}


# --- the whole ----------------------------------------------------------------------------------------------------


def libraries(results: dict) -> str:
    """Versions, order of the arguments, and what must be set before the first call."""
    run = results["run"]
    lines = ["| library | versions | order of arguments |", "|---|---|---|"]
    for library in LIBRARIES:
        versions = ", ".join(f"{package} {run['versions'][package]}" for package in library.packages)
        lines.append(f"| {library.name} | {versions} | {library.order} |")
    code = "\n\n".join(f"# {library.name}\n{library.set_up}" for library in LIBRARIES)
    return "\n".join(
        [
            f"Every call of this page was executed on {run['date']}, with Python {run['python']} and these versions:",
            "",
            *lines,
            "",
            "The calls assume these imports and settings.",
            "",
            "```python",
            code,
            "```",
        ]
    )


def overview(results: dict) -> str:
    """One row a loss, one column a library: what the caller gets."""
    lines = [f"| loss | {' | '.join(' / '.join(_tuple(column)) for column in COLUMNS)} |"]
    lines.append("|---" * (len(COLUMNS) + 1) + "|")
    for name, group in GROUPS.items():
        for section in group if name != "questions" else ():
            measured = results["sections"][section.key]
            columns = [" / ".join(_gets(measured, library) for library in _tuple(column)) for column in COLUMNS]
            lines.append(f"| {{ref}}`{section.title} <{LABEL}{section.key}>` | {' | '.join(columns)} |")
    return "\n".join(lines)


def _tuple(column: str | tuple[str, ...]) -> tuple[str, ...]:
    return column if isinstance(column, tuple) else (column,)


def _gets(measured: dict, library: str) -> str:
    calls = [call for call in measured["calls"] if call["library"] == library]
    if not calls:
        return "–"
    kinds = dict.fromkeys(kind(call["equals"]) for call in calls)
    returned = {value for call in calls for value in call["ends"].values()}
    harmless = {value for value in returned if value in ("0", "−0.0") or value.endswith("Error")}
    return ", ".join(kinds) + ("\N{NO-BREAK SPACE}‡" if returned - harmless else "")


def kind(equals: str) -> str:
    """In a word: one loss for each example, their mean, their sum; with an asterisk if something is left out."""
    word = "mean" if ".mean()" in equals else "sum" if ".sum()" in equals else "each"
    return word if equals in ("each", f"each.{word}()") else f"{word}*"


# --- a section ----------------------------------------------------------------------------------------------------


def of(section: Section, measured: dict) -> str:
    """Title, what goes in, the calls, what they return at the ends, the traps."""
    parts = [
        f"({LABEL}{section.key})=\n### {section.title}",
        f"Reads {section.reads}.\nIn this section `each` is `{section.each}`.",
        _table(section.calls),
        _absent(section),
        _ends(section, measured),
        _traps(section.traps),
    ]
    return "\n\n".join(part for part in parts if part)


def _table(calls: tuple[Call, ...]) -> str:
    lines, before = ["| library | call | equals |", "|---|---|---|"], ""
    for call in calls:
        digits = f", to {call.digits} digits" if call.digits < 12 else ""
        lines.append(f"| {call.library if call.library != before else ''} | `{call.code}` | `{call.equals}`{digits} |")
        before = call.library
    return "\n".join(lines)


def _absent(section: Section) -> str:
    by_reason: dict[str, list[str]] = {}
    for library, reason in section.absent.items():
        by_reason.setdefault(reason, []).append(library)
    reasons = "; ".join(f"{_and(names)} ({reason})" for reason, names in by_reason.items())
    return f"Not offered by {reasons}." if reasons else ""


def _ends(section: Section, measured: dict) -> str:
    rows = []
    for name, right in measured["lossbook"].items():
        by_value: dict[str, list[str]] = {}
        for library in dict.fromkeys(call["library"] for call in measured["calls"]):
            calls = [call for call in measured["calls"] if call["library"] == library]
            for number, call in enumerate(calls, 1):
                if name in call["ends"]:
                    alone = len({c["ends"].get(name) for c in calls}) > 1
                    who = f"{library} (call {number})" if alone else library
                    by_value.setdefault(call["ends"][name], []).append(who)
        others = "; ".join(f"**{value}** {', '.join(dict.fromkeys(names))}" for value, names in by_value.items())
        if others:
            rows.append(f"| {name} | {right} | {others} |")
    if not section.ends:
        return ""
    if not rows:
        return f"At the ends ({_and(list(section.ends))}) every call returns what it should."
    return "\n".join(["| at the ends | right | instead |", "|---|---|---|", *rows])


def _traps(traps: tuple[Trap, ...]) -> str:
    if not traps:
        return ""
    lines = []
    for trap in traps:
        result = f"raises `{trap.raises}`" if trap.raises else f"is `{trap.equals}`"
        sentences = [*SENTENCE.split(trap.text), f"`{trap.code}` {result}."]
        sentences += SENTENCE.split(trap.after) if trap.after else []
        lines.append(f"- **{trap.library}.** " + "\n  ".join(sentences))
    return "\n".join([":::{admonition} Traps", ":class: warning traps", "", *lines, ":::"])


def _and(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
