"""The benchmarks measure what they say; how fast anything is, is no test."""

import csv
import importlib.util
import math
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "benchmarks"
INSTALLED = {"lossbook", "textbook", "SciPy", "sklearn._loss", "log_loss"}  # with the book's own requirements


def load(name: str):
    """A module of benchmarks/, under a name that hides no other module."""
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


rivals, report = load("rivals"), load("report")
speed, memory, accuracy = load("speed"), load("memory"), load("accuracy")


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """What a tiny run writes."""
    folder = tmp_path_factory.mktemp("results")
    command = [sys.executable, FOLDER / "run.py", "--grid", "tiny", "--minutes", "0.02", "--results", folder]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


# --- the harness --------------------------------------------------------------------------------------------------


def test_every_peer_computes_the_same_losses_and_gradients():
    for cell in [cell for cell in speed.grid("tiny") if cell.group == "grid"]:
        z, y = cell.arrays(np.random.default_rng(1))
        tolerance = 1e-12 if cell.dtype == "float64" else 1e-5
        name = "cross_entropy" if cell.c > 1 else "binary_cross_entropy"
        own_losses, own_gradient = getattr(rivals.LOSSBOOK, name)(z, y, True)()
        np.testing.assert_array_equal(getattr(rivals.LOSSBOOK, name)(z, y, False)(), own_losses)
        for peer in rivals.available():
            loss = getattr(peer, name)(z, y, False)()
            both = getattr(peer, name)(z, y, True)
            if peer.name == "log_loss":
                assert both is None
                assert float(loss) == pytest.approx(own_losses.mean(), rel=tolerance)
                continue
            np.testing.assert_allclose(loss, own_losses, rtol=tolerance, atol=tolerance)
            if both is not None:
                np.testing.assert_allclose(both()[0], own_losses, rtol=tolerance, atol=tolerance)
                np.testing.assert_allclose(both()[1], own_gradient, rtol=tolerance, atol=tolerance)


def test_the_peers_of_the_books_own_requirements_take_part():
    assert {"lossbook", *(peer.name for peer in rivals.available())} >= INSTALLED


def test_the_grid_is_complete():
    cells = [cell for cell in speed.grid("full") if cell.group == "grid"]

    assert len(cells) == len(set(cells)) == 9 * 2 * 2 * 2
    assert {cell.loss for cell in cells} == {"cross-entropy", "binary cross-entropy"}
    large = {(1_000_000, 10), (100_000, 100), (10_000, 1000), (65_536, 1000), (10_000_000, 1)}
    assert {(cell.n, cell.c) for cell in cells} == large | {(256, 1000), (4096, 100), (65_536, 10), (3_000_000, 1)}


def test_labels_that_are_mostly_right_are():
    for c in (2, 10, 1):
        z, y = speed.Cell(4000, c, "float64", "mostly right", 1.0).arrays(np.random.default_rng(0))
        best = z.argmax(axis=1) if c > 1 else z > 0
        assert 0.88 < np.mean(best == y) < 0.97
        assert z.dtype == np.float64


def test_a_round_times_every_job_once():
    cell = speed.grid("tiny")[0]
    (times,) = speed.measure(cell, np.random.default_rng(0), rounds=1, warm=True)

    assert set(times["limit"]) == {"exp", "copy"}
    assert set(times["loss"]) >= INSTALLED
    assert set(times["loss + gradient"]) >= INSTALLED - {"SciPy", "log_loss"}
    assert all(time > 0 for task in times.values() for time in task.values())


# --- from times to tables -----------------------------------------------------------------------------------------


def cell_of(*rounds, c=10, group="grid"):
    cell = {"n": 5, "c": c, "dtype": "float64", "labels": "random", "scale": 1.0, "group": group}
    return cell | {"loss": "cross-entropy" if c > 1 else "binary cross-entropy", "rounds": list(rounds)}


def one_round(own: float, peer: float, exp: float = 1.0):
    return {"loss": {"lossbook": own, "PyTorch": peer}, "limit": {"exp": exp, "copy": 0.5}}


def test_a_ratio_is_the_median_of_the_ratios_of_one_round():
    # A slow phase of the machine hits both: the ratio of the medians would be 4, the median of the ratios is 2.
    rows = report.medians(cell_of(one_round(1, 4), one_round(10, 20), one_round(1, 2)))
    row = next(row for row in rows if row["peer"] == "PyTorch")

    assert row["ratio"] == 2
    assert row["ns_per_entry"] == 4
    assert row["rounds"] == 3
    assert next(row for row in rows if row["peer"] == "lossbook")["ratio"] == 1


def test_goals_are_compared_with_geometric_means_over_the_grid():
    rows = report.all_medians(
        [cell_of(one_round(1, 2)), cell_of(one_round(2, 16, exp=1)), cell_of(one_round(9, 1), group="against N")]
    )
    text = report.goals({"AVX-512": rows})

    assert "| CE loss: times faster than PyTorch | ≥ 2.5 | 4.00 |" in text
    assert "| CE loss, float64, c = 10: in np.exp passes over the logits | ≤ 3.4 | 1.41 |" in text
    assert "| CE loss: times faster than SciPy | ≥ 2.5 | — |" in text
    assert "| the worst cell against any peer | ≥ 0.8 | 2.00 |" in text


def test_cells_below_the_goal_are_counted():
    rows = report.all_medians([cell_of(one_round(2, 1)), cell_of(one_round(1, 3))])

    assert "Cells below 0.8, by peer and task: PyTorch, loss: 1." in report.worst(rows)
    assert report.worst_cells(rows, 1) == [(0.5, "5 × 10, float64, labels random, scale 1, loss, PyTorch")]


def test_libraries_are_counted_where_they_are_faster():
    rows = report.all_medians([cell_of(one_round(2, 1)), cell_of(one_round(1, 2))])

    text = report.by_peer(rows, "cross-entropy")

    assert "| PyTorch, loss | 1.00 | 0.50 | 2.00 | 1 of 2 |" in text
    assert "lossbook" not in text
    assert "PyTorch" not in report.by_peer(rows, "binary cross-entropy")


def test_a_tiny_run_writes_tables_and_a_figure(results):
    assert {path.name for path in results.iterdir()} == {
        *("accuracy.csv", "accuracy.md", "memory.md", "speed.csv", "speed.md", "speed.png")
    }
    for path in results.glob("*.md"):
        text = path.read_text(encoding="utf-8")
        assert re.search(r"Measured on \d{4}-\d\d-\d\d by `benchmarks/run.py`\.\nProcessor: .*\nVersions: numpy ", text)
        opened, closed = (re.findall(rf"<!-- {word}(.*) -->", text) for word in ("(?!end of )", "end of "))
        assert opened == closed
        for block in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
            assert len({line.count("|") for line in block.splitlines()}) == 1
    assert (results / "speed.png").read_bytes().startswith(b"\x89PNG")
    row = rows_of(results / "speed.csv")[0]
    assert set(row) == set("instructions n c dtype labels scale group loss task peer rounds ns_per_entry ratio".split())


@pytest.mark.parametrize(("page", "parts"), [("accuracy", 8), ("large-batches", 2), ("speed", 13)])
def test_the_pages_include_parts_that_the_tables_have(page, parts):
    text = (ROOT / "reference" / f"{page}.md").read_text(encoding="utf-8")
    wanted = re.findall(r'results/(\w+\.md)\n:start-after: "(.*)"\n:end-before: "(.*)"\n', text)

    assert len(wanted) == parts
    for file, start, end in wanted:
        table = (FOLDER / "results" / file).read_text(encoding="utf-8")
        assert 0 <= table.find(f"{start}\n") < table.find(f"{end}\n")


def test_the_tables_of_speed_are_those_of_the_file():
    runs = report.read_speed(FOLDER / "results" / "speed.csv")
    text = (FOLDER / "results" / "speed.md").read_text(encoding="utf-8")

    assert list(runs) == ["AVX-512", "AVX2"]
    for name, part in report.speed_parts(runs).items():
        assert f"<!-- {name} -->\n\n{part}\n<!-- end of {name} -->\n" in text


# --- accuracy -----------------------------------------------------------------------------------------------------


def test_lossbook_has_no_defect_and_few_wrong_digits(results):
    own = [row for row in rows_of(results / "accuracy.csv") if row["peer"] == "lossbook"]

    assert len(own) == 2 * (2 * 7 + 2 * 6 + 3)
    assert max(float(row["error"]) for row in own) <= 5
    line = next(
        line for line in (results / "accuracy.md").read_text(encoding="utf-8").splitlines() if "| negative" in line
    )
    defects = re.search(r"\| lossbook \| (\d+) \|(.*)\|", (results / "accuracy.md").read_text(encoding="utf-8"))
    assert [name.strip() for name in line.split("|")[3:-1]] == list(accuracy.DEFECTS)
    assert [int(number) for number in defects[2].split("|")] == [0] * len(accuracy.DEFECTS)


@pytest.mark.parametrize(
    ("actual", "expected", "words", "defect"),
    [
        ([1.0, 2.0], [1, 2], "0.0", None),
        ([1.0 + 3 * 2**-52], [1], "3.0", None),
        ([0.0], [1e-20], "all digits", None),
        ([-1e-17], [1e-20], "all digits", "negative"),
        ([-0.0], [0], "0.0", "−0.0"),
        ([math.nan], [0], "NaN", "NaN"),
        ([math.inf], [3], "∞", "∞ for a number"),
        ([1e300], [math.inf], "∞", "number for ∞"),
        ([math.inf], [math.inf], "0.0", None),
    ],
)
def test_errors_are_judged(actual, expected, words, defect):
    count = Counter()

    assert accuracy.judge(np.array(actual), [accuracy.exact(x) for x in expected], "float64", count) == words
    assert [name for name in accuracy.DEFECTS if count[name]] == ([defect] if defect else [])


def test_the_oracle_agrees_with_logarithms_known_to_everybody():
    loss, gradient = accuracy.true_cross_entropy([0.0, 0.0], 0)

    assert float(loss) == math.log(2)
    assert [float(x) for x in gradient] == [-0.5, 0.5]
    assert float(accuracy.true_binary_cross_entropy(0.0, 1)[0]) == math.log(2)
    # (1/2, 1/2) against (3/4, 1/4)
    assert float(accuracy.true_kl_divergence([0.0, 0.0], [math.log(3), 0.0])) == pytest.approx(math.log(4 / 3) / 2)


# --- memory -------------------------------------------------------------------------------------------------------


def test_memory_counts_results_and_temporary_arrays():
    found = {(row["task"], row["peer"]): row for row in memory.memory([(50_000, 100)])}
    textbook = found["loss", "textbook"]

    assert textbook["results"] == 0.01
    assert 1.9 < textbook["peak"] < 2.2  # z − m and its exponential
    assert found["loss + gradient", "lossbook"]["results"] == 1.01
    assert found["loss", "lossbook"]["peak"] < 0.06
    assert found["loss + gradient", "lossbook"]["peak"] < 1.06
