"""The how-to for batches larger than memory does what it says, under the limit that it sets."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lossbook import gradients, losses

da = pytest.importorskip("dask.array", reason="needs dask: pip install -r requirements.txt")

PAGE = Path(__file__).resolve().parent.parent / "reference" / "large-batches.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def run(code: str) -> list[str]:
    """Run code in a Python of its own; returns the lines that it prints."""
    env = os.environ | {"OPENBLAS_NUM_THREADS": "1"}  # each of its threads has a stack, which counts as memory
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=env)
    assert result.returncode == 0, result.stderr
    return result.stdout.splitlines()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the limit is one of Linux")
def test_the_page_runs_under_its_own_limit():
    words = "\n".join(BLOCKS)
    size, limit = 1_000_000 * 100 * 8, 400 * 2**20

    assert "N, c, rows = 1_000_000, 100, 20_000" in words
    assert "RLIMIT_DATA, (400 * megabyte, 400 * megabyte)" in words
    assert size > 1.9 * limit

    too_large, mean_loss, shape = run(words)

    assert too_large == "800 MB do not fit"
    # ln c + σ²/2 for many classes with Gaussian logits: about 4.6 + 4.5, a little less for a hundred classes.
    assert 7.5 < float(re.search(r"[\d.]+", mean_loss)[0]) < 9.2
    assert shape == "(5, 100)"


def test_chunks_give_what_the_whole_batch_gives():
    small = "\n".join(BLOCKS[1:]).replace("N, c, rows = 1_000_000, 100, 20_000", "N, c, rows = 1_000, 7, 300")
    names: dict = {}
    exec(small.replace("try:\n    logits.compute()\nexcept MemoryError:", "if False:"), names)
    z, y, x = (names[name].compute() for name in ("logits", "labels", "inputs"))

    assert len(names["logits"].chunks[0]) == 4
    # Small arrays are summed in another way than large ones, which may change the last digit.
    np.testing.assert_allclose(names["batch_losses"].compute(), losses.cross_entropy(z, y), rtol=1e-15)
    np.testing.assert_allclose(names["mean_loss"], losses.cross_entropy(z, y).mean(), rtol=1e-13)
    np.testing.assert_allclose(names["weight_gradient"], x.T @ gradients.cross_entropy(z, y) / len(z), atol=1e-15)


def test_what_the_page_says_of_map_blocks():
    rng = np.random.default_rng(0)
    z, y = rng.normal(size=(90, 3)), rng.integers(0, 3, 90)
    logits, labels = da.from_array(z, chunks=(30, 3)), da.from_array(y, chunks=30)
    binary = da.from_array((z > 0) * 1.0, chunks=(30, 3))

    np.testing.assert_array_equal(
        da.map_blocks(losses.binary_cross_entropy, logits, binary).compute(),
        losses.binary_cross_entropy(z, (z > 0) * 1.0),
    )
    with pytest.raises(ValueError, match=r"given shape \(90,\)|given shape \(30,\)|must be N = 30"):
        da.map_blocks(losses.cross_entropy, logits, labels, drop_axis=1, dtype=float).compute()
