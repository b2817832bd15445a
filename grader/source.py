"""An assignment as the grader sees it: its cells, what the tests need, and the names that students define."""

from __future__ import annotations

import ast
import builtins
import json
from dataclasses import dataclass
from functools import cached_property

from . import release
from .inside.worker import plain_python
from .notebook import Cell, Notebook, parse, read, read_source


@dataclass(frozen=True)
class Assignment:
    """A source and the release that students were given, cell by cell."""

    name: str
    source: Notebook
    released: Notebook
    data: bytes

    @classmethod
    def read(cls, name: str, data: bytes) -> Assignment:
        """The assignment in a source; raises :class:`~grader.notebook.BadNotebook`."""
        source = read_source(data)
        given = json.dumps(release.released(parse(data))).encode()
        return cls(name, source, read(given), data)

    @property
    def graded(self) -> list[Cell]:
        """The cells that have points, in order."""
        return [cell for cell in self.source.cells if cell.is_test or cell.is_manual]

    @cached_property
    def defined(self) -> dict[str, set[str]]:
        """grade_id of each answer cell of code -> the names that its solution defines."""
        return {
            cell.grade_id: defined_names(cell.source)
            for cell in self.source.cells
            if cell.is_answer and cell.kind == "code"
        }

    @cached_property
    def students_names(self) -> set[str]:
        """All names that students define."""
        return set().union(*self.defined.values()) if self.defined else set()

    def trusted_names(self) -> dict[str, object]:
        """What the teacher's own cells define: imports, data, helpers; run in the grader.

        A cell that fails, because it uses what students write, defines what it can before it fails.
        """
        names: dict[str, object] = {"__name__": "__main__", "display": lambda *args, **kwargs: None}
        for cell in self.source.cells:
            if cell.kind != "code" or cell.is_test:
                continue
            try:
                tree = ast.parse(plain_python(cell.source))
            except SyntaxError:
                continue
            body = [node for node in tree.body if not cell.is_answer or isinstance(node, ast.Import | ast.ImportFrom)]
            if not cell.is_answer and self.students_names & loaded_names(tree):
                body = [node for node in body if not self.students_names & loaded_names(node)]
            for node in body:
                try:
                    exec(compile(ast.Module([node], []), "<source>", "exec"), names)
                except Exception:  # needs what a student defines, or a package that is not here
                    continue
        return names


def defined_names(source: str) -> set[str]:
    """The names that a cell binds at its top level, without imports."""
    try:
        tree = ast.parse(plain_python(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()
    names = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names |= {part.id for target in targets for part in ast.walk(target) if _is_stored(part)}
    return names


def _is_stored(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)


def loaded_names(tree: ast.AST) -> set[str]:
    """The names that code reads."""
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}


def needed_names(source: str, trusted: dict[str, object], students: set[str]) -> set[str]:
    """The names that a test must get from the submission."""
    tree = ast.parse(plain_python(source))
    own = {node.id for node in ast.walk(tree) if _is_stored(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            own.add(node.name)
        elif isinstance(node, ast.arg):
            own.add(node.arg)
        elif isinstance(node, ast.alias):
            own.add((node.asname or node.name).partition(".")[0])
        elif isinstance(node, ast.ExceptHandler) and node.name:
            own.add(node.name)
    wanted = loaded_names(tree)
    return ((wanted & students) | (wanted - trusted.keys() - vars(builtins).keys())) - (own - students)
