"""The derivation desk without a browser: its exercises, its judge, its place in the pages, and what it is made of.

The judge runs here as it does in the reader's browser; tests/test_desk_browser.py meets it there.  What the browser
fetches is run by Pyodide itself, under Node.
"""

import ast
import html
import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from pages import ROOT

sys.path.insert(0, str(ROOT / "site"))

from lossbook_site import packages
from lossbook_site.desk import assets, judge
from lossbook_site.desk.exercises import BY_NAME, EMPTY, EXERCISES, IMPORTS, Exercise

from lossbook.derivation import Derivation

FIRST = BY_NAME["gaussian-likelihood"]
EASY = BY_NAME["uniform-entropy"]

exercises = pytest.mark.parametrize("exercise", EXERCISES, ids=lambda each: each.name)
mistakes = pytest.mark.parametrize(
    ("exercise", "mistake"),
    [
        pytest.param(each, mistake, id=f"{each.name} {place}")
        for each in EXERCISES
        for place, mistake in enumerate(each.mistakes, start=1)
    ],
)


def check(exercise: Exercise, lines: str) -> dict:
    return judge.check(f"{IMPORTS}\n{exercise.prelude}", lines, exercise.goal)


# --- The exercises


def test_there_are_at_least_twelve_exercises_and_each_has_its_name():
    assert len(EXERCISES) >= 12
    assert len(BY_NAME) == len(EXERCISES)
    assert {"gaussian-likelihood", "softmax-gradient", "gibbs"} <= BY_NAME.keys()


@exercises
def test_the_solution_is_accepted(exercise):
    answer = check(exercise, exercise.solution)

    assert (answer["state"], answer["line"]) == ("solved", 0), answer["message"]
    assert answer["count"] == answer["steps"].count('class="number"') == answer["steps"].count("mark proved")
    assert "is proved" in answer["message"] or "are proved" in answer["message"]


@mistakes
def test_a_mistake_is_refused_with_a_counterexample(exercise, mistake):
    answer = check(exercise, mistake)

    assert answer["state"] == "refused", answer["message"]
    assert re.search(r" is false.* at \w\S* = ", answer["message"], re.IGNORECASE)
    assert answer["line"] == mistake.count("\n") + 1
    assert answer["steps"].count("mark refused") == 1
    assert answer["count"] == answer["steps"].count('class="number"') - 1


@exercises
def test_what_stands_in_the_editor_at_first_asks_for_a_formula(exercise):
    answer = check(exercise, exercise.begin)

    assert (answer["state"], answer["message"]) == ("mistake", "Put a formula in the place of the three dots.")


@exercises
def test_a_reader_can_read_everything_about_an_exercise(exercise):
    assert exercise.hints
    for text in (exercise.title, exercise.task, *exercise.hints):
        assert re.search(r"[.?!:)`]$", text) or text == exercise.title, text
        assert text.count("$") % 2 == text.count("`") % 2 == 0, text
    for lines in (exercise.prelude, exercise.begin, exercise.solution):
        assert max(map(len, lines.splitlines())) <= 100
    # A hint names no symbol and no method that is not there.
    names = {"__name__": "hint"}
    exec(compile(IMPORTS + exercise.prelude, "prelude", "exec"), names)
    for code in codes(exercise.task, *exercise.hints):
        tree = ast.parse(code.replace("…", "..."), mode="eval")
        assert {part.id for part in ast.walk(tree) if isinstance(part, ast.Name)} <= names.keys(), code
        assert all(hasattr(Derivation, part.attr) for part in ast.walk(tree) if isinstance(part, ast.Attribute)), code


def codes(*texts: str) -> list[str]:
    """What stands in code type in a text, and is no reference."""
    return [code for text in texts for code in re.sub(r"\{ref\}`[^`]+`", "", text).split("`")[1::2]]


@exercises
def test_steps_of_the_hints_hold(exercise):
    for step in codes(*exercise.hints):
        if step.startswith("d.") and "…" not in step:
            assert check(exercise, step)["state"] in ("follows", "solved"), step


@exercises
def test_an_exercise_stands_in_its_chapter_and_on_the_desks_own_page(exercise):
    directive = f":::{{desk}} {exercise.name}\n:::"
    cells = json.loads((ROOT / f"chapters/{exercise.chapter}.ipynb").read_text(encoding="utf-8"))["cells"]
    text = "\n\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")

    assert text.count(directive) == 1
    assert (ROOT / "reference/derivation-desk.md").read_text(encoding="utf-8").count(directive) == 1


def test_no_page_asks_for_an_exercise_that_is_not_there_or_is_another_chapters():
    for path in [*(ROOT / "chapters").glob("*.ipynb"), *(ROOT / "reference").glob("*.md")]:
        for name in re.findall(r":::\{desk\} ([a-z-]+)", path.read_text(encoding="utf-8")):
            assert name in BY_NAME, (path.name, name)
            assert path.stem in ("derivation-desk", BY_NAME[name].chapter)


def test_the_empty_sheet_begins_with_a_derivation_that_holds():
    answer = judge.check(IMPORTS, EMPTY)

    assert (answer["state"], answer["count"]) == ("follows", 1)


# --- Other routes, and the form of the last line


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        # the terms the other way round, in several steps, with another bound index, in one chain
        ("uniform-entropy", "d.equals(Sum(log(c) / c, (k, 1, c)))\nd.equals(log(c))"),
        ("uniform-entropy", "d.equals(c * (log(c) / c))"),
        ("binary-cross-entropy", "d.equals(Sum(-(1 - t[m]) * log(1 - y[m]) - t[m] * log(y[m]), (m, 1, N)))"),
        ("softmax-gradient", "d.differentiate(z[j]).equals(exp(z[j]) / Sum(exp(z[m]), (m, 1, c)) - t[j])"),
        ("best-mean", "d.differentiate(mu)\nd.solve_for(mu)"),
        (
            "gaussian-likelihood",
            "d.equals(N * log(sigma * sqrt(2 * pi)) + Sum((mu - x[m])**2, (m, 1, N)) / 2 / sigma**2)",
        ),
        ("brier", "d.at_least(p - p**2)"),
        ("saturation", "d.differentiate(z, exp(-z) / (1 + exp(-z))**2 * (1 / (1 + exp(-z)) - t))"),
    ],
)
def test_other_right_routes_are_accepted(name, lines):
    answer = check(BY_NAME[name], lines)

    assert answer["state"] == "solved", answer["message"]


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("gaussian-likelihood", "d.equals(Sum(-log(density), (n, 1, N)))"),  # the exponential is still there
        ("uniform-entropy", "d.equals(-Sum(log(1 / c) / c, (k, 1, c)))"),  # the first line again
        ("uniform-entropy", "d.equals(-log(1 / c) + Sum(k, (k, 1, c)) - c * (c + 1) / 2)"),
        ("sigmoid-gradient", "d.equals(log(1 + exp(z)) - t * z)"),  # half of the way
        ("squared-error", "d.same_minimiser(Sum((t[n] - y[n]) ** 2, (n, 1, N)) / 2, over=y)"),  # not what was asked for
        ("gibbs", "d.at_least(0)"),  # true, and too weak
        ("brier", "d.at_least(0)"),
        ("cross-entropy", "d.equals(Sum(-log(picked), (n, 1, N)))"),
    ],
)
def test_a_true_line_that_is_not_the_goal_follows_and_no_more(name, lines):
    answer = check(BY_NAME[name], lines)

    assert answer["state"] == "follows", answer["message"]
    assert answer["message"].endswith("It is not yet the line that is asked for.")


def test_a_line_that_only_numbers_vouch_for_is_told_from_a_proof():
    lines = 'x = symbols("x", real=True)\nfrom sympy import cos, sin, gamma\nd = Derivation(gamma(x**2 + 2))\n'
    answer = judge.check(IMPORTS, lines + "d.equals((x**2 + 1) * gamma(x**2 + 1))")
    if "proved" in answer["steps"]:
        pytest.fail("the engine proves this by now: take something harder")

    assert "held at every point that was tried, which is no proof" in answer["message"]
    assert "mark checked" in answer["steps"]


# --- What can go wrong


@pytest.mark.parametrize(
    ("lines", "state", "says", "line"),
    [
        ("", "empty", "Nothing is added yet", 0),
        ("# only a thought\n", "empty", "Nothing is added yet", 0),
        ("\n\nd.equals(log(c)", "mistake", "This is not Python yet: '(' was never closed.", 3),
        ("x = 1\n  d.equals(1)", "mistake", "This is not Python yet: unexpected indent.", 2),
        ("d.equals('\\ud800')\0", "mistake", "This is not Python yet", 0),
        ("d.equals(nothing)", "mistake", "NameError: name 'nothing' is not defined", 1),
        ("1\nd.equals(...)", "mistake", "three dots", 2),
        ("d = 3", "mistake", "Keep the derivation d", 0),
        ("d = Derivation(log(c))\nd.equals(log(c))", "mistake", "Keep the derivation d", 0),
        ("del d", "mistake", "Keep the derivation d", 0),
        ("d.equals(log(c), because=2)", "mistake", "because= takes a sentence", 1),
        ("d.equals('no formula (')", "mistake", "", 1),
        ("d.equals(symbols('u'))", "mistake", "u", 1),
        ("def again():\n    return again()\nagain()", "mistake", "without end", 0),
        ("import sys\nsys.exit('bye')", "mistake", "SystemExit: bye", 2),
        ("raise KeyboardInterrupt", "mistake", "KeyboardInterrupt", 1),
        ("x = 1\ndef f():\n    return 1 / 0\nf()", "mistake", "ZeroDivisionError: division by zero", 4),
        ("d.steps", "empty", "Nothing is added yet", 0),
    ],
)
def test_whatever_is_wrong_is_said_in_words(lines, state, says, line):
    answer = check(EASY, lines)

    assert (answer["state"], says in answer["message"]) == (state, True), answer["message"]
    assert not line or answer["line"] == line
    assert check(EASY, EASY.solution)["state"] == "solved"  # and the desk still works


def test_the_names_of_the_exercise_may_be_taken_without_moving_the_goal():
    assert check(EASY, "c, log = 1, exp\nd.equals(log(c))")["state"] == "refused"
    assert check(EASY, "from sympy import log as ln\nbig = c\nc = 2\nd.equals(ln(big))")["state"] == "solved"


def test_what_is_printed_comes_along_and_has_an_end():
    assert check(EASY, "print('so far', d.expr)")["printed"].startswith("so far -Sum(")
    assert len(check(EASY, "print('x' * 10**6)")["printed"]) == 5000


def test_what_the_reader_writes_is_text_and_never_markup():
    evil = "<img src=x onerror=alert(1)>\"'&"
    lines = f"d.equals(log(c), because={evil!r})"
    answer = check(EASY, lines)

    assert answer["state"] == "solved"
    assert "<img" not in answer["steps"]
    assert evil in html.unescape(re.sub(r"<[^>]*>", "", answer["steps"]))
    for wrong in (f"d.equals(-log(c), because={evil!r})", f"q = symbols({evil!r})\nd.equals(q)"):
        assert "<img" not in check(EASY, wrong)["steps"]
    named = judge.check(IMPORTS, f"u = symbols({evil!r}, real=True)\nDerivation(u + u).equals(2 * u)")
    assert "<img" not in named["steps"]


# --- Verdicts that are remembered


def test_the_same_question_is_judged_once_and_another_one_anew(monkeypatch):
    judge._verdicts.clear()
    asked = []
    plain = judge._judged
    monkeypatch.setattr(judge, "_judged", lambda name, *rest: (asked.append(name), plain(name, *rest))[1])
    first = check(EASY, EASY.solution)
    again = check(EASY, EASY.solution)
    wrong = check(EASY, EASY.mistakes[0])
    wrong_again = check(EASY, EASY.mistakes[0])

    assert asked == ["equals", "equals"]  # the solution, and the mistake
    assert first == again
    assert wrong == wrong_again


def test_a_remembered_verdict_is_of_the_same_facts_and_the_same_lines_above():
    start = 'a = symbols("a", {})\nd = Derivation(sqrt(a**2), where=[{}])\n'
    line = "d.equals(a)"
    for _ in range(2):
        assert judge.check(IMPORTS, start.format("positive=True", "") + line)["state"] == "follows"
        assert judge.check(IMPORTS, start.format("real=True", "") + line)["state"] == "refused"
        assert judge.check(IMPORTS, start.format("integer=True", "positive(a)") + line)["state"] == "follows"
        assert judge.check(IMPORTS, start.format("integer=True", "real(a)") + line)["state"] == "refused"
    above = 'a = symbols("a", real=True)\nd = Derivation({})\nd.equals({})\nd.equals(a**2 - 1)'
    for _ in range(2):
        assert judge.check(IMPORTS, above.format("(a - 1) * (a + 1)", "a**2 - 1"))["state"] == "follows"
        assert judge.check(IMPORTS, above.format("(a - 1) * (a + 2)", "a**2 + a - 2"))["state"] == "refused"
    over = 'a, b = symbols("a b", real=True)\nDerivation(a**2 + b**2).same_minimiser(a**2, over={})'
    for _ in range(2):
        assert judge.check(IMPORTS, over.format("a"))["state"] == "follows"
        assert judge.check(IMPORTS, over.format("[a, b]"))["state"] == "refused"


def test_the_engine_is_as_it_was_after_a_check():
    before = {name: getattr(judge.Derivation, name) for name in judge.JUDGED}
    for lines in (EASY.solution, EASY.mistakes[0], "1 / 0"):
        check(EASY, lines)

    assert {name: getattr(judge.Derivation, name) for name in judge.JUDGED} == before


# --- What the browser fetches


@pytest.fixture(scope="module")
def archives(tmp_path_factory) -> dict[str, Path]:
    """The archives as a build makes them, from the store where the same were made before."""
    folder, modules = tmp_path_factory.mktemp("archives"), packages.install(ROOT)
    for name, sources in assets._archives().items():
        (folder / f"{name}.zip").write_bytes(assets._made(modules, name, sources))
    return {path.stem: path for path in sorted(folder.iterdir())}


def names(archive: Path) -> list[str]:
    with zipfile.ZipFile(archive) as opened:
        return opened.namelist()


def test_the_archives_hold_byte_code_alone_and_no_tests(archives):
    for archive in archives.values():
        assert {Path(name).suffix for name in names(archive)} == {".pyc"}
        assert not [name for name in names(archive) if re.search(r"(^|/)(tests?|benchmarks|conftest)[/.]", name)]


def test_the_archives_hold_nothing_of_this_machine(archives):
    places = [str(place).encode() for place in (ROOT, Path(sys.prefix), Path.home(), Path(json.__file__).parent)]
    for archive in archives.values():
        with zipfile.ZipFile(archive) as opened:
            for name in opened.namelist():
                content = opened.read(name)
                assert not [place for place in places if place != b"/root" and place in content], name
            assert {info.date_time for info in opened.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_the_engine_needs_no_other_part_of_the_book_in_the_browser(archives):
    found = {name.split("/")[0] for name in names(archives["lossbook"])}

    assert found == {"lossbook", "lossbook_site"}
    assert {path.name + "c" for path in (ROOT / "lossbook/derivation").glob("*.py")} == {
        Path(name).name for name in names(archives["lossbook"]) if name.startswith("lossbook/derivation/")
    }


def test_the_same_source_makes_the_same_archive(tmp_path, archives):
    sources, modules = assets._archives()["lossbook"], packages.install(ROOT)
    assets._write(tmp_path / "again.zip", assets._compiled(modules, sources))

    assert (tmp_path / "again.zip").read_bytes() == archives["lossbook"].read_bytes()


def test_a_change_of_the_source_makes_another_archive(tmp_path, monkeypatch):
    """The store never gives an archive of other sources."""
    modules = tmp_path / "modules"
    (modules / "pyodide").mkdir(parents=True)
    (modules / "pyodide/package.json").write_text("{}")
    monkeypatch.setattr(assets, "_compiled", lambda _, sources: {"it.pyc": sources["it.py"].read_bytes()})
    source = tmp_path / "it.py"
    source.write_text("1")
    one = assets._made(modules, "it", {"it.py": source})

    assert assets._made(modules, "it", {"it.py": source}) == one
    source.write_text("2")
    assert assets._made(modules, "it", {"it.py": source}) != one


def in_pyodide(archives: dict[str, Path], program: str, **mounts: Path) -> str:
    """What a program prints in Pyodide, which has these archives, as the desk does."""
    question = {
        "pyodide": str(packages.install(ROOT).resolve() / "pyodide"),
        "archives": [str(archives[name]) for name in ("sympy", "lossbook")],
        "mounts": {f"/{name}": str(folder) for name, folder in mounts.items()},
        "program": program,
    }
    command = [packages.node(), str(ROOT / "tests/in_pyodide.mjs"), json.dumps(question)]
    answer = subprocess.run(command, capture_output=True, text=True, encoding="utf-8")
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return answer.stdout


def test_in_pyodide_the_judge_says_the_same_as_here(archives):
    """Every solution and every mistake, with SymPy and the engine from the archives alone."""
    questions = [
        (f"{IMPORTS}\n{each.prelude}", lines, each.goal)
        for each in EXERCISES
        for lines in (each.solution, *each.mistakes)
    ]
    program = (
        f"import json\nfrom lossbook_site.desk import judge\n"
        f"print(json.dumps([judge.check(*question) for question in json.loads({json.dumps(questions)!r})]))\n"
        "import sympy, mpmath, sys\n"
        "print(sympy.__file__, mpmath.__file__, [name for name in ('numpy', 'matplotlib') if name in sys.modules])"
    )
    said, where = in_pyodide(archives, program).splitlines()

    assert where == "/0.zip/sympy/__init__.pyc /0.zip/mpmath/__init__.pyc []"
    assert json.loads(said) == [judge.check(*question) for question in questions]


# pytest is pure Python; Hypothesis has compiled parts, so what it drives is left out.
ENGINE = """
import os, sys, types
from unittest.mock import MagicMock

sys.path += ["/tests", "/packages"]
os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
import pytest


def given(*_):
    def leave_out(test):
        return pytest.mark.skip(reason="Hypothesis")(types.FunctionType((lambda: None).__code__, {}, test.__name__))
    return leave_out


hypothesis = types.ModuleType("hypothesis")
hypothesis.given, hypothesis.strategies = given, MagicMock()
hypothesis.settings = lambda **_: lambda test: test
sys.modules |= {"hypothesis": hypothesis, "hypothesis.strategies": hypothesis.strategies}
options = "-q --noconftest -c /dev/null --rootdir / -p no:cacheprovider -p no:faulthandler -W ignore".split()
print("code", int(pytest.main(["/tests/test_derivation.py", *options, "-k", "NOT"])))
"""


def test_in_pyodide_the_engine_passes_its_own_tests(archives):
    """All but those that start processes, draw examples with Hypothesis, or integrate (true here, and slow there)."""
    left_out = "not every_process and not sympy_alone and not endless_sums"
    said = in_pyodide(
        archives, ENGINE.replace("NOT", left_out), tests=ROOT / "tests", packages=Path(pytest.__file__).parent.parent
    )

    passed = re.search(r"(\d+) passed(?:, \d+ skipped)?, \d+ deselected", said)
    assert said.endswith("code 0\n"), said
    assert int(passed[1]) > 200
