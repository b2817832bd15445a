"""One table of names drives the book.

A loss without a gradient, a Hessian, a derivation, a complete docstring or a row in the loss table fails.
"""

import doctest
import inspect
import re
from functools import cache

import pytest
from pages import Page, pages

from lossbook import gradients, hessians, losses

# The page on which each loss is derived.
DERIVED_IN = {
    "squared_error": "gaussian",
    "half_squared_error": "gaussian",
    "gaussian_nll": "gaussian",
    "binary_cross_entropy": "bernoulli",
    "binary_cross_entropy_of_probabilities": "bernoulli",
    "soft_margin": "bernoulli",
    "cross_entropy": "multinoulli",
    "cross_entropy_of_probabilities": "multinoulli",
    "absolute_error": "atlas-real-targets",
    "laplace_nll": "atlas-real-targets",
    "pinball_loss": "atlas-real-targets",
    "huber_loss": "atlas-real-targets",
    "student_t_nll": "atlas-real-targets",
    "poisson_nll": "atlas-counts-and-classes",
}
# What gradients and hessians have besides: two results in one pass, and a product that never builds the matrix.
EXTRA = {
    gradients: set("binary_cross_entropy_with_losses cross_entropy_with_losses".split()),
    hessians: {"cross_entropy_vector_product"},
}
# A derivative need not repeat what the notes of its loss say.
SECTIONS = {
    losses: ["Parameters", "Returns", "Raises", "See Also", "Notes", "Examples"],
    gradients: ["Parameters", "Returns", "Raises", "Examples"],
    hessians: ["Parameters", "Returns", "Raises", "Examples"],
}


def public_functions(module) -> set[str]:
    """The functions that a module defines and does not hide."""
    return {
        name
        for name, f in inspect.getmembers(module, inspect.isfunction)
        if f.__module__ == module.__name__ and name[0] != "_"
    }


@cache
def page(stem: str) -> Page:
    return next(Page.read(path) for path in pages() if path.stem == stem)


def title(of: Page) -> str:
    return next(line for cell in of.text for line in cell.source.split("\n") if line.startswith("# "))[2:]


@pytest.mark.parametrize("module", [losses, gradients, hessians], ids=lambda module: module.__name__)
def test_what_a_module_defines_is_what_it_offers(module):
    assert sorted(module.__all__) == sorted(public_functions(module))


def test_every_loss_is_in_the_table():
    assert sorted(DERIVED_IN) == sorted(losses.__all__)


@pytest.mark.parametrize("module", [gradients, hessians], ids=lambda module: module.__name__)
def test_derivatives_have_the_names_of_the_losses(module):
    assert set(module.__all__) - EXTRA[module] == set(losses.__all__)


@pytest.mark.parametrize("module", [gradients, hessians], ids=lambda module: module.__name__)
@pytest.mark.parametrize("name", losses.__all__)
def test_derivatives_have_the_arguments_of_the_loss(module, name):
    expected = inspect.signature(getattr(losses, name)).parameters.values()
    actual = inspect.signature(getattr(module, name)).parameters.values()

    assert [(p.name, p.kind, p.default) for p in actual] == [(p.name, p.kind, p.default) for p in expected]


@pytest.mark.parametrize("name", losses.__all__)
def test_prediction_and_target_come_first_and_the_rest_by_name(name):
    first, second, *rest = inspect.signature(getattr(losses, name)).parameters.values()

    assert first.name in ("predictions", "logits", "probabilities", "log_rates")
    assert second.name in ("targets", "labels", "signs", "counts")
    assert all(parameter.kind is parameter.KEYWORD_ONLY for parameter in rest)


@pytest.mark.parametrize("module", [losses, gradients, hessians], ids=lambda module: module.__name__)
@pytest.mark.parametrize("name", losses.__all__)
def test_the_docstring_is_complete(module, name):
    text = inspect.getdoc(getattr(module, name))
    given = re.findall(r"^([A-Z]\w+(?: \w+)?)\n-{4,}$", text, re.MULTILINE)

    assert [section for section in SECTIONS[module] if section not in given] == []
    assert doctest.DocTestParser().get_examples(text), "expected an example that runs"
    for parameter in inspect.signature(getattr(module, name)).parameters:
        assert re.search(rf"^(\w+, )*{parameter}(, \w+)*( : .*)?$", text, re.MULTILINE), f"{parameter} is not described"


@pytest.mark.parametrize("name", DERIVED_IN)
def test_the_docstring_names_the_chapter_and_the_chapter_the_loss(name):
    chapter = page(DERIVED_IN[name])

    assert f"Derived in: {title(chapter)}." in " ".join(inspect.getdoc(getattr(losses, name)).split())
    assert any(re.search(rf"\b{name}\b", cell.source) for cell in chapter.cells)


@pytest.mark.parametrize("name", losses.__all__)
def test_the_loss_has_a_row_in_the_loss_table(name):
    rows = [
        line for cell in page("loss-table").text for line in cell.source.split("\n") if line.lstrip().startswith("|")
    ]

    assert any(re.search(rf"\b{name}\b", row) for row in rows)
