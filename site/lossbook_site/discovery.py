"""What search engines, chat programs and lost readers get: descriptions, a card, a map, a page for a wrong address.

Descriptions are written by hand, one sentence or two for each page, in the file that `page_descriptions` names.  What
must name the site's own address (the card, sitemap.xml, robots.txt) is written where `baseurl` in _config.yml has one.
"""

import re
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlparse

import numpy as np
import yaml
from docutils import nodes
from markupsafe import Markup
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from sphinx.application import Sphinx
from sphinx.util import logging

from lossbook import plotting

LOGGER = logging.getLogger(__name__)
CARD = "_static/card.png"
CARD_INCHES = (6.0, 3.15)  # 1200 by 630 pixels, what chat programs ask for


def _read_descriptions(app: Sphinx) -> None:
    name = app.config.page_descriptions
    app.lossbook_descriptions = yaml.safe_load(Path(app.srcdir, name).read_text(encoding="utf-8")) if name else {}


def _context(app: Sphinx, name: str, template: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    if app.builder.name != "html" or name not in app.env.found_docs:
        return
    description = app.lossbook_descriptions.get(name, "")
    if app.config.page_descriptions and not description:
        LOGGER.warning(f"{app.config.page_descriptions} must describe {name} in a sentence", location=name)
    front = name == app.config.root_doc
    address = app.config.html_baseurl
    book, subtitle = app.config.html_title, app.config.html_theme_options.get("subtitle", "")
    tags = {
        "og:type": "website" if front else "article",
        "og:site_name": book,
        "og:title": f"{book}: {subtitle}" if front else _plain(context["title"]),
        "og:description": description,
    }
    if address:
        card = urljoin(address, CARD)
        tags |= {"og:url": context["pageurl"], "og:image": card, "og:image:alt": f"{book}: {subtitle}"}
    lines = [f'<meta property="{key}" content="{escape(text)}">' for key, text in tags.items() if text]
    if description:
        lines.insert(0, f'<meta name="description" content="{escape(description)}">')
    if address:
        lines.append('<meta name="twitter:card" content="summary_large_image">')
    context["metatags"] += "".join(f"\n  {line}" for line in lines)


def _plain(title: str) -> str:
    """The text of a title that may hold marks of HTML, without the number in front."""
    return re.sub(r"^[\d.]+ ", "", Markup(title).striptags())


def _lost(app: Sphinx) -> list[tuple[str, dict[str, Any], str]]:
    """The page for a wrong address: it is shown at any depth, so it names its place from the root."""
    return [("404", {"base": urlparse(app.config.html_baseurl).path or "/"}, "404.html")]


def _write(app: Sphinx, error: Exception | None) -> None:
    address = app.config.html_baseurl
    if error is not None or app.builder.name != "html" or not address:
        return
    names = sorted(app.env.found_docs)
    places = "".join(f"  <url><loc>{escape(urljoin(address, name))}.html</loc></url>\n" for name in names)
    out = Path(app.outdir)
    out.joinpath("sitemap.xml").write_text(
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{places}</urlset>\n',
        encoding="utf-8",
    )
    out.joinpath("robots.txt").write_text(
        f"User-agent: *\nAllow: /\nSitemap: {urljoin(address, 'sitemap.xml')}\n", encoding="utf-8"
    )
    _draw_card(out / CARD, app.config.html_title, app.config.html_theme_options.get("subtitle", ""))


def _draw_card(path: Path, title: str, subtitle: str) -> None:
    """A picture for links to the book: a likelihood, and the loss that is its negative logarithm."""
    x = np.linspace(-3, 3, 301)
    with plotting.style():
        figure = Figure(figsize=CARD_INCHES, layout="none")
        FigureCanvasAgg(figure)
        axes = figure.add_axes((0.08, 0.06, 0.84, 0.5))
        axes.axis("off")
        axes.plot(x, np.exp(-(x**2) / 2), color=plotting.COLORS["likelihood"], linewidth=4)
        axes.plot(x, x**2 / 4.5 - 1.2, color=plotting.COLORS["loss"], linewidth=4)
        for height, size, text in ((0.78, 30, title), (0.66, 12, subtitle)):
            figure.text(0.08, height, text, fontsize=size, fontfamily="DejaVu Serif")
        figure.savefig(path, dpi=200, bbox_inches=None, metadata={"Software": None})


def setup(app: Sphinx) -> None:
    """Register the setting, and connect."""
    app.add_config_value("page_descriptions", "", "html")
    app.connect("builder-inited", _read_descriptions)
    app.connect("html-page-context", _context, priority=600)  # after the theme's own
    app.connect("html-collect-pages", _lost)
    app.connect("build-finished", _write)
