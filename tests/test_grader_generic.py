"""Any notebook in nbgrader's format: variables, classes, callbacks, names that return; and a test that stumbles."""

import base64
import json
import os
import subprocess
import sys
from pathlib import Path

import assignment_demo as demo
import pytest
from system import require_program

from grader.inside.lockdown import Limits
from grader.sandbox import Sandbox
from grader.service import Service, Setup
from grader.student import Student, Times
from grader.values import Misbehaved, RemoteObject, StudentError

ROOT = Path(__file__).resolve().parent.parent

# name -> (solution, test); each is worth one point
TASKS = {
    "variable": ("answer = [41, 42]", "assert answer[1] == 42"),
    "class": (
        "class Counter:\n    def __init__(self, start):\n        self.total = start\n\n"
        "    def add(self, x):\n        self.total += x\n        return self",
        "counter = Counter(2)\ncounter.add(3).add(4)\nassert counter.total == 9",
    ),
    "callback": (
        "def apply(f, x):\n    return f(x)",
        "assert apply(lambda v: v**2, 3) == 9\nassert apply(abs, -2.0) == 2.0",
    ),
    "returned": (
        "def adder(n):\n    return lambda x: x + n",
        "plus = adder(2)\nassert plus(3) == 5\nassert apply(plus, 1) == 3\nassert helper(5) == 6",
    ),
    "exception": (
        "def check(x):\n    if x < 0:\n        raise ValueError(f'{x} is negative')\n    return x",
        "assert check(1) == 1\ntry:\n    check(-1)\n"
        "except ValueError as error:\n    assert '-1 is negative' in str(error)\n"
        "else:\n    raise AssertionError('no error')",
    ),
    "first": ("state = 1\ndef now():\n    return state", "assert state == 1 and now() == 1"),
    "second": ("state = 2", "assert state == 2 and now() == 2"),
    "keywords": (
        "def power(x, *, n=2):\n    return {'value': x**n, 'of': (x, n)}",
        "assert power(3) == {'value': 9, 'of': (3, 2)}\nassert power(2, n=5)['value'] == 32",
    ),
    "part": ("def half():\n    return 0.5", "assert half() == 0.5\n0.25 + 0.5"),
    "loops": ("loops = 1", "### BEGIN HIDDEN TESTS\nassert loops == 1\nwhile True: pass\n### END HIDDEN TESTS"),
    "crashes": ("crashes = 1", "import os\nassert crashes == 1\nos.kill(os.getpid(), 9)"),
    "hidden": (
        "def f():\n    return 1",
        "assert f() == 1\n### BEGIN HIDDEN TESTS\nassert f() == 2\n### END HIDDEN TESTS",
    ),
    "last": ("def g():\n    return state", "assert g() == 2, 'the state is 2'"),
}
EXPECTED = dict.fromkeys(TASKS, 1.0) | {"part": 0.75, "loops": 0.0, "crashes": 0.0, "hidden": 0.0}


def source():
    cells = [demo.code("set-up", "%matplotlib inline\nimport math\nlimit = 3")]
    for name, (solution, test) in TASKS.items():
        cells.append(demo.code(name, solution, solution=True))
        if name == "returned":
            cells.append(demo.code("helper", "def helper(x):\n    return apply(lambda v: v + 1, x)"))
        cells.append(demo.code(f"test-{name}", test, grade=True, locked=True, points=1))
    return demo.notebook(*cells)


EQUAL = "class Equal:\n    def __eq__(self, other): return True\n    __getitem__ = __call__ = lambda self, *a: self\n"
HOSTILE = {
    "variable": EQUAL + "answer = Equal()",
    "class": EQUAL
    + "class Counter:\n    def __init__(self, start): self.total = Equal()\n    def add(self, x): return self",
    "callback": "def apply(f, x):\n    return f(f) or f.__globals__",
    "returned": EQUAL + "def adder(n):\n    return Equal()",
    "exception": "def check(x):\n    raise KeyboardInterrupt",
    "second": "import sys\nsys.modules['__main__'].__dict__.clear()",
    "keywords": "\ud800",
    "part": "def half():\n    return '\ud800'",
}


def submission(**answers):
    book = source()
    for name, (solution, _) in TASKS.items():
        demo.write(book, name, answers.get(name, solution))
    return book


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    require_program("bubblewrap")
    folder = tmp_path_factory.mktemp("generic")
    (folder / "any.ipynb").write_bytes(demo.dump(source()))
    demo.hand_in(folder / "in", {"reference": submission()})
    hostile = json.dumps(submission(**HOSTILE)).encode()
    for student in (b"hostile", b"name \xff of bytes"):
        place = os.fsencode(folder / "in") + b"/" + student
        os.mkdir(place)
        Path(os.fsdecode(place), "any.ipynb").write_bytes(hostile)
    command = [sys.executable, "-m", "grader", "grade", folder / "any.ipynb", folder / "in", folder / "out"]
    result = subprocess.run(
        [*map(str, command), "--test-seconds", "4", "--jobs", "1"],
        capture_output=True,
        text=True,
        timeout=600,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert result.returncode == 0, result.stderr
    found = json.loads((folder / "out" / "records.json").read_text(encoding="utf-8"))["records"]
    assert len(found) == len((folder / "out" / "grades.csv").read_text(encoding="utf-8").splitlines()) - 1 == 3
    assert len(list((folder / "out" / "feedback").iterdir())) == 3
    return {record["student"]: record for record in found}


@pytest.mark.parametrize("name", TASKS)
def test_the_reference_earns_what_it_should(records, name):
    cell = records["reference"]["cells"][f"test-{name}"]

    assert cell["points"] == EXPECTED[name], cell


def test_a_test_that_fails_in_the_grader_says_so(records):
    cells = records["reference"]["cells"]

    assert "was stopped after 4 seconds" in cells["test-loops"]["message"]
    assert "more memory or time than it may have" in cells["test-crashes"]["message"]
    assert cells["test-hidden"]["message"] == "A hidden test failed."


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_answers_earn_nothing(records, name):
    for student, record in records.items():
        if student != "reference":
            cell = record["cells"][f"test-{name}"]

            assert cell["points"] == 0, cell


# --- A submission at work


def student(*cells, memory=1 << 30):
    require_program("bubblewrap")
    return Student(list(cells), Limits(memory=memory), Times(20, 20, 60))


HOG = """
import os, time
def hog(processes, size):
    for _ in range(processes):
        if os.fork() == 0:
            used = bytearray(size)
            for i in range(0, size, 4096):
                used[i] = 1
            time.sleep(60)
    time.sleep(1)
    return processes
"""


def test_the_memory_of_all_processes_together_is_limited():
    at_work = student(HOG, memory=200 << 20)
    at_work.begin(1)
    assert at_work.fetch("hog")(1, 100 << 20) == 1
    with pytest.raises(Misbehaved, match="more memory"):
        at_work.fetch("hog")(7, 100 << 20)
    at_work.begin(1)  # and the next test has a fresh process
    assert at_work.fetch("hog")(0, 0) == 0
    at_work.close()


@pytest.mark.parametrize(
    "use",
    [
        bool,
        len,
        iter,
        float,
        abs,
        str.__len__,
        lambda x: x == x,
        lambda x: x != 1,
        lambda x: x > 1,
        lambda x: x + 1,
        lambda x: 2.0 * x,
        lambda x: x[0],
        lambda x: 1 in x,
        lambda x: __import__("numpy").add(x, 1),
        lambda x: __import__("numpy").asarray(x) + 1,
        lambda x: __import__("math").isclose(x, 1),
        lambda x: x._hidden,
    ],
)
def test_an_object_of_a_submission_has_no_value(use):
    from grader.inside.wire import Handle

    with pytest.raises((Misbehaved, TypeError, AttributeError)):
        use(RemoteObject(None, Handle(0, "Everything", False), "it"))


def test_exceptions_of_a_submission_are_of_the_built_in_kinds_alone():
    at_work = student(
        "class Skip(Exception): pass\nclass Mine(KeyError): pass\n"
        "def f(kind):\n    raise {'skip': Skip, 'mine': Mine, 'exit': SystemExit}[kind]('why')"
    )
    at_work.begin(1)
    f = at_work.fetch("f")
    for kind, expected in {"skip": StudentError, "mine": KeyError, "exit": StudentError}.items():
        with pytest.raises(expected, match="why") as caught:
            f(kind)
        assert isinstance(caught.value, Exception)
        assert isinstance(caught.value, StudentError)
    at_work.close()


def test_where_there_is_no_sandbox_nothing_is_graded_and_the_row_says_so(tmp_path, monkeypatch):
    # On a worker of a cluster, say: the command itself has looked at its own machine alone.
    monkeypatch.setenv("PATH", str(tmp_path))
    service = Service(Setup(name="any", source=demo.dump(source()), secret=b"secret"))
    data = base64.b64encode(demo.dump(submission())).decode()
    record = service.grade({"student": "anna", "file": "any.ipynb", "data": data})
    service.close()

    assert record["status"] == "not graded"
    assert record["reason"].startswith("the grader has no sandbox for it: bubblewrap is missing")
    assert not any(cell["points"] for cell in record["cells"].values())


def test_a_sandbox_that_ends_leaves_no_process():
    require_program("bubblewrap")
    room = Sandbox(Limits())
    before = room.process.pid
    room.close()
    with pytest.raises(ProcessLookupError):
        os.kill(before, 0)
