"""One run of a notebook for all tests that need one: its outputs, its axes, and the steps of its derivations.

It is nbval's own run where nbval has just run the notebook in this process, and a run of our own otherwise.
"""

import base64
import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cloudpickle
import execute
from nbval.plugin import IPyNbCell, IPyNbFile
from sympy import Expr

from lossbook.derivation import Fact, Step

LOOK = """
def _look():
    from matplotlib import backend_bases as backend

    original, seen = backend.FigureCanvasBase.print_figure, []

    def missing(axes, which):
        group = getattr(axes, f"get_shared_{which}_axes")().get_siblings(axes)
        texts = [getattr(one, f"get_{which}label")() for one in group if one.axison]
        texts.append(getattr(axes.figure, f"get_sup{which}label")())
        visible = getattr(axes, f"{which}axis").get_visible()
        return [f"{which} label"] if visible and not "".join(texts).strip() else []

    def print_figure(self, *args, **kwargs):
        for axes in self.figure.axes:
            if axes.axison and axes.get_visible():
                labels = missing(axes, "x") + missing(axes, "y")
                enough = len(labels) < 2 if hasattr(axes, "_colorbar") else not labels
                if not enough:
                    seen.append([axes.get_title(loc="left"), labels])
        return original(self, *args, **kwargs)

    backend.FigureCanvasBase.print_figure = print_figure
    return seen

def _listen():
    from lossbook.derivation import Derivation

    accept, found = Derivation._accept, {}

    def listening(self, *args, **kwargs):
        result = accept(self, *args, **kwargs)
        step = self.steps[-1]
        name = (step.relation, step.before, step.after, step.over)
        found.setdefault(name, (self.facts, self.steps, self.start))
        return result

    Derivation._accept = listening
    return found

_unlabelled, _steps = _look(), _listen()
"""
TELL = """
import base64, json, cloudpickle
print(json.dumps([_unlabelled, base64.b64encode(cloudpickle.dumps(list(_steps.values()))).decode()]))
"""


@dataclass(frozen=True)
class Record:
    """A step of a chapter with what came before it."""

    facts: tuple[Fact, ...]
    steps: tuple[Step, ...]
    start: Expr

    @property
    def step(self) -> Step:
        return self.steps[-1]


@dataclass(frozen=True)
class Run:
    """A notebook run anew, the way `make execute` runs it; its axes without a label; its steps, each once."""

    notebook: dict
    unlabelled: list
    records: tuple[Record, ...]


_runs: dict[Path, Run] = {}


def run(path: Path) -> Run:
    """The run of a notebook: once in each process."""
    if path not in _runs:
        notebook = execute.execute(path, before=LOOK, after=TELL)
        _keep(path, notebook, notebook["metadata"].pop("after"))
    return _runs[path]


def _keep(path: Path, notebook: dict, told: str) -> None:
    unlabelled, steps = json.loads(told)
    records = cloudpickle.loads(base64.b64decode(steps))
    _runs[path] = Run(notebook, unlabelled, tuple(Record(*record) for record in records))


class Notebook(IPyNbFile):
    """A notebook that nbval runs and compares, and what the other tests want to know of that run."""

    def collect(self) -> Iterator[IPyNbCell]:
        self.cells = list(super().collect())
        yield from self.cells

    def setup(self) -> None:
        super().setup()
        execute.ask(self.kernel.kc.execute_interactive, LOOK)

    def teardown(self) -> None:
        try:
            all_ran = all(cell.test_outputs is not None for cell in self.cells)
            if all_ran and not self.timed_out and self.kernel is not None and self.kernel.is_alive():
                _keep(self.path, self._fresh(), execute.ask(self.kernel.kc.execute_interactive, TELL))
        finally:
            super().teardown()

    def _fresh(self) -> dict:
        """The notebook with the outputs of this run."""
        notebook = copy.deepcopy(self.nb)
        code_cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
        for cell, ran in zip(code_cells, self.cells, strict=True):
            cell.outputs = ran.test_outputs
        return execute.normalise(notebook)
