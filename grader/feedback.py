"""A page for each student: what was asked, what came back, and where a derivation went wrong.

The page is one file without scripts.  Every text in it is escaped, because it may come from the student.
"""

from __future__ import annotations

import re
from html import escape

from .results import number, status, totals

STYLE = """
:root { color-scheme: light dark; --ink: #1d1d1f; --paper: #fff; --line: #c9ccd1; --good: #0b6b34; --bad: #a3161a;
  --soft: #f3f4f6; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8e8ea; --paper: #16171a; --line: #4a4d53; --good: #6fdc9a;
  --bad: #ff9a94; --soft: #24262b; } }
body { font: 1rem/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 50rem;
  margin: 0 auto; padding: 1rem; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.2rem; margin-top: 2.5rem; border-top: 1px solid var(--line);
  padding-top: 1rem; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; vertical-align: top; padding: .35rem .6rem;
  border-bottom: 1px solid var(--line); } td.points, th.points { text-align: right; white-space: nowrap; }
pre, code { font-family: ui-monospace, monospace; font-size: .9rem; } pre { background: var(--soft); padding: .6rem;
  white-space: pre-wrap; margin: .4rem 0; }
.good { color: var(--good); font-weight: 600; } .bad { color: var(--bad); font-weight: 600; }
.scroll { overflow: auto hidden; padding: .2rem 0; } math { font-size: 1.1rem; text-align: left; display: block math; }
ol.lines > li { margin: .8rem 0; }
"""
POLICY = "default-src 'none'; style-src 'unsafe-inline'"
MATH_TAGS = set(
    "math mrow mi mo mn msup msub msubsup mfrac msqrt mroot mfenced munder mover munderover mtable mtr mtd mtext "
    "mstyle mspace".split()
)


def page(record: dict, title: str, tasks: dict[str, str]) -> str:
    """The feedback of one record as HTML.

    Parameters
    ----------
    record : dict
        What the grader knows of a submission.
    title : str
        The assignment's name.
    tasks : dict
        grade_id -> what was asked, in a few words.
    """
    sums = totals(record)
    student = escape(record["student"])
    parts = [
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
        f"<title>{escape(title)}: feedback for {student}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>",
        f"<h1>{escape(title)}: feedback for {student}</h1>",
        f"<p><strong>{number(sums['total'])} of {number(sums['max'])} points.</strong> {escape(_state(record))}</p>",
    ]
    if record["flags"]:
        parts.append("<p>Noticed in the file; this cost no points:</p>")
        parts.append("<ul>" + "".join(f"<li>{escape(flag)}</li>" for flag in record["flags"]) + "</ul>")
    if record["status"] == "graded":
        parts += [_table(record, tasks), _errors(record)]
        parts += [_cell(name, entry, tasks.get(name, "")) for name, entry in record["cells"].items()]
    parts.append("</main>\n</body>\n</html>\n")
    return "\n".join(filter(None, parts))


def _state(record: dict) -> str:
    said = status(record)
    if said == "to mark by hand":
        return "Written answers are still to be marked; they count 0 until then."
    return "" if said == "graded" else f"{said[0].upper()}{said[1:]}."


def _table(record: dict, tasks: dict[str, str]) -> str:
    rows = [
        f'<tr><th scope="row"><a href="#{escape(name)}">{escape(_title(name, tasks))}</a></th>'
        f'<td class="points">{_points(entry)}</td></tr>'
        for name, entry in record["cells"].items()
    ]
    head = '<tr><th scope="col">Task</th><th scope="col" class="points">Points</th></tr>'
    return f"<table>\n<thead>{head}</thead>\n<tbody>\n" + "\n".join(rows) + "\n</tbody>\n</table>"


def _title(name: str, tasks: dict[str, str]) -> str:
    return tasks.get(name) or name


def _points(entry: dict) -> str:
    given = "to be marked" if entry["points"] is None else number(entry["points"])
    return f"{given} of {number(entry['max'])}" if entry["points"] is not None else given


def _errors(record: dict) -> str:
    if not record["errors"]:
        return ""
    items = []
    for error in record["errors"][:20]:
        where = f"cell <code>{escape(error['cell'])}</code>" if error["cell"] else f"code cell {error['number']}"
        line = f", line {error['line']}" if error["line"] else ""
        items.append(f"<li>{where}{line}: <code>{escape(error['message'])}</code></li>")
    return "<h2>Cells that stopped with an error</h2>\n<ul>" + "".join(items) + "</ul>"


def _cell(name: str, entry: dict, task: str) -> str:
    parts = [f'<section aria-labelledby="{escape(name)}">\n<h2 id="{escape(name)}">{escape(task or name)}</h2>']
    parts.append(f"<p>{_points(entry)}{'' if entry['points'] is None else ' points'}.</p>")
    if entry["manual"]:
        parts += _written(entry)
    elif entry["points"] == entry["max"] and not any(check.get("derivation") for check in entry.get("shown", ())):
        parts.append('<p class="good">All of it is right.</p>')
    else:
        parts += _tested(entry)
    return "\n".join([*parts, "</section>"])


def _written(entry: dict) -> list[str]:
    parts = []
    if entry.get("answer", "").strip():
        parts.append(f"<p>Your answer:</p>\n<pre>{escape(entry['answer'][:20_000])}</pre>")
    else:
        parts.append("<p>There is no answer.</p>")
    if entry.get("comment"):
        parts.append(f"<p>Comment: {escape(entry['comment'])}</p>")
    return parts


def _tested(entry: dict) -> list[str]:
    parts = []
    checks = [check for check in entry.get("shown", ()) if "derivation" not in check]
    if checks:
        rows = [
            f'<tr><th scope="row">{escape(check["check"])}</th><td>{_verdict(check)}</td>'
            f'<td class="points">{number(check["points"])} of {number(check["max"])}</td></tr>'
            for check in checks
        ]
        head = (
            '<tr><th scope="col">Check</th><th scope="col">Result</th><th scope="col" class="points">Points</th></tr>'
        )
        parts.append(f'<div class="scroll" tabindex="0"><table>\n<thead>{head}</thead>\n<tbody>\n' + "\n".join(rows))
        parts.append("</tbody>\n</table></div>")
    for check in entry.get("shown", ()):
        if "derivation" in check:
            parts += _derivation(check)
    said_above = any(check.get("message") for check in entry.get("shown", ()))
    if entry.get("message") and not said_above:
        parts.append(f'<p class="bad">{escape(entry["message"])}</p>')
    if entry.get("calls") and entry["points"] != entry["max"]:
        rows = [
            f"<tr><td><code>{escape(a)}</code></td><td><code>{escape(b)}</code></td></tr>" for a, b in entry["calls"]
        ]
        head = '<tr><th scope="col">Asked last</th><th scope="col">Came back</th></tr>'
        parts.append(
            f'<div class="scroll" tabindex="0"><table>\n<thead>{head}</thead>\n<tbody>'
            + "".join(rows)
            + "</tbody></table></div>"
        )
    return parts


def _verdict(check: dict) -> str:
    return '<span class="good">right</span>' if not check.get("message") else escape(check["message"])


# --- Derivations

RELATIONS = {
    "equals": "equals",
    "same_minimiser": "has the same minimiser as",
    "differentiate": "is the derivative of",
    "solve_for": "is the root of",
}


def _derivation(check: dict) -> list[str]:
    parts = []
    if check["derivation"]:
        items = [_line(line) for line in check["derivation"]]
        parts.append('<ol class="lines">\n' + "\n".join(items) + "\n</ol>")
    if check.get("message"):
        parts.append(f'<p class="bad">{escape(check["message"])}</p>')
    marks = [
        f'<li><span class="{"good" if mark["earned"] else "bad"}">{"shown" if mark["earned"] else "not shown"}</span>: '
        f"{escape(mark['name'])}</li>"
        for mark in check["milestones"]
    ]
    parts.append("<p>What the derivation was to show:</p>\n<ul>" + "".join(marks) + "</ul>")
    return parts


def _line(line: dict) -> str:
    verdict, how = line["verdict"], line.get("how")
    if verdict == "follows":
        certainty = "proved for all sizes" if how == "proved" else "checked at many points"
        above = f"line {line['above']}" if line.get("above") else "the start"
        said = f'<span class="good">follows</span>: it {RELATIONS[line["relation"]]} {above} ({certainty})'
    elif verdict == "start":
        said = "the start"
    elif verdict == "repeats":
        said = "repeats a line above"
    else:
        word = "does not follow" if verdict == "false" else "not judged"
        said = f'<span class="bad">{word}</span>'
    if line.get("message"):
        said += f"; {escape(line['message'])}"
    formula = safe_mathml(line.get("mathml", ""))
    shown = f'<div class="scroll" tabindex="0">{formula}</div>' if formula else ""
    return f"<li>{shown}<code>{escape(line['text'])}</code><br>{said}</li>"


def safe_mathml(text: str) -> str:
    """MathML that holds nothing but MathML: known tags without attributes, and escaped text."""
    if not text:
        return ""
    pieces = re.split(r"(<[^<>]*>)", text)
    result = []
    for piece in pieces:
        tag = re.fullmatch(r"<(/?)([a-z]+)((?:\s+[a-z]+=\"[^\"<>]*\")*)\s*(/?)>", piece)
        if tag is None:
            if (
                "<" in piece
                or ">" in piece
                or re.search(r"&(?!(?:#\d{1,7}|#x[0-9a-fA-F]{1,6}|[A-Za-z]{2,31});)", piece)
            ):
                return ""
            result.append(piece)
        elif tag[2] not in MATH_TAGS:
            return ""
        else:
            result.append(f"<{tag[1]}{tag[2]}{tag[4]}>")
    return '<math display="block">' + "".join(result) + "</math>"
