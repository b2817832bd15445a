"""Sources and releases: nbgrader's format, the very content that nbgrader 0.9.6 makes, and nothing that is secret."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import assignment_demo as demo
import pytest

from grader.notebook import BadNotebook, check_source, lines_outside
from grader.release import release, released

ROOT = Path(__file__).resolve().parent.parent
SOURCES = {path.stem: path for path in sorted((ROOT / "assignments" / "source").glob("*/*.ipynb"))}
NBGRADER = ROOT / "_build" / "nbgrader"
VERSION = "0.9.6"


def joined(notebook):
    """The notebook with each source as one string."""
    for cell in notebook["cells"]:
        cell["source"] = "".join(cell["source"])
    return notebook


# --- nbgrader itself


@pytest.fixture(scope="session")
def nbgrader():
    """A Python that has nbgrader, in an environment of its own; made once and kept in _build."""
    python = NBGRADER / "bin" / "python"
    ready = NBGRADER / f"ready-{VERSION}-{sys.version_info.major}.{sys.version_info.minor}"
    if not ready.exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", NBGRADER], check=True, timeout=300)
        # It sees the book's packages, so that only what is missing is installed.
        place = subprocess.run(
            [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
            check=True,
            capture_output=True,
            text=True,
        )
        packages = [path for path in sys.path if Path(path).name == "site-packages"]
        Path(place.stdout.strip(), "book.pth").write_text("\n".join(packages) + "\n", encoding="utf-8")
        command = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", f"nbgrader=={VERSION}"]
        installed = subprocess.run(command, capture_output=True, text=True, timeout=600)
        if installed.returncode:
            pytest.skip(f"needs nbgrader: pip install nbgrader=={VERSION} failed: {installed.stderr[-500:]}")
        ready.touch()
    return python


RUN = """
import json, logging, sys
from traitlets.config import Config
from nbgrader.apps import NbGraderAPI
from nbgrader import __version__
config = Config()
config.CourseDirectory.root = sys.argv[1]
config.ClearSolutions.enforce_metadata = True
api = NbGraderAPI(config=config)
api.log.setLevel(logging.ERROR)
results = {"version": __version__}
for name in sys.argv[2:]:
    results[name] = api.generate_assignment(name)["success"]
if "demo" in sys.argv[2:]:
    for student in ("right", "wrong"):
        results[student] = api.autograde("demo", student)["success"]
        found = api.get_submission("demo", student)
        results[student + " score"] = [found["code_score"], found["max_code_score"]]
print(json.dumps(results))
"""


@pytest.fixture(scope="session")
def course(nbgrader, tmp_path_factory):
    """A course with the book's assignments and the demonstration, after nbgrader has made the releases."""
    folder = tmp_path_factory.mktemp("course")
    sources = {"demo": demo.dump(demo.source()), **{name: path.read_bytes() for name, path in SOURCES.items()}}
    for name, data in sources.items():
        (folder / "source" / name).mkdir(parents=True)
        (folder / "source" / name / f"{name}.ipynb").write_bytes(data)
    wrong = "def mean(x):\n    return 8 / 3"
    for student, book in {"right": demo.right(), "wrong": demo.right(mean=wrong)}.items():
        (folder / "submitted" / student / "demo").mkdir(parents=True)
        (folder / "submitted" / student / "demo" / "demo.ipynb").write_bytes(demo.dump(book))
    environment = {
        **os.environ,
        "PATH": os.pathsep.join([str(NBGRADER / "bin"), os.environ["PATH"]]),  # nbgrader calls alembic by name
        "PYTHONPATH": str(ROOT),
        "PYTHONWARNINGS": "ignore",
        "IPYTHONDIR": str(folder / "ipython"),
    }
    result = subprocess.run(
        [nbgrader, "-c", RUN, folder, *sources],
        capture_output=True,
        text=True,
        timeout=600,
        env=environment,
        cwd=folder,
    )
    assert result.returncode == 0, result.stderr[-3000:]
    return folder, json.loads(result.stdout.strip().split("\n")[-1])


@pytest.mark.parametrize("name", ["demo", *SOURCES])
def test_the_release_is_what_nbgrader_makes(course, name):
    folder, results = course
    theirs = json.loads((folder / "release" / name / f"{name}.ipynb").read_text(encoding="utf-8"))
    ours = json.loads(release((folder / "source" / name / f"{name}.ipynb").read_bytes()))

    assert results["version"] == VERSION
    assert results[name] is True
    assert joined(ours) == joined(theirs)


def test_nbgrader_grades_the_demonstration_as_the_grader_does(course):
    _, results = course

    assert results["right"] is True
    assert results["right score"] == [10, 13]  # 3 of them for code that a person marks
    assert results["wrong score"] == [7, 13]


# --- What a release holds


@pytest.mark.parametrize("name", ["demo", *SOURCES])
def test_a_release_holds_no_solution_and_no_hidden_line(name):
    source = demo.source() if name == "demo" else json.loads(SOURCES[name].read_text(encoding="utf-8"))
    text = json.dumps(joined(released(source)))

    assert not re.search(r"(BEGIN|END) (SOLUTION|HIDDEN TESTS|MARK SCHEME)", text)
    assert "grader.hidden" not in text
    for cell in source["cells"]:
        whole = "".join(cell["source"])
        kept = {line for what in ("SOLUTION", "HIDDEN TESTS") for line in lines_outside(whole, what)}
        for line in set(whole.split("\n")) - kept:
            shown = json.dumps(line.strip())[1:-1]
            if len(shown) > 25:
                assert shown not in text


def test_the_release_command_writes_it(tmp_path):
    (tmp_path / "demo.ipynb").write_bytes(demo.dump(demo.source()))
    command = [sys.executable, "-m", "grader", "release", tmp_path / "demo.ipynb", tmp_path / "new" / "demo.ipynb"]
    result = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)

    assert (result.returncode, result.stderr) == (0, "")
    written = (tmp_path / "new" / "demo.ipynb").read_text(encoding="utf-8")
    assert json.loads(written) == json.loads(release(demo.dump(demo.source())))


def test_a_source_is_left_alone():
    book = demo.source()
    released(book)

    assert book == demo.source()


# --- What nbgrader would refuse


def broken(name, **marks):
    book = demo.source()
    demo.cell_of(book, name)["metadata"]["nbgrader"].update(marks)
    return book


def with_text(name, text):
    book = demo.source()
    demo.write(book, name, text)
    return book


def without(name, key):
    book = demo.source()
    del demo.cell_of(book, name)["metadata"]["nbgrader"][key]
    return book


@pytest.mark.parametrize(
    ("book", "words"),
    [
        (broken("mean", grade_id="loss"), "the grade_id loss occurs twice"),
        (broken("mean", grade_id="a b"), "grade_id is 'a b'"),
        (broken("mean", grade_id=""), "grade_id is ''"),
        (broken("mean", schema_version=2), "schema is 2; expected 3"),
        (broken("mean", extra=1), "extra"),
        (without("mean", "locked"), "locked"),
        (broken("mean", solution="yes"), "true or false"),
        (without("test-mean", "points"), "points are None"),
        (broken("test-mean", points=-1), "points are -1"),
        (broken("test-mean", points=True), "points are True"),
        (broken("words", grade=False), "graded and a solution, or neither"),
        (broken("mean", task=True, points=1), "a task cell is a text cell"),
        (broken("task", locked=False), "that is locked"),
        (with_text("mean", "### BEGIN SOLUTION\npass"), "without ### END SOLUTION"),
        (with_text("mean", "### BEGIN SOLUTION\n### BEGIN SOLUTION\n### END SOLUTION"), "inside another one"),
        (with_text("imports", "### BEGIN SOLUTION\n### END SOLUTION"), "not marked as a solution cell"),
        (with_text("mean", "### BEGIN HIDDEN TESTS\n### END HIDDEN TESTS"), "not marked as a graded cell"),
        (with_text("test-mean", "### AUTOTEST mean(1)"), "AUTOTEST"),
        ({**demo.source(), "nbformat": 3}, "notebook format 4"),
    ],
)
def test_a_source_that_nbgrader_would_refuse_is_refused(book, words):
    with pytest.raises(BadNotebook, match=re.escape(words)):
        check_source(book)


def test_every_source_is_where_nbgrader_looks_for_it():
    assert all(path.parent.name == path.stem for path in SOURCES.values())
