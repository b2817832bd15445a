"""Live figures (lossbook.interactive): the script once a page, and a picture for readers without scripts.

A cell stores such a figure in two forms: HTML that brings the runtime along, as Jupyter needs it, and a picture.  The
directive ``live-figure`` shows one on another page: the very output that the chapter stores and the tests verify.
"""

import base64
import hashlib
import json
import os
import re
from pathlib import Path
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.docutils import SphinxDirective

_RUNTIME = re.compile(r'<script class="live-runtime">.*?</script>\n?', re.DOTALL)
_WITH_SCRIPTS = ("html", "dirhtml", "singlehtml")


class LiveFigure(SphinxDirective):
    """Show the live figure of a cell, named by its option ``cell``, of the notebook that is named."""

    required_arguments = 1
    option_spec: ClassVar = {"cell": directives.unchanged_required}

    def run(self) -> list[nodes.Node]:
        """Find the output and give it the form it has in its own chapter; a cell without one fails the build."""
        name, cell = self.arguments[0], self.options.get("cell")
        path = Path(self.env.srcdir, f"{name}.ipynb")
        self.env.note_dependency(str(path))
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"] if path.is_file() else []
        (found,) = [found for found in cells if found.get("id") == cell] or [{}]
        for output in found.get("outputs", ()):
            data = output.get("data", {})
            if {"text/html", "image/png"} <= data.keys():
                html = nodes.raw("", "".join(data["text/html"]), format="html")
                picture = nodes.image(uri=self.picture("".join(data["image/png"])), alt=_alt(found))
                forms = (("text/html", html), ("image/png", picture))
                bundle = nodes.container(nb_element="mime_bundle")
                bundle += [nodes.container("", form, mime_type=kind) for kind, form in forms]
                return [nodes.container("", bundle, classes=["cell_output"])]
        raise self.error(f"{name}.ipynb has no cell {cell!r} with a live figure")

    def picture(self, data: str) -> str:
        """Write the picture beside those of the chapters; its path from this page."""
        content = base64.b64decode(data)
        folder = Path(self.env.app.outdir).parent / "jupyter_execute"
        folder.mkdir(exist_ok=True)
        file = folder / f"{hashlib.sha256(content).hexdigest()}.png"
        file.write_bytes(content)
        return Path(os.path.relpath(file, Path(self.env.doc2path(self.env.docname)).parent)).as_posix()


def _alt(cell: dict[str, Any]) -> str:
    return cell["metadata"].get("mystnb", {}).get("image", {}).get("alt", "")


class JoinForms(SphinxPostTransform):
    """Put the picture into the HTML, for a browser that runs no script; keep the first runtime of a page only."""

    default_priority = 3  # before myst-nb chooses one form of each output
    formats = ("html",)

    def run(self, **kwargs: Any) -> None:
        """Join them; an edition without scripts gets the picture alone."""
        first = True
        for bundle in list(self.document.findall(nodes.container)):
            forms = {form.get("mime_type"): form for form in bundle.children if isinstance(form, nodes.container)}
            html = forms["text/html"].astext() if "text/html" in forms else ""
            if bundle.get("nb_element") != "mime_bundle" or 'class="live-figure"' not in html:
                continue
            picture = forms["image/png"].children
            if self.app.builder.name not in _WITH_SCRIPTS:
                bundle.replace_self(picture)
                continue
            words, scripts = html.split("</div>", 1)
            if not first:
                scripts = _RUNTIME.sub("", scripts)
            first = False
            before = nodes.raw("", f"{words}<noscript>", format="html")
            bundle.replace_self([before, *picture, nodes.raw("", f"</noscript></div>{scripts}", format="html")])


def setup(app: Sphinx) -> None:
    """Register the directive and the transform."""
    app.add_directive("live-figure", LiveFigure)
    app.add_post_transform(JoinForms)
