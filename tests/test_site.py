"""The parts of the site: formulas, derivations, fonts, packages; and small books that show what the extension does."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from built_site import BUILD, ROOT, build, documents
from docutils import nodes
from docutils.frontend import get_default_settings
from docutils.utils import new_document
from fontTools.ttLib import TTFont
from lossbook_site import derivations, discovery, fonts, mathematics, packages, pages
from sphinx.util.images import get_image_size
from sympy import IndexedBase, Product, Sum, Symbol, exp, log, pi, sqrt, symbols
from system import require_program

from lossbook.derivation import Derivation, binary, real, unit_interval

# --- Third-party files


def test_packages_are_pinned_by_version_and_hash_and_name_no_place():
    wanted = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))
    lock = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))["packages"]

    for name, version in (wanted["dependencies"] | wanted["devDependencies"]).items():
        assert re.fullmatch(r"\d+\.\d+\.\d+", version), name
        assert lock[f"node_modules/{name}"]["version"] == version
    for name, package in lock.items():
        assert "resolved" not in package, name
        assert not name or package["integrity"].startswith("sha512-"), name


def test_no_third_party_file_is_committed():
    listed = subprocess.run([require_program("git"), "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    names = listed.stdout.splitlines()

    assert "package-lock.json" in names
    foreign = re.compile(r"\.(woff2?|ttf|otf)$|\.min\.(js|css)$|node_modules/|katex.*\.(js|css)$")
    assert [name for name in names if foreign.search(name)] == []


def test_installing_again_does_nothing():
    folder = packages.install(ROOT)
    before = folder.stat()

    assert packages.install(ROOT) == folder
    assert folder.stat() == before


@pytest.fixture
def npm(monkeypatch):
    """Stands in for npm: installs a package of one file, or fails."""

    class Npm:
        calls = 0
        fails = False

        def __call__(self, *arguments: str, cwd: str) -> subprocess.CompletedProcess:
            self.calls += 1
            assert arguments[0] == "ci"
            assert "--ignore-scripts" in arguments
            (Path(cwd) / "node_modules" / "thing").mkdir(parents=True)
            shutil.copy(Path(cwd) / "package-lock.json", Path(cwd) / "node_modules" / "thing" / "file")
            return subprocess.CompletedProcess(arguments, int(self.fails), "no such version", None)

    monkeypatch.setattr(packages, "_npm", npm := Npm())
    return npm


def test_a_changed_lock_is_installed_and_an_unchanged_one_is_not(tmp_path, npm):
    for name in ("package.json", "package-lock.json"):
        (tmp_path / name).write_text("{}")
    assert (packages.install(tmp_path) / "thing" / "file").read_text() == "{}"
    packages.install(tmp_path)
    assert npm.calls == 1

    (tmp_path / "package-lock.json").write_text('{"packages": {}}')
    assert (packages.install(tmp_path) / "thing" / "file").read_text() == '{"packages": {}}'
    assert npm.calls == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["node_modules", "package-lock.json", "package.json"]


def test_a_failed_installation_says_why_and_leaves_nothing_behind(tmp_path, npm):
    for name in ("package.json", "package-lock.json"):
        (tmp_path / name).write_text("{}")
    npm.fails = True
    with pytest.raises(RuntimeError, match="no such version"):
        packages.install(tmp_path)

    assert sorted(path.name for path in tmp_path.iterdir()) == ["package-lock.json", "package.json"]


# --- Formulas


@pytest.fixture(scope="module")
def typesetter():
    katex = mathematics.Typesetter(packages.install(ROOT))
    yield katex
    katex.close()


def test_a_formula_becomes_html_for_the_eye_and_mathml_for_the_ear(typesetter):
    html = typesetter(r"\frac{1}{2} \sum_{n=1}^N (t_n - y_n)^2", display=True)["html"]

    assert 'class="katex-display"' in html
    assert '<math xmlns="http://www.w3.org/1998/Math/MathML" display="block">' in html
    assert "<mfrac><mn>1</mn><mn>2</mn></mfrac>" in html
    assert 'class="katex-html" aria-hidden="true"' in html


def test_a_formula_in_a_line_is_no_display(typesetter):
    assert "katex-display" not in typesetter("x", display=False)["html"]


@pytest.mark.parametrize(
    "tex",
    [
        r"\nosuchmacro",
        r"\frac{1}",
        "a & b",
        r"\left( x",
        r"\begin{align} a",
        r"\eqref{x}",
        r"\require{cancel}",
        "x^2^3",
    ],
)
def test_what_cannot_be_typeset_is_an_error_that_says_why(typesetter, tex):
    answer = typesetter(tex, display=True)

    assert answer.keys() == {"error"}
    assert len(answer["error"]) > 5
    assert "html" in typesetter("x", display=True)  # and the next formula is none the worse


@pytest.mark.parametrize(
    ("tex", "note"),
    [
        ("é", "used in math mode"),
        (r"\text{☃}", "Unrecognized Unicode character"),
        (r"\href{https://example.org}{x}", r"\href is not for formulas"),
        (r"\htmlClass{loud}{x}", "HTML extension"),
        (r"\includegraphics{x.png}", r"\includegraphics is not for formulas"),
    ],
)
def test_what_latex_would_not_take_is_noted(typesetter, tex, note):
    answer = typesetter(tex, display=False)

    assert any(note in text for text in answer["notes"])
    assert not re.search('href=|src=|class="[^"]*loud', re.sub(r"<annotation.*?</annotation>", "", answer["html"]))


def test_a_formula_without_fault_has_no_notes(typesetter):
    assert typesetter(r"\hat{\sigma}^2 \coloneqq \frac1N \sum_n \text{a–b} |x_n| \le π", display=True)["notes"] == []


def test_a_macro_lives_and_dies_with_its_formula(typesetter):
    assert "html" in typesetter(r"\gdef\mine{x} \mine", display=False)
    assert "error" in typesetter(r"\mine + 1", display=False)


@pytest.mark.parametrize(
    ("tex", "expected"),
    [
        ("x", "x"),
        (r"a &\sim b \\ c &\sim d", r"\begin{split}a &\sim b \\ c &\sim d\end{split}"),
        (r"\begin{aligned} a \\ b \end{aligned}", r"\begin{aligned} a \\ b \end{aligned}"),
        (r"\begin{cases} a \\ b \end{cases} + 1", r"\begin{split}\begin{cases} a \\ b \end{cases} + 1\end{split}"),
        ("a\n\nb", r"\begin{aligned}a\\b\end{aligned}"),
        (
            "\\begin{aligned} a \\\\ b \\end{aligned} \\\\ \\begin{aligned} c \\\\ d \\end{aligned}",
            r"\begin{split}\begin{aligned} a \\ b \end{aligned} \\ \begin{aligned} c \\ d \end{aligned}\end{split}",
        ),
    ],
)
def test_several_lines_are_aligned_as_sphinx_does(typesetter, tex, expected):
    assert mathematics.split(tex) == expected
    assert "html" in typesetter(expected, display=True)


# --- Derivations

n, m, N = symbols("n m N", integer=True, positive=True)
t, y, z = map(IndexedBase, "tyz")
sigma = Symbol("sigma", positive=True)


def gaussian() -> Derivation:
    likelihood = Product(exp(-((t[n] - y[n]) ** 2) / (2 * sigma**2)) / sqrt(2 * pi * sigma**2), (n, 1, N))
    squares = Sum((t[n] - y[n]) ** 2, (n, 1, N))
    d = Derivation(-log(likelihood), where=[real(t[n]), real(y[n])], because="the likelihood of $N$ targets, 100 %")
    d.equals(squares / (2 * sigma**2) + N * log(2 * pi * sigma**2) / 2, because="the log of a product is a sum of logs")
    return d.same_minimiser(squares, over=y, because="the rest does not depend on $y$")


def bernoulli() -> Derivation:
    likelihood = Product(y[n] ** t[n] * (1 - y[n]) ** (1 - t[n]), (n, 1, N))
    d = Derivation(-log(likelihood), where=[binary(t[n]), unit_interval(y[n]), real(z[n])])
    d.equals(-Sum(t[n] * log(y[n]) + (1 - t[n]) * log(1 - y[n]), (n, 1, N)))
    d.substitute({y[n]: 1 / (1 + exp(-z[n]))}, because="the sigmoid turns log-odds into probabilities")
    d.equals(Sum(log(1 + exp(z[n])) - t[n] * z[n], (n, 1, N)))
    return d.differentiate(z[m])


def steps_of(derivation: Derivation) -> list[derivations.Step]:
    tex = derivation._repr_latex_().strip().strip("$")
    return derivations.read(tex)


@pytest.mark.parametrize("derive", [gaussian, bernoulli])
def test_the_steps_of_a_derivation_are_read_back(derive):
    derivation = derive()
    steps = steps_of(derivation)

    assert [step.number for step in steps] == ["", *(str(place + 1) for place in range(len(derivation.steps)))]
    assert [step.verdict for step in steps] == ["", *(step.verdict for step in derivation.steps)]
    assert [step.reason for step in steps[1:]] == [step.because for step in derivation.steps]
    assert all(step.lines for step in steps)


def test_a_derivation_is_written_as_a_list_with_reasons_and_marks(typesetter):
    html = derivations.write(steps_of(gaussian()), lambda tex: typesetter(tex, display=False)["html"])

    assert html.count('<li class="step">') == 3
    assert html.count('class="mark proved" role="img" aria-label="Proved for all sizes"') == 2
    assert re.search(r'"reason">the likelihood of <span class="katex">.*</span> targets, 100 %</span>', html)
    assert 'sum of <span class="last">logs<span class="mark' in html
    assert "\\displaystyle" in html


@pytest.mark.parametrize(
    "tex",
    [
        r"x^2",
        r"\begin{aligned} a &= b \\ c &= d \end{aligned}",  # no numbers: a display like any other
        r"\begin{aligned} a & b & c & d \\ {\scriptstyle (1)} & e \end{aligned}",
        r"\begin{pmatrix} 1 \\ 2 \end{pmatrix}",
    ],
)
def test_what_is_no_derivation_is_left_alone(tex):
    assert derivations.read(tex) is None


# --- Fonts


def test_a_font_is_cut_to_the_glyphs_in_use_and_loses_its_name(tmp_path):
    source = packages.install(ROOT) / "katex" / "dist" / "fonts" / "KaTeX_Main-Regular.woff2"
    assert fonts.cut(source, {ord(c) for c in "aβ∑"}, tmp_path / "cut.woff2")
    whole, part = TTFont(source), TTFont(tmp_path / "cut.woff2")

    assert set(part.getBestCmap()) == {ord(c) for c in "aβ∑"} & whole.getBestCmap().keys()
    assert ord("a") in part.getBestCmap()
    assert part["name"].names == []
    assert part["head"].modified == whole["head"].modified  # no clock
    assert (tmp_path / "cut.woff2").stat().st_size < source.stat().st_size / 5


def test_a_font_of_which_nothing_is_used_is_not_written(tmp_path):
    source = packages.install(ROOT) / "katex" / "dist" / "fonts" / "KaTeX_Size1-Regular.woff2"

    assert not fonts.cut(source, {ord("数")}, tmp_path / "cut.woff2")
    assert not (tmp_path / "cut.woff2").exists()


def test_only_the_families_whose_classes_occur_are_needed():
    rules = ".katex{font:1em KaTeX_Main,serif}.katex .mathfrak,.katex .textfrak{font-family:KaTeX_Fraktur}"
    rules += ".katex .a .b{font-family:KaTeX_Math}"

    assert fonts.families(rules, {"katex"}) == {"KaTeX_Main"}
    assert fonts.families(rules, {"katex", "textfrak", "a"}) == {"KaTeX_Main", "KaTeX_Fraktur"}
    assert fonts.classes(['<p class="a b">', "<p class='c'>", '<p class="d">']) == {"a", "b", "d"}


# --- Small books


def small_book(
    folder: Path,
    *,
    cells: list[dict] = (),
    text: str = "",
    settings: dict | None = None,
    address: str = "",
    descriptions: dict | None = None,
) -> Path:
    """A book of one text page and one notebook, with the settings of this book."""
    (folder / "site").symlink_to(ROOT / "site", target_is_directory=True)
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    config["sphinx"]["config"]["html_theme_options"] |= settings or {}
    config["html"]["baseurl"] = address
    if descriptions is None:
        config["sphinx"]["config"]["page_descriptions"] = ""
    else:
        (folder / "descriptions.yml").write_text(yaml.safe_dump(descriptions), encoding="utf-8")
        config["sphinx"]["config"]["page_descriptions"] = "descriptions.yml"
    (folder / "_config.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
    part = {"caption": "Part", "numbered": 2, "chapters": [{"file": "page"}]}
    toc = {"format": "jb-book", "root": "intro", "parts": [part]}
    (folder / "_toc.yml").write_text(yaml.safe_dump(toc), encoding="utf-8")
    (folder / "references.bib").write_text("", encoding="utf-8")
    (folder / "intro.md").write_text(f"# A small book\n\n{text}\n", encoding="utf-8")
    metadata = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    cells = [markdown("(ch-page)=\n# The page\n"), *cells]
    for place, cell in enumerate(cells):
        cell["id"] = f"cell-{place}"
    notebook = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    (folder / "page.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    return folder


def markdown(source: str) -> dict:
    return {"cell_type": "markdown", "metadata": {}, "source": source}


def code(source: str, output: dict | None = None, tags: list[str] = ()) -> dict:
    result = {"output_type": "execute_result", "execution_count": 1, "metadata": {}, "data": output}
    cell = {"cell_type": "code", "execution_count": 1, "metadata": {"tags": list(tags)}, "source": source}
    return cell | {"outputs": [result] if output else []}


EXERCISES = """
::::{exercise-start} On paper
:label: ex-paper
Show it.
::::
::::{exercise-end}
::::

::::{solution-start} ex-paper
:class: dropdown
::::
See $x$.
::::{solution-end}
::::

:::{prf:theorem} Great
:label: thm-great
It holds.
:::

:::{admonition} An aside
:class: dropdown
Folded.
:::

By {eq}`eq-model`, {prf:ref}`thm-great` and {ref}`ex-paper`:

$$
a &\\sim b \\\\
c &\\sim d
$$ (eq-model)

| | head |
|---|---|
| row | $1$ |

The letters ($a$, $b$).
"""


@pytest.fixture(scope="module")
def page_folder(tmp_path_factory) -> Path:
    """The site of a book whose page has one of everything."""
    frame = '<table border="1" class="dataframe"><thead><tr><th></th><th>t</th></tr></thead></table>'
    cells = [
        markdown(EXERCISES),
        code("hidden = 1", tags=["hide-input"]),
        code("x", {"text/latex": r"$\displaystyle \frac{x}{2}$", "text/plain": "x/2"}),
        code("d", {"text/latex": gaussian()._repr_latex_(), "text/plain": "…"}),
        code("frame", {"text/html": frame, "text/plain": "…"}),
    ]
    folder = tmp_path_factory.mktemp("book")
    return build(small_book(folder, cells=cells, text="A formula, $x^2$, in [the chapter](page.ipynb)."))


@pytest.fixture(scope="module")
def page(page_folder) -> str:
    """The HTML of that page."""
    return (page_folder / "page.html").read_text(encoding="utf-8")


def test_outputs_in_latex_are_typeset_and_derivations_are_steps(page):
    assert "<mfrac>" in page
    assert page.count('<li class="step">') == 3


def test_a_formula_with_a_label_has_a_number_and_can_be_referred_to(page):
    assert 'id="equation-eq-model"' in page
    assert re.search(r'<span class="eqno">\(1\.1\)', page)
    assert re.search(r'<a class="reference internal" href="#equation-eq-model">\(1\.1\)</a>', page)


def test_folded_parts_need_no_script(page):
    solution = re.search(r'<details class="[^"]*solution[^"]*"[^>]*>\s*<summary[^>]*>(.*?)</summary>', page, re.DOTALL)

    assert "Solution to Exercise 1.1 (On paper)" in re.sub(r"<[^>]+>", "", solution[1])
    assert "<a" not in solution[1]
    assert re.search(r"<details[^>]*>\s*<summary[^>]*>An aside</summary>", page)
    assert re.search(r'<details class="hide[^"]*">\s*<summary>Code</summary>', page)
    assert "Theorem 1.1" in re.sub(r"<[^>]+>", "", page)


def test_tables_stand_in_boxes_and_empty_corners_are_no_heads(page):
    assert page.count('<div class="table-box">') == 1
    assert "<th></th>" not in page
    assert not re.search(r"<th[^>]*><p></p></th>", page)


def test_nobody_is_linked_to_until_an_address_is_set(tmp_path, page):
    assert "Report a mistake" not in page
    book = small_book(
        tmp_path, text="[The chapter](page.ipynb)", settings={"repository_url": "https://example.org/book"}
    )
    html = (build(book) / "intro.html").read_text(encoding="utf-8")
    assert '<a href="https://example.org/book">Source</a>' in html
    assert '<a href="https://example.org/book/issues">Report a mistake</a>' in html


@pytest.fixture(scope="module")
def published(tmp_path_factory) -> Path:
    """A small book that knows where it is published."""
    book = small_book(
        tmp_path_factory.mktemp("published"),
        text="[The chapter](page.ipynb)",
        address="https://example.org/book/",
        descriptions={"intro": 'A book & its "front"', "page": "A page."},
    )
    return build(book)


def test_a_page_describes_itself_to_search_engines_and_chat_programs(published, page):
    html = (published / "page.html").read_text(encoding="utf-8")
    for tag in (
        '<meta name="description" content="A page.">',
        '<meta property="og:title" content="The page">',
        '<meta property="og:type" content="article">',
        '<meta property="og:url" content="https://example.org/book/page.html">',
        '<meta property="og:image" content="https://example.org/book/_static/card.png">',
        '<link rel="canonical" href="https://example.org/book/page.html">',
    ):
        assert tag in html
    front = (published / "index.html").read_text(encoding="utf-8")
    assert '<meta name="description" content="A book &amp; its &quot;front&quot;">' in front
    assert '<meta property="og:type" content="website">' in front

    assert '<meta name="description"' not in page
    assert "og:url" not in page
    assert "og:image" not in page


def test_the_card_has_the_size_that_is_asked_for_and_the_same_bytes_each_time(published, tmp_path):
    card = published / discovery.CARD
    assert get_image_size(card) == (1200, 630)
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    discovery._draw_card(
        tmp_path / "card.png", "lossbook", config["sphinx"]["config"]["html_theme_options"]["subtitle"]
    )
    assert (tmp_path / "card.png").read_bytes() == card.read_bytes()


def test_a_published_book_has_a_map_of_its_pages_and_another_has_none(published, page_folder):
    places = re.findall("<loc>(.*?)</loc>", (published / "sitemap.xml").read_text(encoding="utf-8"))
    assert places == ["https://example.org/book/intro.html", "https://example.org/book/page.html"]
    assert "Sitemap: https://example.org/book/sitemap.xml" in (published / "robots.txt").read_text(encoding="utf-8")
    for name in ("sitemap.xml", "robots.txt", discovery.CARD):
        assert not (page_folder / name).exists()


def test_the_page_for_a_wrong_address_names_its_place_from_the_root(published, page_folder):
    assert '<base href="/book/">' in (published / "404.html").read_text(encoding="utf-8")
    assert '<base href="/">' in (page_folder / "404.html").read_text(encoding="utf-8")
    assert "<base" not in (published / "page.html").read_text(encoding="utf-8")


def test_a_page_without_a_description_fails_the_build(tmp_path):
    book = small_book(tmp_path, text="[The chapter](page.ipynb)", descriptions={"intro": "A book."})
    result = subprocess.run(BUILD, cwd=book, capture_output=True, text=True)
    assert result.returncode != 0
    assert "descriptions.yml must describe page in a sentence" in result.stderr


def test_the_descriptions_of_the_book_are_sentences_without_formulas():
    found = yaml.safe_load((ROOT / "site" / "descriptions.yml").read_text(encoding="utf-8"))
    assert set(documents()) <= set(found)
    for name, text in found.items():
        assert (name, 40 <= len(text) <= 200, text[-1]) == (name, True, ".")
        assert not re.search(r"[$\\_{}`*]", text), name
    assert len(set(found.values())) == len(found)


def test_a_live_figure_of_a_chapter_can_be_shown_on_another_page(tmp_path):
    dot = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    html = '<div class="live-figure"><p>At the start.</p></div>\n<script class="live-runtime">1 &lt; 2</script>'
    figure = code("live", {"text/html": html, "image/png": dot, "text/plain": "<Figure>"})
    figure["metadata"]["mystnb"] = {"image": {"alt": "A dot."}}
    text = ":::{live-figure} page\n:cell: cell-2\n:::\n\n[The chapter](page.ipynb)"
    built = build(small_book(tmp_path, cells=[code("1"), figure], text=text))

    for name in ("intro", "page"):
        page = (built / f"{name}.html").read_text(encoding="utf-8")
        assert '<div class="live-figure"><p>At the start.</p><noscript>' in page
        assert page.count('<script class="live-runtime">1 &lt; 2</script>') == 1
        (picture,) = re.findall(r'<noscript><img [^>]*alt="A dot."[^>]*src="([^"]+)"', page)
        assert (built / picture).is_file()


FAULTS = {
    r"KaTeX: Undefined control sequence: \nosuchmacro": markdown(r"A formula $\nosuchmacro{x}$."),
    "KaTeX: Unexpected end of input": code("x", {"text/latex": r"$\frac{1$", "text/plain": "x"}),
    "KaTeX: Accented Unicode text character": markdown("$é$"),
    "a numbered environment gets a random label": markdown("\\begin{align}\na &\\sim b\n\\end{align}"),
    "undefined label: 'nowhere'": markdown("See {ref}`nowhere`."),
    "page.ipynb has no cell 'gone' with a live figure": markdown(":::{live-figure} page\n:cell: gone\n:::"),
}


@pytest.fixture(scope="module")
def failed(tmp_path_factory) -> subprocess.CompletedProcess:
    """The build of a book with a fault of each kind."""
    book = small_book(tmp_path_factory.mktemp("faults"), cells=list(FAULTS.values()))
    return subprocess.run(BUILD, cwd=book, capture_output=True, text=True)


@pytest.mark.parametrize("complaint", FAULTS)
def test_a_fault_fails_the_build_and_says_where(failed, complaint):
    assert failed.returncode != 0
    (line,) = [line for line in failed.stderr.splitlines() if complaint in line]
    assert "page.ipynb:" in line


def test_a_formula_keeps_its_punctuation(page):
    text, math = nodes.Text, lambda tex: nodes.math("", tex)
    words = nodes.emphasis("", "", text("some "), math("d"), text("s; "))
    line = nodes.paragraph(
        "", "", text("of ("), math("a"), text(", "), math("b"), text(", "), math("c"), text("): "), words, math("e")
    )
    document = new_document("page", get_default_settings())
    document += line
    pages.KeepPunctuation(document).run()

    assert line.astext() == "of (a, b, c): some ds; e"
    kept = [part.astext() for part in line.findall(nodes.inline)]
    assert kept == ["(a,", "b,", "c):"]
    assert [type(part).__name__ for part in line if part.astext().strip()] == [
        *"Text inline inline inline emphasis math".split()
    ]
    assert '<span class="unbroken">(<span class="math' in page

    long = nodes.paragraph("", "", math("x" * 31), text(", and"))
    document += long
    pages.KeepPunctuation(document).run()
    assert not list(long.findall(nodes.inline))


def test_bars_in_docstrings_are_absolute_values():
    lines = ["Absolute error: |y − t|.", "``|x|`` and the p-norm |x|_p", ">>> a |b| c", "a | b"]
    pages._escape_bars(None, "function", "f", None, None, lines)

    assert lines == [r"Absolute error: \|y − t\|.", "``|x|`` and the p-norm |x|_p", ">>> a |b| c", "a | b"]
