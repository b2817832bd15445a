"""Live figures as a reader meets them: by keyboard, mouse and finger, narrow and dark, printed, and without scripts.

What a figure shows is compared with lossbook's own functions, which know nothing of it.
"""

import re
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from live_pages import Stored, page, stored
from pages import ROOT
from playwright.sync_api import Locator, Page
from scipy.optimize import minimize_scalar

from lossbook import data, distributions, gradients, information, losses, special

STYLE = (ROOT / "site/lossbook_site/theme/static/lossbook.css").read_text(encoding="utf-8")
WIDE, NARROW = {"width": 1280, "height": 1000}, {"width": 360, "height": 740}

FIGURES = stored()
each = pytest.mark.parametrize("figure", FIGURES, ids=lambda one: f"{one.chapter}-{one.cell}")
State = dict[str, float]


@pytest.fixture
def opened(browser) -> Iterator[Callable[..., Page]]:
    contexts, troubles = [], []

    def start(*figures: Stored, style: str = STYLE, viewport=WIDE, **options) -> Page:
        contexts.append(browser.new_context(viewport=viewport, **options))
        tab = contexts[-1].new_page()
        tab.on("console", lambda message: troubles.append(message.text))
        tab.on("pageerror", lambda error: troubles.append(str(error)))
        tab.on("request", lambda request: troubles.append(request.url))
        tab.set_content(page(*(one.html for one in figures), style=style))
        return tab

    yield start
    for context in contexts:
        context.close()
    assert troubles == []  # no error, and no request to anybody


# --- What the figures should show: the state of sliders and handles -> the numbers, each an independent computation


def by_hand(state: State) -> State:
    birds = np.array([state[f"bird {i}"] for i in range(1, 6)])
    given = distributions.normal_logpdf(birds, mean=state["mean μ"], scale=state["spread σ"]).sum()
    best = np.nan  # of equal birds
    if birds.std() > 0:
        best = distributions.normal_logpdf(birds, mean=birds.mean(), scale=birds.std()).sum()
    return {"log-likelihood": given, "highest possible": best}


def squares_and_bells(state: State) -> State:
    table = data.penguin_masses()
    flipper, mass = table.flipper_length_mm[10::43], table.body_mass_g[10::43] / 1000
    line = np.interp(flipper, [175, 230], [state["mass at 175 mm"], state["mass at 230 mm"]])
    nll = losses.gaussian_nll(line, mass, scale=state["width σ"]).sum()
    return {"SSE": losses.squared_error(line, mass).sum(), "NLL": nll}


def one_bad_bird(state: State) -> State:
    six = np.sort(data.penguin_masses().body_mass_g)[30::56] / 1000
    birds = np.append(six, state["seventh bird"])

    def best(loss: Callable) -> float:
        tries = [minimize_scalar(loss, bounds=(low, low + 0.25), method="bounded") for low in np.arange(2, 7, 0.25)]
        return min(tries, key=lambda one: one.fun).x

    return {
        "seventh bird": state["seventh bird"],
        "mean": birds.mean(),
        "median": np.median(birds),
        "Huber": best(lambda y: losses.huber_loss(np.full(7, y), birds, delta=0.5).sum()),
        "Student t": best(lambda y: losses.student_t_nll(np.full(7, y), birds, scale=0.4, degrees=2).sum()),
    }


def sliding_apart(state: State) -> State:
    flights = data.challenger()
    warm = (flights.distress == 1) & (flights.temperature_fahrenheit > 65)
    below = state["threshold"] - (flights.temperature_fahrenheit - state["warm flights colder by"] * warm)

    def nll(steepness: float) -> float:
        return losses.binary_cross_entropy(steepness * below, flights.distress).sum()

    separated = np.all(below * (2 * flights.distress - 1) >= 0)
    best = np.nan if separated else minimize_scalar(nll, bounds=(0.001, 10), method="bounded").x
    return {"threshold": state["threshold"], "NLL": nll(state["steepness s"]), "best steepness": best}


def three_logits(state: State) -> State:
    classes = data.penguin_bills().classes
    logits = np.array([state[f"logit of {name}"] for name in classes])
    shares = special.softmax(logits[None])[0]
    prices = losses.cross_entropy(np.tile(logits, (3, 1)), np.arange(3))
    bars = {f"bar {i}": value for i, value in enumerate([*shares, *prices])}
    return {"sum of the probabilities": 1.0, **bars}


def find_the_floor(state: State) -> State:
    def row(name: str) -> np.ndarray:
        first, second = state[f"{name}: share of A"], state[f"{name}: share of B in the rest"]
        return np.array([first, (1 - first) * second, (1 - first) * (1 - second)])

    p, q = row("P"), row("Q")
    values = information.cross_entropy(p, q), information.entropy(p), information.kl_divergence(p, q)
    return dict(zip(("H(P, Q)", "H(P)", "D(P‖Q)"), map(float, values), strict=True))


def one_logit(state: State) -> State:
    z, t = np.array([state["logit z"]]), np.array([round(state["target t"])])
    y = special.sigmoid(z)
    three = np.array([[z[0], 0.0, 0.0]])
    shown = {
        "probability": y,
        "gradient, identity + squared error": gradients.half_squared_error(z, t.astype(float)),
        "gradient, sigmoid + cross-entropy": gradients.binary_cross_entropy(z, t),
        # The target 0 is spread over the other two classes.
        "gradient, softmax + cross-entropy": special.softmax(three)[:, 0] - t,
        "gradient, sigmoid + squared error": gradients.half_squared_error(y, t.astype(float)) * y * (1 - y),
    }
    return {name: float(value[0]) for name, value in shown.items()}


def want_to_hear(state: State) -> State:
    p, gamma = state["truth"], state["exponent γ of focal loss"]

    def best(if_yes: Callable[[float], float]) -> float:
        def risk(y: float) -> float:
            return p * if_yes(y) + (1 - p) * if_yes(1 - y)

        return minimize_scalar(risk, bounds=(1e-6, 1 - 1e-6), method="bounded", options={"xatol": 1e-9}).x

    return {
        "logarithmic": best(lambda y: -np.log(y)),
        "squared": best(lambda y: (1 - y) ** 2),
        "focal": best(lambda y: -((1 - y) ** gamma) * np.log(y)),
        "absolute": np.nan if p == 0.5 else float(p > 0.5),
    }


EXPECTED: dict[str, Callable[[State], State]] = {
    "by-hand": by_hand,
    "squares-and-bells": squares_and_bells,
    "one-bad-bird": one_bad_bird,
    "sliding-apart": sliding_apart,
    "three-logits": three_logits,
    "find-the-floor": find_the_floor,
    "one-logit": one_logit,
    "want-to-hear": want_to_hear,
}

READ = """(figure) => {
  const number = (text) => Number.parseFloat(text.replace("−", "-"));
  const all = (selector, pick) => Object.fromEntries([...figure.querySelectorAll(selector)].map(pick));
  const bars = all(".live-plot text", (e, i) => [`bar ${i}`, e.textContent]);
  const outside = ([a, b]) => a.x < b.x - 21 || a.right > b.right + 21 || a.y < b.y - 21 || a.bottom > b.bottom + 21;
  const grips = [...figure.querySelectorAll(".live-grip:not([hidden])")];
  return {
    strays: grips.map((e) => [e, e.parentElement].map((one) => one.getBoundingClientRect())).filter(outside).length,
    state: {...all("label", (e) => [e.firstChild.textContent, e.querySelector("input").valueAsNumber]),
            ...all("[role=slider]", (e) => [e.ariaLabel, Number(e.ariaValueNow)])},
    said: {...all("label", (e) => [e.firstChild.textContent, e.querySelector("input").getAttribute("aria-valuetext")]),
           ...all("[role=slider]", (e) => [e.ariaLabel, e.ariaValueText])},
    shown: {...all("dl > div", (e) => [e.children[0].textContent, e.children[1].textContent]), ...bars},
  };
}"""


def check(figure: Stored, live: Locator) -> State:
    """Compare what the figure shows with lossbook; returns the state it is in."""
    read = live.evaluate(READ)
    assert read["strays"] == 0  # every handle is in sight
    expected = EXPECTED[figure.cell](read["state"])
    assert expected.keys() == read["shown"].keys()
    for name, value in expected.items():
        text = read["shown"][name].replace("−", "-")
        if not np.isfinite(value):
            assert not re.search(r"\d", text), (name, text)
            continue
        words = re.match(r"-?\d+(?:\.(\d+))?", text)
        assert words, (name, text)
        assert float(words[0]) == pytest.approx(value, abs=0.51 * 10 ** -len(words[1] or "")), (name, read["state"])
    for name, text in read["said"].items():
        assert float(re.match(r"−?[\d.]+", text)[0].replace("−", "-")) == pytest.approx(read["state"][name], abs=1e-9)
    return read["state"]


def centre(box: dict[str, float]) -> tuple[float, float]:
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def drag(tab: Page, grip: Locator, right: float, up: float) -> None:
    grip.scroll_into_view_if_needed()
    x, y = centre(grip.bounding_box())
    tab.mouse.move(x, y)
    tab.mouse.down()
    tab.mouse.move(x + right / 2, y - up / 2)
    tab.mouse.move(x + right, y - up)
    tab.mouse.up()


def test_every_live_figure_of_the_book_has_numbers_to_compare_with():
    assert {one.cell for one in FIGURES} <= EXPECTED.keys()
    assert len(FIGURES) >= 5


@each
def test_the_figure_starts_with_the_values_it_says_without_a_script(opened, figure):
    live = opened(figure).locator(".live-figure")
    said = re.search(r"At the start: (.*)\.</p>", figure.html)[1]

    check(figure, live)
    for name, text in live.evaluate(READ)["shown"].items():
        assert name.startswith("bar ") or f"{name} = {text}" in said


@each
def test_every_slider_moves_by_keyboard(opened, figure):
    live = opened(figure).locator(".live-figure")
    for slider in live.locator("input[type=range]").all():
        name = slider.evaluate("(e) => e.parentElement.firstChild.textContent")
        step, low, high = (float(slider.get_attribute(key)) for key in ("step", "min", "max"))
        before = check(figure, live)[name]
        slider.focus()
        up = before + step <= high
        slider.press("ArrowRight" if up else "ArrowLeft")
        assert check(figure, live)[name] == pytest.approx(before + (step if up else -step), abs=1e-9)
        slider.press("Home")
        assert check(figure, live)[name] == low
        slider.press("End")
        assert check(figure, live)[name] == pytest.approx(high, abs=step)


@each
def test_every_handle_moves_by_keyboard(opened, figure):
    live = opened(figure).locator(".live-figure")
    for grip in live.locator("[role=slider]").all():
        name = grip.get_attribute("aria-label")
        low, high = (float(grip.get_attribute(f"aria-value{end}")) for end in ("min", "max"))
        grip.focus()
        assert grip.evaluate("(e) => getComputedStyle(e).outlineStyle") == "solid"
        values = [check(figure, live)[name]]
        for key in ("ArrowRight", "ArrowUp", "ArrowLeft", "ArrowDown", "PageUp", "PageDown", "Home", "End"):
            grip.press(key)
            values.append(check(figure, live)[name])
        start, right, up, left, down, page_up, _, home, end = values
        step = right - start
        assert step > 0
        assert up == pytest.approx(start + 2 * step)
        assert left == pytest.approx(right)
        assert down == pytest.approx(start)
        assert page_up == pytest.approx(min(high, start + 10 * step))
        assert (home, end) == (low, pytest.approx(high, abs=step))


@each
@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["wide", "narrow"])
def test_every_handle_can_be_dragged(opened, figure, viewport):
    tab = opened(figure, viewport=viewport)
    live = tab.locator(".live-figure")
    moved: set[str] = set()
    before = check(figure, live)
    for grip in live.locator(".live-grip").all():
        count = 0
        for right, up in ((24, 24), (-40, -40), (30, -30)):  # some handles move sideways, some up and down
            drag(tab, grip, right, up)
            after = check(figure, live)
            changed = {name for name in after if after[name] != before[name]}
            assert len(changed) <= 1
            moved, before, count = moved | changed, after, count + len(changed)
        assert count > 0
    assert {grip.get_attribute("aria-label") for grip in live.locator("[role=slider]").all()} <= moved


@each
def test_a_handle_follows_the_pointer(opened, figure):
    tab = opened(figure)
    live = tab.locator(".live-figure")
    followed = 0
    for grip in live.locator(".live-grip").all():
        grip.scroll_into_view_if_needed()
        start = centre(grip.bounding_box())
        drag(tab, grip, 17, 0)
        sideways = centre(grip.bounding_box())
        drag(tab, grip, 0, 17)
        upwards = centre(grip.bounding_box())
        followed += abs(sideways[0] - start[0] - 17) < 5 or abs(sideways[1] - upwards[1] - 17) < 5
    assert followed >= 1
    check(figure, live)


@each
def test_taking_hold_of_a_handle_does_not_move_it(opened, figure):
    tab = opened(figure)
    live = tab.locator(".live-figure")
    before = check(figure, live)
    for grip in live.locator(".live-grip").all():
        grip.scroll_into_view_if_needed()
        x, y = centre(grip.bounding_box())
        tab.mouse.move(x + 9, y + 5)
        tab.mouse.down()
        tab.mouse.move(x + 9.3, y + 5)
        tab.mouse.move(x + 9, y + 5)
        tab.mouse.up()
        assert check(figure, live) == before


@each
def test_start_again_starts_again(opened, figure):
    tab = opened(figure)
    live = tab.locator(".live-figure")
    start = live.evaluate(READ)
    for slider in live.locator("input, [role=slider]").all():
        slider.press("ArrowRight")
    assert live.evaluate(READ) != start
    live.get_by_role("button", name="Start again").click()

    assert live.evaluate(READ) == start


# --- Fingers


def swipe(tab: Page, x: float, y: float, right: float, down: float) -> None:
    """A finger as Chromium's own input sees it."""
    session = tab.context.new_cdp_session(tab)

    def send(kind: str, *points: tuple[float, float]) -> None:
        touches = [{"x": a, "y": b} for a, b in points]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})

    send("touchStart", (x, y))
    for part in range(1, 9):
        send("touchMove", (x + right * part / 8, y + down * part / 8))
        tab.wait_for_timeout(20)
    send("touchEnd")
    tab.wait_for_timeout(60)


@each
def test_a_finger_drags_a_handle_and_does_not_scroll_the_page(opened, figure):
    tab = opened(
        figure, style=STYLE + "main { padding-block: 300px 900px !important }", viewport=NARROW, has_touch=True
    )
    live = tab.locator(".live-figure")
    grip = live.locator(".live-grip").first
    grip.scroll_into_view_if_needed()
    before, at = check(figure, live), tab.evaluate("scrollY")
    swipe(tab, *centre(grip.bounding_box()), 25, -45)

    assert check(figure, live) != before
    assert tab.evaluate("scrollY") == at


@each
def test_a_swipe_over_the_empty_sheet_scrolls_the_page(opened, figure):
    tab = opened(
        figure, style=STYLE + "main { padding-block: 300px 900px !important }", viewport=NARROW, has_touch=True
    )
    live = tab.locator(".live-figure")
    sheet = live.locator(".live-sheet").first
    tab.evaluate("(e) => scrollTo(0, e.getBoundingClientRect().top - 200)", sheet.element_handle())
    grips = [centre(grip.bounding_box()) for grip in live.locator(".live-grip").all()]
    box = sheet.bounding_box()
    spots = [
        (box["x"] + box["width"] * i / 12, box["y"] + box["height"] * j / 12) for i in range(12) for j in range(12)
    ]
    spot = max(spots, key=lambda spot: min(np.hypot(spot[0] - x, spot[1] - y) for x, y in grips))
    before, at = check(figure, live), tab.evaluate("scrollY")
    swipe(tab, *spot, 0, -90)

    assert tab.evaluate("scrollY") > at + 30
    assert check(figure, live) == before


@each
def test_targets_are_large_enough_for_a_finger(opened, figure):
    tab = opened(figure, viewport=NARROW)
    for target in tab.locator(".live-grip, .live-figure input, .live-figure button").all():
        box = target.bounding_box()
        assert min(box["width"], box["height"]) >= 40


def test_of_two_grips_that_overlap_the_nearest_is_taken(opened):
    figure = next(one for one in FIGURES if one.cell == "by-hand")
    tab = opened(figure, viewport=NARROW)
    live = tab.locator(".live-figure")
    third, fourth = (live.get_by_role("slider", name=f"bird {i}") for i in (3, 4))
    for _ in range(2):
        fourth.press("ArrowRight")  # at 195 mm both, one row above the other
    (x3, y3), (x4, y4) = (centre(grip.bounding_box()) for grip in (third, fourth))
    assert x3 == pytest.approx(x4, abs=0.5)
    assert 20 < y3 - y4 < 40
    middle = (y3 + y4) / 2
    for y, name in ((middle + 3, "bird 3"), (middle - 3, "bird 4")):
        before = check(figure, live)
        tab.mouse.move(x3, y)
        tab.mouse.down()
        tab.mouse.move(x3 + 30, y)
        tab.mouse.up()
        after = check(figure, live)
        assert {one for one in after if after[one] != before[one]} == {name}


# --- Screen readers, themes, sizes, paper


@each
def test_changes_are_announced_once_and_late(opened, figure):
    tab = opened(figure)
    live = tab.locator(".live-figure")
    region = live.locator("[aria-live]")
    assert region.count() == 1
    control = live.locator("input, [role=slider]").first
    control.press("ArrowRight")
    control.press("ArrowRight")
    assert region.text_content() == ""
    tab.wait_for_function("() => document.querySelector('[aria-live]').textContent !== ''")

    shown = live.locator("dl > div").all()
    assert region.text_content() == "; ".join(" ".join(one.locator("dt, dd").all_text_contents()) for one in shown)


@each
def test_everything_to_move_has_one_name_and_one_place_in_the_order(opened, figure):
    tab = opened(figure)
    snapshot = tab.evaluate("""() => [...document.querySelectorAll('input, [role=slider], button')].map((e) =>
        [e.tabIndex, e.ariaLabel || e.textContent || e.labels[0].firstChild.textContent])""")
    names = [name for _, name in snapshot]

    assert {index for index, _ in snapshot} == {0}
    assert len(set(names)) == len(names)
    assert tab.locator(".live-grip:not([role])").evaluate_all(
        "(all) => all.every((e) => e.tabIndex === -1 && e.ariaHidden === 'true')"
    )
    assert tab.locator(".live-sheet > svg").evaluate_all(
        "(all) => all.every((e) => e.getAttribute('role') === 'img' && e.ariaLabel.length > 15)"
    )


@each
@pytest.mark.parametrize("style", [STYLE, ""], ids=["site", "jupyter"])
def test_a_figure_fits_into_a_narrow_page_and_turns_with_it(opened, figure, style):
    tab = opened(figure, style=style)
    for width in (1280, 360, 320, 740):
        tab.set_viewport_size({"width": width, "height": 700})
        tab.wait_for_function("""() => [...document.querySelectorAll('.live-sheet')].every((sheet) =>
            sheet.firstChild.viewBox.baseVal.width === sheet.clientWidth)""")
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        # No words leave their panel, and none lie on each other.
        bad = tab.evaluate("""() => [...document.querySelectorAll('.live-sheet')].flatMap((sheet) => {
            const frame = sheet.getBoundingClientRect(), words = [...sheet.querySelectorAll('text')];
            const boxes = words.map((word) => word.getBoundingClientRect());
            const out = words.filter((_, i) => boxes[i].left < frame.left - 1 || boxes[i].right > frame.right + 1);
            const over = words.filter((word, i) => boxes.some((b, k) => k < i && b.left < boxes[i].right
                && boxes[i].left < b.right && b.top + 3 < boxes[i].bottom && boxes[i].top + 3 < b.bottom));
            return [...out, ...over].map((word) => word.textContent);
        })""")
        assert (width, bad) == (width, [])
        check(figure, tab.locator(".live-figure"))


@each
@pytest.mark.parametrize("style", [STYLE, ":root { color-scheme: light dark }"], ids=["site", "jupyter"])
def test_words_can_be_read_in_both_themes(opened, figure, style):
    for theme in ("light", "dark"):
        tab = opened(figure, style=style, color_scheme=theme)
        colours = tab.evaluate("""() => {
            const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
            const rgb = (colour) => { canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
                return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3); };
            const figure = document.querySelector('.live-figure');
            const paper = document.createElement('i');
            paper.style.color = 'var(--lp)';
            figure.append(paper);
            const all = [...figure.querySelectorAll('text, dt, dd, label, p, li')];
            return [rgb(getComputedStyle(paper).color), all.map((e) =>
                rgb(e.tagName === 'text' ? getComputedStyle(e).fill : getComputedStyle(e).color))];
        }""")
        paper, inks = colours
        assert inks
        assert min(contrast(ink, paper) for ink in inks) >= 4.5


def contrast(one: list[int], other: list[int]) -> float:
    def light(colour: list[int]) -> float:
        share = np.array(colour) / 255
        return float(
            np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722]
        )

    high, low = sorted((light(one), light(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@each
def test_paper_shows_the_current_values(opened, figure):
    tab = opened(figure)
    live = tab.locator(".live-figure")
    for control in live.locator("input, [role=slider]").all()[:3]:
        control.press("ArrowRight")
    check(figure, live)
    tab.emulate_media(media="print")

    assert live.locator("dd").first.is_visible()
    assert live.locator("svg").first.is_visible()
    assert not live.get_by_role("button").is_visible()
    for label in live.locator("label").all():
        assert label.locator(".live-value").is_visible()
        assert not label.locator("input").is_visible()


def test_two_figures_on_a_page_do_not_meddle(opened):
    first, second = FIGURES[0], FIGURES[-1]
    tab = opened(first, second, first)
    lives = tab.locator(".live-figure")
    assert tab.evaluate("document.querySelectorAll('head style').length") == 2  # the page's and the runtime's
    before = [lives.nth(i).evaluate(READ) for i in range(3)]
    lives.nth(0).locator("input, [role=slider]").first.press("ArrowRight")
    after = [lives.nth(i).evaluate(READ) for i in range(3)]

    assert after[0] != before[0]
    assert after[1:] == before[1:]


# How notebook editors bring an output to life: scripts in inserted HTML sleep until they are made anew.
INSERT = {
    "jupyterlab": "old.parentNode.replaceChild(fresh, old)",  # each in its place
    "vscode": "cell.appendChild(fresh).parentNode.removeChild(fresh)",  # at the end of the output, and away
    "colab": "document.head.append(fresh)",  # elsewhere
}


@each
@pytest.mark.parametrize("editor", INSERT)
def test_a_notebook_editor_can_show_a_figure_twice(opened, figure, editor):
    tab = opened(style="")
    for place in range(2):
        tab.evaluate(
            f"""(html) => {{
                const cell = document.createElement("div");
                cell.innerHTML = html;
                document.querySelector("main").append(cell);
                for (const old of [...cell.querySelectorAll("script")]) {{
                    const fresh = document.createElement("script");
                    fresh.text = old.text;
                    {INSERT[editor]};
                }}
            }}""",
            figure.html,
        )
        # A figure is drawn when it has a width, and that is after the next frame.
        tab.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        check(figure, tab.locator(".live-figure").nth(place))
    tab.locator(".live-figure").nth(1).locator("input, [role=slider]").first.press("ArrowRight")
    states = [check(figure, tab.locator(".live-figure").nth(place)) for place in range(2)]
    assert states[0] != states[1]


@each
def test_without_scripts_the_words_say_the_values(opened, figure):
    live = opened(figure, java_script_enabled=False).locator(".live-figure")

    assert "At the start:" in live.inner_text()
    assert live.locator("input").count() == 0
