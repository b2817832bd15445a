"""The glossary agrees with itself, and comments below headings become entries of the index."""

import re

import pytest
from docutils import nodes
from docutils.utils import new_document
from pages import ROOT, Page, pages
from sphinx import addnodes

TEXT = (ROOT / "reference" / "glossary.md").read_text(encoding="utf-8")
TERMS, CHINESE = TEXT.split("(sec-glossary-chinese)=")
ENTRIES = [entry.split("\n", 1) for entry in TERMS.split("::::{glossary}\n")[1].split("\n::::")[0].split("\n\n")]
# A term, its definition, and the names it has elsewhere: the first line of every other block is no term.
NAMES = [first for first, *_ in ENTRIES if not first.startswith("  ")]


def test_there_are_terms_enough_in_alphabetical_order():
    assert len(NAMES) > 60
    assert sorted(NAMES, key=str.lower) == NAMES


def test_a_definition_is_a_sentence_and_names_the_section_that_introduces_the_term():
    blocks = re.split(r"\n\n(?=\S)", TERMS.split("::::{glossary}\n")[1].split("\n::::")[0])
    labels = {label for path in pages() for label in Page.read(path).labels}
    for block in blocks:
        name, definition, *rest = [line.strip() for line in block.split("\n") if line.strip()]
        (section,) = re.findall(r"^Introduced in \{ref\}`([\w-]+)`\.$", "\n".join(rest), re.MULTILINE)
        assert re.fullmatch(r"[A-Z].*\.", definition), name
        assert section in labels, name


def test_the_chinese_list_is_the_glossary_the_other_way_round():
    forth = set()
    for block in re.split(r"\n\n(?=\S)", TERMS.split("::::{glossary}\n")[1]):
        name = block.split("\n")[0]
        forth |= {(word, name) for word in re.findall(r"\[([^\]]+)\]\{\.zh\}", block)}
    back = set(re.findall(r"^\| \[([^\]]+)\]\{\.zh\} \| \{term\}`([^`]+)` \|$", CHINESE, re.MULTILINE))

    assert forth == back
    assert {word for word, _ in back} >= {"交叉熵", "极大似然估计", "负对数似然"}
    assert all(re.search(r"[一-鿿]", word) for word, _ in back)


@pytest.fixture
def index(monkeypatch):
    """The extension's module."""
    monkeypatch.syspath_prepend(str(ROOT / "site"))
    from lossbook_site import index

    return index


def test_a_comment_below_a_heading_is_an_entry_for_its_section(index):
    document = new_document("page")
    section = nodes.section("", nodes.title("", "Title"), ids=["title", "sec-page-title"])
    section += nodes.comment("", "003-1\nindex: prior; flat, likelihood")
    section += nodes.comment("", "nothing to see")
    document += section

    index.IndexEntries(document).apply()

    (found,) = document.findall(addnodes.index)
    subjects = [("single", "prior; flat", "sec-page-title", "", None)]
    assert found["entries"] == [*subjects, ("single", "likelihood", "sec-page-title", "", None)]


def test_names_of_functions_are_left_out(index):
    document = new_document("page")
    document += addnodes.index(entries=[("single", "f() (in module m)", "m.f", "", None)])
    document += addnodes.desc()

    index.IndexEntries(document).apply()

    assert [node["entries"] for node in document.findall(addnodes.index)] == [[]]


def test_the_chapters_have_entries_in_the_index():
    chapters = [Page.read(path) for path in pages() if path.parent.name == "chapters"]
    entries = [
        line for page in chapters for cell in page.text for line in re.findall(r"^% index: (.+)$", cell.source, re.M)
    ]

    assert len(entries) > 50
    assert all(subject.strip() for entry in entries for part in entry.split(",") for subject in part.split(";"))
