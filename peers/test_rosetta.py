"""Every call of the Rosetta stone, executed: `make rosetta`.  Needs all the libraries of requirements.txt.

On random input a call must agree with lossbook.  On extreme input it must return what the page says, right or wrong: a
library that mends a fault, or has a new one, fails here until the page is written anew.
"""

import json
import re
import subprocess
import sys

import measure
import pytest
from libraries import LIBRARIES
from sections import SECTIONS
from write import RESULTS

STORED = json.loads(RESULTS.read_text(encoding="utf-8"))
CALLS = [(section, call) for section in SECTIONS for call in section.calls]
TRAPS = [(section, trap) for section in SECTIONS for trap in section.traps]


def names(pairs: list) -> list[str]:
    """Readable ids of the tests."""
    return [f"{section.key}: {row.library}: {row.code}" for section, row in pairs]


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda library: library.name)
def test_every_library_takes_part(library):
    assert measure.installed(library), "run it with make rosetta"


@pytest.mark.parametrize(("section", "call"), CALLS, ids=names(CALLS))
def test_the_call_agrees_with_lossbook(section, call):
    inputs = section.inputs()
    actual, right = measure.evaluate(call, inputs), measure.expected(section, inputs, call.equals)

    assert measure.agree(actual, right, call.digits)
    assert call.digits == measure.DIGITS or not measure.agree(actual, right), "is better now than the page says"


@pytest.mark.parametrize(("section", "trap"), TRAPS, ids=names(TRAPS))
def test_the_trap_does_what_the_page_says(section, trap):
    inputs = section.inputs()
    if trap.raises:
        assert measure.raised(trap, inputs) == trap.raises
    else:
        right = measure.expected(section, inputs, trap.equals)
        assert measure.agree(measure.evaluate(trap, inputs), right, trap.digits)


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.key)
def test_at_the_ends_the_calls_return_what_the_page_says(section):
    assert measure.measure(section) == STORED["sections"][section.key]


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda library: library.name)
def test_what_a_library_does_not_offer_is_not_there(library):
    functions = measure.functions(library)
    for section in SECTIONS:
        if library.name in section.absent:
            found = [name for name in functions if re.search(section.words, name, re.IGNORECASE)]
            assert not found, f"{section.key}: {library.name} has {found}"


@pytest.mark.parametrize(
    ("code", "printed"),
    [
        ("from jax import numpy as jnp; print(jnp.asarray([0.5]).dtype)", "float32"),
        ("import keras; print(keras.config.floatx(), keras.config.epsilon())", "float32 1e-07"),
        ("import torch; print(torch.tensor([0.5]).dtype)", "torch.float32"),
        ("import tensorflow as tf; print(tf.constant([0.5]).dtype.name)", "float32"),
    ],
)
def test_without_settings_numbers_are_of_single_precision(code, printed):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == printed
