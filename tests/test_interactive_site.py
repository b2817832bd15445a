"""Live figures on the site: the script once a page, and a picture where no script runs."""

import gzip
import os
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from built_site import build_once, served
from docutils import nodes
from docutils.frontend import get_default_settings
from docutils.utils import new_document
from live_pages import stored

from lossbook.interactive.figure import runtime

PAGES = sorted({one.chapter for one in stored()})


# --- The transform, on outputs as myst-nb hands them over


def joined(builder: str) -> nodes.document:
    """A page with two live figures and a table, after the transform."""
    from lossbook_site import live

    document = new_document("page", get_default_settings())
    words = '<div class="live-figure"><p>Words.</p></div>\n'
    html = words + '<script class="live-runtime">\nR\n</script>\n<script>own</script>'
    for text in (html, "<table></table>", html):
        bundle = nodes.container(nb_element="mime_bundle")
        bundle += nodes.container("", nodes.raw("", text, format="html"), mime_type="text/html")
        bundle += nodes.container("", nodes.image(uri="picture.png"), mime_type="image/png")
        document += bundle
    document.settings.env = SimpleNamespace(app=SimpleNamespace(builder=SimpleNamespace(name=builder)))
    live.JoinForms(document).run()
    return document


def test_the_picture_stands_in_the_figure_for_browsers_without_scripts():
    first, picture, last = joined("html").children[:3]

    assert first.astext() == '<div class="live-figure"><p>Words.</p><noscript>'
    assert isinstance(picture, nodes.image)
    assert last.astext().startswith("</noscript></div>")


def test_the_second_figure_of_a_page_brings_no_runtime():
    text = "".join(node.astext() for node in joined("html").findall(nodes.raw))

    assert text.count("live-runtime") == 1
    assert text.count("<script>own</script>") == 2
    assert text.index("live-runtime") < text.index("own")


def test_other_outputs_stay_as_they_are():
    tables = [node for node in joined("html").findall(nodes.container) if "<table>" in node.astext()]

    assert tables[0]["nb_element"] == "mime_bundle"


def test_an_edition_without_scripts_has_the_pictures_alone():
    document = joined("epub")

    assert [type(node) for node in document.children] == [nodes.image, nodes.container, nodes.image]


# --- The built site


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    return build_once(shared / "site")


@pytest.fixture(scope="module")
def tabs(site, browser) -> Iterator:
    """Makes browser tabs that show a page of the site."""
    with served(site) as address:

        def start(name: str, **options):
            tab = browser.new_context(**options).new_page()
            tab.goto(f"{address}/chapters/{name}.html", wait_until="load")
            return tab

        yield start


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_the_runtime_once_before_all_figures(site, name):
    html = (site / "chapters" / f"{name}.html").read_text(encoding="utf-8")
    places = [match.start() for match in re.finditer(r"lossbookLive\(\"", html)]

    assert html.count(runtime()) == 1
    assert html.index(runtime()) < min(places)
    assert len(places) == sum(one.chapter == name for one in stored())


@pytest.mark.parametrize("name", PAGES)
def test_the_figures_of_a_page_live(tabs, name):
    tab = tabs(name)
    figures = tab.locator(".live-figure")

    assert figures.count() == sum(one.chapter == name for one in stored())
    for figure in figures.all():
        # As a reader comes to it.  Its part of the page is laid out then, and the figure is drawn.
        figure.evaluate("figure => { location.hash = figure.closest('section[id]').id; }")
        figure.scroll_into_view_if_needed()
        figure.locator(".live-plot > *").first.wait_for(state="attached")
        assert not figure.locator("noscript, img").count()
        control = figure.locator("input, [role=slider]").first
        before = control.get_attribute("aria-valuetext")
        control.press("ArrowRight")
        assert control.get_attribute("aria-valuetext") != before


@pytest.mark.parametrize("name", PAGES)
def test_without_scripts_a_page_shows_pictures_and_values(tabs, name):
    tab = tabs(name, java_script_enabled=False)
    for figure in tab.locator(".live-figure").all():
        picture = figure.locator("img")
        picture.scroll_into_view_if_needed()
        assert picture.is_visible()
        assert len(picture.get_attribute("alt")) > 40
        assert "At the start:" in figure.text_content()


def test_live_figures_weigh_little():
    for name in PAGES:
        weights = [len(gzip.compress(one.html.replace(runtime(), "").encode(), 9)) for one in stored()]
        assert max(weights) <= 3000, name
