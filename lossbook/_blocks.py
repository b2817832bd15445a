"""Blocks that stay in the cache, and the row-wise operations that the softmax losses are made of.

An array that does not fit in the processor's cache costs more to fetch and store than to compute with, and a fresh
temporary array costs a page fault for every 4 KB.  So the kernels of this package walk over blocks of about 1 MB and
work in place, in one scratch block or in the block of the result.  This module holds the walking and the few operations
on rows, so that the kernels can read like their formulas.
"""

import math
from collections.abc import Iterable, Iterator
from functools import lru_cache

import numpy as np

__all__ = [
    "LIMIT",
    "entries",
    "exp_gaps",
    "exp_others",
    "flat_blocks",
    "largest",
    "pick",
    "row_blocks",
    "row_sums",
    "smallest",
    "wild_rows",
]

BLOCK_BYTES = 1 << 20

# e^{±limit}, and sums and quotients of such numbers, are far from overflow and underflow in float64 and in float32.
LIMIT = {"d": 300.0, "f": 75.0}
ONES = {(char, c): np.ones(c, char) for char in "df" for c in range(1, 17)}
TAME = {char: (math.exp(-limit), math.exp(limit)) for char, limit in LIMIT.items()}


def row_blocks(matrix: np.ndarray, scratch: bool = True) -> Iterable[tuple[slice, np.ndarray, np.ndarray | None]]:
    """The rows of a matrix, block by block: their slice, the rows in C order, and a scratch block of the same shape."""
    if matrix.nbytes > BLOCK_BYTES:
        return _many_row_blocks(matrix, scratch)
    if len(matrix) == 0:
        return ()
    workspace = np.empty(matrix.shape, matrix.dtype) if scratch else None
    return ((slice(0, len(matrix)), np.ascontiguousarray(matrix), workspace),)


def _many_row_blocks(matrix: np.ndarray, scratch: bool) -> Iterator[tuple[slice, np.ndarray, np.ndarray | None]]:
    n, c = matrix.shape
    step = max(1, BLOCK_BYTES // (c * matrix.itemsize))
    workspace = np.empty((step, c), matrix.dtype) if scratch else None
    for start in range(0, n, step):
        block = np.ascontiguousarray(matrix[start : start + step])
        yield slice(start, start + step), block, workspace[: len(block)] if scratch else None


def flat_blocks(*arrays: np.ndarray, scratch: int) -> Iterator[tuple[np.ndarray, ...]]:
    """Arrays of one shape as vectors, block by block, and scratch blocks; a result in C order is written in place."""
    vectors = [array.reshape(-1) for array in arrays]
    size, dtype = vectors[0].size, vectors[0].dtype
    step = BLOCK_BYTES // 2 // dtype.itemsize
    workspace = [np.empty(min(size, step), dtype) for _ in range(scratch)]
    for start in range(0, size, step):
        blocks = [vector[start : start + step] for vector in vectors]
        yield *blocks, *(work[: len(blocks[0])] for work in workspace)


def entries(columns: np.ndarray, c: int) -> np.ndarray:
    """Where, in the flattened rows, the entry in the given column of each row is."""
    columns = columns if columns.dtype == np.intp else columns.astype(np.intp)
    return columns + (_small_starts if len(columns) <= 64 else _starts)(len(columns), c)


def _starts(n: int, c: int) -> np.ndarray:
    return np.arange(0, n * c, c)


_small_starts = lru_cache(_starts)  # half a microsecond is much of the time that a small batch takes


def pick(matrix: np.ndarray, at: np.ndarray) -> np.ndarray:
    """One entry of each row, by its place in the flattened rows."""
    return matrix.take(at)


def exp_others(z: np.ndarray, at: np.ndarray, out: np.ndarray) -> np.ndarray:
    """e^{z_k} in `out`, but 0 in the entries `at`, one in each row; returns the sums of the rows, Σ_{k≠r} e^{z_k}."""
    np.exp(z, out=out)
    out.reshape(-1)[at] = 0
    return row_sums(out)


def exp_gaps(z: np.ndarray, at: np.ndarray, out: np.ndarray) -> np.ndarray:
    """e^{z_k − z_r} in `out`, but 0 for the entry r of each row, which `at` tells; returns s = Σ_{k≠r} e^{z_k − z_r}.

    The subtraction rounds, and the exponential magnifies that: a gap of 700 would lose 9 bits.  So what was rounded off
    is computed, too (Knuth's exact difference), and e^{gap + lost} = e^gap (1 + lost).
    """
    r = pick(z, at)[:, None]
    gap = np.subtract(z, r)
    lost = (z - (gap - (gap - z))) - (r + (gap - z))
    np.exp(gap, out=out)
    np.multiply(out, np.where(np.abs(lost) < 1, 1 + lost, 1), out=out)  # where it is more, e^gap is 0
    out.reshape(-1)[at] = 0
    return row_sums(out)


def row_sums(matrix: np.ndarray) -> np.ndarray:
    """Σ_k of each row, by what is fastest: a matrix product for a small array, einsum for many short rows.

    Long rows are left to `sum`, which adds pairwise and so rounds less.
    """
    c = matrix.shape[1]
    if matrix.size < 1000 and c <= 16:
        return matrix.dot(ONES[matrix.dtype.char, c])
    return np.einsum("ij->i", matrix) if c <= 128 else np.add.reduce(matrix, axis=1)


def largest(array: np.ndarray) -> float:
    """The largest entry, or NaN if there is one: for a small array, `argmax` is six times faster than `max`."""
    return array.item(array.argmax())


def smallest(array: np.ndarray) -> float:
    """The smallest entry, or NaN if there is one."""
    return array.item(array.argmin())


def wild_rows(z: np.ndarray, z_r: np.ndarray, others: np.ndarray) -> np.ndarray | None:
    """Numbers of the rows where e^{z_r} or Σ_{k≠r} e^{z_k} is near overflow or underflow, or NaN; None if none is."""
    limit = LIMIT[z.dtype.char]
    if z.size < 1000 and np.vdot(z, z) < limit * limit:  # cheaper than what follows, for a small array
        return None
    low, high = TAME[z.dtype.char]
    if smallest(z_r) > -limit and largest(z_r) < limit and smallest(others) > low and largest(others) < high:
        return None
    return np.flatnonzero(~((np.abs(z_r) < limit) & (others > low) & (others < high)))
