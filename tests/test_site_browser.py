"""The finished site: as files, and as a reader meets it in a browser (Chromium, without a network)."""

import gzip
import html
import io
import json
import os
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin, urlparse

import matplotlib.pyplot as plt
import numpy as np
import pytest
from built_site import ROOT, build, build_once, documents, served
from pages import pages as book_pages
from playwright.sync_api import BrowserContext, Page

NAMES = documents()
NOTEBOOKS = [name for name in NAMES if (ROOT / f"{name}.ipynb").exists()]
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 360, "height": 740}
# What a first visit to a page may transfer, compressed.
BUDGET = 260_000

pages = pytest.mark.parametrize("name", [*NAMES, "search"])


@pytest.fixture(scope="session")
def site(tmp_path_factory) -> Path:
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    return build_once(shared / "site")


@pytest.fixture(scope="session")
def address(site) -> Iterator[str]:
    with served(site) as url:
        yield url


class Visit:
    """A page in a browser, and a record of everything that went wrong or went out."""

    def __init__(self, context: BrowserContext) -> None:
        self.troubles: list[str] = []
        self.requests: list[str] = []
        self.page = page = context.new_page()
        page.on("console", lambda m: m.type in ("error", "warning") and self.troubles.append(m.text))
        page.on("pageerror", lambda error: self.troubles.append(str(error)))
        page.on("request", lambda r: self.requests.append(r.url))
        page.on("requestfailed", lambda r: self.troubles.append(f"{r.url}: {r.failure}"))
        page.on("response", lambda r: r.status >= 400 and self.troubles.append(f"{r.url}: {r.status}"))

    def open(self, url: str) -> Page:
        self.page.goto(url, wait_until="load")
        self.page.evaluate("document.fonts.ready.then(() => true)")
        return self.page


@pytest.fixture
def visit(browser) -> Iterator:
    contexts = []

    def start(viewport=WIDE, theme="light", **options) -> Visit:
        contexts.append(browser.new_context(viewport=viewport, color_scheme=theme, **options))
        return Visit(contexts[-1])

    yield start
    for context in contexts:
        context.close()


# --- As files


class Elements(HTMLParser):
    """All elements of a page, as (tag, attributes)."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attributes)))


def elements(page: Path) -> list[tuple[str, dict[str, str | None]]]:
    return Elements(page.read_text(encoding="utf-8")).found


def test_every_page_of_the_contents_is_there_and_the_front_door_is_the_first(site):
    assert all((site / f"{name}.html").is_file() for name in NAMES)
    assert (site / "index.html").read_bytes() == (site / f"{NAMES[0]}.html").read_bytes()


def test_nothing_but_a_link_names_another_server(site):
    loads = {"src", "srcset", "poster", "data", "action", "formaction", "background", "manifest"}
    for page in site.rglob("*.html"):
        for tag, attributes in elements(page):
            urls = {attributes[name] for name in loads & attributes.keys()}
            if tag == "link":
                urls.add(attributes["href"])
            assert not [url for url in urls if url and (urlparse(url).scheme or url.startswith("//"))], (page, tag)
    for file in [*site.rglob("*.css"), *(site / "_static").glob("theme.js")]:
        text = file.read_text(encoding="utf-8")
        assert not re.search(r"""(url\(|@import|fetch\(|import\()\s*["']?(https?:)?//""", text), file


def test_links_within_the_book_lead_somewhere(site):
    ids = {page: {a["id"] for _, a in elements(page) if a.get("id")} for page in site.rglob("*.html")}
    for page in ids:
        here = page.relative_to(site).as_posix()
        for tag, attributes in elements(page):
            if tag != "a" or urlparse(attributes.get("href") or "").scheme:
                continue
            path, fragment = urldefrag(urljoin(here, unquote(attributes.get("href") or "")))
            target = site / path
            assert target.is_file(), f"{here} links to {path}"
            if fragment and target in ids:
                assert fragment in ids[target], f"{here} links to {path}#{fragment}"


def test_no_id_stands_twice_on_a_page(site):
    for page in site.rglob("*.html"):
        counts = Counter(a["id"] for _, a in elements(page) if a.get("id"))
        assert not [name for name, count in counts.items() if count > 1], page


def test_pictures_have_a_description_and_a_size(site):
    for page in site.rglob("*.html"):
        for tag, attributes in elements(page):
            if tag == "img":
                assert attributes.get("alt"), (page, attributes)
                assert not re.search(r"\.(png|svg)$|^_images", attributes["alt"]), (page, attributes)
                assert attributes.get("width"), (page, attributes)
                assert attributes.get("height"), (page, attributes)


def test_every_derivation_is_shown_as_steps(site):
    for name in NOTEBOOKS:
        cells = json.loads((site.parents[1] / f"{name}.ipynb").read_text(encoding="utf-8"))["cells"]
        outputs = [output for cell in cells for output in cell.get("outputs", [])]
        printed = sum(r"\begin{aligned}" in "".join(o.get("data", {}).get("text/latex", "")) for o in outputs)

        assert (site / f"{name}.html").read_text(encoding="utf-8").count('<ol class="steps">') == printed


def test_two_clean_builds_in_two_places_are_identical(site, tmp_path):
    elsewhere = tmp_path / "elsewhere" / "book"
    shutil.copytree(site.parents[1], elsewhere, symlinks=True, ignore=shutil.ignore_patterns("_build"))
    again = build(elsewhere)
    files = sorted(path.relative_to(site) for path in site.rglob("*") if path.is_file())

    assert files == sorted(path.relative_to(again) for path in again.rglob("*") if path.is_file())
    assert [str(name) for name in files if (site / name).read_bytes() != (again / name).read_bytes()] == []


def test_no_page_names_the_place_where_it_was_built(site):
    place = str(site.parents[1]).encode()
    assert [str(path) for path in site.rglob("*") if path.is_file() and place in path.read_bytes()] == []


# --- In a browser


@pages
def test_a_page_opens_without_trouble_and_asks_nobody_else(visit, address, name):
    reader = visit()
    page = reader.open(f"{address}/{name}.html")
    page.evaluate("Promise.all([...document.images].map((i) => { i.loading = 'eager'; return i.decode(); }))")

    assert reader.troubles == []
    assert [url for url in reader.requests if not url.startswith((f"{address}/", "data:"))] == []
    assert page.title()
    assert page.evaluate("[...document.fonts].map((font) => font.status)").count("error") == 0


@pages
def test_every_formula_is_typeset(visit, address, name):
    page = visit().open(f"{address}/{name}.html")

    assert page.locator(".katex-error, .math-error").count() == 0
    bare = "[...document.querySelectorAll('.math')].filter((formula) => !formula.querySelector('.katex math')).length"
    assert page.evaluate(bare) == 0
    left = page.evaluate("""() => {
        const copy = document.querySelector('main').cloneNode(true);
        copy.querySelectorAll('.katex, pre, code, script, style').forEach((part) => part.remove());
        return copy.textContent;
    }""")
    assert re.findall(r"\$\$|\\[(\[a-zA-Z]|:::|\{[a-z:]+\}`", left) == []


@pages
def test_a_page_is_no_wider_than_the_screen(visit, address, name):
    page = visit().open(f"{address}/{name}.html")
    page.evaluate("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
    for width in (1280, 1024, 768, 360, 320):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        # And nothing that does not scroll by itself is cut off.
        lost = page.evaluate("""() => [...document.querySelectorAll('main *:not(.katex *)')].filter((e) => {
            if (e.getBoundingClientRect().right <= innerWidth + 1) return false;
            for (let box = e.parentElement; box; box = box.parentElement)
                if (['auto', 'scroll'].includes(getComputedStyle(box).overflowX)) return false;
            return true;
        }).map((e) => e.outerHTML.slice(0, 120))""")
        assert (width, lost) == (width, [])


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_no_picture_is_cut_off_on_a_phone(visit, address, name):
    page = visit(viewport=NARROW).open(f"{address}/{name}.html")
    cut = page.evaluate("""() => [...document.querySelectorAll('main img')].filter((picture) => {
        const {left, right} = picture.getBoundingClientRect();
        for (let box = picture.parentElement; box.tagName !== 'MAIN'; box = box.parentElement) {
            const style = getComputedStyle(box), edges = box.getBoundingClientRect();
            const clips = style.overflowX !== 'visible' || style.contentVisibility === 'auto';
            if (clips && (left < edges.left - 1 || right > edges.right + 1)) return true;
        }
        return left < -1 || right > innerWidth + 1;
    }).map((picture) => picture.alt)""")
    assert cut == []


@pytest.mark.parametrize("name", NAMES)
def test_a_first_visit_is_light(visit, address, name):
    reader = visit(viewport=NARROW)
    responses = []
    reader.page.on("response", lambda response: responses.append(response))
    reader.open(f"{address}/{name}.html")
    reader.page.wait_for_load_state("networkidle")
    # A web server compresses text; fonts and pictures are compressed as they are.
    bodies = {r.url: r.body() for r in responses}
    sizes = {u: len(b if u.endswith((".woff2", ".png")) else gzip.compress(b, 9)) for u, b in bodies.items()}

    assert sum(sizes.values()) <= BUDGET, sizes


# The dark theme differs from the light one in its colours only.
EVERYTHING = "{runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']}"
COLOURS = "{runOnly: {type: 'rule', values: ['color-contrast', 'link-in-text-block']}}"


@pages
def test_nobody_is_shut_out(visit, address, name):
    page = visit().open(f"{address}/{name}.html")
    page.evaluate("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
    # Ten thousand pieces of formulas and code are alike: one of each kind is enough.
    page.evaluate("""() => {
        [...document.querySelectorAll('.katex')].slice(1).forEach((formula) => formula.replaceChildren());
        const seen = new Set();
        for (const code of document.querySelectorAll('pre')) {
            const kinds = [...code.querySelectorAll('span')].map((span) => span.className);
            if (kinds.every((kind) => seen.has(kind))) code.textContent = code.textContent;
            kinds.forEach((kind) => seen.add(kind));
        }
    }""")
    # What is far from the screen is not laid out, and axe would see it lie over what comes after.
    page.add_style_tag(content="article.notebook section { content-visibility: visible !important; }")
    page.evaluate((ROOT / "node_modules/axe-core/axe.min.js").read_text(encoding="utf-8"))
    for viewport in (WIDE, NARROW):
        page.set_viewport_size(viewport)
        if viewport is NARROW:
            page.get_by_role("button", name="Contents").click()
        for theme, rules in (("light", EVERYTHING), ("dark", COLOURS)):
            page.emulate_media(color_scheme=theme)
            found = page.evaluate(f"axe.run(document, {{...{rules}, resultTypes: ['violations']}})")
            faults = [(fault["id"], [node["html"][:200] for node in fault["nodes"]]) for fault in found["violations"]]

            assert (viewport["width"], theme, faults) == (viewport["width"], theme, [])
            assert "color-contrast" in [rule["id"] for rule in found["passes"]]


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_the_button_gives_the_notebook_of_the_page(visit, address, site, name, tmp_path):
    page = visit(accept_downloads=True).open(f"{address}/{name}.html")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download this page as a notebook").click()
    download.value.save_as(tmp_path / "page.ipynb")

    assert download.value.suggested_filename == f"{Path(name).name}.ipynb"
    source = site.parents[1] / f"{name}.ipynb"
    assert json.loads((tmp_path / "page.ipynb").read_bytes()) == json.loads(source.read_bytes())


def test_a_page_that_is_no_notebook_offers_none(visit, address):
    names = [name for name in NAMES if name not in NOTEBOOKS]

    assert names
    for name in names:
        assert visit().open(f"{address}/{name}.html").locator("a[download]").count() == 0


def test_the_icon_is_found(visit, address):
    page = visit().open(f"{address}/index.html")
    icon = page.locator("link[rel=icon]").get_attribute("href")

    response = page.request.get(urljoin(page.url, icon))
    assert response.ok
    assert response.headers["content-type"] == "image/svg+xml"


def test_a_wrong_address_leads_on(browser, address, site, visit):
    reader = visit()

    def answer(route):  # as servers do that show 404.html
        response = route.fetch()
        route.fulfill(body=(site / "404.html").read_bytes(), content_type="text/html") if not response.ok else (
            route.fulfill(response=response)
        )

    reader.page.route("**/*", answer)
    page = reader.open(f"{address}/chapters/old/binary_cross-entropy.html")

    assert page.get_by_role("heading", level=1).inner_text() == "There is no such page"
    assert page.get_by_role("searchbox", name="Search for").input_value() == "binary cross entropy"
    assert page.evaluate("getComputedStyle(document.querySelector('.bar')).position") == "sticky"  # the style is there
    page.get_by_role("link", name="Skip to the text").focus()
    page.keyboard.press("Enter")
    assert page.url.endswith("/old/binary_cross-entropy.html#main")
    page.get_by_role("navigation", name="Contents of the book").get_by_role("link").first.click()
    page.wait_for_url(f"{address}/{NAMES[1]}.html")
    assert reader.troubles == []


def test_the_reader_can_choose_the_theme_and_the_choice_stays(visit, address):
    reader = visit(theme="light")
    page = reader.open(f"{address}/index.html")
    paper = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(paper)
    button = page.get_by_role("button", name="Dark theme")
    assert button.get_attribute("aria-pressed") == "false"
    button.click()

    assert button.get_attribute("aria-pressed") == "true"
    assert page.evaluate(paper) != light
    dark = page.evaluate(paper)
    assert visit(theme="dark").open(page.url).evaluate(paper) == dark

    page.goto(f"{address}/{NAMES[1]}.html")
    assert page.evaluate(paper) == dark
    page.get_by_role("button", name="Dark theme").click()
    assert page.evaluate(paper) == light


def test_pictures_follow_the_theme_and_stay_light_on_paper(visit, address):
    """The corner of a picture has the colour of the page around it, in both themes; in print, that of light paper."""

    def corner(page) -> list[int]:
        picture = page.locator(".cell_output img").first
        picture.scroll_into_view_if_needed()
        pixels = plt.imread(io.BytesIO(picture.screenshot()), format="png")
        return np.round(255 * pixels[4, 4, :3]).tolist()

    def paper(page) -> list[int]:
        return [
            int(part) for part in re.findall(r"\d+", page.evaluate("getComputedStyle(document.body).backgroundColor"))
        ]

    for theme in ("light", "dark"):
        page = visit(theme=theme).open(f"{address}/chapters/gaussian.html")
        assert np.abs(np.subtract(corner(page), paper(page))).max() <= 2, theme
    page.emulate_media(media="print")
    assert min(corner(page)) > 240


def test_the_search_finds_a_word_of_the_book(visit, address):
    reader = visit()
    page = reader.open(f"{address}/{NAMES[-1]}.html")
    page.get_by_role("searchbox", name="Search the book").fill("likelihood")
    page.keyboard.press("Enter")
    page.wait_for_selector("#search-results li a")

    assert page.get_by_role("link", name=re.compile("Maximum likelihood")).count() > 0
    first = page.locator("#search-results li a").first
    first.click()
    page.wait_for_load_state()
    assert "search.html" not in page.url
    assert reader.troubles == []


def test_the_search_finds_every_term_of_the_glossary_in_english_and_chinese(visit, address):
    page = visit().open(f"{address}/reference/glossary.html")
    terms = page.evaluate("[...document.querySelectorAll('dl.glossary dt')].map((term) => term.firstChild.textContent)")
    chinese = page.evaluate("[...document.querySelectorAll('dl.glossary [lang^=zh]')].map((term) => term.textContent)")
    assert len(terms) >= 60
    assert len(chinese) >= 60
    page = visit().open(f"{address}/search.html?q=likelihood")
    page.wait_for_selector("#search-results li a")
    not_found = page.evaluate(
        """(terms) => terms.filter((term) => !Search._performSearch(...Search._parseQuery(term))
            .some(([name]) => name === "reference/glossary"))""",
        [*terms, *chinese],
    )

    assert not_found == []


# WCAG 2.1, 1.4.12: a reader may set the text that wide.
WIDE_TEXT = "* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important; }"


@pytest.mark.parametrize("name", [NAMES[0], NAMES[1], "reference/glossary"])
def test_text_may_be_set_wider_without_loss(visit, address, name):
    for viewport in (WIDE, NARROW):
        page = visit(viewport=viewport).open(f"{address}/{name}.html")
        page.add_style_tag(content=WIDE_TEXT + " p { margin-bottom: 2em !important; }")

        assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
        cut = page.evaluate("""() => [...document.querySelectorAll('.bar *, nav *, main p, summary')].filter((e) =>
            getComputedStyle(e).overflowX === 'hidden' && e.scrollWidth > e.clientWidth + 1).map((e) => e.outerHTML)""")
        assert cut == []


@pytest.mark.parametrize("name", NAMES[:2])
def test_nothing_moves_for_who_asked_for_rest(visit, address, name):
    page = visit(reduced_motion="reduce").open(f"{address}/{name}.html")
    moving = page.evaluate("""() => [...document.querySelectorAll('html, body *:not(.katex *)')].filter((e) => {
        const style = getComputedStyle(e);
        return style.scrollBehavior === 'smooth' || style.animationName !== 'none'
            || style.transitionDuration.split(', ').some((time) => parseFloat(time) > 0);
    }).map((e) => e.outerHTML.slice(0, 120))""")

    assert moving == []


def test_the_book_can_be_read_from_a_folder(visit, site):
    for name in NAMES:
        reader = visit()
        page = reader.open((site / f"{name}.html").as_uri())
        page.evaluate("Promise.all([...document.images].map((i) => { i.loading = 'eager'; return i.decode(); }))")
        assert page.evaluate("[...document.fonts].map((font) => font.status)").count("error") == 0
        assert reader.troubles == []
    reader = visit()
    page = reader.open((site / "search.html").as_uri() + "?q=likelihood")
    page.wait_for_selector("#search-results li a")
    assert reader.troubles == []


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_page_can_be_read_without_scripts(visit, address, name):
    page = visit(viewport=NARROW, java_script_enabled=False).open(f"{address}/{name}.html")

    assert page.locator("h1").is_visible()
    folded = page.locator("details.admonition")
    if folded.count():
        folded.first.locator("summary").click()
        assert folded.first.locator(":scope > :not(summary)").first.is_visible()
    contents = page.get_by_role("navigation", name="Contents of the book")
    assert not contents.is_visible()
    page.get_by_role("button", name="Contents").click()
    assert contents.is_visible()


def test_the_contents_open_close_and_lead_on_a_phone(visit, address):
    page = visit(viewport=NARROW).open(f"{address}/index.html")
    contents = page.get_by_role("navigation", name="Contents of the book")
    page.get_by_role("button", name="Contents").click()
    assert contents.is_visible()
    page.keyboard.press("Escape")
    assert not contents.is_visible()
    page.get_by_role("button", name="Contents").click()
    contents.get_by_role("link").nth(1).click()
    page.wait_for_url(f"**/{NAMES[2]}.html")


def test_the_keyboard_reaches_the_text_and_shows_where_it_is(visit, address):
    page = visit().open(f"{address}/{NAMES[1]}.html")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the text"
    box = page.locator(":focus").bounding_box()
    assert box["y"] >= 0
    page.keyboard.press("Enter")
    assert page.url.endswith("#main")
    for _ in range(12):
        page.keyboard.press("Tab")
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"


def test_what_is_too_wide_can_be_scrolled_by_keyboard(visit, address):
    page = visit(viewport=NARROW).open(f"{address}/{NOTEBOOKS[0]}.html")
    unreachable = page.evaluate("""() => [...document.querySelectorAll('main *')].filter((e) =>
        ['auto', 'scroll'].includes(getComputedStyle(e).overflowX) && e.scrollWidth > e.clientWidth + 1
        && e.tabIndex < 0 && !e.querySelector('[tabindex]')).map((e) => e.outerHTML.slice(0, 120))""")
    assert unreachable == []


def test_a_link_into_a_folded_part_opens_it(visit, address, site):
    for name in NOTEBOOKS:
        html = (site / f"{name}.html").read_text(encoding="utf-8")
        found = re.search(r'<details class="[^"]*solution[^"]*" id="([^"]+)"', html)
        if found:
            break
    page = visit().open(f"{address}/{name}.html#{found[1]}")

    assert page.locator(f'[id="{found[1]}"]').get_attribute("open") is not None
    assert page.locator("details:not([open])").count() > 0


def test_print_shows_the_text_alone_and_opens_what_is_folded(visit, address):
    page = visit().open(f"{address}/{NOTEBOOKS[0]}.html")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")

    assert page.locator("details:not([open])").count() == 0
    for hidden in (".bar", ".book-contents", ".page-contents", ".neighbours"):
        assert not page.locator(hidden).first.is_visible()
    assert page.locator("article").is_visible()


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_nothing_moves_while_a_page_loads(visit, address, name):
    reader = visit(viewport=NARROW)
    reader.page.add_init_script("""
        window.shift = 0;
        new PerformanceObserver((list) => { for (const entry of list.getEntries()) window.shift += entry.value; })
            .observe({type: 'layout-shift', buffered: true});
    """)
    page = reader.open(f"{address}/{name}.html")
    page.wait_for_timeout(300)

    assert page.evaluate("window.shift") < 0.02


# --- Assignments


def words(text: str) -> str:
    """The words of a text, whatever stands between them: markup, quotes and escapes differ from file to file."""
    return f" {' '.join(re.findall(r'[A-Za-z0-9_]+', text))} "


def secret_lines() -> set[str]:
    """Lines of solutions, hidden tests and marking guides that no page, and nothing else of the book, shows."""
    sources = list((ROOT / "assignments" / "source").glob("*/*.ipynb"))
    shown = [*(ROOT / "lossbook").rglob("*.py"), *(p for p in book_pages() if p.suffix == ".md")]
    shown.append(ROOT / "site/lossbook_site/desk/exercises.py")  # on the pages, with their solutions
    known = [path.read_text(encoding="utf-8") for path in shown]
    notebooks = [json.loads(path.read_text(encoding="utf-8")) for path in book_pages() if path.suffix == ".ipynb"]
    known += ["".join(cell["source"]) for notebook in notebooks for cell in notebook["cells"]]
    everything = words("\n".join(known))
    cells = [cell for path in sources for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]]
    lines = {words(line) for cell in cells for line in cell["source"]}
    return {line for line in lines if len(line.split()) >= 5 and line not in everything}


def leaks(text: str, lines: set[str]) -> list[str]:
    plain = words(html.unescape(re.sub(r"<[^>]*>", "", text)))
    escaped = words(re.sub(r"\\[nt\"]", " ", text))
    return sorted(line for line in lines if line in plain or line in escaped)


def test_no_answer_and_no_hidden_test_is_on_the_site(site):
    lines = secret_lines()
    files = [
        path for path in site.rglob("*") if path.suffix in (".html", ".ipynb", ".js", ".json", ".txt", ".md", ".xml")
    ]
    texts = {path: path.read_text(encoding="utf-8") for path in files}
    marks = re.compile(r"BEGIN SOLUTION|END SOLUTION|BEGIN HIDDEN|END HIDDEN|grader\.hidden|Marking guide")

    assert len(lines) > 300
    assert any("assignments/release" in path.as_posix() for path in files)
    for path, text in texts.items():
        assert (path.name, leaks(text, lines)) == (path.name, [])
        assert (path.name, marks.findall(text)) == (path.name, [])


def test_an_answer_would_be_found():
    line = sorted(secret_lines())[100]
    code = " ".join(f"<span>{word}</span>" for word in line.split())

    assert leaks(f"<pre>{code}</pre>", secret_lines()) == [line]
    assert leaks(json.dumps({"source": ["first\n", line]}), secret_lines()) == [line]
