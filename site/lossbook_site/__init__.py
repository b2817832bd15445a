"""The site: its look (theme/), formulas (mathematics.py), fonts (fonts.py), the HTML of its parts (pages.py),
its live figures (live.py), the derivation desk (desk/) and what leads to it (discovery.py).

A Sphinx extension, switched on in _config.yml.  Everything a page needs comes with the site: no page asks another
server for anything, and every page can be read without scripts.
"""

from pathlib import Path

from sphinx.application import Sphinx

from lossbook_site import desk, discovery, fonts, index, live, mathematics, packages, pages


def _install(app: Sphinx) -> None:
    app.lossbook_modules = packages.install(Path(__file__).resolve().parents[2])


def setup(app: Sphinx) -> dict[str, object]:
    """Register the theme and the parts of the extension."""
    app.add_html_theme("lossbook", str(Path(__file__).with_name("theme")))
    app.add_js_file("theme.js", loading_method="defer")
    app.connect("builder-inited", _install)
    for part in (mathematics, index, live, desk, pages, discovery, fonts):
        part.setup(app)
    # Read and written in one process: so do sphinx-proof and the numbering of chapters ask.
    return {"version": "1", "parallel_read_safe": False, "parallel_write_safe": False}
