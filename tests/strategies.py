"""What Hypothesis draws: numbers of every size, logits, labels and distributions."""

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

# The same examples in every run, and none fails for being slow on a busy machine.
settings.register_profile("book", derandomize=True, deadline=None, max_examples=150)
settings.load_profile("book")

DTYPES = [np.float64, np.float32]


def numbers(dtype=np.float64, *, infinite: bool = False):
    """Ordinary numbers, ties, the ends of the format and everything between."""
    width, info = 8 * np.dtype(dtype).itemsize, np.finfo(dtype)
    ends = [float(x) for x in (info.max, info.max / 2, info.tiny, info.smallest_subnormal)]
    corners = [0.0, -0.0, 1.0, -1.0, *ends, *(-x for x in ends), *([np.inf, -np.inf] if infinite else [])]
    return st.one_of(
        st.floats(-20, 20, width=width),
        st.sampled_from(corners),
        st.floats(-1000, 1000, width=width),
        st.floats(allow_nan=False, allow_infinity=infinite, width=width),
    )


def ordinary(low=-20.0, high=20.0):
    """Numbers of a size that formulas without any care can take."""
    return st.floats(low, high)


@st.composite
def vectors(draw, elements, *more):
    """Arrays of one common shape, one for each strategy of elements."""
    shape = draw(array_shapes(min_dims=0, max_dims=2, min_side=0, max_side=4))
    return tuple(draw(arrays(np.float64, shape, elements=one)) for one in (elements, *more))


@st.composite
def logits_and_classes(draw, elements, dtype=np.float64, *, classes=(1, 5), rows=(0, 4)):
    """A matrix of logits and a class number for each row."""
    n, c = draw(st.integers(*rows)), draw(st.integers(*classes))
    z = draw(arrays(dtype, (n, c), elements=elements))
    return z, draw(arrays(np.int64, n, elements=st.integers(0, c - 1)))


@st.composite
def distributions(draw, c: int, n: int | None = None, *, smallest: int = 0):
    """Rows of probabilities that sum to 1 up to rounding; zeros and one-hot rows among them unless `smallest` is 1."""
    shape = c if n is None else (n, c)
    weights = draw(arrays(np.int64, shape, elements=st.integers(smallest, 9))).astype(np.float64)
    weights[weights.sum(axis=-1) == 0] = 1
    return weights / weights.sum(axis=-1, keepdims=True)


@st.composite
def logits_and_rows(draw, elements, dtype=np.float64, *, classes=(1, 5), rows=(0, 4)):
    """A matrix of logits and a soft or one-hot row of labels for each."""
    n, c = draw(st.integers(*rows)), draw(st.integers(*classes))
    z = draw(arrays(dtype, (n, c), elements=elements))
    return z, draw(distributions(c, n))
