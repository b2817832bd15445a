"""From measured times to tables and a figure: medians of paired ratios, geometric means, goals."""

import csv
import math
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

Ratios = dict[str, float]


def medians(cell: dict) -> list[dict]:
    """One row for each task and peer of a cell: median time, and the median of time / time of lossbook, pairwise."""
    rows = []
    for task in cell["rounds"][0]:
        own = "loss" if task == "limit" else task
        for name in cell["rounds"][0][task]:
            times = np.array([times[task][name] for times in cell["rounds"]])
            ratios = times / np.array([times[own]["lossbook"] for times in cell["rounds"]])
            rows.append(
                {key: value for key, value in cell.items() if key != "rounds"}
                | {"task": task, "peer": name, "rounds": len(times), "ns_per_entry": float(np.median(times))}
                | {"ratio": float(np.median(ratios))}
            )
    return rows


def all_medians(cells: Iterable[dict]) -> list[dict]:
    return [row for cell in cells for row in medians(cell)]


def geometric_mean(values: Iterable[float]) -> float:
    values = list(values)
    return math.exp(sum(map(math.log, values)) / len(values)) if values else math.nan


def ratio(rows: list[dict], **wanted) -> float:
    """Geometric mean, over the cells, of how many times as long a peer takes as lossbook."""
    return geometric_mean(select(rows, **wanted, value="ratio"))


def select(rows: list[dict], *, value: str, group: str = "grid", where: Callable = lambda row: True, **wanted):
    wanted["group"] = group
    return [row[value] for row in rows if where(row) and all(row[key] == v for key, v in wanted.items())]


# --- tables -------------------------------------------------------------------------------------------------------


def table(head: list[str], rows: Iterable[list[str]]) -> str:
    """A Markdown table; all columns but the first are numbers."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def number(value: float, digits: int = 2) -> str:
    return "—" if math.isnan(value) else f"{value:.{digits}f}"


GOALS: list[tuple[str, str, str, dict[str, float]]] = [
    (
        "CE loss",
        "cross-entropy",
        "loss",
        {"textbook": 2.2, "SciPy": 2.5, "sklearn._loss": 2.5, "PyTorch": 2.5, "optax": 1},
    ),
    (
        "CE loss + gradient",
        "cross-entropy",
        "loss + gradient",
        {"textbook": 3, "sklearn._loss": 2.2, "PyTorch": 3.5, "optax": 1.7},
    ),
    ("BCE loss", "binary cross-entropy", "loss", {"textbook": 1.5, "sklearn._loss": 2.5, "PyTorch": 2}),
]
PASSES: dict[str, tuple[Callable[[dict], bool], float]] = {
    "c = 10": (lambda row: row["c"] == 10, 3.4),
    "c ≥ 100": (lambda row: row["c"] >= 100, 2.2),
}


def goals(runs: dict[str, list[dict]]) -> str:
    """What was aimed at and what was measured, for each instruction set."""
    lines = []
    for name, (classes, goal) in PASSES.items():
        line = [f"CE loss, float64, {name}: in np.exp passes over the logits", f"≤ {goal}"]
        for rows in runs.values():
            passes = select(
                rows, value="ratio", where=classes, dtype="float64", loss="cross-entropy", task="limit", peer="exp"
            )
            line.append(number(1 / geometric_mean(passes)) if passes else "—")
        lines.append(line)
    for title, loss, task, wanted in GOALS:
        for peer, goal in wanted.items():
            measured = [number(ratio(rows, loss=loss, task=task, peer=peer)) for rows in runs.values()]
            lines.append([f"{title}: times faster than {peer}", f"≥ {goal}", *measured])
    worst_ratios = [number(worst_cells(rows, 1)[0][0]) for rows in runs.values()]
    lines.append(["the worst cell against any peer", "≥ 0.8", *worst_ratios])
    return table(["figure", "goal", *runs], lines)


def worst_cells(rows: list[dict], count: int) -> list[tuple[float, str]]:
    """The cells where lossbook does worst: the ratio, and in words which cell, task and peer."""
    compared = [r for r in rows if r["task"] != "limit" and r["group"] == "grid" and r["peer"] != "lossbook"]
    compared.sort(key=lambda row: row["ratio"])
    return [(row["ratio"], f"{describe(row)}, {row['task']}, {row['peer']}") for row in compared[:count]]


def describe(row: dict) -> str:
    shape = f"{row['n']} × {row['c']}" if row["c"] > 1 else f"{row['n']} binary"
    return f"{shape}, {row['dtype']}, labels {row['labels']}, scale {row['scale']:.0f}"


def below_goal(rows: list[dict], goal: float = 0.8) -> dict[str, int]:
    """For each peer, in how many cells lossbook misses the goal for a single cell."""
    found: dict[str, int] = {}
    for row in rows:
        if row["task"] != "limit" and row["group"] == "grid" and row["ratio"] < goal:
            found[f"{row['peer']}, {row['task']}"] = found.get(f"{row['peer']}, {row['task']}", 0) + 1
    return found


def shapes(rows: list[dict], task: str) -> str:
    """Nanoseconds for each entry, by shape and type: geometric means over labels and scales."""
    rows = [row for row in rows if row["group"] == "grid" and row["task"] in (task, "limit")]
    names = list(dict.fromkeys(row["peer"] for row in rows if row["task"] == task))
    names.sort(key=lambda name: name != "lossbook")
    lines = []
    for n, c, dtype in dict.fromkeys((row["n"], row["c"], row["dtype"]) for row in rows):
        same = {"n": n, "c": c, "dtype": dtype, "value": "ns_per_entry"}
        means = (geometric_mean(select(rows, peer=name, **same)) for name in [*names, "exp", "copy"])
        lines.append([f"{n} × {c}" if c > 1 else f"{n} binary", dtype, *map(number, means)])
    return table(["shape", "type", *names, "np.exp", "copy"], lines)


def rounds(runs: dict[str, list[dict]], asked: dict[str, int]) -> str:
    """How often each cell of the grid was measured."""
    lines = []
    for name, rows in runs.items():
        found = [row["rounds"] for row in rows if row["group"] == "grid"]
        cells = len({describe(row) for row in rows if row["group"] == "grid"})
        lines.append(f"{name}: {cells} of {asked[name]} cells of the grid, {min(found)} to {max(found)} rounds each.")
    return "\n".join(lines)


def worst(rows: list[dict]) -> str:
    """The cells where a peer does best, and in how many each is below the goal."""
    lines = [[text, number(value)] for value, text in worst_cells(rows, 8)]
    below = below_goal(rows)
    count = ", ".join(f"{name}: {n}" for name, n in sorted(below.items())) if below else "none"
    cells = table(["cell, task, peer", "time of the peer / time of lossbook"], lines)
    return f"{cells}\nCells below 0.8, by peer and task: {count}.\n"


def by_peer(rows: list[dict], loss: str) -> str:
    """Against each peer: how many cells, the mean and the least ratio, and in how many cells the peer is faster."""
    lines = []
    for task in ("loss", "loss + gradient"):
        for peer in dict.fromkeys(row["peer"] for row in rows if row["task"] == task and row["peer"] != "lossbook"):
            ratios = select(rows, value="ratio", loss=loss, task=task, peer=peer)
            if ratios:
                faster = sum(ratio < 1 for ratio in ratios)
                means = number(geometric_mean(ratios)), number(min(ratios)), number(max(ratios))
                lines.append([f"{peer}, {task}", *means, f"{faster} of {len(ratios)}"])
    return table(["library, task", "times as long, mean", "least", "most", "cells where it is faster"], lines)


def speed_parts(runs: dict[str, list[dict]]) -> dict[str, str]:
    """All tables of speed, from what the CSV file holds: page and file cannot differ."""
    parts = {"goals": goals(runs)}
    for name, rows in runs.items():
        for loss in ("cross-entropy", "binary cross-entropy"):
            parts[f"{loss}, {name}"] = by_peer(rows, loss)
        for task in ("loss", "loss + gradient"):
            parts[f"{task}, {name}"] = shapes(rows, task)
        parts[f"worst, {name}"] = worst(rows)
    return parts


def memory(records: list[dict]) -> str:
    """Results and peak, in units of the input."""
    lines = []
    for row in records:
        shape = f"{row['n']} × {row['c']}" if row["c"] > 1 else f"{row['n']} binary"
        extra = row["peak"] - row["results"]
        lines.append([shape, row["task"], row["peer"], *(number(x, 3) for x in (row["results"], row["peak"], extra))])
    return table(["shape", "task", "library", "results", "peak", "peak − results"], lines)


def tiny_call(times: dict[str, tuple[float, float]]) -> str:
    """Microseconds for 8 × 3."""
    lines = [[name, number(time, 1), number(share)] for name, (time, share) in times.items()]
    return table(["loss of 8 × 3 logits", "µs", "time of lossbook / this time"], lines)


def errors(records: list[dict]) -> str:
    """The largest error of each library, by type and case."""
    names = list(dict.fromkeys(record["peer"] for record in records))
    found = {(r["dtype"], r["case"], r["peer"]): r["error"] for r in records}
    cases = dict.fromkeys((r["dtype"], r["case"]) for r in records)
    return table(["case", "type", *names], [[case, d, *(found[d, case, name] for name in names)] for d, case in cases])


def defects(counts: dict[str, dict], names: Iterable[str]) -> str:
    """How often a library did worse than lose digits."""
    lines = [[peer, *(str(count[name]) for name in ["losses", *names])] for peer, count in counts.items()]
    return table(["library", "losses asked for", *names], lines)


def examples(found: list[tuple[str, str, dict[str, str]]]) -> str:
    """Single inputs."""
    names = list(dict.fromkeys(name for *_, answers in found for name in answers))
    lines = [[what, true, *(answers.get(name, "—") for name in names)] for what, true, answers in found]
    return table(["loss", "true", *names], lines)


def write_csv(path: Path, rows: list[dict]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(
            {key: round(value, 4) if isinstance(value, float) else value for key, value in row.items()} for row in rows
        )


def read_speed(path: Path) -> dict[str, list[dict]]:
    """The rows of speed.csv, for each instruction set."""
    types = {"n": int, "c": int, "rounds": int, "scale": float, "ns_per_entry": float, "ratio": float}
    runs: dict[str, list[dict]] = {}
    with path.open(encoding="utf-8") as file:
        for line in csv.DictReader(file):
            row = {key: types.get(key, str)(value) for key, value in line.items()}
            runs.setdefault(row.pop("instructions"), []).append(row)
    return runs


# --- figure -------------------------------------------------------------------------------------------------------

DRAWN = ["lossbook", "textbook", "SciPy", "sklearn._loss", "PyTorch", "optax"]


def draw(rows: list[dict], path: Path) -> None:
    """Nanoseconds for each entry against N at c = 10, and against c at N c = 10⁶."""
    import matplotlib

    matplotlib.use("Agg")
    from lossbook import plotting

    fig, axes = plotting.figure(1, 2, height=3.6, share_y=True)
    panels = [("n", "against N", "rows N, of 10 classes"), ("c", "against c", "classes c, in 10⁶ entries")]
    for ax, (key, group, name) in zip(axes, panels, strict=True):
        for k, peer in enumerate(DRAWN):
            found = times(rows, key, group=group, peer=peer, task="loss")
            if found:
                plotting.curve(ax, *zip(*found, strict=True), role=k)
                plotting.points(ax, *zip(*found, strict=True), role=k, label=peer, size=22)
        found = times(rows, key, group=group, peer="exp", task="limit")
        if found:
            plotting.curve(ax, *zip(*found, strict=True), role="reference", dashed=True, label="one np.exp pass")
        ax.set_xscale("log")
        ax.set_yscale("log")
        plotting.label_axes(ax, x=name, y="CPU time of an entry", y_unit="ns")
    if axes[0].get_legend_handles_labels()[1]:
        plotting.legend(axes[0], loc="upper right")
    fig.savefig(path, metadata={"Software": None})


def times(rows: list[dict], key: str, **wanted) -> list[tuple[float, float]]:
    """Pairs of the key and the median time, in increasing order."""
    return sorted(
        (row[key], row["ns_per_entry"]) for row in rows if all(row[name] == value for name, value in wanted.items())
    )
