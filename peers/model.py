"""What a row of the Rosetta stone is: a call as text, and what it must equal.

The text of a call is what the page prints and what is executed.  What it must equal is an expression, too: of `each`,
the losses of lossbook for each example, and of the inputs as NumPy arrays.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

Inputs = Mapping[str, object]  # variables by name: arrays and numbers


@dataclass(frozen=True)
class Library:
    """A library: what must be imported and set before its calls, and how it takes its arrays."""

    name: str
    packages: tuple[str, ...]  # whose versions are printed, by the names that pip has for them
    set_up: str  # executed and printed
    arrays: str = "x"  # how a NumPy array x becomes one of the library's: executed, not printed
    order: str = "prediction, target"
    functions: tuple[str, ...] = ()  # where its losses live: searched for functions that the page says do not exist


@dataclass(frozen=True)
class Call:
    """A call that gives a loss of lossbook, or a plain function of it."""

    library: str
    code: str
    equals: str = "each"
    digits: int = 12  # in how many digits they agree on random input


@dataclass(frozen=True)
class Trap:
    """A call that does something else than its reader may think, and what it does."""

    library: str
    text: str  # one or two sentences
    code: str
    equals: str = ""  # or
    raises: str = ""  # the name of an exception
    digits: int = 12
    after: str = ""  # one more sentence, behind the result


@dataclass(frozen=True)
class Section:
    """A loss, or a question about losses, in all libraries."""

    key: str
    title: str
    reads: str  # what goes in: shapes, domains, units
    each: str  # lossbook's call
    inputs: Callable[[], Inputs]
    ends: Mapping[str, Inputs] = field(default_factory=dict)  # batches of one example, by what they are
    calls: tuple[Call, ...] = ()
    traps: tuple[Trap, ...] = ()
    absent: Mapping[str, str] = field(default_factory=dict)  # libraries without such a function: what to do instead
    words: str = ""  # a pattern that finds the function in a library, if it gets one
    losses: tuple[str, ...] = ()  # the functions of lossbook that this section is the row of
