"""Write the tables of the loss table from the sheets of the atlas: `reference/loss-table.md`.

    python tools/loss_table.py             write the page
    python tools/loss_table.py --check     say whether it is up to date, change nothing

A sheet is made by the cell `sheet-KEY` of a chapter of the atlas.  This runs these cells, with the cells that define
what they use, and nothing else of the chapter.  On the page a line `% sheets: laplace huber` stands before the table
that these sheets fill; the words around the tables are written by hand.
"""

import argparse
import ast
import contextlib
import functools
import io
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import execute

from lossbook.atlas import Sheet

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "reference" / "loss-table.md"
CHAPTERS = ("atlas-real-targets", "atlas-counts-and-classes")
HEAD = (
    "| distribution of $t$ given $x$ | call | loss of one example | dropped: free of the outputs | derivative "
    "| second derivative | minimiser: statistic | derived in |"
)
MARK = re.compile(r"^% sheets: (?P<keys>.*)\n(?:\n(?:\|.*\n)+)?", re.MULTILINE)


@functools.cache
def sheets(chapter: Path) -> dict[str, Sheet]:
    """The sheets of a chapter, by key, in the order of their cells."""
    names: dict = {"__name__": chapter.stem}
    found = {}
    for cell_id, source in needed(chapter, _makes_sheet):
        with contextlib.redirect_stdout(io.StringIO()):
            exec(compile(source, f"{chapter.name}, {cell_id}", "exec"), names)
        if cell_id.startswith("sheet-"):
            key = cell_id.removeprefix("sheet-")
            made = [x for x in names.values() if isinstance(x, Sheet) and x.key == key]
            if not made:
                raise ValueError(f"{chapter.name}: cell {cell_id} makes no sheet with the key {key}")
            found[key] = made[-1]
    return found


def needed(chapter: Path, asked_for: Callable[[str, ast.AST], bool]) -> list[tuple[str, str]]:
    """The cells that are asked for, and those that define what they use: ids and sources, in order."""
    cells = [cell for cell in execute.read(chapter)["cells"] if cell["cell_type"] == "code"]
    wanted: set[str] = set()
    taken = []
    for cell in reversed(cells):
        source = "".join(cell["source"])
        tree = ast.parse(source)
        defined = set(_defined(tree))
        if asked_for(cell["id"], tree) or defined & wanted:
            taken.append((cell["id"], source))
            wanted = (wanted - defined) | {
                node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
            }
    return taken[::-1]


def _makes_sheet(cell_id: str, tree: ast.AST) -> bool:
    return cell_id.startswith("sheet-") and any(_calls_sheet(node) for node in ast.walk(tree))


def _calls_sheet(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Sheet"


def _defined(tree: ast.AST) -> Iterator[str]:
    """The names that a cell gives a meaning to; those inside functions and comprehensions are their own affair."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef):
            yield node.name
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield from ((alias.asname or alias.name).split(".")[0] for alias in node.names)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.Subscript | ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield from (part.id for part in ast.walk(node.value) if isinstance(part, ast.Name))  # a part of it, anew
        elif not isinstance(node, ast.Lambda | ast.comprehension):
            yield from _defined(node)


def all_sheets() -> dict[str, Sheet]:
    """The sheets of the atlas, by key."""
    return {key: sheet for stem in CHAPTERS for key, sheet in sheets(ROOT / "chapters" / f"{stem}.ipynb").items()}


def table(rows: list[str]) -> str:
    """A Markdown table with these rows."""
    return "\n".join([HEAD, "|" + "---|" * (HEAD.count("|") - 1), *rows]) + "\n"


def filled(page: str, found: dict[str, Sheet]) -> str:
    """The page with its tables written anew.  Every sheet has a place, and every place a sheet."""
    keys = [key for match in MARK.finditer(page) for key in match["keys"].split()]
    missing, extra = sorted(set(keys) - found.keys()), sorted(found.keys() - set(keys))
    if missing or extra or len(keys) != len(set(keys)):
        raise ValueError(
            f"sheets that no chapter has: {missing}; that the page does not ask for: {extra}; given {keys}"
        )

    def rows(match: re.Match) -> str:
        shown = [row for key in match["keys"].split() for row in found[key].rows()]
        return f"% sheets: {match['keys']}\n\n{table(shown)}"

    return MARK.sub(rows, page)


def main() -> int:
    """Write the page, or say whether it is up to date."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="change nothing; fail if the page is out of date")
    options = parser.parse_args()
    page = PAGE.read_text(encoding="utf-8")
    written = filled(page, all_sheets())
    if options.check:
        print("up to date" if written == page else "out of date: python tools/loss_table.py")
        return int(written != page)
    PAGE.write_text(written, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
