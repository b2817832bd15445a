"""A small assignment with every kind of cell, right answers to it, and submissions that go wrong in every way."""

import copy
import json
from pathlib import Path

IMPORTS = "import numpy as np\nfrom sympy import *\n\ntargets = np.array([1.5, 2.0, 4.5])  # seconds"
MEAN = '''def mean(x):
    """The arithmetic mean of an array."""
    ### BEGIN SOLUTION
    return float(np.sum(x)) / len(x)
    ### END SOLUTION'''
MEAN_TEST = """from math import isclose
assert isclose(mean(targets), 8 / 3), "the mean of the targets is 8/3 seconds"
### BEGIN HIDDEN TESTS
from grader.hidden import close, rng
secret_draw = rng().normal(size=20)
close(mean(secret_draw), secret_draw.sum() / 20, "mean of 20 random numbers", rtol=1e-9)
### END HIDDEN TESTS"""
LOSS = '''def loss(y, t):
    """The squared error of each example."""
    ### BEGIN SOLUTION
    return (np.asarray(y) - t) ** 2
    ### END SOLUTION'''
LOSS_TEST = """assert loss(1.0, 3.0) == 4.0
### BEGIN HIDDEN TESTS
from grader.hidden import Checks, close, rng
draw = rng("loss")
secret_y, secret_t = draw.normal(size=(2, 7))
checks = Checks()
with checks("an example", 1):
    close(loss(2.0, 5.0), 9.0, "loss(2, 5)")
with checks("an array", 1):
    close(loss(secret_y, secret_t), (secret_y - secret_t) ** 2, "loss(y, t)")
with checks("no example at all", 1):
    close(loss(np.zeros(0), np.zeros(0)), np.zeros(0), "loss of nothing")
checks.points
### END HIDDEN TESTS"""
STEPS = '''n, N = symbols("n N", integer=True, positive=True)
t, y = IndexedBase("t"), IndexedBase("y")
sigma = Symbol("sigma", positive=True)


def lines():
    """From the negative log-likelihood to the squared error, line by line."""
    start = -log(Product(exp(-((t[n] - y[n]) ** 2) / (2 * sigma**2)) / sqrt(2 * pi * sigma**2), (n, 1, N)))
    ### BEGIN SOLUTION
    terms = -Sum(log(exp(-((t[n] - y[n]) ** 2) / (2 * sigma**2)) / sqrt(2 * pi * sigma**2)), (n, 1, N))
    no_exp = Sum((t[n] - y[n]) ** 2 / (2 * sigma**2) + log(2 * pi * sigma**2) / 2, (n, 1, N))
    squares = Sum((t[n] - y[n]) ** 2, (n, 1, N))
    return [start, terms, no_exp, squares / (2 * sigma**2) + N * log(2 * pi * sigma**2) / 2, squares]
    ### END SOLUTION'''
STEPS_TEST = """assert len(lines()) > 1
### BEGIN HIDDEN TESTS
from grader.hidden import derivation, without
from lossbook.derivation import real
_n, _N = symbols("n N", integer=True, positive=True)
_t, _y, _sigma = IndexedBase("t"), IndexedBase("y"), Symbol("sigma", positive=True)
derivation(
    lines(),
    start=-log(Product(exp(-((_t[_n] - _y[_n]) ** 2) / (2 * _sigma**2)) / sqrt(2 * pi * _sigma**2), (_n, 1, _N))),
    goal=Sum((_t[_n] - _y[_n]) ** 2, (_n, 1, _N)),
    where=[real(_t[_n]), real(_y[_n])],
    over=_y,
    over_after="no exponential is left",
    milestones={
        "the product is a sum": without(Product),
        "no exponential is left": without(Product, exp),
        "sigma is gone": without(Product, exp, _sigma),
    },
    points=4,
)
### END HIDDEN TESTS"""
WORDS = "The mean minimises the squared error, because its derivative is zero there."
PLOT = """scale = 1.0
### BEGIN SOLUTION
scale = 2.0
### END SOLUTION"""


def marks(grade_id, grade=False, solution=False, locked=False, points=None, task=False):
    found = {"schema_version": 3, "grade_id": grade_id, "grade": grade, "solution": solution, "locked": locked}
    if task:
        found["task"] = True
    return found | ({} if points is None else {"points": points})


def code(name, source, **of):
    metadata = {"nbgrader": marks(name, **of)} if of else {}
    cell = {"cell_type": "code", "id": name, "metadata": metadata, "source": source.splitlines(keepends=True)}
    return cell | {"outputs": [], "execution_count": None}


def text(name, source, **of):
    metadata = {"nbgrader": marks(name, **of)} if of else {}
    return {"cell_type": "markdown", "id": name, "metadata": metadata, "source": source.splitlines(keepends=True)}


def notebook(*cells):
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    return {"cells": list(cells), "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def source():
    """The teacher's notebook: 20 points are 3 + 3 + 4 by tests and 2 + 3 by hand, and 5 for a task."""
    cells = [
        text("title", "# Demonstration\n\nThree measurements in seconds."),
        code("imports", IMPORTS),
        text("ask-mean", "## The mean\n\nWrite `mean`.", locked=True),
        code("mean", MEAN, solution=True),
        code("test-mean", MEAN_TEST, grade=True, locked=True, points=3),
        text("ask-loss", "## The loss\n\nWrite `loss`."),
        code("loss", LOSS, solution=True),
        code("test-loss", LOSS_TEST, grade=True, locked=True, points=3),
        text("ask-lines", "## The derivation\n\nReturn the lines."),
        code("lines", STEPS, solution=True),
        code("test-lines", STEPS_TEST, grade=True, locked=True, points=4),
        text("ask-words", "## In words\n\nWhy the mean?"),
        text("words", WORDS, grade=True, solution=True, points=2),
        code("plot", PLOT, grade=True, solution=True, points=3),
        text(
            "task",
            "## Free work\n\n### BEGIN MARK SCHEME\nAll of it.\n### END MARK SCHEME",
            task=True,
            locked=True,
            points=5,
        ),
    ]
    return notebook(*cells)


AUTO, MOST = 10, 20


def dump(book):
    return json.dumps(book, indent=1, ensure_ascii=False).encode()


def source_of(book, name):
    return "".join(cell_of(book, name)["source"])


def cell_of(book, name):
    return next(cell for cell in book["cells"] if cell["id"] == name)


def write(book, name, new):
    """Put new text into a cell."""
    cell_of(book, name)["source"] = new.splitlines(keepends=True)


def untouched():
    """The release."""
    from grader.release import released

    return copy.deepcopy(released(source()))


RIGHT = {
    name: "\n".join(line for line in whole.split("\n") if "SOLUTION" not in line)
    for name, whole in {"mean": MEAN, "loss": LOSS, "lines": STEPS, "plot": PLOT}.items()
}


def right(**changed):
    """A submission with right answers; ``changed`` gives other text for some cells (underscores for hyphens)."""
    book = untouched()
    for name, answer in RIGHT.items():
        write(book, name, answer)
    write(book, "words", "Because there the slope of the squared error is zero.")
    for name, answer in changed.items():
        write(book, name.replace("_", "-"), answer)
    return book


def hand_in(folder: Path, submissions: dict):
    """Write submissions as a folder for each student."""
    for student, book in submissions.items():
        place = folder / student
        place.mkdir(parents=True)
        (place / "demo.ipynb").write_bytes(book if isinstance(book, bytes) else dump(book))
