"""The derivation desk: exercises in the page, judged by the engine itself in the reader's browser.

``{desk} NAME`` puts an exercise into a page, ``{desk}`` without a name an empty sheet, and ``{desk-progress}`` the list
of all exercises.  Nothing of Python is fetched before the reader asks; without scripts the exercise, its hints and its
solution can be read.  exercises.py has the exercises, judge.py says whether a line follows, assets.py brings what the
browser needs, worker.mjs runs it, desk.js is what the reader sees.
"""

import json
from html import escape
from pathlib import Path

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from lossbook_site.desk import assets
from lossbook_site.desk.exercises import BY_NAME, EMPTY, EXERCISES, IMPORTS, Exercise

_BUTTONS = (("check", "Check"), ("stop", "Stop"), ("hint", "Hint"), ("solution", "Show a solution"))
_MORE = (("reset", "Reset"), ("copy", "Copy"))


def _html(text: str) -> nodes.raw:
    return nodes.raw("", text, format="html")


class Desk(SphinxDirective):
    """An exercise, or an empty sheet."""

    optional_arguments = 1

    def run(self) -> list[nodes.Node]:
        """The parts of the desk, in the order in which they are read."""
        if not self.arguments:
            return [*self.once(), *self.sheet("empty-sheet", "Your own derivation", IMPORTS, EMPTY, "", [], [])]
        exercise = BY_NAME.get(self.arguments[0])
        if exercise is None:
            raise self.error(f"there is no exercise {self.arguments[0]!r} in site/lossbook_site/desk/exercises.py")
        folded = [
            part
            for number, hint in enumerate(exercise.hints, start=1)
            for part in (
                _html(f'<details class="desk-hint"><summary>Hint {number}</summary>'),
                *self.text(hint),
                _html("</details>"),
            )
        ]
        folded += [
            _html('<details class="desk-solution"><summary>A solution</summary>'),
            self.code(exercise.solution),
            _html("</details>"),
        ]
        before = [*self.text(exercise.task), first_line(exercise)]
        prelude = f"{IMPORTS}\n{exercise.prelude}"
        return [
            *self.once(),
            *self.sheet(exercise.name, exercise.title, prelude, exercise.begin, exercise.goal, before, folded),
        ]

    def once(self) -> list[nodes.Node]:
        """The style and the script, with the first desk of a page."""
        if self.env.temp_data.get("lossbook_desk"):
            return []
        self.env.temp_data["lossbook_desk"] = True
        up = "../" * self.env.docname.count("/") + assets.FOLDER
        return [_html(f'<link rel="stylesheet" href="{up}/desk.css"><script defer src="{up}/desk.js"></script>')]

    def sheet(
        self,
        name: str,
        title: str,
        prelude: str,
        begin: str,
        goal: str,
        before: list[nodes.Node],
        after: list[nodes.Node],
    ) -> list[nodes.Node]:
        """The desk of that name."""
        buttons = [*_BUTTONS, *_MORE] if goal else [_BUTTONS[0], _BUTTONS[1], *_MORE]
        data = json.dumps({"prelude": prelude, "begin": begin, "goal": goal}).replace("<", "\\u003c")
        return [
            _html(
                f'<div class="desk" id="desk-{name}" data-desk="{name}" role="group" '
                f'aria-labelledby="desk-{name}-title">'
                f'<p class="desk-title" id="desk-{name}-title">{escape(title)}</p>'
            ),
            *before,
            _html("<details><summary>What is given, in Python</summary>"),
            self.code(prelude),
            _html(
                "</details>"
                "<noscript><p>The desk itself needs a browser that runs scripts.</p></noscript>"
                '<div class="desk-sheet">'
                f'<label for="desk-{name}-lines">Your lines, in Python</label>'
                f'<textarea id="desk-{name}-lines" spellcheck="false" autocapitalize="off" autocomplete="off" '
                f'rows="{max(5, begin.count(chr(10)) + 2)}">{escape(begin)}</textarea><div class="desk-buttons">'
                + "".join(
                    f'<button type="button" data-do="{do}"{" hidden" if do == "stop" else ""}>{label}</button>'
                    for do, label in buttons
                )
                + '</div><div class="desk-said" role="status"></div><div class="desk-steps derivation"></div></div>'
            ),
            *after,
            _html(f'<script type="application/json">{data}</script></div>'),
        ]

    def text(self, markdown: str) -> list[nodes.Node]:
        """Markdown as nodes."""
        box = nodes.container()
        self.state.nested_parse(StringList(markdown.splitlines(), self.env.docname), 0, box)
        return box.children

    def code(self, source: str) -> nodes.literal_block:
        text = source.rstrip("\n")  # twice the same, or Sphinx leaves the colours out
        return nodes.literal_block(text, text, language="python")


def first_line(exercise: Exercise) -> nodes.math_block:
    """The line that an exercise starts from, typeset."""
    from lossbook.derivation.printing import latex

    names: dict = {}
    exec(compile(IMPORTS + exercise.prelude, f"exercise {exercise.name}", "exec"), names)
    tex = latex(names["d"].start)
    return nodes.math_block(tex, tex, nowrap=False, number=None, label=None)


class Progress(SphinxDirective):
    """The list of all exercises; the reader's browser knows which are solved."""

    def run(self) -> list[nodes.Node]:
        """One line an exercise, with the chapter it stands in."""
        parts: list[nodes.Node] = [_html('<p class="desk-count" role="status"></p><ul class="desk-progress">')]
        for exercise in EXERCISES:
            chapter = pending_xref(
                "", nodes.inline("", ""), refdomain="std", reftype="ref", refexplicit=False, refwarn=True,
                reftarget=f"ch-{exercise.chapter}", refdoc=self.env.docname,
            )  # fmt: skip
            link = f'<a href="#desk-{exercise.name}">{escape(exercise.title)}</a>'
            parts += [
                _html(
                    f'<li data-desk-progress="{exercise.name}"><span class="desk-mark">Open</span><span>{link}, from '
                ),
                nodes.inline("", "", chapter),
                _html("</span></li>"),
            ]
        return [*parts, _html("</ul>")]


def _finish(app: Sphinx, error: Exception | None) -> None:
    if error is None and app.builder.format == "html":
        assets.write(app.lossbook_modules, Path(app.outdir))


def setup(app: Sphinx) -> None:
    """Register the directives."""
    app.add_directive("desk", Desk)
    app.add_directive("desk-progress", Progress)
    app.connect("build-finished", _finish)
