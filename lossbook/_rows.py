"""Blocks of rows that stay in the cache, and the row-wise operations that softmax losses are made of.

An array that does not fit in the cache costs more to read and write than to compute with, and a fresh temporary costs a page fault for
every 4 KB.  So the kernels walk over blocks of rows and work in place in one scratch block.
"""

from collections.abc import Iterator

import numpy as np

__all__ = ["BLOCK_BYTES", "blocks", "exp_gaps", "pick", "row_blocks", "row_sums"]

BLOCK_BYTES = 1 << 19  # input and scratch of this size fit together in a 1 MB second-level cache


def blocks(length: int, bytes_each: int) -> Iterator[slice]:
    """Slices that cover 0 … length−1, of about `BLOCK_BYTES` each."""
    step = max(1, BLOCK_BYTES // max(1, bytes_each))
    for start in range(0, length, step):
        yield slice(start, min(start + step, length))


def row_blocks(matrix: np.ndarray) -> Iterator[tuple[slice, np.ndarray, np.ndarray]]:
    """For each block of rows: its slice, the rows themselves (C order) and a scratch block of the same shape."""
    n, c = matrix.shape
    scratch = None
    for rows in blocks(n, c * matrix.itemsize):
        block = np.ascontiguousarray(matrix[rows])
        if scratch is None:
            scratch = np.empty(block.shape, matrix.dtype)
        yield rows, block, scratch[: len(block)]


def positions(columns: np.ndarray, c: int) -> np.ndarray:
    """Where, in the flattened rows, the entry in the given column of each row is."""
    return np.arange(0, len(columns) * c, c) + columns


def pick(matrix: np.ndarray, at: np.ndarray) -> np.ndarray:
    """One entry of each row, by its flat position."""
    return matrix.reshape(-1).take(at)


def exp_gaps(z: np.ndarray, at: np.ndarray, out: np.ndarray) -> np.ndarray:
    """e_k = e^{z_k − z_r} in `out` for each row's reference r (at flat position `at`), but e_r = 0; returns s = Σ_{k≠r} e_k.

    Leaving the reference out of the sum is what keeps the digits of a confident prediction: log(1 + s) and s/(1 + s) are then
    computed from a small s, never as a difference from 1.
    """
    np.subtract(z, pick(z, at)[:, None], out=out)
    np.exp(out, out=out)
    out.reshape(-1)[at] = 0
    return row_sums(out)


def row_sums(matrix: np.ndarray) -> np.ndarray:
    """Σ_k of each row.  einsum adds short rows several times faster; long rows need `sum`, which adds pairwise and so rounds less."""
    return np.einsum("ij->i", matrix) if matrix.shape[1] <= 128 else np.add.reduce(matrix, axis=1)
