"""The book's own rules, one function each: `make check`.

    python tools/check.py                            every page, and the book as a whole
    python tools/check.py chapters/gaussian.ipynb    one page

A rule takes a page and yields (where, what is wrong and how to mend it).  `make test` applies the same functions to the
same pages, and tries each of them on a page that breaks it (tests/test_book_rules.py).
"""

import ast
import io
import re
import sys
import tokenize
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path

import execute
import yaml
from claims import SIGN, claim_in
from pages import (
    ROOT,
    Cell,
    Page,
    calls,
    directive_name,
    directive_options,
    directive_title,
    directives,
    display_equations,
    dotted,
    pages,
    paragraphs,
    text_of,
)

MOST_LINES = 20  # in a code cell; aim at 15
MOST_DECIMALS = 12  # in an output: the last digits of a float differ between processors
LEAST_EXERCISES = 3  # in a chapter
WITHOUT_EXERCISES = {"summary"}  # a page that only looks back

Finding = tuple[str, str]


# --- Rules about execution


def runs_in_order(page: Page) -> Iterator[Finding]:
    """Every code cell was run, from a fresh kernel, top to bottom."""
    for number, cell in enumerate(page.code, 1):
        if cell.count != number:
            yield cell.id, f"expected execution count {number}, given {cell.count}: run make execute"


def no_errors(page: Page) -> Iterator[Finding]:
    """No output is an error or a warning."""
    for cell in page.code:
        for output in cell.outputs:
            if output["output_type"] == "error":
                yield cell.id, f"stops with {output['ename']}: catch the exception and print what it says"
            elif output.get("name") == "stderr":
                yield cell.id, f"prints a warning: {text_of(output).strip()[-80:]!r}"


VOLATILE = {
    r"\b0x[0-9a-fA-F]{6,}\b": "a memory address",
    r"(?<![\w.])/(?:home|Users|tmp|root|private|mnt|usr|var)/\w+": "a path of this machine",
    r"[A-Z]:\\+Users": "a path of this machine",
    r"\bsite-packages\b": "a path of this machine",
    rf"\d\.\d{{{MOST_DECIMALS + 1},}}": f"more than {MOST_DECIMALS} decimals: round what is shown",
}


def stable_outputs(page: Page) -> Iterator[Finding]:
    """No output depends on the machine, the run or the last digits of a float."""
    for cell in page.code:
        for pattern, what in VOLATILE.items():
            found = re.search(pattern, "\n".join(map(text_of, cell.outputs)))
            if found:
                yield cell.id, f"shows {what} ({found[0]})"


def one_output(page: Page) -> Iterator[Finding]:
    """A cell shows one thing."""
    for cell in page.code:
        if len(cell.outputs) > 1:
            kinds = ", ".join(output.get("name", output["output_type"]) for output in cell.outputs)
            yield cell.id, f"has {len(cell.outputs)} outputs ({kinds}): split the cell"


def short_cells(page: Page) -> Iterator[Finding]:
    """A code cell fits on a screen."""
    for cell in page.code:
        length = len(cell.source.splitlines())
        if length > MOST_LINES:
            yield cell.id, f"has {length} lines, expected at most {MOST_LINES}: split it"


def outputs_are_read(page: Page) -> Iterator[Finding]:
    """A sentence after each output says what it shows (in a solution the question has said it)."""
    inside_solution = False
    for cell, following in zip(page.cells, [*page.cells[1:], None], strict=True):
        for directive in directives(cell) if cell.kind == "markdown" else ():
            name = directive_name(directive)
            inside_solution = (inside_solution or name == "solution-start") and name != "solution-end"
        if cell.outputs and not inside_solution and not (following and says_something(following)):
            yield cell.id, "has an output, and no sentence after it says what it shows"


def says_something(cell: Cell) -> bool:
    """Whether a cell is Markdown with at least one sentence."""
    lines = (line for paragraph in paragraphs(cell) for line in paragraph) if cell.kind == "markdown" else ()
    return any(len(line.split()) >= 3 for line in lines)


# --- Rules about code

FORBIDDEN_MODULES = {
    "network": "aiohttp ftplib http httpx requests smtplib socket ssl urllib urllib3 webbrowser".split(),
    "clock": "calendar datetime time timeit".split(),
    "system": "glob importlib os pathlib platform shutil subprocess tempfile".split(),
    "global seed": "random secrets uuid".split(),
}
FORBIDDEN_CALLS = {
    "breakpoint": "waits for a person",
    "eval": "hides code from the checks",
    "exec": "hides code from the checks",
    "get_ipython": "is a magic in disguise",
    "hash": "differs in every run",
    "id": "differs in every run",
    "input": "waits for a person",
    "open": "reads or writes files: data sets come from lossbook.data",
    "__import__": "hides an import from the checks",
}
LOCAL_GENERATORS = "BitGenerator Generator MT19937 PCG64 PCG64DXSM Philox SFC64 SeedSequence default_rng".split()
GLOBAL_STATE = "has a global state: use np.random.default_rng(seed)"


def plain_python(page: Page) -> Iterator[Finding]:
    """Cells are plain Python: no magics, no shell, no semicolons."""
    for cell in page.code:
        if cell.tree is None:
            magic = re.search(r"^\s*([%!?].*|[\w.]+\?+\s*)$", cell.source, re.MULTILINE)
            yield cell.id, f"is not plain Python: {magic[0].strip() if magic else 'it does not parse'}"
            continue
        tokens = tokenize.generate_tokens(io.StringIO(cell.source).readline)
        if any(token.type == tokenize.OP and token.string == ";" for token in tokens):
            yield cell.id, "contains a semicolon: it hides an output, or a statement"


def quiet_code(page: Page) -> Iterator[Finding]:
    """No network, clock, files, global seed or star import, and nothing private."""
    for cell in page.code:
        for node in cell.nodes:
            for what in _noise(node):
                yield cell.id, what


def _noise(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield from _imported(alias.name)
    elif isinstance(node, ast.ImportFrom):
        for alias in node.names:
            if alias.name == "*":
                yield f"imports * from {node.module}: name what the cell uses"
            elif node.module == "numpy.random" and alias.name in LOCAL_GENERATORS:
                continue
            else:
                yield from _imported(f"{node.module}.{alias.name}")
    elif isinstance(node, ast.Attribute):
        if dotted(node.value) in ("np.random", "numpy.random") and node.attr not in LOCAL_GENERATORS:
            yield f"uses np.random.{node.attr}, which {GLOBAL_STATE}"
    elif isinstance(node, ast.Call):
        yield from _called(dotted(node.func), node)
    elif isinstance(node, ast.Constant) and re.match(r"(?:https?|ftp)://", str(node.value)):
        yield f"contains a network address: {node.value}"


def _imported(name: str) -> Iterator[str]:
    first, *rest = name.split(".")
    for reason, modules in FORBIDDEN_MODULES.items():
        if first in modules:
            yield f"imports {name} ({reason})"
    if first == "lossbook" and any(part.startswith("_") for part in rest):
        yield f"imports {name}, which is private"
    if name.startswith("numpy.random"):
        yield f"imports {name}, which {GLOBAL_STATE}"
    if rest and rest[-1].startswith("fetch_"):
        yield f"imports {name} (network)"


def _called(name: str, call: ast.Call) -> Iterator[str]:
    last = name.split(".")[-1]
    arguments = [*call.args, *(keyword.value for keyword in call.keywords)]
    if last == "default_rng" and not any(not isinstance(a, ast.Constant) or a.value is not None for a in arguments):
        yield "makes a generator without a seed: np.random.default_rng(seed)"
    if last == "rvs" and not any(keyword.arg == "random_state" for keyword in call.keywords):
        yield f"calls {name}() without random_state, which {GLOBAL_STATE}"
    if last.startswith("fetch_"):
        yield f"calls {name}() (network)"
    if name in FORBIDDEN_CALLS:
        yield f"calls {name}(), which {FORBIDDEN_CALLS[name]}"


HIDING_TAG = re.compile(r"nbval-.*|raises-exception|skip-execution|no-execute|remove-(?:cell|output|stdout|stderr)")
HIDING_COMMENT = re.compile(r"^\s*#+\s*(NBVAL_\w+|PYTEST_VALIDATE_IGNORE_OUTPUT)\s*$", re.MULTILINE)


def nothing_skipped(page: Page) -> Iterator[Finding]:
    """No tag or comment hides a cell from the checks, or from the reader."""
    for cell in page.cells:
        for tag in cell.metadata.get("tags", []):
            if HIDING_TAG.fullmatch(tag):
                yield cell.id, f"has the tag {tag}: every cell is checked and shown"
        comment = HIDING_COMMENT.search(cell.source) if cell.kind == "code" else None
        if comment:
            yield cell.id, f"contains {comment[1]}: every output is checked"


# --- Rules about figures


def figures_have_alt_text(page: Page) -> Iterator[Finding]:
    """Every picture has a text that says what it shows, and no such text is left over."""
    seen: set[str] = set()
    for cell in page.code:
        has_picture = any(mime.startswith("image/") for output in cell.outputs for mime in output.get("data", {}))
        alt = cell.metadata.get("mystnb", {}).get("image", {}).get("alt")
        if alt is None:
            if has_picture:
                yield cell.id, 'has a picture without alt text: metadata {"mystnb": {"image": {"alt": "…"}}}'
        elif not has_picture:
            yield cell.id, "has alt text but no picture"
        elif (
            not isinstance(alt, str)
            or len(alt) <= 20
            or len(alt.split()) < 4
            or not re.fullmatch(r"[A-Z0-9].*[.?!]", alt.strip(), re.DOTALL)
        ):
            yield cell.id, f"has alt text that is no sentence of more than 20 characters: {alt!r}"
        elif re.search(r"\.(png|svg|jpe?g)\b", alt):
            yield cell.id, f"has a file name as alt text: {alt!r}"
        elif alt in seen:
            yield cell.id, f"has the alt text of another figure: {alt!r}"
        else:
            seen.add(alt)


# --- Markdown may define; only code may claim

VERIFYING_METHODS = "equals same_minimiser at_least at_most differentiate substitute solve_for".split()


def only_code_claims(page: Page) -> Iterator[Finding]:
    """A display equation in Markdown defines.  One that claims has a label that a check cell of the page names."""
    for cell in page.text:
        for equation in display_equations(cell):
            claim = claim_in(equation.latex)
            if claim is None:
                continue
            shown = " ".join(equation.latex.split())
            if not equation.label:
                yield cell.id, f"claims ({claim}) in Markdown: {shown}  Let code print it, or label it and check it"
            elif not any(names(other, equation.label) and verifies(other) for other in page.code):
                yield cell.id, f"claims ({claim}) under ({equation.label}), which no check cell names: {shown}"


def typed_formulas_are_checked(page: Page) -> Iterator[Finding]:
    """A formula typed into `Math(…)`, `Latex(…)` or `Markdown(…)` is a claim like any other."""
    for cell in page.code:
        for name, call in calls(cell):
            if name.split(".")[-1] in ("Math", "Latex", "Markdown", "HTML") and not verifies(cell):
                constants = [node for argument in call.args for node in ast.walk(argument)]
                texts = [node.value for node in constants if isinstance(node, ast.Constant)]
                if any(isinstance(text, str) and SIGN.search(text) for text in texts):
                    yield cell.id, "prints a typed formula that the cell does not check"


def names(cell: Cell, label: str) -> bool:
    """Whether a cell names a label, in its code or in a tag."""
    pattern = rf"(?<![\w-]){re.escape(label)}(?![\w-])"
    return any(re.search(pattern, text) for text in [cell.source, *cell.metadata.get("tags", [])])


def verifies(cell: Cell) -> bool:
    """Whether a cell ran and checks something: an assertion that can fail, or a step of a derivation."""
    if not cell.ran:
        return False
    for node in cell.nodes:
        if isinstance(node, ast.Assert) and any(isinstance(part, ast.Name | ast.Call) for part in ast.walk(node.test)):
            return True
        if isinstance(node, ast.Call):
            is_method = isinstance(node.func, ast.Attribute)
            last = node.func.attr if is_method else dotted(node.func)
            if last.startswith("assert_") or (is_method and last in VERIFYING_METHODS):
                return True
    return False


# --- Rules about text


def exercises_have_solutions(page: Page) -> Iterator[Finding]:
    """Every exercise has a folded solution with code that ran; a chapter has at least three."""
    exercises: dict[str, str] = {}
    solved: Counter[str] = Counter()
    solution = where = None
    ran = False
    for cell in page.cells:
        if cell.kind == "code":
            ran |= bool(cell.source.strip()) and cell.ran
            continue
        for directive in directives(cell):
            name, title = directive_name(directive), directive_title(directive)
            options, _ = directive_options(directive)
            if name in ("exercise", "exercise-start"):
                label = options.get("label", "")
                if not label.startswith("ex-") or label in exercises:
                    yield cell.id, f"expected an exercise with a label of its own (:label: ex-…), given {label!r}"
                exercises[label] = cell.id
            elif name == "solution":
                yield cell.id, f"solves {title} without code: use solution-start … solution-end around code cells"
                solved[title] += 1
            elif name == "solution-start":
                if solution:
                    yield cell.id, f"begins a solution before that of {solution} has ended"
                if "dropdown" not in options.get("class", "").split():
                    yield cell.id, f"does not fold the solution of {title} (:class: dropdown)"
                solved[title] += 1
                solution, where, ran = title, cell.id, False
            elif name == "solution-end":
                if not solution:
                    yield cell.id, "ends a solution that was not begun"
                elif not ran:
                    yield where, f"solves {solution} without code that ran"
                solution = None
    if solution:
        yield where, f"does not end the solution of {solution}"
    for label, cell_id in exercises.items():
        if solved[label] != 1:
            yield cell_id, f"expected one solution of exercise {label}, found {solved[label]}"
    for label in sorted(solved.keys() - exercises.keys()):
        yield "page", f"solves an exercise that the page does not have: {label}"
    if page.is_chapter and page.stem not in WITHOUT_EXERCISES and len(exercises) < LEAST_EXERCISES:
        yield "page", f"expected at least {LEAST_EXERCISES} exercises in a chapter, found {len(exercises)}"


ABBREVIATIONS = set(
    "al approx ca cf ch dr e.g ed eds eq eqs etc ex fig figs i.e incl mr mrs ms no nos p pp prof resp sec st tab thm "
    "viz vol vs".split()
)
SENTENCE_END = re.compile(r"(?P<last>\S*?)[.?!…][)\]*_\"'”’`]*\s+(?=[(\[\"'“‘]*[A-Z])")


def one_sentence_per_line(page: Page) -> Iterator[Finding]:
    """In Markdown, a line is a sentence: then a diff shows which sentence changed."""
    for cell in page.text:
        for lines in paragraphs(cell):
            for line in lines:
                ends = (end["last"].lower().strip("([\"'“‘") for end in SENTENCE_END.finditer(line))
                if any(last not in ABBREVIATIONS and not re.fullmatch(r"[a-z]|\d+", last) for last in ends):
                    yield cell.id, f"has two sentences on a line: {line.strip()!r}"
            for line, following in pairwise(lines):
                if re.search(r"[\w,)–-]\s*$", line) and re.match(r"\s*[a-z]", following):
                    yield (
                        cell.id,
                        f"breaks a sentence over two lines: {line.strip()[-40:]!r} {following.strip()[:40]!r}",
                    )


def readable_elsewhere(page: Page) -> Iterator[Finding]:
    """A page reads well in Jupyter, Colab and GitHub, loads nothing from elsewhere, and builds the same twice."""
    for cell in page.text:
        for token in cell.tokens:
            if page.is_notebook and token.type == "fence" and directive_name(token):
                yield cell.id, f"uses ```{token.info}: a colon fence stays readable in Jupyter"
            elif token.type == "amsmath":
                yield cell.id, "has an equation outside $$ … $$, which gets a random id: use aligned inside $$ … $$"
            elif token.type in ("html_block", "html_inline") and not token.content.lstrip().startswith("<!--"):
                yield cell.id, f"contains HTML: {token.content.strip()[:40]!r}"
            elif token.type == "image" and re.match(r"(?:https?:)?//", str(token.attrs.get("src", ""))):
                yield cell.id, f"loads a picture from elsewhere: {token.attrs['src']}"


LABEL_PREFIXES = ("ch-", "sec-", "eq-", "thm-", "def-", "ex-", "fig-", "tab-", "ref-")


def labelled(page: Page) -> Iterator[Finding]:
    """A page begins with its title, a chapter with its label before it; labels say what they name."""
    first = page.cells[0]
    if first.kind != "markdown" or not re.search(r"^# \S", first.source, re.MULTILINE):
        yield first.id, "expected a title (# …) in the first cell"
    elif page.is_chapter and not first.source.startswith(f"(ch-{page.stem})=\n# "):
        yield first.id, f"expected the label (ch-{page.stem})= and the title at the very top"
    levels = [(cell, int(token.tag[1])) for cell in page.text for token in cell.tokens if token.type == "heading_open"]
    for (_, level), (cell, following) in pairwise(levels):
        if following == 1:
            yield cell.id, "has a second title"
        elif following > level + 1:
            yield cell.id, f"jumps from a heading of level {level} to one of level {following}"
    for label, times in Counter(page.labels).items():
        if times > 1:
            yield "page", f"has the label {label} {times} times"
        if not label.startswith(LABEL_PREFIXES):
            yield "page", f"expected a label that begins with one of {' '.join(LABEL_PREFIXES)}, given {label}"


def tidy(page: Page) -> Iterator[Finding]:
    """A notebook is what tools/execute.py makes of it: words for ids, no editor's metadata, no version stamps."""
    if not page.is_notebook:
        return
    for cell_id, times in Counter(cell.id for cell in page.cells).items():
        if times > 1:
            yield cell_id, f"is the id of {times} cells"
        if not execute.is_readable(cell_id):
            yield cell_id, "is no cell id of a few lower-case words"
    normal = execute.normalise(page.notebook)
    if normal != page.notebook or page.file_text not in (None, execute.to_text(normal)):
        yield "page", "is not normalised: run make execute"


LEFT_OVER = re.compile(r"(?:BEGIN|END) (?:SOLUTION|HIDDEN TESTS|MARK SCHEME)|grader\.hidden")


def releases_are_blank(page: Page) -> Iterator[Finding]:
    """An assignment shows no output, no answer and no hidden test."""
    if not page.is_release:
        return
    for cell in page.cells:
        if cell.outputs or cell.count is not None:
            yield cell.id, "was run: run make assignments"
        left = LEFT_OVER.search(cell.source)
        if left:
            yield cell.id, f"contains {left[0]!r}, which students must not see: run make assignments"


RULES: tuple[Callable[[Page], Iterator[Finding]], ...] = (
    runs_in_order,
    no_errors,
    stable_outputs,
    one_output,
    short_cells,
    outputs_are_read,
    plain_python,
    quiet_code,
    nothing_skipped,
    figures_have_alt_text,
    only_code_claims,
    typed_formulas_are_checked,
    exercises_have_solutions,
    one_sentence_per_line,
    readable_elsewhere,
    labelled,
    tidy,
    releases_are_blank,
)

# An assignment as students get it lacks the answers.  It cannot run to its end, so it is published without outputs, and
# nbgrader's marks in its cells are more than a tidy page has.  The other rules hold: it is read like any page.  That it
# is made of its source, which is tidy and whose answers run, is tested in tests/test_assignments.py.
NOT_FOR_RELEASES = (runs_in_order, tidy)


def rules_for(page: Page) -> tuple[Callable[[Page], Iterator[Finding]], ...]:
    """The rules that a page has to keep."""
    return tuple(rule for rule in RULES if not (page.is_release and rule in NOT_FOR_RELEASES))


# --- Rules about the book as a whole


def file_names(root: Path = ROOT) -> Iterator[Finding]:
    """Files are named by words: an address outlives the order of the chapters."""
    for path in pages(root):
        if not re.fullmatch(r"[a-z]+(-[a-z]+)*", path.stem):
            yield path.relative_to(root).as_posix(), "is not named by lower-case words with hyphens between them"


def table_of_contents(root: Path = ROOT) -> Iterator[Finding]:
    """_toc.yml and the folders name the same pages, each once."""
    if not (root / "_toc.yml").is_file():
        yield "_toc.yml", "does not exist"
        return
    listed = [re.sub(r"\.(ipynb|md)$", "", entry) for entry in toc_entries(root)]
    existing = [path.relative_to(root).with_suffix("").as_posix() for path in pages(root)]
    for entry, times in Counter(listed).items():
        if times > 1:
            yield entry, f"is in _toc.yml {times} times"
        if not any((root / f"{entry}{suffix}").is_file() for suffix in (".ipynb", ".md", ".rst")):
            yield entry, "is in _toc.yml, but there is no such file"
    for entry, times in Counter(existing).items():
        if times > 1:
            yield entry, f"is the name of {times} files"
        if entry not in listed:
            yield entry, "is not in _toc.yml"


def toc_entries(root: Path = ROOT) -> list[str]:
    """The pages that _toc.yml names, in reading order."""

    def walk(node: object) -> Iterator[str]:
        if isinstance(node, dict):
            yield from (value for key, value in node.items() if key in ("root", "file"))
            for value in node.values():
                yield from walk(value)
        elif isinstance(node, list):
            for value in node:
                yield from walk(value)

    return list(walk(yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))))


SOURCE_ID = re.compile(r"(?<![\w-])00[0-4]-E?\d{1,2}(?![\w-])")
REFERENCE = re.compile(r"\{(?:numref|ref|eq|prf:ref)\}`(?:[^`<]*<)?([^`>]+)>?`|\]\(#([^)]+)\)")


@cache
def source_ids() -> frozenset[str]:
    """The ids of the five course documents: 003-6 is an item, 003-E4 a correction."""
    lines = (ROOT / "tests" / "source_ids.txt").read_text(encoding="utf-8").split("\n")
    return frozenset(line for line in lines if line and not line.startswith("#"))


def sources_exist(root: Path = ROOT) -> Iterator[Finding]:
    """A page cites only ids that a course document has."""
    for path in pages(root):
        for cell in Page.read(path).text:
            for source_id in sorted(set(SOURCE_ID.findall(cell.source)) - source_ids()):
                yield f"{path.relative_to(root).as_posix()}, {cell.id}", f"cites {source_id}, which no document has"


def sources_are_treated(root: Path = ROOT) -> Iterator[Finding]:
    """Every id stands on reference/sources beside the section that treats it, or under a heading "… to come"."""
    ledger = next((path for path in pages(root) if path.parent.name == "reference" and path.stem == "sources"), None)
    if ledger is None:
        yield "reference/sources", "does not exist"
        return
    labels = {label for path in pages(root) for label in Page.read(path).labels}
    seen: set[str] = set()
    to_come = False
    for line in (line for cell in Page.read(ledger).text for line in cell.source.split("\n")):
        if line.startswith("#"):
            to_come = "to come" in line.lower()
        ids = [] if line.startswith("%") else SOURCE_ID.findall(line)
        references = ["".join(groups) for groups in REFERENCE.findall(line)]
        seen.update(ids)
        if ids and not references and not to_come:
            yield ids[0], f"stands beside no reference to a section: {line.strip()}"
        for reference in references:
            if reference not in labels:
                yield ids[0] if ids else "reference/sources", f"refers to a label that no page has: {reference}"
    for source_id in sorted(source_ids() - seen):
        yield source_id, "is missing on reference/sources"


BOOK_RULES: tuple[Callable[[Path], Iterator[Finding]], ...] = (
    file_names,
    table_of_contents,
    sources_exist,
    sources_are_treated,
)


def main(arguments: list[str]) -> int:
    """Print what breaks a rule; returns 1 if anything does."""
    paths = [Path(name).resolve() for name in arguments] or pages()
    count = 0
    for page in map(Page.read, paths):
        for rule in rules_for(page):
            for where, what in rule(page):
                count += 1
                print(f"{page.name}, {where}: {what}  [{rule.__name__}]")
    for rule in () if arguments else BOOK_RULES:
        for where, what in rule(ROOT):
            count += 1
            print(f"{where}: {what}  [{rule.__name__}]")
    print(f"{count} finding(s) in {len(paths)} page(s)")
    return int(count > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
