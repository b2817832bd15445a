"""Live figures (lossbook.interactive) in chapters: the script once a page, and a picture for readers without scripts.

A cell stores such a figure in two forms: HTML that brings the runtime along, as Jupyter needs it, and a picture.
"""

import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform

_RUNTIME = re.compile(r'<script class="live-runtime">.*?</script>\n?', re.DOTALL)
_WITH_SCRIPTS = ("html", "dirhtml", "singlehtml")


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
    """Register the transform."""
    app.add_post_transform(JoinForms)
