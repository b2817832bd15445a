"""The derivation desk as a reader meets it: in Chromium, with no other server in reach.

What it says is compared with what the judge says in this process (tests/test_desk.py has that judge's own tests).
"""

import contextlib
import html
import io
import os
import re
from collections.abc import Callable, Iterator

import pytest
from built_site import ROOT, build_once, served
from lossbook_site.desk import judge
from lossbook_site.desk.exercises import BY_NAME, EMPTY, EXERCISES, IMPORTS, Exercise
from playwright.sync_api import BrowserContext, Page, Route

PAGE = "reference/derivation-desk.html"
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 360, "height": 740}
EASY = BY_NAME["uniform-entropy"]
PATIENCE = 300_000  # milliseconds: speed is never tested
HEAVY = re.compile(r"\.(zip|wasm|mjs)$|pyodide|katex\.min")


@pytest.fixture(scope="session")
def address(tmp_path_factory) -> Iterator[str]:
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    with served(build_once(shared / "site")) as url:
        yield url


class Reader:
    """A page with desks, and what went wrong on it or was asked of servers."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.troubles: list[str] = []
        self.requests: list[str] = []
        self.page: Page = context.new_page()
        self.page.set_default_timeout(PATIENCE)
        self.page.on("console", lambda message: self.troubles.append(message.text))
        self.page.on("pageerror", lambda error: self.troubles.append(str(error)))
        context.on("request", lambda request: self.requests.append(request.url))
        self.url = url

    def open(self, name: str = PAGE) -> "Reader":
        self.page.goto(f"{self.url}/{name}")
        return self

    def desk(self, name: str):
        return self.page.locator(f"#desk-{name}")

    def press(self, name: str, button: str) -> None:
        self.desk(name).get_by_role("button", name=button, exact=True).click()

    def verdict(self, name: str) -> tuple[str, str]:
        """State and words, once there is a verdict."""
        self.page.wait_for_function(
            "(desk) => !desk.classList.contains('busy')", arg=self.desk(name).element_handle(), timeout=PATIENCE
        )
        said = self.desk(name).locator(".desk-said")
        return said.get_attribute("data-state") or "", said.inner_text()

    def check(self, name: str, lines: str) -> tuple[str, str]:
        self.desk(name).locator("textarea").fill(lines)
        self.press(name, "Check")
        return self.verdict(name)


@pytest.fixture
def visit(browser, address) -> Iterator[Callable[..., Reader]]:
    contexts = []

    def start(viewport=WIDE, **options) -> Reader:
        contexts.append(browser.new_context(viewport=viewport, **options))
        return Reader(contexts[-1], address)

    yield start
    for context in contexts:
        context.close()


@pytest.fixture(scope="module")
def desk(browser, address) -> Iterator[Reader]:
    """One page of desks for many tests, because its Python takes seconds to start."""
    context = browser.new_context(viewport=WIDE, permissions=["clipboard-read", "clipboard-write"])
    reader = Reader(context, address).open()
    yield reader
    assert reader.troubles == []
    assert [url for url in reader.requests if not url.startswith(f"{address}/")] == []
    context.close()


def here(exercise: Exercise, lines: str) -> dict:
    return judge.check(f"{IMPORTS}\n{exercise.prelude}", lines, exercise.goal)


def shown(reader: Reader, name: str) -> list[str]:
    return reader.desk(name).locator(".desk-steps .tex").evaluate_all("(all) => all.map((one) => one.dataset.tex)")


def expected(answer: dict) -> list[str]:
    return [html.unescape(tex) for tex in re.findall(r'data-tex="([^"]*)"', answer["steps"])]


# --- Before anything is asked for


@pytest.mark.parametrize("name", [PAGE, f"chapters/{EASY.chapter}.html"])
def test_nothing_of_python_is_fetched_before_the_reader_writes(visit, name):
    reader = visit().open(name)
    reader.desk(EASY.name).scroll_into_view_if_needed()
    reader.desk(EASY.name).locator("textarea").focus()  # somebody may only tab through
    reader.press(EASY.name, "Hint")
    reader.page.wait_for_load_state("networkidle")

    assert [url for url in reader.requests if HEAVY.search(url)] == []
    with reader.page.expect_request(re.compile(r"worker\.mjs$")):
        reader.desk(EASY.name).locator("textarea").press_sequentially("d")


def test_other_pages_know_nothing_of_the_desk(visit):
    reader = visit().open("reference/notation.html")

    assert [url for url in reader.requests if "_desk" in url] == []


def test_without_scripts_the_exercise_can_be_read(visit):
    reader = visit(java_script_enabled=False).open()

    assert not reader.desk(EASY.name).locator("textarea").is_visible()
    assert reader.desk(EASY.name).locator(".katex").first.is_visible()
    reader.desk(EASY.name).get_by_text("Hint 1").click()
    assert reader.desk(EASY.name).locator(".desk-hint p").first.is_visible()


def test_on_paper_there_is_no_editor(visit):
    reader = visit().open()
    reader.page.emulate_media(media="print")

    assert not reader.desk(EASY.name).locator(".desk-sheet").is_visible()
    assert reader.desk(EASY.name).locator(".katex").first.is_visible()


# --- Verdicts


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda each: each.name)
def test_the_solution_is_accepted_and_the_mistakes_are_refused_with_a_counterexample(desk, exercise):
    for lines in (*exercise.mistakes, exercise.solution):
        answer = here(exercise, lines)
        state, words = desk.check(exercise.name, lines)
        where = f"Line {answer['line']}: " if answer["line"] else ""

        assert state == answer["state"]
        assert words.endswith(f"{where}{answer['message']}")
        assert shown(desk, exercise.name) == expected(answer)
        if state == "refused":
            assert re.search(r"\bat \w\S* = ", words, re.IGNORECASE)
    steps = desk.desk(exercise.name).locator(".desk-steps")
    assert state == "solved"
    assert steps.locator("ol.steps > li.step").count() == answer["count"] + 1
    assert steps.locator(".tex > .katex math").count() == steps.locator(".tex").count()
    assert steps.locator(".katex-error").count() == 0
    assert steps.get_by_role("img", name="Proved for all sizes").count() == answer["count"]


def test_an_empty_sheet_takes_a_derivation_of_ones_own(desk):
    state, words = desk.check("empty-sheet", EMPTY)

    assert (state, words) == ("follows", "It follows. The step is proved.")
    assert desk.check("empty-sheet", "")[1] == "There is no derivation yet. Begin with d = Derivation(…)."
    assert desk.check("empty-sheet", "d = Derivation(log(c))")[1].endswith("Write the next one.")
    assert desk.desk("empty-sheet").locator("ol.steps > li.step").count() == 1


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ("\nd.equals(log(c)", "Line 2: This is not Python yet: '(' was never closed."),
        ("d.equals(nothing)", "Line 1: NameError: name 'nothing' is not defined"),
        ("d.equals(...)", "Put a formula in the place of the three dots."),
        ("def again():\n    return again()\nagain()", "A function calls itself without end."),
        ("import sys\nsys.exit()", "SystemExit"),
        ("raise ValueError('<img src=x onerror=alert(1)>')", "<img src=x onerror=alert(1)>"),
    ],
)
def test_what_is_wrong_with_the_lines_is_said(desk, lines, says):
    state, words = desk.check(EASY.name, lines)

    assert (state, says in words) == ("mistake", True), words
    assert desk.page.locator(".desk img").count() == 0
    assert desk.check(EASY.name, EASY.solution)[0] == "solved"


def test_what_is_printed_is_shown_as_text(desk):
    _, words = desk.check("empty-sheet", EMPTY + "print('<b>so far</b>', d.expr)")

    assert "<b>so far</b> log(p)" in words
    assert desk.desk("empty-sheet").locator(".desk-said b").count() == 0


def test_two_desks_may_be_asked_at_once(desk):
    first, second = BY_NAME["best-mean"], EASY
    for each in (first, second):
        desk.desk(each.name).locator("textarea").fill(each.solution)
    desk.page.evaluate(
        "(names) => names.forEach((name) => document.querySelector(`#desk-${name} [data-do=check]`).click())",
        [first.name, second.name],
    )

    assert [desk.verdict(each.name)[0] for each in (first, second)] == ["solved", "solved"]


def test_stop_ends_an_endless_computation_and_the_desk_works_again(desk):
    desk.desk("empty-sheet").locator("textarea").fill("while True: pass")
    desk.press("empty-sheet", "Check")
    desk.desk("empty-sheet").get_by_role("status").get_by_text("Checking …").wait_for()
    desk.press("empty-sheet", "Stop")

    assert desk.verdict("empty-sheet") == ("mistake", "Not yet. Stopped. Your lines are kept.")
    assert desk.desk("empty-sheet").locator("textarea").input_value() == "while True: pass"
    assert not desk.desk("empty-sheet").get_by_role("button", name="Stop").is_visible()
    assert desk.page.evaluate("document.activeElement.dataset.do") == "check"
    assert desk.check(EASY.name, EASY.solution)[0] == "solved"


# --- What is kept


def test_work_survives_a_reload_and_is_the_same_in_the_chapter(desk):
    mine = EASY.solution + "# my own words"
    assert desk.check(EASY.name, mine)[0] == "solved"
    chapter = Reader(desk.page.context, desk.url).open(f"chapters/{EASY.chapter}.html")

    assert chapter.desk(EASY.name).locator("textarea").input_value() == mine
    assert chapter.desk(EASY.name).locator(".desk-said").text_content() == "You have solved this one."
    chapter.page.reload()
    assert chapter.desk(EASY.name).locator("textarea").input_value() == mine
    chapter.page.close()


def test_the_list_counts_what_is_solved_until_it_is_reset(desk):
    def counted() -> tuple[str, int]:
        marks = desk.page.locator(".desk-progress .desk-mark").all_inner_texts()
        assert len(marks) == len(EXERCISES)
        return desk.page.locator(".desk-count").inner_text(), marks.count("Solved")

    other = BY_NAME["brier"]
    desk.check(other.name, other.solution)
    words, solved = counted()
    assert words == f"{solved} of {len(EXERCISES)} solved"
    desk.press(other.name, "Reset")
    assert counted() == (f"{solved - 1} of {len(EXERCISES)} solved", solved - 1)
    assert desk.desk(other.name).locator("textarea").input_value() == other.begin
    assert desk.desk(other.name).locator(".desk-steps").inner_html() == ""
    desk.check(other.name, other.solution)
    assert counted()[1] == solved


def test_what_is_copied_runs_where_lossbook_is_installed(desk):
    desk.desk("gibbs").locator("textarea").fill(BY_NAME["gibbs"].solution)
    desk.press("gibbs", "Copy")
    desk.desk("gibbs").get_by_text("Copied, with the lines that are given").wait_for()
    copied = desk.page.evaluate("navigator.clipboard.readText()")
    names = {"__name__": "copied"}
    with contextlib.redirect_stdout(io.StringIO()):
        exec(compile(copied, "copied", "exec"), names)

    assert names["d"].steps[-1].verdict == "proved"


def test_who_may_not_copy_finds_the_lines_selected(visit):
    reader = visit().open()
    reader.page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error('no')); }")
    reader.press(EASY.name, "Copy")

    assert "Your lines are selected" in reader.verdict(EASY.name)[1]
    selected = "[document.activeElement.selectionStart, document.activeElement.selectionEnd]"
    assert reader.page.evaluate(selected) == [0, len(EASY.begin)]


# --- By keyboard, on small screens, for everybody


def test_everything_works_by_keyboard(desk):
    page, name = desk.page, EASY.name
    desk.press(name, "Reset")
    page.get_by_label("Your lines, in Python").first.focus()
    for _ in range(400):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == f"desk-{name}-lines":
            break
    page.keyboard.press("ControlOrMeta+A")
    page.keyboard.type(EASY.solution)
    page.keyboard.press("Control+Enter")
    assert desk.verdict(name)[0] == "solved"

    reached = []
    for _ in range(5):
        page.keyboard.press("Tab")  # leaves the editor
        reached.append(page.evaluate("document.activeElement.textContent"))
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
    assert reached == ["Check", "Hint", "Show a solution", "Reset", "Copy"]
    for _ in range(3):
        page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.textContent") == "Hint 1"
    assert desk.desk(name).locator(".desk-hint[open]").count() == 1
    page.keyboard.press("Shift+Tab")
    for _ in range(2):
        page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.textContent") == "A solution"


def test_hints_come_one_by_one_and_the_solution_when_asked_for(visit):
    reader, name = visit().open(), "gaussian-likelihood"
    total = len(BY_NAME[name].hints)
    for opened in range(1, total + 2):
        reader.press(name, "Hint")
        assert reader.desk(name).locator(".desk-hint[open]").count() == min(opened, total)
    assert reader.desk(name).locator(".desk-solution[open]").count() == 0
    reader.press(name, "Show a solution")
    assert BY_NAME[name].solution.strip() in reader.desk(name).locator(".desk-solution pre").inner_text()


EVERYTHING = "{runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']}"


def test_nobody_is_shut_out_and_nothing_is_too_wide_after_a_verdict(desk):
    """With hints and solutions open, a step refused, one accepted and one mistaken."""
    page = desk.page
    assert desk.check("gaussian-likelihood", BY_NAME["gaussian-likelihood"].mistakes[0])[0] == "refused"
    assert desk.check("softmax-gradient", BY_NAME["softmax-gradient"].solution)[0] == "solved"
    assert desk.check("gibbs", "d.equals(" + "p[k] + " * 60)[0] == "mistake"
    page.evaluate("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
    # Of the desks that say nothing one is enough.
    keep = ["empty-sheet", "gaussian-likelihood", "softmax-gradient", "gibbs", "brier"]
    page.evaluate(
        """(keep) => {
            for (const desk of document.querySelectorAll('.desk')) if (!keep.includes(desk.dataset.desk)) desk.remove();
        }""",
        keep,
    )
    page.evaluate((ROOT / "node_modules/axe-core/axe.min.js").read_text(encoding="utf-8"))
    for viewport in (WIDE, NARROW):
        page.set_viewport_size(viewport)
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)
            found = page.evaluate(
                f"axe.run(document.querySelector('main'), {{...{EVERYTHING}, resultTypes: ['violations']}})"
            )
            faults = [(fault["id"], [node["html"][:200] for node in fault["nodes"]]) for fault in found["violations"]]

            assert (viewport["width"], theme, faults) == (viewport["width"], theme, [])
            assert "color-contrast" in [rule["id"] for rule in found["passes"]]
    for width in (1280, 768, 360, 320):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.set_viewport_size(WIDE)
    desk.open()


def test_nothing_moves_while_the_page_loads(visit):
    reader = visit()
    reader.page.add_init_script("""
        window.shift = 0;
        new PerformanceObserver((list) => { for (const entry of list.getEntries()) window.shift += entry.value; })
            .observe({type: 'layout-shift', buffered: true});
    """)
    reader.open().page.wait_for_timeout(300)

    assert reader.page.evaluate("window.shift") < 0.02


# --- When something is missing


def test_a_tampered_archive_is_refused_and_nothing_of_it_runs(visit):
    reader = visit().open()

    def tamper(route: Route) -> None:
        response = route.fetch()
        body = bytearray(response.body())
        body[len(body) // 2] ^= 1
        route.fulfill(response=response, body=bytes(body))

    reader.page.context.route(re.compile(r"/sympy-[0-9a-f]+\.zip$"), tamper)
    state, words = reader.check(EASY.name, EASY.solution)

    assert state == "mistake"
    assert re.search(r"sympy-[0-9a-f]+\.zip is not the file that this book was built with, so it was not run", words)
    assert reader.desk(EASY.name).locator(".desk-steps").inner_html() == ""


@pytest.mark.parametrize("missing", ["manifest.json", "worker.mjs", "pyodide.asm.wasm", "sympy-*.zip", "katex.min.js"])
def test_who_is_offline_is_told_and_can_try_again(visit, missing):
    reader = visit().open()
    context = reader.page.context
    context.route(f"**/_desk/{missing}", lambda route: route.abort("internetdisconnected"))
    if missing != "katex.min.js":  # whatever else is needed may be slow: the message does not wait for it
        state, words = reader.check(EASY.name, EASY.solution)
        assert (state, "Are you offline?" in words) == ("mistake", True), words
    if missing in ("manifest.json", "katex.min.js"):
        if missing == "katex.min.js":
            state, words = reader.check(EASY.name, EASY.solution)
            assert (state, "Are you offline?" in words) == ("mistake", True), words
        context.unroute_all()
        reader.press(EASY.name, "Check")
        assert reader.verdict(EASY.name)[0] == "solved"


def test_a_browser_without_webassembly_is_told(visit):
    reader = visit()
    reader.page.add_init_script("delete globalThis.WebAssembly")
    state, words = reader.open().check(EASY.name, EASY.solution)

    assert (state, "no WebAssembly" in words) == ("mistake", True)
    assert [url for url in reader.requests if HEAVY.search(url)] == []


def test_a_page_opened_from_a_folder_says_what_it_needs(browser, address, tmp_path_factory):
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    context = browser.new_context(viewport=WIDE)
    reader = Reader(context, build_once(shared / "site").as_uri()).open()
    state, words = reader.check(EASY.name, EASY.solution)
    context.close()

    assert (state, "needs a web server" in words) == ("mistake", True)
