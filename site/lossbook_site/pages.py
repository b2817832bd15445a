"""The HTML of the book's parts, where Sphinx and its extensions leave something to be desired.

Folded parts become <details>, which open without a script; pictures say their size, so that nothing moves while they
load; each page gets the list of its own sections.
"""

import re
from pathlib import Path
from typing import Any

from docutils import nodes
from myst_nb.sphinx_ import HideCodeCellNode
from sphinx.application import Sphinx
from sphinx.environment.adapters.toctree import document_toc
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.images import get_image_size
from sphinx.writers.html5 import HTML5Translator

# Pictures hold two pixels for each pixel of the page: see lossbook.plotting.
PIXEL_RATIO = 2

# Letters of LaTeX that fit into the narrowest column, whatever they look like.
UNBROKEN = 30

# What myst-nb calls the hidden parts of a cell (nb_code_prompt_show is "{type}").
_HIDDEN = {"source": "Code", "outputs": "Output", "content": "Code and output"}


class Folded(nodes.Element):
    """A part that opens when its title is pressed."""


class FoldedTitle(nodes.TextElement):
    """The title of a folded part: always to be seen."""


def _visit_folded(translator: HTML5Translator, node: Folded) -> None:
    translator.body.append(translator.starttag(node, "details"))


def _visit_folded_title(translator: HTML5Translator, node: FoldedTitle) -> None:
    translator.body.append(translator.starttag(node, "summary", ""))


def _depart_folded(translator: HTML5Translator, node: Folded) -> None:
    translator.body.append("</details>\n")


def _depart_folded_title(translator: HTML5Translator, node: FoldedTitle) -> None:
    translator.body.append("</summary>\n")


class LiftContents(SphinxPostTransform):
    """Take contents out of the sections that sphinx-exercise and sphinx-proof put them in: their ids repeat."""

    default_priority = 700
    formats = ("html",)

    def run(self, **kwargs: Any) -> None:
        """Replace each such section by what is in it."""
        for section in list(self.document.findall(nodes.section)):
            if any(name.endswith("-content") for name in section["ids"]) and not isinstance(section[0], nodes.title):
                section["ids"] = []  # or they would pass to the first of the contents
                section.replace_self(section.children)


class Fold(SphinxPostTransform):
    """Make a folded part of each hidden cell, and of each admonition, proof or solution of the class `dropdown`."""

    default_priority = 710  # when titles have been resolved and cells hidden
    formats = ("html",)

    def run(self, **kwargs: Any) -> None:
        """Replace them, keeping ids and classes."""
        for cell in list(self.document.findall(HideCodeCellNode)):
            title = FoldedTitle("", _HIDDEN.get(cell["prompt_show"], cell["prompt_show"]))
            cell.replace_self(Folded("", title, *cell.children, classes=["hide", *cell["classes"]]))
        for node in list(self.document.findall(nodes.Element)):
            if "dropdown" in node.get("classes", ()) and node.children and isinstance(node[0], nodes.title):
                heading, *rest = node.children
                # A link in a title that opens its part would be a button within a button.
                for link in list(heading.findall(nodes.reference)):
                    link.replace_self(link.children)
                title = FoldedTitle("", "", *heading.children, classes=["admonition-title"])
                node.replace_self(Folded("", title, *rest, ids=node["ids"], classes=["admonition", *node["classes"]]))


class KeepPunctuation(SphinxPostTransform):
    """Keep a short formula on the line of the comma behind it and of the bracket before it: browsers part them."""

    default_priority = 730
    formats = ("html",)

    def run(self, **kwargs: Any) -> None:
        """Put them into one inline element, in which the style sheet forbids a break."""
        for formula in list(self.document.findall(nodes.math)):
            if len(formula.astext()) > UNBROKEN:
                continue
            line, place = formula.parent, formula.parent.index(formula)
            before, after = line[:place], line[place + 1 :]
            opening = closing = ""
            if before and isinstance(before[-1], nodes.Text):
                rest, opening = re.fullmatch(r"(.*?)([(\[“‘]*)", before[-1].astext(), re.DOTALL).groups()
                before[-1] = nodes.Text(rest)
            if after and isinstance(after[0], nodes.Text):
                closing, rest = re.fullmatch(r"([.,;:!?)\]’”…–-]*)(.*)", after[0].astext(), re.DOTALL).groups()
                after[0] = nodes.Text(rest)
            if opening or closing:
                whole = nodes.inline("", "", nodes.Text(opening), formula.deepcopy(), nodes.Text(closing))
                whole["classes"].append("unbroken")
                line.children = []
                line.extend([*before, whole, *after])


class MendTables(SphinxPostTransform):
    """An empty head of a column, as pandas writes it, is no head."""

    default_priority = 720
    formats = ("html",)

    def run(self, **kwargs: Any) -> None:
        """Mend the tables that cells have printed."""
        for table in list(self.document.findall(nodes.raw)):
            if "<th></th>" in table.astext():
                table.replace_self(nodes.raw("", table.astext().replace("<th></th>", "<td></td>"), **table.attributes))


class Translator(HTML5Translator):
    """Sphinx's writer, with a few elements of our own."""

    def visit_table(self, node: nodes.table) -> None:
        """Put it in a box, which scrolls where the page is narrow."""
        self.body.append('<div class="table-box">')
        super().visit_table(node)

    def depart_table(self, node: nodes.table) -> None:
        """Close the box."""
        super().depart_table(node)
        self.body.append("</div>\n")

    def visit_entry(self, node: nodes.entry) -> None:
        """Write the empty corner of a table as a cell: it is the head of nothing."""
        super().visit_entry(node)
        if not node.astext().strip() and self.body[-1].startswith("<th"):
            self.body[-1] = "<td" + self.body[-1].removeprefix("<th")
            self.context[-1] = "</td>\n"

    def visit_inline(self, node: nodes.inline) -> None:
        """Say of Chinese words that they are Chinese."""
        super().visit_inline(node)
        if "zh" in node["classes"]:
            self.body[-1] = self.body[-1].replace("<span ", '<span lang="zh-Hans" ', 1)

    def visit_citation(self, node: nodes.citation) -> None:
        """Write a plain list: the roles that docutils gives are deprecated, and contradict each other."""
        if not isinstance(node.previous_sibling(), nodes.citation):
            self.body.append('<ul class="citations">\n')
        self.body.append(self.starttag(node, "li"))

    def depart_citation(self, node: nodes.citation) -> None:
        """Close the list after the last."""
        self.body.append("</li>\n")
        if not isinstance(node.next_node(descend=False, siblings=True), nodes.citation):
            self.body.append("</ul>\n")

    def visit_image(self, node: nodes.image) -> None:
        """Say how large the picture is; load it when the reader comes near."""
        size = None if "width" in node or "height" in node else get_image_size(Path(self.builder.srcdir) / node["uri"])
        super().visit_image(node)
        if size and self.body[-1].startswith("<img "):
            width, height = (round(pixels / PIXEL_RATIO) for pixels in size)
            size_text = f'width="{width}" height="{height}" loading="lazy" decoding="async"'
            self.body[-1] = self.body[-1].replace("<img ", f"<img {size_text} ", 1)


def page_contents(app: Sphinx, name: str) -> str:
    """The sections of a page as a list of links; empty if it has none."""
    if name not in app.env.tocs:
        return ""
    toc = document_toc(app.env, name, app.tags)
    lists = [part for part in toc.findall(nodes.bullet_list) if part.parent is not toc and part is not toc]
    if not lists:
        return ""
    sections = lists[0]
    for item in sections.children:  # two levels are enough to find one's way
        for sub in list(item.findall(nodes.bullet_list)):
            sub.parent.remove(sub)
    return app.builder.render_partial(sections)["fragment"]


# |r| is an absolute value in a docstring; reStructuredText would look for a substitution of that name.
_BARS = re.compile(r"(?<![`|\w])\|([^|`\n]+)\|(?![`|\w_])")


def _escape_bars(app: Sphinx, what: str, name: str, thing: object, options: object, lines: list[str]) -> None:
    for place, line in enumerate(lines):
        if not line.lstrip().startswith((">>>", "...")):
            lines[place] = "``".join(
                part if odd else _BARS.sub(r"\\|\1\\|", part)
                for part, odd in zip(line.split("``"), [False, True] * len(line), strict=False)
            )


def _context(app: Sphinx, name: str, template: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    context["formulas"] = app.env.get_domain("math").has_equations(name)
    context["page_contents"] = page_contents(app, name)
    source = app.env.doc2path(name) if name in app.env.found_docs else ""
    context["notebook"] = source.endswith(".ipynb")
    # Sphinx's role for the headings of the book's parts asks for a level that it does not give.
    book_contents = context["toctree"](maxdepth=1, collapse=False, includehidden=True, titles_only=True) or ""
    context["book_contents"] = book_contents.replace(' role="heading"', "")


def _front_door(app: Sphinx, error: Exception | None) -> None:
    # sphinx-external-toc would write a page that redirects: one more load, and a blank page on the way.
    front = Path(app.outdir, f"{app.config.root_doc}.html")
    if error is None and app.builder.name == "html" and front.exists():
        front.with_name("index.html").write_bytes(front.read_bytes())


def setup(app: Sphinx) -> None:
    """Register nodes, transforms and the writer."""
    nothing = (lambda *_: None, lambda *_: None)
    app.add_node(Folded, html=(_visit_folded, _depart_folded), latex=nothing, text=nothing)
    app.add_node(FoldedTitle, html=(_visit_folded_title, _depart_folded_title), latex=nothing, text=nothing)
    for transform in (LiftContents, Fold, KeepPunctuation, MendTables):
        app.add_post_transform(transform)
    app.set_translator("html", Translator)
    app.connect("html-page-context", _context)
    app.connect("autodoc-process-docstring", _escape_bars)
    app.connect("build-finished", _front_door, priority=100)  # before sphinx-external-toc looks for index.html
