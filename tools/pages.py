"""The pages of the book as the rules see them: cells, syntax trees, Markdown tokens.  Used by tools/check.py."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import execute
from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.amsmath import amsmath_plugin
from mdit_py_plugins.colon_fence import colon_fence_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.myst_blocks import myst_block_plugin
from mdit_py_plugins.myst_role import myst_role_plugin

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("chapters", "reference")
RELEASES = "assignments/release"  # what students get of the assignments: made by make assignments
# Directives whose content is not Markdown.
VERBATIM = {"math", "code", "code-block", "code-cell", "raw", "eval-rst", "bibliography", "literalinclude"}


@dataclass(frozen=True, eq=False)
class Cell:
    """One cell, its source and its outputs."""

    id: str
    kind: str
    source: str
    metadata: dict
    count: int | None
    outputs: list[dict]

    @property
    def ran(self) -> bool:
        """Whether the cell was run, without an error."""
        return self.count is not None and all(output["output_type"] != "error" for output in self.outputs)

    @cached_property
    def tree(self) -> ast.Module | None:
        """The syntax tree of a code cell; None if the cell is not plain Python."""
        try:
            return ast.parse(self.source)
        except SyntaxError:
            return None

    @property
    def nodes(self) -> Iterator[ast.AST]:
        """Every node of the syntax tree."""
        return ast.walk(self.tree) if self.tree else iter(())

    @cached_property
    def tokens(self) -> list[Token]:
        """The Markdown tokens of the cell, those inside directives included."""
        return list(tokens(self.source))


class Page:
    """A page of the book: a notebook, or a Markdown file (which is one Markdown cell)."""

    def __init__(self, name: str, notebook: dict, file_text: str | None = None) -> None:
        self.name = name
        self.notebook = notebook
        self.file_text = file_text
        self.cells = [
            Cell(
                id=str(cell.get("id", f"number-{number}")),
                kind=cell["cell_type"],
                source="".join(cell["source"]),
                metadata=cell.get("metadata", {}),
                count=cell.get("execution_count"),
                outputs=cell.get("outputs", []),
            )
            for number, cell in enumerate(notebook["cells"], 1)
        ]
        self.code = [cell for cell in self.cells if cell.kind == "code" and cell.source.strip()]
        self.text = [cell for cell in self.cells if cell.kind == "markdown"]

    @classmethod
    def read(cls, path: Path) -> "Page":
        """The page in a file."""
        name = path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else str(path)
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".ipynb":
            return cls(name, execute.read(path), text)
        return cls(name, {"cells": [{"cell_type": "markdown", "id": "page", "source": [text]}]}, text)

    @property
    def is_notebook(self) -> bool:
        """Whether the page has code that runs."""
        return self.name.endswith(".ipynb")

    @property
    def is_chapter(self) -> bool:
        """Whether the page is a chapter, not a page for looking things up."""
        return Path(self.name).parent.name == "chapters"

    @property
    def is_release(self) -> bool:
        """Whether the page is an assignment as students get it, without answers."""
        return self.name.startswith(f"{RELEASES}/")

    @property
    def stem(self) -> str:
        """The words in the file name."""
        return Path(self.name).stem

    @cached_property
    def labels(self) -> list[str]:
        """Every label that the page defines: (label)=, $$ … $$ (label), and the options :label: and :name:."""
        found = []
        for token in (token for cell in self.text for token in cell.tokens):
            if token.type == "myst_target":
                found.append(token.content)
            elif token.type == "math_block_label":
                found.append(token.info)
            elif directive_name(token):
                options, _ = directive_options(token)
                found += [options[key] for key in ("label", "name") if options.get(key)]
        return found


def pages(root: Path = ROOT) -> list[Path]:
    """Every page of the book: the notebooks and Markdown files of its folders, the landing page, the assignments."""
    found = [path for folder in FOLDERS for path in (root / folder).glob("*") if path.suffix in (".ipynb", ".md")]
    return [*sorted([*found, *root.glob("intro.*")]), *sorted((root / RELEASES).glob("*.ipynb"))]


# --- Markdown


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark").enable("table")
    parser.use(dollarmath_plugin, allow_labels=True, allow_space=True, allow_digits=True, double_inline=True)
    return parser.use(amsmath_plugin).use(colon_fence_plugin).use(myst_block_plugin).use(myst_role_plugin)


def tokens(text: str) -> Iterator[Token]:
    """All tokens of a Markdown text, in order; those inside a directive follow the directive's own."""
    for token in _parser().parse(text):
        yield token
        yield from token.children or ()
        if directive_name(token) and directive_name(token) not in VERBATIM:
            yield from tokens(directive_options(token)[1])


def directive_name(token: Token) -> str:
    """`note` of :::{note}; "" of a token that is no directive."""
    is_directive = token.type in ("fence", "colon_fence") and token.info.strip().startswith("{")
    return token.info.strip()[1:].split("}")[0] if is_directive else ""


def directive_title(token: Token) -> str:
    """What follows the name of a directive on its first line."""
    return token.info.partition("}")[2].strip()


def directive_options(token: Token) -> tuple[dict[str, str], str]:
    """The options at the top of a directive, and the rest."""
    options, lines = {}, token.content.splitlines()
    while lines and (option := re.fullmatch(r":([\w-]+):\s*(.*)", lines[0].strip())):
        options[option[1]] = option[2].strip()
        lines.pop(0)
    return options, "\n".join(lines)


def directives(cell: Cell) -> Iterator[Token]:
    """The directives of a Markdown cell, in order."""
    return (token for token in cell.tokens if directive_name(token))


@dataclass(frozen=True)
class Equation:
    """A display equation of a Markdown text."""

    latex: str
    label: str | None


def display_equations(cell: Cell) -> Iterator[Equation]:
    """The display equations of a cell, those inside directives, lists, quotations and tables included."""
    for token in cell.tokens:
        if token.type in ("math_block", "math_block_label"):
            yield Equation(token.content, token.info or None)
        elif token.type in ("amsmath", "math_inline_double"):
            label = re.search(r"\\label\{([^}]*)\}", token.content)
            yield Equation(token.content, label[1] if label else None)
        elif directive_name(token) == "math":
            options, body = directive_options(token)
            yield Equation(f"{directive_title(token)}\n{body}", options.get("label") or options.get("name"))


FORMULA = "Xx"  # stands for a formula, a piece of code or a role in prose


def paragraphs(cell: Cell) -> Iterator[list[str]]:
    """The lines of each paragraph of a Markdown cell; headings, tables, formulas, code and lists of works are none."""
    inside = heading = None
    works = False
    for token in cell.tokens:
        if token.type in ("heading_open", "table_open"):
            inside = token.type
        elif token.type in ("heading_close", "table_close"):
            inside = None
        elif token.type == "inline" and inside == "heading_open":
            heading = token.content.lower()
            works = "further reading" in heading or "bibliography" in heading
        elif token.type == "inline" and inside is None and not works:
            yield _plain_text(token.children or []).split("\n")


def _plain_text(children: list[Token]) -> str:
    """The words of a paragraph; bold words at the beginning of a line are its heading, and are left out."""
    text, heading = "", False
    for token in children:
        if token.type == "strong_open" and text.rpartition("\n")[2].strip() == "":
            heading = True
        elif token.type == "strong_close":
            heading = False
        elif not heading:
            text += _plain(token)
    return text


def _plain(token: Token) -> str:
    if token.type in ("softbreak", "hardbreak"):
        return "\n"
    if token.type in ("math_inline", "math_inline_double", "code_inline", "myst_role"):
        return FORMULA
    return token.content if token.type == "text" else ""


# --- Code


def dotted(node: ast.AST) -> str:
    """`np.random.seed` of the expression np.random.seed; "" of what is not a name."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def calls(cell: Cell) -> Iterator[tuple[str, ast.Call]]:
    """The calls of a code cell, by the dotted name of what is called."""
    return ((dotted(node.func), node) for node in cell.nodes if isinstance(node, ast.Call))


def text_of(output: dict) -> str:
    """What an output says in words: printed text, or its plain, LaTeX and HTML forms."""
    data = output.get("data", {})
    texts = [
        output.get("text", ""),
        *(data[mime] for mime in ("text/plain", "text/latex", "text/html") if mime in data),
    ]
    return "\n".join(text if isinstance(text, str) else "".join(text) for text in texts)
