"""Submissions of every kind, graded in one batch by the command: what each trick earns, what honest work keeps.

Of the 20 points of the demonstration 10 are given by tests: 3 for ``mean``, 3 for ``loss``, 4 for ``lines``.
"""

# ruff: noqa: E501 -- a table of small programs

import csv
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import assignment_demo as demo
import pytest
from system import require_program

ROOT = Path(__file__).resolve().parent.parent
WRONG = "def mean(x):\n    return 0.0\n"
ALL = {"test-mean": 3, "test-loss": 3, "test-lines": 4}
NO_MEAN = ALL | {"test-mean": 0}
NO_LINES = ALL | {"test-lines": 0}
MARKER = "left-behind-by-a-submission"


def mean(body, before=""):
    """An answer cell for ``mean`` with this body."""
    lines = "\n".join("    " + line for line in body.split("\n"))
    return f"{before}\ndef mean(x):\n{lines}\n"


def lines(body):
    """An answer cell for ``lines`` that ends with this body; ``right`` are the right lines."""
    indented = "\n".join("    " + line for line in body.split("\n"))
    return f"{demo.RIGHT['lines'].replace('def lines', 'def right_lines')}\n\ndef lines():\n    right = right_lines()\n{indented}\n"


START = "right[0]"

# name -> (submission, points by test)
DAMAGE = {
    "sleeps for ever": (demo.right(mean=mean("import time\nwhile True: time.sleep(1)")), NO_MEAN),
    "computes for ever": (demo.right(mean=mean("while True: pass")), NO_MEAN),
    "cell loops": (demo.right(mean="import time\nwhile True: time.sleep(1)"), NO_MEAN),
    "ends its process": (demo.right(mean=mean("import os\nos._exit(0)")), NO_MEAN),
    "cell ends its process": (demo.right(mean="import os\nos._exit(0)"), NO_MEAN),
    "segmentation fault": (demo.right(mean=mean("import ctypes\nreturn ctypes.string_at(0)")), NO_MEAN),
    "kills everything": (demo.right(mean=mean("import os\nos.kill(-1, 9)\nos.kill(1, 9)\nos.kill(os.getppid(), 9)")), NO_MEAN),
    "fork bomb": (demo.right(mean=mean("import os\nwhile True:\n    try:\n        os.fork()\n    except OSError:\n        pass")), NO_MEAN),
    "leaves processes": (
        demo.right(
            mean=mean(
                "import os, sys, time\n"
                "while True:\n"
                "    try:\n"
                "        if os.fork() == 0:\n"
                "            os.setsid()\n"
                f"            os.execv(sys.executable, ['python', '-c', 'import time; time.sleep(600)', {MARKER!r}])\n"
                "    except OSError:\n"
                "        return sum(x) / len(x)",
            )
        ),
        ALL,
    ),
    "threads that stop the rest": (
        demo.right(mean=mean("threading.Timer(0.01, os._exit, [1]).start()\nreturn sum(x) / len(x)", "import os, threading")),
        None,
    ),
    "all the memory": (demo.right(mean=mean("return [bytearray(1 << 28) for _ in range(1000)]")), NO_MEAN),
    "fills the disk": (
        demo.right(mean=mean("for i in range(10**6):\n    open(f'/tmp/{i}', 'wb').write(bytes(1 << 23))")),
        NO_MEAN,
    ),
    "flood of output": (demo.right(mean=mean("for _ in range(200):\n    print('x' * 10**6)\nreturn sum(x) / len(x)")), ALL),
    "flood of values": (demo.right(mean=mean("return [0.5] * 10**7")), NO_MEAN),
    "endless recursion": (demo.right(mean=mean("return mean(x)")), NO_MEAN),
    "nested without end": (demo.right(mean=mean("y = []\nfor _ in range(10**5): y = [y]\nreturn y")), NO_MEAN),
    "contains itself": (demo.right(mean=mean("y = []\ny.append(y)\nreturn y")), NO_MEAN),
    "flood of messages": (
        demo.right(mean=mean("import os\nfor fd in range(3, 20):\n    try:\n        os.write(fd, b'\\x00' * 10**5)\n    except OSError:\n        pass\nreturn 1.0")),
        NO_MEAN,
    ),
    "announces a huge message": (
        demo.right(mean=mean("import os\nfor fd in range(3, 20):\n    try:\n        os.write(fd, b'\\xff' * 4)\n    except OSError:\n        pass\nreturn 1.0")),
        NO_MEAN,
    ),
}  # fmt: skip

EVERYTHING = """
class Everything(float):
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    __lt__ = __le__ = __gt__ = __ge__ = __eq__
    def __sub__(self, other): return Everything(0.0)
    __rsub__ = __add__ = __radd__ = __sub__
    __hash__ = None
"""
OBJECT = (
    EVERYTHING.replace("(float)", "") + "    def __float__(self): return 0.0\n    def __bool__(self): return True\n"
)
PATCHES = """
import builtins, math, sys, types, unittest
math.isclose = lambda *a, **k: True
np.isclose = np.allclose = np.array_equal = lambda *a, **k: True
np.testing.assert_allclose = np.testing.assert_equal = lambda *a, **k: None
builtins.abs = lambda x: 0
builtins.isinstance = lambda x, y: True
unittest.TestCase.assertEqual = lambda *a, **k: None
fake = types.ModuleType("grader.hidden")
fake.close = fake.same = lambda *a, **k: None
fake.rng = lambda *a: np.random.default_rng(0)
sys.modules["grader"] = types.ModuleType("grader")
sys.modules["grader.hidden"] = fake
"""
ANSWERS = """
import json, os, struct
def answer(value):
    body = json.dumps({"value": value}).encode()
    for fd in range(3, 20):
        try:
            os.write(fd, struct.pack(">I", len(body)) + body)
        except OSError:
            pass
"""
WORKER = """
import sys
for name, module in list(sys.modules.items()):
    if name.endswith(("worker", "wire")):
        module.encode = lambda value, *rest, **more: {"a": ["O8", [1], "AAAAAAAAAAA="]}
"""
TRICKS = {
    "equals everything, a number": (demo.right(mean=EVERYTHING + mean("return Everything(0.0)")), NO_MEAN),
    "equals everything, an object": (demo.right(mean=OBJECT + mean("return Everything()")), NO_MEAN),
    "equals everything, an array": (
        demo.right(mean=mean("return All([0.0])", "class All(np.ndarray):\n    def __new__(cls, x): return np.zeros(()).view(cls)\n    def __eq__(self, other): return True\n")),
        NO_MEAN,
    ),
    "patched tools": (demo.right(mean=PATCHES + WRONG), NO_MEAN | {"test-loss": 3}),
    "answers in the pipe": (demo.right(mean=ANSWERS + mean("answer(8 / 3)\nanswer(8 / 3)\nreturn 8 / 3")), NO_MEAN),
    "a worker that lies": (demo.right(mean=WORKER + mean("return 8 / 3")), {"test-mean": 0, "test-loss": 0, "test-lines": 0}),
    "later cells disabled": (
        demo.right(mean="import builtins, sys\nbuiltins.exec = builtins.compile = None\nsys.exit(0)\n" + WRONG),
        NO_MEAN | {"test-loss": 0, "test-lines": 0},
    ),
    "leaves at once": (demo.right(imports=demo.IMPORTS + "\nraise SystemExit"), ALL),
    "prints a score": (
        demo.right(mean="print('{\"score\": 20}')\nopen('/tmp/results.json', 'w').write('20')\nscore = points = total = 20\n" + WRONG),
        NO_MEAN,
    ),
    "skips the tests": (demo.right(mean=mean("import unittest\nraise unittest.SkipTest('passed')")), NO_MEAN),
    "raises what tests expect": (demo.right(mean=mean("raise AssertionError")), NO_MEAN),
    "a text for a number": (demo.right(mean=mean("return str(sum(x) / len(x))")), NO_MEAN),
    "true for a number": (demo.right(loss="def loss(y, t):\n    return True"), ALL | {"test-loss": 0}),
    "not a number": (demo.right(mean=mean("return float('nan')")), NO_MEAN),
    "infinite": (demo.right(mean=mean("return np.inf")), NO_MEAN),
    "the visible answer": (demo.right(mean=mean("return 8 / 3")), NO_MEAN),
    "guesses the secret draw": (
        demo.right(mean=mean("return np.random.default_rng(0).normal(size=20).mean() if len(x) == 20 else 8 / 3")),
        NO_MEAN,
    ),
    "the wrong shape": (demo.right(loss="def loss(y, t):\n    return np.atleast_1d((np.asarray(y) - t) ** 2)"), ALL | {"test-loss": 2}),
    "a number too large": (demo.right(mean=mean("return 9 ** 9 ** 6")), NO_MEAN),
    "jumps to the end": (demo.right(lines=lines("return [right[0], right[-1]]")), ALL | {"test-lines": 1}),
    "only the end": (demo.right(lines=lines("return [right[-1]]")), NO_LINES),
    "only the end, twice": (demo.right(lines=lines("return [right[-1], right[-1]]")), ALL | {"test-lines": 1}),
    "repeats the start": (demo.right(lines=lines("return [right[0]] * 8")), NO_LINES),
    "repeats one line": (demo.right(lines=lines("return [right[0]] + [right[1]] * 8")), ALL | {"test-lines": 1}),
    "a false step": (
        demo.right(lines=lines("right[2] = 2 * right[2]\nreturn right")),
        ALL | {"test-lines": 3},
    ),
    "a false end": (demo.right(lines=lines("return [*right[:-1], Sum(t[n] - y[n], (n, 1, N))]")), ALL | {"test-lines": 2}),
    "a tower of powers": (demo.right(lines=lines("return [right[0], Pow(9, Pow(9, 9, evaluate=False), evaluate=False)]")), NO_LINES),
    "a monstrous power": (demo.right(lines=lines("return [right[0], (t[n] + y[n] + sigma) ** 99 * right[0] ** 99]")), NO_LINES),
    "a sum without end": (demo.right(lines=lines("return [right[0], Sum(t[n] ** n, (n, 1, 10**100))]")), NO_LINES),
    "ten thousand lines": (demo.right(lines=lines("return right * 2000")), NO_LINES),
    "a huge expression": (demo.right(lines=lines("return [right[0], Add(*symbols('x:9999'))]")), NO_LINES),
    "markup for a symbol": (demo.right(lines=lines("return [right[0], Symbol('<script>alert(1)</script>')]")), NO_LINES),
    "code for a symbol": (demo.right(lines=lines("return [right[0], Symbol('__import__(\"os\").system(\"true\")')]")), NO_LINES),
    "texts for lines": (demo.right(lines=lines("return ['__import__(\"os\")', 'x']")), NO_LINES),
    "a pickle": (
        demo.right(lines=lines("return [right[0], Bomb()]") + "\nclass Bomb(Symbol):\n    def __new__(cls): return Symbol.__new__(cls, 'x')\n    def __reduce__(self): return (exit, ())\n"),
        NO_LINES,
    ),
}  # fmt: skip


def edited_tests():
    book = demo.right(mean=WRONG, test_mean="assert True", test_loss="20")
    for name in ("test-mean", "test-loss"):
        demo.cell_of(book, name)["metadata"]["nbgrader"]["points"] = 100
    return book


def removed_tests(**answers):
    book = demo.right(**answers)
    book["cells"] = [cell for cell in book["cells"] if not cell["id"].startswith("test-")]
    return book


def moved_tests(**answers):
    book = demo.right(**answers)
    book["cells"].sort(key=lambda cell: not cell["id"].startswith("test-"))
    return book


def taken_marks():
    """The points of a test go to an answer cell."""
    book = demo.right(mean=WRONG)
    marks = demo.cell_of(book, "mean")["metadata"]["nbgrader"]
    marks.update(grade=True, points=20, solution=True)
    return book


TRICKS |= {
    "edited tests": (edited_tests(), NO_MEAN),
    "removed tests": (removed_tests(mean=WRONG), NO_MEAN),
    "moved tests": (moved_tests(mean=WRONG), NO_MEAN),
    "more points": (taken_marks(), NO_MEAN),
}


def stripped():
    book = demo.right()
    for cell in book["cells"]:
        cell["metadata"] = {}
        del cell["id"]
    return book | {"nbformat_minor": 4}


def copied(first, second):
    book = demo.right(mean=first)
    copy = json.loads(json.dumps(demo.cell_of(book, "mean"))) | {"id": "mean-copy"}
    copy["source"] = second.splitlines(keepends=True)
    place = next(number for number, cell in enumerate(book["cells"]) if cell["id"] == "test-mean")
    book["cells"].insert(place + 1, copy)
    return book


def below():
    """All answers in the last cell."""
    book = demo.right(mean="# see below", loss="# see below", lines="# see below")
    source = "\n\n".join(demo.RIGHT[name] for name in ("mean", "loss", "lines"))
    book["cells"].append(demo.code("mine", source))
    return book


def third_format():
    """The format of IPython 3: worksheets, ``input`` for ``source``."""
    cells = []
    for cell in demo.right()["cells"]:
        old = {key: cell[key] for key in ("cell_type", "metadata")}
        source = "".join(cell["source"])
        cells.append(
            old
            | (
                {"input": source, "language": "python", "outputs": []}
                if cell["cell_type"] == "code"
                else {"source": source}
            )
        )
    return {"metadata": {"name": ""}, "nbformat": 3, "nbformat_minor": 0, "worksheets": [{"cells": cells, "metadata": {}}]}  # fmt: skip


def with_cells(*sources):
    book = demo.right()
    for number, source in enumerate(sources):
        book["cells"].insert(2 + 3 * number, demo.code(f"extra-{number}", source))
    return book


def kernel(name):
    book = demo.right()
    book["metadata"] = {"kernelspec": {"name": name, "display_name": name, "language": "python"}}
    return book


RENAMED = (
    demo.RIGHT["lines"]
    .replace("n, N = symbols(\"n N\"", "i, M = symbols(\"i M\"")
    .replace("t, y = IndexedBase(\"t\"), IndexedBase(\"y\")", "a, b = IndexedBase(\"a\"), IndexedBase(\"b\")")
    .replace("Symbol(\"sigma\"", "Symbol(\"s\"")
    .replace("t[n]", "a[i]").replace("y[n]", "b[i]").replace("(n, 1, N)", "(i, 1, M)").replace("N * log", "M * log")
)  # fmt: skip
# name -> (submission, a word of the flag or "")
HONEST = {
    "right": (demo.right(), ""),
    "prints": (demo.right(mean=mean("print('mean of', x)\nreturn sum(x) / len(x)", "print('hello')")), "it prints while it is tested"),
    "warnings": (
        demo.right(mean=mean("import sys, warnings\nwarnings.warn('careful')\nsys.stderr.write('hm')\nreturn sum(x) / len(x)")),
        "it writes to stderr while it is tested",
    ),
    "another kernel": (kernel("my-env"), "another kernel"),
    "test cells removed": (removed_tests(), "test-mean is missing"),
    "test cells moved": (moved_tests(), "cells were moved"),
    "the last version counts": (copied(WRONG, demo.RIGHT["mean"]), "cell mean occurs 2 times"),
    "ids stripped": (stripped(), "cell mean has lost its id"),
    "defined below": (below(), "is defined below"),
    "own symbols": (demo.right(lines=RENAMED), ""),
    "symbols without assumptions": (demo.right(lines=demo.RIGHT["lines"].replace(", integer=True, positive=True", "").replace(", positive=True", "")), ""),
    "fewer steps": (demo.right(lines=lines("return [right[0], right[2], right[4]]")), ""),
    "more steps": (
        demo.right(lines=lines("return [*right[:4], right[4] / (2 * sigma**2), right[4] / sigma**2, Sum(y[n]**2 - 2*y[n]*t[n] + t[n]**2, (n, 1, N)), right[4]]")),
        "",
    ),
    "equivalent forms": (
        demo.right(lines=lines("squares = Sum((y[n] - t[n])**2, (n, 1, N))\nreturn [right[0], -Sum(log(right[0].args[1].args[0].function), (n, 1, N)), squares / (2*sigma**2) + N * log(sigma) + N * log(2*pi) / 2, squares / 2, squares]")),
        "",
    ),
    "without the start": (demo.right(lines=lines("return right[1:]")), ""),
    "a tuple of lines": (demo.right(lines=lines("return tuple(right)")), ""),
    "notebook format 3": (third_format(), "older notebook format"),
    "notebook format 4.4": ({**stripped(), "nbformat_minor": 2}, "notebook format 4.2"),
    "a byte-order mark": (b"\xef\xbb\xbf" + demo.dump(demo.right()), ""),
    "magic commands": (with_cells("%matplotlib inline\n!pip install nothing\ndisplay(targets)", "%%time\nx = 1", "?mean\nmean?"), ""),
    "failing scratch cells": (with_cells("1 / 0", "undefined_name", "def broken(:"), ""),
    "numpy numbers": (demo.right(mean=mean("return np.mean(x)"), loss="def loss(y, t):\n    return np.square(np.subtract(y, t))"), ""),
    "helpers": (demo.right(mean="def total(x):\n    return sum(x)\n\nclass Mean:\n    def __call__(self, x): return total(x) / len(x)\n\nmean = Mean()"), ""),
    "a lambda": (demo.right(mean="mean = lambda x: sum(x) / len(x)"), ""),
    "a global counter": (demo.right(mean="calls = 0\ndef mean(x):\n    global calls\n    calls += 1\n    return sum(x) / len(x)"), ""),
    "draws": (with_cells("import matplotlib.pyplot as plt\nfig, ax = plt.subplots()\nax.plot(targets)\nplt.show()"), ""),
    "writes a file": (demo.right(mean=mean("open('notes.txt', 'w').write('x')\nreturn sum(x) / len(x)")), ""),
}  # fmt: skip

BROKEN = {
    "empty": (b"", "the file is empty"),
    "broken JSON": (demo.dump(demo.right())[:500], "no valid JSON"),
    "a list": (b"[1, 2, 3]", "no notebook: it has no cells"),
    "binary": (b"\x89PNG\r\n\x1a\n\xff\xfe", "no text"),
    "deep JSON": (b'{"cells": ' + b"[" * 10**6, "no JSON that a notebook could be"),
    "another notebook": (demo.dump(demo.notebook(demo.code("a", "import numpy as np"), demo.text("b", "Hello"))), "not of this assignment"),
    "no cells": (demo.dump(demo.notebook()), "not of this assignment"),
    "cells of nonsense": (b'{"cells": [1, null, {"cell_type": 5, "source": {}, "metadata": []}], "metadata": 7}', "not of this assignment"),
}  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("grader")


def probe(place, port):
    """Right answers, unless something that should be closed is open.  It looks, and changes nothing."""
    secrets = [place / "source" / "demo.ipynb", place / "secret", place / "in" / "right" / "demo.ipynb", place / "out"]
    secrets += [
        ROOT / "grader" / "trial.py",
        ROOT / "README.md",
        ROOT / "assignments",
        Path("/etc/passwd"),
        Path.home() / ".ssh",
    ]
    return demo.right(
        mean=f"""
import ctypes, os, socket
opened = []
def attempt(what, action):
    try:
        action()
        opened.append(what)
    except Exception:
        pass
for path in {[str(path) for path in secrets]}:
    attempt(path, lambda: open(path).read())
    attempt(path, lambda: os.listdir(path))
    attempt("write " + path, lambda: os.close(os.open(path, os.O_WRONLY)))
for path in ("/", "/usr", "/opt", "/dev", os.path.dirname(os.__file__), os.path.dirname(np.__file__)):
    # A file without a name: where it can be written, nothing is left of it.
    attempt("write in " + path, lambda: os.close(os.open(path, os.O_WRONLY | os.O_TMPFILE)))
attempt("network", lambda: socket.create_connection(("127.0.0.1", {port}), 2))
attempt("dns", lambda: socket.getaddrinfo("example.org", 80))
if os.fork() == 0:
    os._exit(ctypes.CDLL(None).unshare(0x10000000) == 0)  # a user namespace of its own
if os.wait()[1]:
    opened.append("namespaces")
for pid in os.listdir("/proc"):
    if pid.isdigit():
        with open(f"/proc/{{pid}}/cmdline", "rb") as stream:
            if b"grader.service" in stream.read() or b"pytest" in stream.read():
                opened.append(pid)
if os.getuid() == 0 or any("SECRET" in key for key in os.environ):
    opened.append("root or the environment")
def mean(x):
    return sum(x) / len(x) if not opened else str(opened)
"""
    )


@pytest.fixture(scope="module")
def port():
    """The number of a port on this machine at which somebody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture(scope="module")
def batch(place, port):
    """All submissions of this file, graded at once; rows by student, and the finished process."""
    require_program("bubblewrap")
    tables = {"damage": DAMAGE, "trick": TRICKS, "honest": HONEST, "broken": BROKEN}
    books = {f"{kind} {name}": book for kind, table in tables.items() for name, (book, _) in table.items()}
    books["probe"] = probe(place, port)
    books["right"] = demo.right()
    (place / "source").mkdir()
    (place / "source" / "demo.ipynb").write_bytes(demo.dump(demo.source()))
    (place / "secret").write_text("correct horse battery staple")
    demo.hand_in(place / "in", {name.replace("/", " "): book for name, book in books.items()})
    with_odd_files(place)
    finished = grade(place, place / "in", place / "out", "--secret", place / "secret", "--test-seconds", "8")
    assert finished.returncode == 0, finished.stderr
    return finished


def with_odd_files(place):
    folder = place / "in"
    (folder / "odd 100 MB").mkdir()
    with (folder / "odd 100 MB" / "demo.ipynb").open("wb") as stream:
        stream.truncate(100 << 20)
    (folder / "odd nothing").mkdir()
    (folder / "odd link").mkdir()
    (folder / "odd link" / "demo.ipynb").symlink_to(place / "secret")
    (folder / "odd linked folder").symlink_to(folder / "right")
    (folder / "odd pipe").mkdir()
    os.mkfifo(folder / "odd pipe" / "demo.ipynb")
    (folder / "odd folder" / "demo.ipynb").mkdir(parents=True)


def grade(place, submissions, out, *options):
    command = [sys.executable, "-m", "grader", "grade", place / "source" / "demo.ipynb", submissions, out, *options]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        list(map(str, command)), capture_output=True, text=True, timeout=900, env=environment, cwd=ROOT
    )


@pytest.fixture(scope="module")
def rows(batch, place):
    with (place / "out" / "grades.csv").open(newline="", encoding="utf-8") as stream:
        return {row["student"]: row for row in csv.DictReader(stream)}


@pytest.fixture(scope="module")
def records(batch, place):
    found = json.loads((place / "out" / "records.json").read_text(encoding="utf-8"))
    return {record["student"]: record for record in found["records"]}


def points(row):
    return {name: float(row[name]) for name in ALL}


@pytest.mark.parametrize("name", DAMAGE)
def test_damage_costs_its_own_task_alone(rows, records, name):
    row = rows[f"damage {name}"]
    expected = DAMAGE[name][1]
    if expected is None:  # a race that the submission may win, or lose by itself
        expected = points(row)
        assert expected["test-loss"] == 3
        assert expected["test-lines"] == 4

    assert points(row) == expected, records[f"damage {name}"]["cells"]
    assert not row["status"].startswith("not graded")


@pytest.mark.parametrize("name", TRICKS)
def test_a_trick_earns_what_the_work_is_worth(rows, records, name):
    row = rows[f"trick {name}"]

    assert points(row) == TRICKS[name][1], records[f"trick {name}"]["cells"]
    assert row["max"] == "20"
    assert float(row["total"]) == sum(TRICKS[name][1].values())


@pytest.mark.parametrize("name", HONEST)
def test_honest_work_loses_nothing(rows, records, name):
    row = rows[f"honest {name}"]

    assert points(row) == ALL, records[f"honest {name}"]["cells"]
    assert HONEST[name][1] in row["flags"]
    assert bool(HONEST[name][1]) == bool(row["flags"])
    answer = records[f"honest {name}"]["cells"]["words"]["answer"]
    assert answer == "Because there the slope of the squared error is zero."


def test_the_last_version_counts_also_where_it_is_the_worse_one(place, rows):
    # The copy with the wrong answer stands below its test, and belongs to it all the same.
    assert points(rows["honest the last version counts"]) == ALL


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_notebook_has_a_row_with_the_reason(rows, name):
    row = rows[f"broken {name}"]

    assert row["total"] == "0"
    assert row["status"].startswith("not graded: ")
    assert BROKEN[name][1] in row["status"]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("100 MB", "the file has 100 MiB; 20 MiB is the limit"),
        ("nothing", "there is no notebook in the folder"),
        ("link", "the notebook is a link"),
        ("linked folder", "it is a link"),
        ("pipe", "it is no regular file"),
        ("folder", "there is no notebook in the folder"),
    ],
)
def test_odd_files_have_a_row_with_the_reason(rows, name, reason):
    assert rows[f"odd {name}"]["total"] == "0"
    assert reason in rows[f"odd {name}"]["status"]


def test_every_submission_has_a_row(rows, place):
    assert len(rows) == len(list((place / "in").iterdir()))


def test_nothing_is_open_inside(rows, records):
    assert points(rows["probe"]) == ALL, records["probe"]["cells"]["test-mean"]


def test_no_process_is_left(batch):
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(path.read_bytes())
        except OSError:
            continue

    assert found
    assert not any(MARKER.encode() in line for line in found)


def test_no_file_is_touched(batch, place):
    assert (place / "secret").read_text() == "correct horse battery staple"
    assert (place / "source" / "demo.ipynb").read_bytes() == demo.dump(demo.source())
    assert (place / "in" / "right" / "demo.ipynb").read_bytes() == demo.dump(demo.right())
    assert sorted(path.name for path in (place / "out").iterdir()) == [
        "feedback",
        "grades.csv",
        "gradescope",
        "manual.csv",
        "records.json",
    ]


def test_the_batch_says_how_far_it_is(batch, rows):
    assert f"{len(rows)}/{len(rows)} graded" in batch.stderr
    assert "locked in by bubblewrap" in batch.stderr


def test_hidden_inputs_differ_between_students_and_stay_for_each(batch, place, records):
    again = grade(place, place / "one", place / "again", "--secret", place / "secret") if hand_in_one(place) else None
    repeated = json.loads((place / "again" / "records.json").read_text())["records"][0]
    calls = {name: records[name]["cells"]["test-mean"]["calls"] for name in ("right", "honest right", "honest prints")}

    assert again.returncode == 0
    assert repeated["cells"]["test-mean"]["calls"] == calls["right"]
    assert len({json.dumps(made[1]) for made in calls.values()}) == 3
    assert len({json.dumps(made[0]) for made in calls.values()}) == 1  # the visible test


def hand_in_one(place):
    demo.hand_in(place / "one", {"right": demo.right()})
    return True


def test_without_bubblewrap_it_refuses(place, batch, tmp_path):
    command = [
        sys.executable,
        "-m",
        "grader",
        "grade",
        str(place / "source" / "demo.ipynb"),
        str(place / "one"),
        str(tmp_path),
    ]
    environment = {**os.environ, "PATH": str(tmp_path), "PYTHONPATH": str(ROOT)}
    result = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment, cwd=ROOT)

    assert result.returncode == 1
    assert "bubblewrap" in result.stderr
    assert "apt-get install" in result.stderr
    assert "--unsafe-no-sandbox" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_unsafe_means_unsafe(place, batch, port, tmp_path):
    # The same probe that finds nothing open in the sandbox finds it all open here: the probe can fail.
    demo.hand_in(tmp_path / "in", {"probe": probe(place, port), "right": demo.right()})
    result = grade(place, tmp_path / "in", tmp_path / "out", "--unsafe-no-sandbox", "--jobs", "1")
    with (tmp_path / "out" / "grades.csv").open(newline="") as stream:
        found = {row["student"]: points(row) for row in csv.DictReader(stream)}

    assert "NO SANDBOX" in result.stderr
    assert found == {"probe": NO_MEAN, "right": ALL}
