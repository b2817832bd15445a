"""The Rosetta stone: its page says what its last run measured, and misses no loss.

The calls themselves run with `make rosetta`, which needs all libraries.  Those of the book's own requirements run here,
too, with the book's own versions.
"""

import importlib.util
import json
import re
import sys
from pathlib import Path

import pytest
from pages import Page

from lossbook import losses

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "peers"


def load(name: str):
    """A module of peers/ under its own name, which the others of the folder import it by."""
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module", autouse=True)
def modules():
    """Loaded for this file alone: other folders have modules of the same names."""
    before = dict(sys.modules)
    names = "model libraries inputs sections measure page write".split()
    yield {name: load(name) for name in names}
    for name in names:
        sys.modules.pop(name, None)
    sys.modules.update({name: module for name, module in before.items() if name in names})


@pytest.fixture(scope="module")
def stored():
    """What the last run measured."""
    return json.loads((FOLDER / "results.json").read_text(encoding="utf-8"))


def test_the_page_says_what_was_measured(modules, stored):
    page = Page.read(ROOT / modules["page"].PAGE)
    on_page = {cell.id: cell.source for cell in page.text}

    for name, text in modules["page"].cells(stored).items():
        assert on_page.get(name) == text, "run python peers/write.py --page"


def test_everything_on_the_page_was_measured(modules, stored):
    for section in modules["sections"].SECTIONS:
        measured = stored["sections"][section.key]
        calls = [(call["library"], call["code"], call["equals"]) for call in measured["calls"]]
        assert calls == [(call.library, call.code, call.equals) for call in section.calls], "run make rosetta WRITE=1"
        assert list(measured["lossbook"]) == list(section.ends)
    assert list(stored["sections"]) == [section.key for section in modules["sections"].SECTIONS]


def test_every_loss_has_its_section(modules):
    sections = modules["sections"].SECTIONS
    named = {name for section in sections for name in section.losses}

    assert named == set(losses.__all__)
    for section in sections:
        assert all(name in section.each for name in section.losses)
    assert {section.each.partition("(")[0] for section in sections} >= {
        "information.entropy",
        "information.kl_divergence",
    }


def test_every_section_speaks_of_every_library(modules):
    names = {library.name for library in modules["libraries"].LIBRARIES}
    for section in modules["sections"].SECTIONS:
        called = {call.library for call in section.calls}
        assert called | set(section.absent) == names, section.key
        assert not called & set(section.absent), section.key
        assert {trap.library for trap in section.traps} <= names


def test_the_versions_are_those_of_the_lock(modules, stored):
    lock = (FOLDER / "requirements.txt").read_text(encoding="utf-8")
    pins = {name.lower().replace("_", "-"): pin for name, pin in re.findall(r"^([\w-]+)==(\S+)$", lock, re.MULTILINE)}
    for package, version in stored["run"]["versions"].items():
        if package != "lossbook":
            assert version.partition("+")[0] == pins[package]


@pytest.mark.parametrize("name", ["NumPy", "SciPy", "scikit-learn"])
def test_the_libraries_of_the_books_own_requirements_agree_here_too(modules, name):
    measure = modules["measure"]
    for section in modules["sections"].SECTIONS:
        inputs = section.inputs()
        for call in section.calls:
            if call.library == name:
                right = measure.expected(section, inputs, call.equals)
                assert measure.agree(measure.evaluate(call, inputs), right, call.digits), call.code
        for trap in section.traps:
            if trap.library == name and trap.raises:
                assert measure.raised(trap, inputs) == trap.raises, trap.code
            elif trap.library == name:
                right = measure.expected(section, inputs, trap.equals)
                assert measure.agree(measure.evaluate(trap, inputs), right, trap.digits), trap.code


def test_a_wrong_call_is_found(modules):
    measure, sections = modules["measure"], modules["sections"]
    call = modules["model"].Call("NumPy", "2 * (predictions - targets) ** 2")
    inputs = sections.SQUARED.inputs()

    assert not measure.agree(measure.evaluate(call, inputs), measure.expected(sections.SQUARED, inputs))
    assert measure.at_ends(sections.SQUARED, call) == {"1 and 1 + 10⁻¹²": "no digit right"}


@pytest.mark.parametrize(
    ("value", "other", "text"),
    [
        (0.0, 1.0, "0"),
        (-0.0, 0.0, "−0.0"),
        (float("nan"), 0.0, "NaN"),
        (float("-inf"), 0.0, "−∞"),
        (1e-7, 0.0, "10⁻⁷"),
        (-4.2483e-18, 0.0, "−4.248 · 10⁻¹⁸"),
        (16.118095, 100.0, "16.12"),
        (0.6931458, 0.6931472, "0.693146"),
    ],
)
def test_numbers_are_printed_with_as_many_digits_as_tell_them_apart(modules, value, other, text):
    assert modules["measure"].shown(value, other) == text
