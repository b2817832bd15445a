"""What a batch leaves behind: grades.csv, manual.csv, records for ``finish``, and Gradescope's results.json.

Every text in a table comes from a stranger; one that a spreadsheet would run as a formula gets an apostrophe.
"""

from __future__ import annotations

import csv
import hashlib
import json
import math
import os
import re
import tempfile
from collections.abc import Iterable
from pathlib import Path

MANUAL_COLUMNS = ["student", "cell", "max", "answer", "points", "comment"]


class BadMarks(ValueError):
    """Something in manual.csv that is no mark; the message says where."""


def harmless(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    text = "".join(ch for ch in text if ch in "\n\t" or ch.isprintable())
    return "'" + text if text[:1] in ("=", "+", "-", "@", "\t", "\n", "|") else text


def totals(record: dict) -> dict[str, float]:
    """Points of a record: all, by tests, by hand, and what could be reached."""
    auto = sum(entry["points"] or 0.0 for entry in record["cells"].values() if not entry["manual"])
    manual = sum(entry["points"] or 0.0 for entry in record["cells"].values() if entry["manual"])
    most = sum(entry["max"] for entry in record["cells"].values())
    return {"auto": auto, "manual": manual, "total": auto + manual, "max": most}


def status(record: dict) -> str:
    """``graded``, ``to mark by hand``, or ``not graded`` with the reason."""
    if record["status"] != "graded":
        return f"{record['status']}: {record['reason']}"
    return "to mark by hand" if unmarked(record) else "graded"


def unmarked(record: dict) -> bool:
    """Whether an answer waits for a person."""
    return any(entry["points"] is None for entry in record["cells"].values())


def number(x: float | None) -> str:
    """Points for a table: at most two decimals, nothing for what is not known yet."""
    return "" if x is None else f"{round(x, 2):g}"


def write_grades(path: Path, records: Iterable[dict], cells: list[str]) -> None:
    """One row for every record."""
    rows = []
    for record in records:
        sums = {key: number(value) for key, value in totals(record).items()}
        rows.append(
            [harmless(record["student"]), *(sums[key] for key in ("total", "max", "auto", "manual"))]
            + [number(record["cells"].get(cell, {}).get("points")) for cell in cells]
            + [harmless(status(record)), number(record["seconds"]), harmless("; ".join(record["flags"]))]
        )
    head = ["student", "total", "max", "auto", "manual", *cells, "status", "seconds", "flags"]
    _write_csv(path, head, rows)


def write_manual(path: Path, records: Iterable[dict], cells: list[str]) -> None:
    """The answers that a person marks."""
    rows = []
    for record in records:
        for cell in cells:
            entry = record["cells"].get(cell)
            if entry is None or not entry["manual"] or not entry.get("answer", "").strip():
                continue
            row = [harmless(record["student"]), cell, number(entry["max"]), harmless(entry["answer"][:30_000])]
            rows.append([*row, number(entry["points"]), harmless(entry.get("comment", ""))])
    _write_csv(path, MANUAL_COLUMNS, rows)


def read_manual(path: Path, records: list[dict]) -> int:
    """Enter the marks of manual.csv into the records; returns how many there were.

    Raises
    ------
    BadMarks
        If a row is of nobody, or its points are no number between 0 and the most.
    """
    by_key = {
        (harmless(record["student"]), cell): entry
        for record in records
        for cell, entry in record["cells"].items()
        if entry["manual"]
    }
    count = 0
    with path.open(encoding="utf-8-sig", newline="") as stream:
        sample = stream.readline()
        stream.seek(0)
        for row in csv.DictReader(stream, delimiter=";" if sample.count(";") > sample.count(",") else ","):
            where = f"{path.name}, {row.get('student')}, {row.get('cell')}"
            entry = by_key.get((row.get("student") or "", row.get("cell") or ""))
            if entry is None:
                raise BadMarks(f"{where}: there is no such answer")
            given = (row.get("points") or "").strip().replace(",", ".")
            entry["comment"] = (row.get("comment") or "").strip()
            if not given:
                continue
            try:
                points = float(given)
            except ValueError:
                points = math.nan
            if not 0 <= points <= entry["max"]:
                raise BadMarks(f"{where}: points are {given!r}; expected a number from 0 to {entry['max']:g}")
            entry["points"] = points
            count += 1
    return count


def _write_csv(path: Path, head: list[str], rows: list[list[str]]) -> None:
    with _replacing(path) as stream:
        writer = csv.writer(stream)
        writer.writerow(head)
        writer.writerows(rows)


class _replacing:
    """A file that appears whole or not at all."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> object:
        descriptor, self.draft = tempfile.mkstemp(dir=self.path.parent, prefix=".", suffix=self.path.suffix)
        # Half a surrogate pair, in a hostile notebook or a file's name, has no encoding.
        self.stream = os.fdopen(descriptor, "w", encoding="utf-8", errors="replace", newline="")
        return self.stream

    def __exit__(self, kind: object, *rest: object) -> None:
        self.stream.close()
        if kind is None:
            os.chmod(self.draft, 0o644)
            os.replace(self.draft, self.path)
        else:
            os.unlink(self.draft)


def write_text(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    with _replacing(path) as stream:
        stream.write(text)


# --- Records


def save(path: Path, about: dict, records: list[dict]) -> None:
    """Everything that is known, for ``finish``."""
    write_text(path, json.dumps({"about": about, "records": records}, indent=1) + "\n")


def load(path: Path) -> tuple[dict, list[dict]]:
    """What :func:`save` wrote."""
    found = json.loads(path.read_text(encoding="utf-8"))
    return found["about"], found["records"]


def file_names(records: Iterable[dict]) -> dict[str, str]:
    """A harmless file name for each student; two that differ in letter case alone do not share one."""
    names: dict[str, str] = {}
    taken: set[str] = set()
    for record in records:
        student = record["student"]
        name = re.sub(r"[^\w.,@+ -]", "_", student).strip(". ")[:100] or "student"
        if name.casefold() in taken or name != student:
            name += "-" + hashlib.sha256(student.encode("utf-8", "surrogatepass")).hexdigest()[:8]
        taken.add(name.casefold())
        names[student] = name
    return names


# --- Gradescope


def gradescope(record: dict) -> dict:
    """The content of Gradescope's results.json."""
    sums = totals(record)
    tests = []
    for name, entry in record["cells"].items():
        said = "waits to be marked by hand" if entry["points"] is None else entry.get("message", "")
        checks = [
            f"{'right' if not check.get('message') else check['message']}: {check['check']}"
            for check in entry.get("shown", ())
            if "derivation" not in check
        ]
        tests.append(
            {
                "name": name,
                "score": round(entry["points"] or 0.0, 2),
                "max_score": entry["max"],
                "output": "\n".join([said, *checks]).strip(),
                "output_format": "text",
                "visibility": "after_published",
            }
        )
    return {
        "score": round(sums["total"], 2),
        "output": status(record),
        "output_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "tests": tests,
    }
