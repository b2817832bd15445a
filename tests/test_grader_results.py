"""Who handed in what, and what a batch leaves behind: tables, pages, marks by hand, Gradescope."""

import csv
import html.parser
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import assignment_demo as demo
import pytest
from system import require_program

from grader import batch, commands, feedback, results
from grader.collect import collect
from grader.matching import match
from grader.notebook import read
from grader.service import empty_record
from grader.source import Assignment, needed_names

ROOT = Path(__file__).resolve().parent.parent


# --- Collecting


def lay(folder, *paths):
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(b"{}")


@pytest.mark.parametrize(
    ("paths", "found"),
    [
        (["anna/demo.ipynb", "bob/anything at all.ipynb"], {"anna": "demo.ipynb", "bob": "anything at all.ipynb"}),
        (["anna/deep/er/x.ipynb"], {"anna": "x.ipynb"}),
        (["Ada Lovelace_12345_assignsubmission_file_/x.ipynb"], {"Ada Lovelace_12345": "x.ipynb"}),
        (["Ada Lovelace_12345_assignsubmission_file/x.ipynb"], {"Ada Lovelace_12345": "x.ipynb"}),
        (["Ada Lovelace_12345_assignsubmission_file_hw 1.ipynb"], {"Ada Lovelace_12345": None}),
        (["lovelaceada_77_4455_demo-2.ipynb"], {"lovelaceada_77": None}),
        (["lovelaceada_LATE_77_4455_demo.ipynb"], {"lovelaceada_77": None}),
        (["zoe.ipynb", "notes.txt", ".hidden.ipynb", "__MACOSX/anna/x.ipynb"], {"zoe": "zoe.ipynb"}),
        (["anna/.ipynb_checkpoints/demo-checkpoint.ipynb", "anna/demo.ipynb"], {"anna": "demo.ipynb"}),
        (["anna/a.ipynb", "anna/demo (1).ipynb", "anna/z.ipynb"], {"anna": "demo (1).ipynb"}),
        (["anna/notes.txt"], {"anna": None}),
    ],
)
def test_submissions_are_found(tmp_path, paths, found):
    lay(tmp_path, *paths)
    submissions = collect(tmp_path, "demo")

    assert {one.student for one in submissions} == found.keys()
    for one in submissions:
        wanted = found[one.student]
        if wanted is not None:
            assert one.file.name == wanted
        elif paths == ["anna/notes.txt"]:
            assert one.problem == "there is no notebook in the folder"
        else:
            assert one.file.name == paths[0]


def test_late_and_several_are_flags(tmp_path):
    lay(tmp_path, "a_LATE_7_44_x.ipynb", "b/one.ipynb", "b/two.ipynb")
    os.utime(tmp_path / "b" / "one.ipynb", (2e9, 2e9))
    found = {one.student: one for one in collect(tmp_path, "demo")}

    assert found["a_7"].flags == ("late",)
    assert found["b"].file.name == "one.ipynb"
    assert found["b"].flags == ("2 notebooks; graded is one.ipynb",)


def test_two_students_of_one_name_have_two_rows(tmp_path):
    lay(tmp_path, "anna/demo.ipynb", "anna.ipynb")
    found = collect(tmp_path, "demo")

    assert [one.student for one in found] == ["anna", "anna (2)"]
    assert "another submission is called anna too" in found[1].flags


def test_a_file_is_read_only_if_it_is_a_file(tmp_path):
    (tmp_path / "secret").write_text("secret")
    lay(tmp_path, "in/a/x.ipynb")
    (submission,) = collect(tmp_path / "in", "demo")
    (tmp_path / "in" / "a" / "x.ipynb").unlink()
    (tmp_path / "in" / "a" / "x.ipynb").symlink_to(tmp_path / "secret")  # between finding and reading
    with pytest.raises(OSError, match="symbolic link"):
        submission.read()


# --- Recognising cells


@pytest.fixture(scope="module")
def assignment():
    return Assignment.read("demo", demo.dump(demo.source()))


def test_answers_without_ids_are_recognised_by_text_name_and_place(assignment):
    book = demo.right()
    for cell in book["cells"]:
        cell["metadata"] = {}
    book["cells"].insert(0, demo.text("mine", "My own words."))
    found = match(assignment, read(demo.dump(book)))

    assert found.written["words"] == "Because there the slope of the squared error is zero."
    assert found.written["plot"].startswith("scale = 1.0")
    assert "cell words has lost its id" in found.flags
    assert found.anchors == {"test-mean": 2, "test-loss": 3, "test-lines": 4}


def test_an_untouched_answer_is_empty(assignment):
    found = match(assignment, read(demo.dump(demo.untouched())))

    assert found.written == {"words": "", "plot": "", "task": ""}
    assert found.flags == []


def test_free_work_below_a_task_is_its_answer(assignment):
    book = demo.right()
    book["cells"] += [demo.text("mine", "I looked at it."), demo.code("more", "x = 1")]

    assert match(assignment, read(demo.dump(book))).written["task"] == "I looked at it.\n\nx = 1"


def test_the_teachers_names_are_the_teachers(assignment):
    names = assignment.trusted_names()

    assert names["targets"].tolist() == [1.5, 2.0, 4.5]
    assert "np" in names
    assert assignment.students_names == {"mean", "loss", "lines", "n", "N", "t", "y", "sigma", "scale"}
    # Students define N, which is also a name of SymPy's: a test that says N means theirs.
    needed = needed_names("mean(N) + targets + sum(x for x in t) + oo", names, assignment.students_names)
    assert needed == {"mean", "N", "t"}


# --- Tables and pages

HOSTILE = '=HYPERLINK("http://example.org")<script>alert(1)</script>\x07'


def record(student="anna", **changed):
    lines = [
        {"number": 1, "text": HOSTILE, "mathml": '<mi onclick="x">x</mi>', "verdict": "start", "message": ""},
        {"number": 2, "text": "x", "mathml": "<mi>x</mi>", "verdict": "false", "message": f"at N = 1 {HOSTILE}"},
    ]
    missed = {"name": HOSTILE, "earned": False}
    shown = [
        {"check": HOSTILE, "points": 0.0, "max": 1, "message": HOSTILE},
        {"check": "d", "points": 1, "max": 2, "message": "m", "derivation": lines, "milestones": [missed]},
    ]
    tested = {"points": 1.5, "max": 3.0, "manual": False}
    cells = {
        "test-mean": {**tested, "message": HOSTILE, "shown": shown, "calls": [[HOSTILE, HOSTILE]]},
        "words": {"points": None, "max": 2.0, "manual": True, "answer": HOSTILE},
    }
    errors = [{"cell": "mean", "number": 2, "line": 3, "message": HOSTILE}]
    known = {"cells": cells, "errors": errors, "flags": [HOSTILE], "seconds": 0.5}
    return {**empty_record(student, "x.ipynb"), **known, **changed}


class Page(html.parser.HTMLParser):
    """Tags, attributes and ids of a page; fails at a tag that is not closed."""

    VOID = ("meta", "br")

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.ids, self.links, self.open, self.headings = set(), set(), set(), set(), [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attributes}
        self.ids |= {value for name, value in attributes if name == "id"}
        self.links |= {value for name, value in attributes if name in ("href", "src")}
        if tag[0] == "h" and tag[1:].isdigit():
            self.headings.append(tag)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_a_page_holds_nothing_that_a_student_made_it_hold():
    text = feedback.page(record(HOSTILE), HOSTILE, {"test-mean": HOSTILE})
    page = Page(text)

    assert page.tags <= set(
        "html head meta title style body main h1 h2 p strong ul ol li table thead tbody tr th td a code pre div span "
        "br section math mi".split()
    )
    assert page.attributes <= set(
        "lang charset name content http-equiv scope class href id aria-labelledby tabindex display".split()
    )
    assert page.links <= {f"#{name}" for name in page.ids}
    assert "<script" not in text
    assert "default-src 'none'" in text
    assert text.startswith('<!DOCTYPE html>\n<html lang="en">')
    assert page.headings[0] == "h1"
    assert page.headings.count("h1") == 1


def test_the_page_teaches():
    text = feedback.page(record(), "demo", {"test-mean": "The mean"})

    for words in (
        "1.5 of 5 points",
        "The mean",
        "Asked last",
        "Came back",
        "does not follow",
        "at N = 1",
        "Your answer",
    ):
        assert words in text


@pytest.mark.parametrize(
    "text",
    [
        "<script>x</script>",
        "<mi><img/></mi>",
        "<mi>a</mi>< b",
        "<mi>&x</mi>",
        "<MI>x</MI>",
        '<mi style="x" onclick=y>x</mi>',
    ],
)
def test_what_is_no_mathml_is_left_out(text):
    assert feedback.safe_mathml(text) == ""


def test_mathml_loses_its_attributes():
    assert feedback.safe_mathml('<mo stretchy="false">(</mo>') == '<math display="block"><mo>(</mo></math>'


def read_csv(path):
    text = path.read_text(encoding="utf-8-sig")
    return list(csv.DictReader(io.StringIO(text), delimiter=";" if text.startswith("student;") else ","))


def test_tables_hold_no_formulas_for_a_spreadsheet(tmp_path):
    for start in ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "|x"):
        name = record(start, flags=[start])
        results.write_grades(tmp_path / "grades.csv", [name], ["test-mean", "words"])
        results.write_manual(tmp_path / "manual.csv", [name], ["test-mean", "words"])
        for table in ("grades.csv", "manual.csv"):
            for row in read_csv(tmp_path / table):
                assert not any(value[:1] in "=+-@\t|" for value in row.values() if value)


def test_the_columns_of_the_grades(tmp_path):
    results.write_grades(tmp_path / "grades.csv", [record()], ["test-mean", "words"])
    (row,) = read_csv(tmp_path / "grades.csv")

    assert list(row) == "student total max auto manual test-mean words status seconds flags".split()
    assert (row["student"], row["total"], row["max"], row["auto"], row["manual"]) == ("anna", "1.5", "5", "1.5", "0")
    assert (row["test-mean"], row["words"], row["status"], row["seconds"]) == ("1.5", "", "to mark by hand", "0.5")


def test_students_share_no_file():
    names = ["anna", "Anna", "a/b", "a_b", "..", "../../x", "x" * 300, "ä", "\ud800", ""]
    files = results.file_names([empty_record(name, "") for name in names])

    assert len({name.casefold() for name in files.values()}) == len(names)
    assert all("/" not in name and name.strip(".") and len(name) < 120 for name in files.values())


# --- Marks by hand


@pytest.fixture
def out(tmp_path):
    records = [record("anna"), record("=bob")]
    about = {"name": "demo", "cells": ["test-mean", "words"], "tasks": {}}
    commands.write_all(tmp_path, about, records)
    results.write_manual(tmp_path / "manual.csv", records, about["cells"])
    return tmp_path


def mark(out, points, comment="", delimiter=","):
    rows = read_csv(out / "manual.csv")
    with (out / "manual.csv").open("w", newline="", encoding="utf-8-sig") as stream:
        writer = csv.DictWriter(stream, results.MANUAL_COLUMNS, delimiter=delimiter)
        writer.writeheader()
        for row, given in zip(rows, points, strict=True):
            writer.writerow(row | {"points": given, "comment": comment})


@pytest.mark.parametrize("delimiter", [",", ";"])
def test_finish_merges_the_marks_everywhere(out, delimiter):
    mark(out, ["1,5", ""], "Say <b>why</b>.", delimiter)

    assert commands.main(["finish", str(out)]) == 0
    rows = {row["student"]: row for row in read_csv(out / "grades.csv")}
    assert (rows["anna"]["total"], rows["anna"]["manual"], rows["anna"]["status"]) == ("3", "1.5", "graded")
    assert (rows["'=bob"]["total"], rows["'=bob"]["status"]) == ("1.5", "to mark by hand")
    assert "Say &lt;b&gt;why&lt;/b&gt;." in (out / "feedback" / "anna.html").read_text(encoding="utf-8")
    assert json.loads((out / "gradescope" / "anna.json").read_text())["score"] == 3

    mark(out, ["0", "2"])  # more is marked later, and a mark is changed
    assert commands.main(["finish", str(out)]) == 0
    assert [row["total"] for row in read_csv(out / "grades.csv")] == ["1.5", "3.5"]


@pytest.mark.parametrize("points", ["2.5", "-1", "x", "nan", "inf", "1e999"])
def test_points_outside_the_range_are_refused(out, capsys, points):
    before = (out / "grades.csv").read_bytes()
    mark(out, [points, ""])

    assert commands.main(["finish", str(out)]) == 1
    assert "expected a number from 0 to 2" in capsys.readouterr().err
    assert (out / "grades.csv").read_bytes() == before


def test_marks_for_nobody_are_refused(out, capsys):
    text = (out / "manual.csv").read_text(encoding="utf-8")
    (out / "manual.csv").write_text(text.replace("anna", "eve"), encoding="utf-8")

    assert commands.main(["finish", str(out)]) == 1
    assert "there is no such answer" in capsys.readouterr().err


def test_finish_without_a_batch_says_what_is_missing(tmp_path, capsys):
    assert commands.main(["finish", str(tmp_path)]) == 1
    assert "records.json is missing" in capsys.readouterr().err


# --- Gradescope


def test_gradescope_gets_what_it_documents():
    scores = results.gradescope(record())

    assert scores["score"] == 1.5
    assert [test["name"] for test in scores["tests"]] == ["test-mean", "words"]
    for test in scores["tests"]:
        assert set(test) == {"name", "score", "max_score", "output", "output_format", "visibility"}
        assert 0 <= test["score"] <= test["max_score"]
        assert test["output_format"] == "text"


# --- Progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_the_bar_ends_full_and_a_log_stays_short():
    live, log = Terminal(), io.StringIO()
    for stream in (live, log):
        bar = batch.Progress(200, stream)
        for _ in range(200):
            bar.step()

    assert live.getvalue().endswith("\n")
    assert "[##############################] 200/200 graded" in live.getvalue()
    assert len(log.getvalue().splitlines()) == 11


# --- The commands, from end to end


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("grader")
    (folder / "demo.ipynb").write_bytes(demo.dump(demo.source()))
    (folder / "secret").write_text("correct horse battery")
    slow = demo.right()
    slow["cells"][1:1] = [demo.code(f"slow-{i}", "import time\ntime.sleep(100)") for i in range(9)]
    flat = {"Ada L_1_assignsubmission_file_a.ipynb": demo.right(), "slow.ipynb": slow}
    (folder / "in").mkdir()
    for name, book in flat.items():
        (folder / "in" / name).write_bytes(demo.dump(book))
    return folder


def grade(place, out, *options):
    command = [sys.executable, "-m", "grader", "grade", place / "demo.ipynb", place / "in", place / out, *options]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        list(map(str, command)), capture_output=True, text=True, timeout=600, env=environment, cwd=place
    )


def test_a_flat_folder_and_the_limit_of_a_submission(place):
    require_program("bubblewrap")
    result = grade(place, "out", "--seconds", "12", "--test-seconds", "6", "--jobs", "2")
    rows = {row["student"]: row for row in read_csv(place / "out" / "grades.csv")}

    assert result.returncode == 0, result.stderr
    assert "drawn anew for this run" in result.stderr
    assert rows["Ada L_1"]["auto"] == "10"
    assert rows["Ada L_1"]["flags"] == "the file is called Ada L_1_assignsubmission_file_a.ipynb"
    assert rows["slow"]["auto"] == "0"
    assert float(rows["slow"]["seconds"]) < 12 + 60
    page = (place / "out" / "feedback" / "slow.html").read_text(encoding="utf-8")
    assert "The time for the whole notebook was over" in page
    Page(page)
    Page((place / "out" / "feedback" / "Ada L_1.html").read_text(encoding="utf-8"))


def test_on_a_cluster_of_two_workers(place):
    require_program("bubblewrap")
    distributed = pytest.importorskip("distributed", reason="needs distributed: pip install distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1"
    ) as cluster:
        result = grade(place, "dask", "--dask", cluster.scheduler_address, "--seconds", "12", "--test-seconds", "6")

    assert result.returncode == 0, result.stderr
    rows = {row["student"]: row for row in read_csv(place / "dask" / "grades.csv")}
    assert (rows["Ada L_1"]["auto"], rows["slow"]["auto"]) == ("10", "0")


@pytest.mark.parametrize(
    ("words", "arguments"),
    [
        ("there is no submission", ["grade", "demo.ipynb", "empty", "x"]),
        ("No such file", ["grade", "none.ipynb", "in", "x"]),
        ("No such file", ["release", "none.ipynb", "x.ipynb"]),
        ("needs at least 8", ["grade", "demo.ipynb", "in", "x", "--secret", "short"]),
        ("no valid JSON", ["release", "short", "x.ipynb"]),
    ],
)
def test_mistakes_of_the_teacher_are_told(place, capsys, monkeypatch, words, arguments):
    require_program("bubblewrap")
    monkeypatch.chdir(place)
    (place / "empty").mkdir(exist_ok=True)
    (place / "short").write_text("abc")

    assert commands.main(arguments) == 1
    assert words in capsys.readouterr().err
    assert not (place / "x").exists()
    assert not (place / "x.ipynb").exists()
