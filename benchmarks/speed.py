"""Times every peer on every cell of the grid: CPU time, one thread, shuffled and interleaved.

    python benchmarks/speed.py --seconds 60 --grid tiny --output /tmp/times.json

A cell of the grid is a loss, a shape, a type, a kind of labels and a scale of logits.  In a round, every peer runs once
on the same arrays, in random order, so that whatever else the machine does hits all alike; what counts is the median,
over the rounds, of the ratio of two times of the same round.  `run.py` starts this file in a process of its own for
each instruction set, as NumPy chooses its code when it is imported.
"""

import argparse
import gc
import json
import math
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import rivals

LARGE = [(1_000_000, 10), (100_000, 100), (10_000, 1000), (65_536, 1000)]
MIDDLE = [(256, 1000), (4096, 100), (65_536, 10)]
BINARY = [(10_000_000, 1), (3_000_000, 1)]
SHAPES = {
    "full": LARGE + MIDDLE + BINARY,
    "short": [shape for shape in LARGE + MIDDLE + BINARY if math.prod(shape) <= 10_000_000],
    "tiny": [(8, 3), (50, 1)],
}
AGAINST_N = [(n, 10) for n in (8, 64, 512, 4096, 32_768, 262_144)]
AGAINST_C = [(1_000_000 // c, c) for c in (2, 5, 10, 32, 100, 320, 1000, 3200, 10_000)]
CURVES = {
    "full": {"against N": AGAINST_N, "against c": AGAINST_C},
    "short": {},
    "tiny": {"against N": [(4, 10), (8, 10)], "against c": [(6, 2), (4, 3)]},
}

LIMITS = ("exp", "copy")  # what the processor and the memory allow: one np.exp pass, one copy, into memory in use
SHORTEST = 0.004  # seconds; a faster call is repeated, as a clock has its own noise


@dataclass(frozen=True)
class Cell:
    """One cell of the grid; c = 1 is binary cross-entropy."""

    n: int
    c: int
    dtype: str
    labels: str
    scale: float
    group: str = "grid"

    @property
    def loss(self) -> str:
        return "cross-entropy" if self.c > 1 else "binary cross-entropy"

    def arrays(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Logits and labels: random labels, or those of the largest logit in nine cases of ten."""
        shape = (self.n, self.c) if self.c > 1 else (self.n,)
        z = rng.standard_normal(shape, dtype=self.dtype)
        z *= z.dtype.type(self.scale)
        y = rng.integers(0, max(self.c, 2), self.n)
        if self.labels == "mostly right":
            best = z.argmax(axis=1) if self.c > 1 else (z > 0).astype(np.int64)
            y = np.where(rng.random(self.n) < 0.9, best, y)
        return z, y if self.c > 1 else y.astype(z.dtype)


def grid(name: str) -> list[Cell]:
    """The cells of a grid, and of the two curves over N and c."""
    cells = [
        Cell(n, c, dtype, labels, scale)
        for n, c in SHAPES[name]
        for dtype in ("float64", "float32")
        for labels in ("random", "mostly right")
        for scale in (1.0, 3.0)
    ]
    curves = [Cell(n, c, "float64", "random", 1.0, group) for group in CURVES[name] for n, c in CURVES[name][group]]
    return cells + curves


def jobs(cell: Cell, rng: np.random.Generator) -> Iterator[tuple[str, str, rivals.Call]]:
    """What to time on a cell: the task, who does it, and the call."""
    z, y = cell.arrays(rng)
    buffer = np.zeros_like(z)
    yield "limit", "exp", lambda: np.exp(z, out=buffer)
    yield "limit", "copy", lambda: np.copyto(buffer, z)
    for peer in [rivals.LOSSBOOK, *rivals.available()]:
        prepare = peer.cross_entropy if cell.c > 1 else peer.binary_cross_entropy
        for task in ("loss", "loss + gradient") if cell.group == "grid" else ("loss",):
            wanted = z.size <= peer.largest and (cell.group == "grid" or peer.name != "log_loss")
            call = prepare(z, y, task != "loss") if wanted else None
            if call is not None:
                yield task, peer.name, call


def measure(cell: Cell, rng: np.random.Generator, rounds: int, warm: bool) -> list[dict]:
    """Rounds of all jobs in random order; the time of each in nanoseconds of CPU time for each entry of the logits."""
    todo = list(jobs(cell, rng))
    entries = cell.n * cell.c
    number = max(1, math.ceil(SHORTEST / (entries * 5e-9 + 1e-4)))
    if not warm:  # compilers run before the clock does
        for _, _, call in todo:
            call()
    result = []
    for _ in range(rounds):
        times: dict[str, dict[str, float]] = {}
        for k in rng.permutation(len(todo)):
            task, name, call = todo[k]
            start = time.process_time()
            for _ in range(number):
                call()
            elapsed = time.process_time() - start
            times.setdefault(task, {})[name] = elapsed / number / entries * 1e9
        result.append(times)
    return result


def run(name: str, seconds: float, seed: int = 0) -> list[dict]:
    """Visit the cells in random order, again and again, until the time is over; one record for each cell."""
    rng = np.random.default_rng(seed)
    cells = grid(name)
    rounds: dict[Cell, list[dict]] = {cell: [] for cell in cells}
    warm = set()
    end = time.monotonic() + seconds
    gc.disable()
    while time.monotonic() < end:
        for k in rng.permutation(len(cells)):
            cell = cells[k]
            if time.monotonic() > end:
                break
            kind = (cell.n, cell.c, cell.dtype, cell.group)
            rounds[cell] += measure(cell, rng, 1 if cell.n * cell.c > 4e6 else 3, kind in warm)
            warm.add(kind)
            gc.collect()
    return [asdict(cell) | {"loss": cell.loss, "rounds": times} for cell, times in rounds.items() if times]


def instructions() -> str:
    """The widest instruction set that NumPy uses in this process."""
    from numpy._core._multiarray_umath import __cpu_features__ as has

    named = {"AVX-512": ("X86_V4", "AVX512_SKX"), "AVX2": ("X86_V3", "AVX2"), "NEON": ("NEON", "ASIMD")}
    return next((name for name, features in named.items() if any(map(has.get, features))), "baseline")


def main() -> None:
    parser = argparse.ArgumentParser(description="time every peer on every cell of a grid")
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--grid", choices=SHAPES, default="full")
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args()
    records = run(options.grid, options.seconds)
    asked = sum(cell.group == "grid" for cell in grid(options.grid))
    result = {"instructions": instructions(), "asked": asked, "cells": records}
    options.output.write_text(json.dumps(result), encoding="utf-8")


if __name__ == "__main__":
    main()
