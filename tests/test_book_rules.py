"""The book's own rules: each is kept by every page, and each refuses a small page that breaks it."""

import copy
import re
from functools import cache
from pathlib import Path

import check
import execute
import pages
import pytest
from claims import claim_in
from pages import ROOT, Page

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="
FLOOR = 6  # chapters that the book has at least; a glob that finds nothing must not pass


def md(source: str, cell_id: str = "text") -> dict:
    return {"cell_type": "markdown", "id": cell_id, "metadata": {}, "source": execute._lines(source)}


def code(source: str, *outputs: dict, cell_id: str = "code", count: int | None = 1, **metadata: object) -> dict:
    return {
        "cell_type": "code",
        "execution_count": count,
        "id": cell_id,
        "metadata": metadata,
        "outputs": list(outputs),
        "source": execute._lines(source),
    }


def printed(text: str, name: str = "stdout") -> dict:
    return {"name": name, "output_type": "stream", "text": execute._lines(text)}


def result(text: str, count: int = 1) -> dict:
    return {
        "data": {"text/plain": execute._lines(text)},
        "execution_count": count,
        "metadata": {},
        "output_type": "execute_result",
    }


def picture() -> dict:
    return {"data": {"image/png": PNG, "text/plain": ["<Figure>"]}, "metadata": {}, "output_type": "display_data"}


def alt(text: object) -> dict:
    return {"mystnb": {"image": {"alt": text}}}


def notebook(*cells: dict, name: str = "chapters/demo.ipynb") -> Page:
    whole = {"cells": list(cells), "metadata": execute.NOTEBOOK_METADATA, "nbformat": 4, "nbformat_minor": 5}
    return Page(name, copy.deepcopy(whole))


def assignment(*cells: dict) -> Page:
    return notebook(md("# Assignment"), *cells, name="assignments/release/demo.ipynb")


def exercise(label: str) -> list[dict]:
    word = label.removeprefix("ex-")
    return [
        md(f":::{{exercise-start}} A title\n:label: {label}\n:::\n\nShow it.\n\n:::{{exercise-end}}\n:::", word),
        md(f":::{{solution-start}} {label}\n:class: dropdown\n:::\n\nAs follows.", f"{word}-solution"),
        code("assert sum([1]) == 1", cell_id=f"{word}-check", count=None),
        md(":::{solution-end}\n:::", f"{word}-end"),
    ]


def good_page() -> Page:
    """A small chapter that keeps every rule."""
    cells = [
        md("(ch-demo)=\n# A demonstration\n\nA Gaussian gives the squared error, e.g. in {ref}`ch-demo`.", "title"),
        code("import numpy as np\n\nrng = np.random.default_rng(1)", cell_id="set-up"),
        md("(sec-demo-model)=\n## The model\n\nThe likelihood is\n\n$$ L \\coloneqq \\prod_{n=1}^N p(t_n) $$", "model"),
        md("$$ \\ln L = \\sum_{n=1}^N \\ln p(t_n) $$ (eq-log)\n\nA check follows: $L = 1$ is no display.", "logarithm"),
        code("# eq-log\nassert np.isclose(np.log(6), np.log([1, 2, 3]).sum())", cell_id="check"),
        code("round(rng.normal(), 3)", result("0.346"), cell_id="draw"),
        md("The draw is 0.346 nats.\nIs it large?\nNo.", "what-it-shows"),
        code("fig", picture(), cell_id="figure", **alt("A curve that falls towards zero.")),
        md("The curve of the figure falls.", "figure-text"),
        *exercise("ex-demo-paper"),
        *exercise("ex-demo-code"),
        *exercise("ex-demo-what-if"),
        md("## Further reading\n\n- A. Author. *A title*. A publisher, 2001. Pages 3-5.", "reading"),
    ]
    counter = 0
    for cell in cells:
        if cell["cell_type"] == "code":
            counter += 1
            cell["execution_count"] = counter
            for output in cell["outputs"]:
                if "execution_count" in output:
                    output["execution_count"] = counter
    return notebook(*cells)


OPENING = md("(ch-demo)=\n# A demonstration", "title")
EXERCISE = exercise("ex-a")
FOLDED = ":::{solution-start} ex-a\n:class: dropdown\n:::"

# rule -> pages that break it, each with a part of what the rule must say
BROKEN = {
    check.runs_in_order: [
        (notebook(code("1", count=None)), "expected execution count 1, given None"),
        (notebook(code("1"), code("2", count=3)), "expected execution count 2, given 3"),
        (notebook(code("1", count=2), code("2", count=1)), "expected execution count 1, given 2"),
    ],
    check.no_errors: [
        (
            notebook(
                code("1 / 0", {"output_type": "error", "ename": "ZeroDivisionError", "evalue": "", "traceback": []})
            ),
            "ZeroDivisionError",
        ),
        (notebook(code("warn()", printed("RuntimeWarning: overflow", "stderr"))), "overflow"),
    ],
    check.stable_outputs: [
        (notebook(code("ax", result("<Axes at 0x7f3a5c2b1d90>"))), "memory address"),
        (notebook(code("f()", printed("/home/somebody/lossbook/data.py"))), "path of this machine"),
        (notebook(code("f()", printed("C:\\Users\\somebody"))), "path of this machine"),
        (notebook(code("f()", printed("lib/site-packages/x.py"))), "path of this machine"),
        (notebook(code("2 / 3", result("0.6666666666666666"))), "more than 12 decimals"),
    ],
    check.one_output: [(notebook(code("x", printed("1"), result("2"))), r"2 outputs \(stdout, execute_result\)")],
    check.short_cells: [(notebook(code("\n".join("abcdefghijklmnopqrstu"))), "has 21 lines")],
    check.outputs_are_read: [
        (notebook(code("1", result("1"))), "no sentence after it"),
        (notebook(code("1", result("1")), code("2")), "no sentence after it"),
        (notebook(code("1", result("1")), md("## A heading of many words")), "no sentence after it"),
        (notebook(*EXERCISE, code("1", result("1"))), "no sentence after it"),
    ],
    check.plain_python: [
        (notebook(code("%matplotlib inline")), "%matplotlib inline"),
        (notebook(code("!ls")), "!ls"),
        (notebook(code("np.log?")), r"np\.log\?"),
        (notebook(code("plot(1);")), "semicolon"),
        (notebook(code("x = 1; y = 2")), "semicolon"),
        (notebook(code("x = (")), "does not parse"),
    ],
    check.quiet_code: [
        (notebook(code("import time")), r"imports time \(clock\)"),
        (notebook(code("from datetime import date")), "clock"),
        (notebook(code("import urllib.request")), "network"),
        (notebook(code("from sklearn.datasets import fetch_openml")), "network"),
        (notebook(code("datasets.fetch_openml('iris')")), "network"),
        (notebook(code("pd.read_csv('https://example.org/x.csv')")), "network address"),
        (notebook(code("import random")), "global seed"),
        (notebook(code("from math import *")), r"imports \* from math"),
        (notebook(code("from lossbook import _checks")), "private"),
        (notebook(code("import lossbook._rows")), "private"),
        (notebook(code("np.random.seed(0)")), r"uses np\.random\.seed"),
        (notebook(code("def f():\n    return numpy.random.rand(3)")), r"uses np\.random\.rand"),
        (notebook(code("from numpy.random import normal")), "global state"),
        (notebook(code("from numpy import random")), "global state"),
        (notebook(code("import numpy.random as npr")), "global state"),
        (notebook(code("rng = np.random.default_rng()")), "without a seed"),
        (notebook(code("rng = default_rng(None)")), "without a seed"),
        (notebook(code("stats.norm(0, 1).rvs(5)")), "without random_state"),
        (notebook(code("exec('x = 1')")), "hides code"),
        (notebook(code("print(hash('a'))")), "differs in every run"),
        (notebook(code("open('x.csv')")), "files"),
        (notebook(code("import os")), "system"),
    ],
    check.nothing_skipped: [
        (notebook(code("1", tags=["nbval-skip"])), "nbval-skip"),
        (notebook(code("1", tags=["hide-input", "raises-exception"])), "raises-exception"),
        (notebook(code("1", tags=["remove-cell"])), "remove-cell"),
        (notebook(code("# NBVAL_IGNORE_OUTPUT\n1")), "NBVAL_IGNORE_OUTPUT"),
    ],
    check.figures_have_alt_text: [
        (notebook(code("fig", picture())), "without alt text"),
        (notebook(code("fig", picture(), **alt(""))), "no sentence"),
        (notebook(code("fig", picture(), **alt("A short one."))), "no sentence"),
        (notebook(code("fig", picture(), **alt("A long text that has no end at all"))), "no sentence"),
        (notebook(code("fig", picture(), **alt(["A list with a sentence in it."]))), "no sentence"),
        (notebook(code("fig", picture(), **alt("The picture in demo_12_0.png of this page."))), "file name"),
        (notebook(*2 * [code("fig", picture(), **alt("A curve that falls to zero."))]), "another figure"),
        (notebook(code("1", result("1"), **alt("A curve that falls to zero."))), "no picture"),
    ],
    check.only_code_claims: [
        (notebook(md("$$ a = b $$")), r"claims \(=\) in Markdown: a = b"),
        (notebook(md("Text $$a \\le b$$ in a line")), "claims"),
        (notebook(md("$$\na = b\n$$ (eq-a)")), r"under \(eq-a\), which no check cell names"),
        (notebook(md("$$a = b$$ (eq-a)"), code("# eq-a")), "no check cell"),
        (notebook(md("$$a = b$$ (eq-a)"), code("# eq-ab\nassert f(1)")), "no check cell"),
        (notebook(md("$$a = b$$ (eq-a)"), code("# eq-a\nassert True")), "no check cell"),
        (notebook(md("$$a = b$$ (eq-a)"), code("# eq-a\nassert 1 == 1")), "no check cell"),
        (notebook(md("$$a = b$$ (eq-a)"), code("# eq-a\nassert f(1)", count=None)), "no check cell"),
        (notebook(md(":::{math}\n:label: eq-a\na = b\n:::")), r"\(eq-a\)"),
        (notebook(md("```{math}\na = b\n```")), "claims"),
        (notebook(md("::::{note}\nSo\n\n:::{math}\na = b\n:::\n::::")), "claims"),
        (notebook(md(":::{prf:theorem} Name\n:label: thm-a\n\n$$ a = b $$\n:::")), "claims"),
        (notebook(md("- a point\n\n  $$ a = b $$")), "claims"),
        (notebook(md("> $$ a = b $$")), "claims"),
        (notebook(md("| a |\n|---|\n| $$a = b$$ |")), "claims"),
        (notebook(md("\\begin{align}\na &= b\n\\end{align}")), "claims"),
        (Page("reference/x.md", {"cells": [md("$$ a = b $$ (eq-a)")]}), "no check cell"),
    ],
    check.typed_formulas_are_checked: [
        (notebook(code("Math(r'a = b')")), "typed formula"),
        (notebook(code("display(Latex(r'a \\le ' + latex(b)))")), "typed formula"),
        (notebook(code("Markdown(f'$$ {a} = {b} $$')")), "typed formula"),
    ],
    check.exercises_have_solutions: [
        (notebook(OPENING), "expected at least 3 exercises in a chapter, found 0"),
        (notebook(EXERCISE[0]), "expected one solution of exercise ex-a, found 0"),
        (notebook(*EXERCISE, *EXERCISE[1:]), "expected one solution of exercise ex-a, found 2"),
        (notebook(*EXERCISE, EXERCISE[0]), "label of its own"),
        (notebook(md(":::{exercise}\nDo it.\n:::")), "label of its own"),
        (notebook(*exercise("ex-b")[1:]), "that the page does not have: ex-b"),
        (notebook(EXERCISE[0], md(":::{solution-start} ex-a\n:::"), code("1"), EXERCISE[3]), "does not fold"),
        (notebook(EXERCISE[0], md(FOLDED), EXERCISE[3]), "without code that ran"),
        (notebook(EXERCISE[0], md(FOLDED), code("1", count=None), EXERCISE[3]), "without code that ran"),
        (notebook(code("1"), EXERCISE[0], md(FOLDED), EXERCISE[3]), "without code that ran"),
        (notebook(EXERCISE[0], md(":::{solution} ex-a\n:class: dropdown\nSo.\n:::")), "without code"),
        (notebook(EXERCISE[0], md(FOLDED), code("1")), "does not end"),
        (notebook(EXERCISE[3]), "not begun"),
        (notebook(EXERCISE[0], md(FOLDED), md(FOLDED)), "before that of ex-a has ended"),
    ],
    check.one_sentence_per_line: [
        (notebook(md("It rains. We stay.")), "two sentences"),
        (notebook(md("Is it $x$? Yes, `y`.")), "two sentences"),
        (notebook(md("It is $x$. $y$ follows.")), "two sentences"),
        (notebook(md("It *rains*. (We stay.)")), "two sentences"),
        (notebook(md("- It rains. We stay.")), "two sentences"),
        (notebook(md(":::{note}\nIt rains. We stay.\n:::")), "two sentences"),
        (notebook(md("**Plan.** It rains. We stay.")), "two sentences"),
        (notebook(md("It **rains.** We stay.")), "two sentences"),
        (notebook(md("| a |\n|---|\n| b |\n\nIt rains. We stay.")), "two sentences"),
        (notebook(md("It rains\nand we stay.")), "over two lines"),
    ],
    check.readable_elsewhere: [
        (notebook(md("```{note}\nIt rains.\n```")), "colon fence"),
        (notebook(md("\\begin{align}\na &\\coloneqq b\n\\end{align}")), "random id"),
        (notebook(md("<div>It rains.</div>")), "HTML"),
        (notebook(md("It <b>rains</b>.")), "HTML"),
        (notebook(md("![A plot](https://example.org/plot.png)")), "from elsewhere"),
    ],
    check.labelled: [
        (notebook(md("Text")), "expected a title"),
        (notebook(code("1"), OPENING), "expected a title"),
        (notebook(md("# A demonstration")), r"expected the label \(ch-demo\)="),
        (notebook(md("(ch-other)=\n# A demonstration")), r"expected the label \(ch-demo\)="),
        (notebook(OPENING, md("# Another")), "second title"),
        (notebook(OPENING, md("### Deep")), "jumps"),
        (notebook(OPENING, md("(here)=\n## Section")), "given here"),
        (notebook(OPENING, md("(sec-a)=\n## A"), md("(sec-a)=\n## B")), "2 times"),
    ],
    check.tidy: [
        (notebook(md("a", "8f3c1a2b")), "lower-case words"),
        (notebook(md("a", "Set_Up")), "lower-case words"),
        (notebook(md("a", "same"), md("b", "same")), "is the id of 2 cells"),
        (notebook(code("1", collapsed=True)), "not normalised"),
        (notebook(code("1", execution={"iopub.execute_input": "2026"})), "not normalised"),
        (notebook(md("a\n\n")), "not normalised"),
        (Page("chapters/demo.ipynb", good_page().notebook, "{}"), "not normalised"),
    ],
    check.releases_are_blank: [
        (assignment(code("1")), "was run"),
        (assignment(code("1", printed("1\n"), count=None)), "was run"),
        (assignment(code("### BEGIN SOLUTION\n1", count=None)), "students must not see"),
        (assignment(code("from grader.hidden import rng", count=None)), "students must not see"),
        (assignment(md("### END MARK SCHEME")), "students must not see"),
    ],
}


def findings(rule, page: Page) -> list[str]:
    return [f"{where}: {what}" for where, what in rule(page)]


@pytest.mark.parametrize("rule", check.RULES, ids=lambda rule: rule.__name__)
def test_a_good_page_keeps_the_rule(rule):
    assert findings(rule, good_page()) == []


@pytest.mark.parametrize(
    ("rule", "page", "message"),
    [(rule, page, message) for rule, broken in BROKEN.items() for page, message in broken],
    ids=[f"{rule.__name__}-{number}" for rule, broken in BROKEN.items() for number in range(len(broken))],
)
def test_a_page_that_breaks_the_rule_is_found(rule, page, message):
    found = findings(rule, page)

    assert found, "the rule found nothing"
    assert any(re.search(message, line) for line in found), found


def test_only_an_assignment_may_be_unexecuted():
    assert check.rules_for(good_page()) == check.RULES
    assert set(check.RULES) - set(check.rules_for(assignment())) == {check.runs_in_order, check.tidy}


def test_every_rule_is_tried_on_a_page_that_breaks_it():
    assert set(BROKEN) == set(check.RULES)


# --- What the parsers must let through

DEFINITIONS = [
    r"L \coloneqq \prod_{n=1}^{N} p(t_n \mid x_n)",
    r"L := \prod_{n=1}^N f(n)",
    r"t_n \mid x_n \sim \mathcal{N}(y(x_n), \sigma^2), \qquad n = 1, \dots, N",
    r"k = 1, 2, \ldots, c",
    r"y_k \coloneqq P(t_k = 1 \mid x)",
    r"y_k \coloneqq P\left(t_k = 1 \mid x\right)",
    r"y \coloneqq \Pr[T \le t]",
    r"\mathbb{E}[X = 1] \equiv \mu",
    r"\delta_{jk} \coloneqq [j = k]",
    r"\delta_{jk} \coloneqq \mathbb{1}\{j = k\}",
    r"|x| \coloneqq \begin{cases} x & x \ge 0 \\ -x & x < 0 \end{cases}",
    r"\Delta \coloneqq \{ y \in \mathbb{R}^c : \sum_k y_k = 1,\ y_k > 0 \}",
    r"\Delta \coloneqq \left\{ y \mid \textstyle\sum_k y_k = 1 \right\}",
    r"\hat\mu \coloneqq \underset{\mu = 0}{\arg\min} \; E(\mu)",
    r"\ell(z) \coloneqq \left.\frac{\partial E}{\partial z}\right|_{z = 0}",
    r"a \coloneqq b \quad \text{if it is known that } c",
    r"a \coloneqq b % = c",
    r"h \colon \mathbb{R} \to (0, 1)",
    r"x \mapsto x^{a = b}",
    r"X \perp Y",
    r"\left( a \coloneqq b \right)",
    r"\operatorname{E}[X = 1] \equiv \mu",
    r"a \coloneqq b \text{ (≤ means at most)}",
    r"a &\coloneqq \phantom{=} b",
    r"a \colon= b",
    r"a \overset{x = 1}{\sim} b",
    r"x_\mathrm{a = b} \coloneqq 1",
    r"y \coloneqq P((s = 1) \cap (t = 1))",
]
CLAIMS = [
    r"a = b",
    r"a &= b \\ &= c",
    r"L \coloneqq a = b",
    r"\sum_{n=1}^N x_n = 0",
    r"a \le b",
    r"a \leq b",
    r"a \geqslant b",
    r"a ≤ b",
    r"a < b",
    r"a \Rightarrow b",
    r"a \implies b",
    r"a \iff b",
    r"a \Longleftrightarrow b",
    r"a \approx b",
    r"a \propto b",
    r"a \neq b",
    r"a \stackrel{!}{=} b",
    r"a \overset{\text{iid}}{=} b",
    r"P(t = 1) = y",
    r"p(x, t) = p(t \mid x)\, p(x)",
    r"\mathbb{E}[X] = \mu",
    r"\underbrace{a = b}_{c}",
    r"\begin{aligned} a &= b \end{aligned}",
    r"|x| = \begin{cases} x & x \ge 0 \\ -x & x < 0 \end{cases}",
    r"\begin{cases} a = b & \text{if } c \end{cases}",
    r"\text{loss} = a",
    r"\left( a = b \right)",
    r"\left[ a + b + c + d = e + f + g + h \right]",
    r"\{a, b\} = \{c\}",
    r"x = 1, 2, 3",
    r"50\% = \tfrac12",
]


@pytest.mark.parametrize("latex", DEFINITIONS)
def test_a_definition_claims_nothing(latex):
    assert claim_in(latex) is None


@pytest.mark.parametrize("latex", CLAIMS)
def test_a_claim_is_seen(latex):
    assert claim_in(latex) is not None


@pytest.mark.parametrize(
    "text",
    [
        "It rains, e.g. in Bergen.",
        "See Fig. X and pp. 3 to 5.",
        "Dalal et al. Found it.",
        "J. R. Statist. is a name.",
        "Is it plausible? is this? this?",
        "It rains.\nWe stay.",
        "**Weather.** It rains.\n**Plan.** We stay.",
        "| It rains. We stay. |\n|---|\n| It rains. We stay. |",
        "```python\nx = 1. \nIt. Is.\n```",
        "`It rains. We stay.` is code",
        "The list is\n- one\n- two",
        "$$\na. B\n$$",
        "## It rains. We stay.",
    ],
)
def test_one_sentence_per_line_lets_through(text):
    assert findings(check.one_sentence_per_line, notebook(md(text))) == []


@pytest.mark.parametrize(
    "source",
    [
        "# eq-a\nnp.testing.assert_allclose(f(1), g(1))",
        "# eq-a\nassert abs(f(1) - g(1)) < 1e-12",
        "d = Derivation(a).equals(b)  # eq-a",
        "d.same_minimiser(b, over=y, because='eq-a')",
    ],
)
def test_a_labelled_claim_may_be_restated(source):
    assert findings(check.only_code_claims, notebook(md("$$ a = b $$ (eq-a)"), code(source))) == []


@pytest.mark.parametrize(
    "source",
    [
        "rng = np.random.default_rng(seed=3)",
        "rng: np.random.Generator = np.random.default_rng(3)",
        "x = stats.norm.rvs(size=3, random_state=rng)",
        "from numpy.random import Generator, default_rng",
        "s = 'a; b'  # c; d",
        "remainder = 7 % 3",
        "not_equal = a != b",
    ],
)
def test_honest_code_is_let_through(source):
    page = notebook(code(source))

    assert findings(check.quiet_code, page) + findings(check.plain_python, page) == []


def test_a_heading_and_a_fence_are_no_sentence():
    assert not check.says_something(
        pages.Cell("a", "markdown", "## A heading of words\n\n:::{solution-end}\n:::", {}, None, [])
    )
    assert check.says_something(pages.Cell("a", "markdown", ":::{note}\nThe slope is 50 g.\n:::", {}, None, []))


# --- Rules about the book as a whole


@pytest.fixture
def small_book(tmp_path: Path) -> Path:
    """A folder with one chapter and the page of sources, complete."""
    (tmp_path / "chapters").mkdir()
    (tmp_path / "reference").mkdir()
    (tmp_path / "intro.md").write_text("# Welcome\n", encoding="utf-8")
    (tmp_path / "chapters" / "demo.ipynb").write_text(execute.to_text(good_page().notebook), encoding="utf-8")
    rows = "".join(f"| {source_id} | {{ref}}`sec-demo-model` |\n" for source_id in sorted(check.source_ids()))
    (tmp_path / "reference" / "sources.md").write_text(
        f"# Sources\n\n| id | where |\n|---|---|\n{rows}", encoding="utf-8"
    )
    toc = "format: jb-book\nroot: intro\nchapters:\n- file: chapters/demo\n- file: reference/sources\n"
    (tmp_path / "_toc.yml").write_text(toc, encoding="utf-8")
    return tmp_path


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def add_file(root: Path) -> None:
    (root / "chapters" / "02-second.md").write_text("(ch-second)=\n# Second\n\nAs 003-99 says.\n", encoding="utf-8")


BREAKAGES = {
    "numbered-file": (add_file, check.file_names, "chapters/02-second.md: is not named"),
    "file-not-in-toc": (add_file, check.table_of_contents, "chapters/02-second: is not in _toc.yml"),
    "entry-without-file": (
        lambda root: edit(root / "_toc.yml", "chapters/demo", "chapters/other"),
        check.table_of_contents,
        "chapters/other: .*no such file",
    ),
    "listed-twice": (
        lambda root: edit(root / "_toc.yml", "reference/sources", "chapters/demo"),
        check.table_of_contents,
        "chapters/demo: .*2 times",
    ),
    "unknown-id": (add_file, check.sources_exist, "cites 003-99"),
    "id-missing": (
        lambda root: edit(root / "reference" / "sources.md", "003-E4", "an error"),
        check.sources_are_treated,
        "003-E4: is missing",
    ),
    "id-without-section": (
        lambda root: edit(root / "reference" / "sources.md", "| 003-E4 | {ref}`sec-demo-model` |", "| 003-E4 | soon |"),
        check.sources_are_treated,
        "003-E4: .*no reference",
    ),
    "section-missing": (
        lambda root: edit(
            root / "reference" / "sources.md", "| 003-E4 | {ref}`sec-demo-model` |", "| 003-E4 | {ref}`x` |"
        ),
        check.sources_are_treated,
        "003-E4: refers to a label that no page has: x",
    ),
    "no-sources-page": (
        lambda root: (root / "reference" / "sources.md").unlink(),
        check.sources_are_treated,
        "does not exist",
    ),
}


@pytest.mark.parametrize("rule", check.BOOK_RULES, ids=lambda rule: rule.__name__)
def test_a_good_book_keeps_the_rule(rule, small_book):
    assert findings(rule, small_book) == []


@pytest.mark.parametrize("name", BREAKAGES)
def test_a_book_that_breaks_the_rule_is_found(name, small_book):
    breaking, rule, message = BREAKAGES[name]
    breaking(small_book)

    assert any(re.search(message, line) for line in findings(rule, small_book)), findings(rule, small_book)


def test_an_id_under_to_come_needs_no_section(small_book):
    ledger = small_book / "reference" / "sources.md"
    edit(ledger, "| 003-E4 | {ref}`sec-demo-model` |\n", "")
    ledger.write_text(ledger.read_text(encoding="utf-8") + "\n## To come\n\n003-E4\n", encoding="utf-8")

    assert findings(check.sources_are_treated, small_book) == []


def test_the_ledger_is_complete():
    counts = {"000": (16, 14), "001": (11, 12), "002": (7, 9), "003": (10, 15), "004": (8, 7)}

    expected = {f"{d}-{n}" for d, (items, _) in counts.items() for n in range(1, items + 1)}
    expected |= {f"{d}-E{n}" for d, (_, errors) in counts.items() for n in range(1, errors + 1)}
    assert check.source_ids() == expected


# --- The book itself


@cache
def read(path: Path) -> Page:
    return Page.read(path)


def title(thing: object) -> str:
    return thing.relative_to(ROOT).as_posix() if isinstance(thing, Path) else thing.__name__


@pytest.mark.parametrize(
    ("path", "rule"), [(path, rule) for path in pages.pages() for rule in check.rules_for(read(path))], ids=title
)
def test_the_page_keeps_the_rule(path, rule):
    found = findings(rule, read(path))

    assert not found, "\n".join(found)


@pytest.mark.parametrize("rule", check.BOOK_RULES, ids=lambda rule: rule.__name__)
def test_the_book_keeps_the_rule(rule):
    found = findings(rule, ROOT)

    assert not found, "\n".join(found)


def test_the_book_has_its_chapters():
    chapters = [path for path in execute.notebooks() if path.parent.name == "chapters"]

    assert len(chapters) >= FLOOR


def sections(root: Path = ROOT) -> dict[str, str]:
    """The source ids in the comments below each labelled heading of the book."""
    found: dict[str, str] = {}
    for path in pages.pages(root):
        text = "\n".join(cell.source for cell in Page.read(path).text)
        parts = re.split(r"^\(([\w-]+)\)=\n", text, flags=re.MULTILINE)
        for label, body in zip(parts[1::2], parts[2::2], strict=True):
            found[label] = " ".join(re.findall(r"^%(.*)", body, re.MULTILINE))
    return found


def test_a_section_that_the_ledger_names_names_the_id_too():
    """The ledger points to sections, and at least one of them says in a comment which id it treats."""
    comments = sections()
    ledger = (ROOT / "reference" / "sources.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (00[0-4]-E?\d+) \|(.*)$", ledger, re.MULTILINE)
    silent = [
        source_id
        for source_id, row in rows
        if not any(
            source_id in check.SOURCE_ID.findall(comments[label])
            for label in re.findall(r"`([\w-]+)`", row)
            if label in comments
        )
    ]

    assert {source_id for source_id, _ in rows} == check.source_ids()
    assert silent == []
