"""A live figure of a chapter on another page: the very output that the chapter stores and the tests verify.

The directive ``live-figure`` takes the name of the notebook, and the id of the cell as its option ``cell``.
"""

import json
from pathlib import Path
from typing import ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective


class LiveFigure(SphinxDirective):
    """Show the output of a cell, named by its id, of the notebook that is named."""

    required_arguments = 1
    option_spec: ClassVar = {"cell": directives.unchanged_required}

    def run(self) -> list[nodes.Node]:
        """Look the output up; a cell that has none fails the build."""
        name, cell = self.arguments[0], self.options.get("cell")
        path = Path(self.env.srcdir, f"{name}.ipynb")
        self.env.note_dependency(str(path))
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"] if path.is_file() else []
        outputs = [output for found in cells if found.get("id") == cell for output in found.get("outputs", ())]
        for output in outputs:
            if "text/html" in output.get("data", {}):
                return [nodes.raw("", "".join(output["data"]["text/html"]), format="html")]
        raise self.error(f"{name}.ipynb has no cell {cell!r} with a live figure")


def setup(app: Sphinx) -> None:
    """Register the directive."""
    app.add_directive("live-figure", LiveFigure)
