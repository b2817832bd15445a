"""What a call needs besides its input, and what the checks of the input cost on a tiny batch."""

import time
import tracemalloc

import numpy as np
import rivals

SHAPES = [(1_000_000, 10), (100_000, 100), (10_000, 1000), (3_000_000, 1)]


def memory(shapes=SHAPES) -> list[dict]:
    """The peak of what NumPy allocates, and the size of the results, in units of the input.

    PyTorch and JAX have allocators of their own, which tracemalloc does not see: they are left out.
    """
    rng = np.random.default_rng(0)
    records = []
    for n, c in shapes:
        z = rng.normal(size=(n, c) if c > 1 else n)
        y = rng.integers(0, max(c, 2), n)
        y = y if c > 1 else y.astype(z.dtype)
        for peer in [rivals.LOSSBOOK, *rivals.available()]:
            if peer.name not in ("lossbook", "textbook", "SciPy", "sklearn._loss"):
                continue
            prepare = peer.cross_entropy if c > 1 else peer.binary_cross_entropy
            for task in ("loss", "loss + gradient"):
                if (call := prepare(z, y, task != "loss")) is None:
                    continue
                call()  # what a library keeps for good is no cost of a call
                tracemalloc.start()
                result = call()
                _, peak = tracemalloc.get_traced_memory()
                tracemalloc.stop()
                results = sum(array.nbytes for array in (result if isinstance(result, tuple) else (result,)))
                sizes = {"results": results / z.nbytes, "peak": peak / z.nbytes}
                records.append({"n": n, "c": c, "task": task, "peer": peer.name, **sizes})
    return records


def tiny_call(rounds: int = 200, number: int = 100) -> dict[str, tuple[float, float]]:
    """For one call on 8 rows of 3 classes: microseconds of CPU time, and how many times as long lossbook takes.

    Medians over interleaved rounds, of the times and of the ratios of two times of one round.
    """
    rng = np.random.default_rng(0)
    z, y = rng.normal(size=(8, 3)), rng.integers(0, 3, 8)
    rows = np.arange(8)
    calls = {
        "lossbook, with checks": rivals.lossbook_cross_entropy(z, y, False),
        "one line, no shift": lambda: np.log(np.exp(z).sum(axis=1)) - z[rows, y],
        "one line by softmax": lambda: -np.log((np.exp(z) / np.exp(z).sum(axis=1, keepdims=True))[rows, y]),
        "textbook, shifted": rivals.textbook_cross_entropy(z, y, False),
    }
    calls |= {
        f"{peer.name}, prepared": peer.cross_entropy(z, y, False)
        for peer in rivals.available()
        if peer.name not in ("textbook", "log_loss")
    }
    times: dict[str, list[float]] = {name: [] for name in calls}
    names = list(calls)
    for _ in range(rounds):
        for k in rng.permutation(len(names)):
            call = calls[names[k]]
            start = time.process_time()
            for _ in range(number):
                call()
            times[names[k]].append((time.process_time() - start) / number * 1e6)
    own = np.array(times["lossbook, with checks"])
    return {name: (float(np.median(t)), float(np.median(own / np.array(t)))) for name, t in times.items()}
