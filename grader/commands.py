"""The command line: release, grade, finish."""

from __future__ import annotations

import argparse
import json
import re
import secrets
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from . import batch, feedback, results
from .collect import collect
from .inside.lockdown import Limits
from .notebook import BadNotebook, Cell
from .release import release
from .sandbox import NoSandbox, require
from .service import Setup
from .source import Assignment
from .student import Times


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit status: 0 when everything that was asked for is there."""
    options = _parser().parse_args(arguments)
    try:
        return options.run(options)
    except (BadNotebook, NoSandbox, results.BadMarks, FileNotFoundError, NotADirectoryError) as error:
        print(f"grader: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m grader", description="assignments in nbgrader's format")
    commands = parser.add_subparsers(required=True, metavar="release | grade | finish")

    making = commands.add_parser("release", help="make the students' version of a source")
    making.add_argument("source", type=Path, metavar="SOURCE.ipynb")
    making.add_argument("out", type=Path, metavar="OUT.ipynb")
    making.set_defaults(run=run_release)

    grading = commands.add_parser("grade", help="grade a folder of submissions")
    grading.add_argument("source", type=Path, metavar="SOURCE.ipynb")
    grading.add_argument("submissions", type=Path, metavar="SUBMISSIONS_DIR")
    grading.add_argument("out", type=Path, metavar="OUT_DIR")
    grading.add_argument("--jobs", type=int, default=batch.cores(), help="submissions at a time (default: all cores)")
    grading.add_argument(
        "--secret", type=Path, metavar="FILE", help="the seed of hidden inputs: any bytes, kept secret"
    )
    grading.add_argument("--files", type=Path, metavar="DIR", help="files that students were given with the notebook")
    grading.add_argument(
        "--dask", metavar="SCHEDULER", help="the address of a Dask scheduler whose workers do the work"
    )
    grading.add_argument("--seconds", type=float, default=Times.submission, help="for one submission (%(default)g)")
    grading.add_argument("--test-seconds", type=float, default=Times.test, help="for one cell or test (%(default)g)")
    grading.add_argument("--memory", type=int, default=Limits.memory >> 20, help="MiB for a submission (%(default)d)")
    grading.add_argument(
        "--unsafe-no-sandbox",
        action="store_true",
        help="run submissions with your own rights: they can read, change and send whatever you can",
    )
    grading.set_defaults(run=run_grade)

    finishing = commands.add_parser("finish", help="merge the marks of manual.csv")
    finishing.add_argument("out", type=Path, metavar="OUT_DIR")
    finishing.set_defaults(run=run_finish)
    return parser


def run_release(options: argparse.Namespace) -> int:
    """Write the release of a source."""
    text = release(options.source.read_bytes())
    options.out.parent.mkdir(parents=True, exist_ok=True)
    results.write_text(options.out, text)
    return 0


def run_grade(options: argparse.Namespace) -> int:
    """Grade all submissions."""
    assignment = Assignment.read(options.source.stem, options.source.read_bytes())
    limits = Limits(memory=options.memory << 20, cpu_seconds=int(options.seconds) + 10)
    if options.dask is None:
        print(require(limits, unsafe=options.unsafe_no_sandbox), file=sys.stderr)
    if options.secret is None:
        secret = secrets.token_bytes(32)
        print(
            "No --secret: hidden inputs are drawn anew for this run, and another run may draw others.", file=sys.stderr
        )
    else:
        secret = options.secret.read_bytes()
        if len(secret.strip()) < 8:
            raise BadNotebook(f"{options.secret} has {len(secret.strip())} bytes; a secret needs at least 8")
    setup = Setup(
        name=assignment.name,
        source=assignment.data,
        secret=secret,
        limits=limits,
        times=Times(options.test_seconds, options.test_seconds, options.seconds),
        unsafe=options.unsafe_no_sandbox,
        files=str(options.files.resolve()) if options.files else "",
    )
    submissions = collect(options.submissions, assignment.name)
    if not submissions:
        raise BadNotebook(f"there is no submission in {options.submissions}")
    options.out.mkdir(parents=True, exist_ok=True)
    run = (
        batch.run_on_dask(setup, submissions, options.dask)
        if options.dask
        else batch.run_here(setup, submissions, options.jobs)
    )
    progress = batch.Progress(len(submissions))
    records = []
    for record in run:
        records.append(_whole(record, assignment))
        progress.step()
    records.sort(key=lambda record: record["student"])
    about = {
        "name": assignment.name,
        "cells": [cell.grade_id for cell in assignment.graded],
        "tasks": tasks(assignment),
    }
    write_all(options.out, about, records)
    results.write_manual(options.out / "manual.csv", records, about["cells"])
    _say(options.out, records)
    return 0 if {record["student"] for record in records} == {one.student for one in submissions} else 1


def _whole(record: dict, assignment: Assignment) -> dict:
    """A record with an entry for each graded cell, in the order of the assignment."""
    cells = {}
    for cell in assignment.graded:
        nothing = {"points": 0.0, "message": record["reason"], "max": float(cell.points), "manual": cell.is_manual}
        cells[cell.grade_id] = record["cells"].get(cell.grade_id, nothing)
    return {**record, "cells": cells}


def run_finish(options: argparse.Namespace) -> int:
    """Merge manual.csv into everything else."""
    path = options.out / "records.json"
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing: python -m grader grade writes it")
    about, records = results.load(path)
    count = results.read_manual(options.out / "manual.csv", records)
    write_all(options.out, about, records)
    print(f"{count} marks merged.", file=sys.stderr)
    _say(options.out, records)
    return 0


def write_all(out: Path, about: dict, records: list[dict]) -> None:
    """Tables, pages and records; manual.csv is the teacher's and left alone."""
    results.write_grades(out / "grades.csv", records, about["cells"])
    results.save(out / "records.json", about, records)
    names = results.file_names(records)
    for folder in ("feedback", "gradescope"):
        (out / folder).mkdir(exist_ok=True)
    for record in records:
        name = names[record["student"]]
        text = feedback.page(record, about["name"], about["tasks"])
        results.write_text(out / "feedback" / f"{name}.html", text)
        scores = json.dumps(results.gradescope(record), indent=1) + "\n"
        results.write_text(out / "gradescope" / f"{name}.json", scores)
        if len(records) == 1:
            results.write_text(out / "results.json", scores)


def _say(out: Path, records: Iterable[dict]) -> None:
    waiting = sum(results.unmarked(record) for record in records)
    print(f"Grades are in {out / 'grades.csv'}.", file=sys.stderr)
    if waiting:
        print(
            f"{waiting} submissions have answers to mark: fill in the points in {out / 'manual.csv'}, "
            f"then python -m grader finish {out}",
            file=sys.stderr,
        )


def tasks(assignment: Assignment) -> dict[str, str]:
    """For each graded cell the heading or the first words above it."""
    found, heading = {}, ""
    for cell in assignment.released.cells:
        if cell.kind == "markdown" and (match := re.search(r"^#{1,6} +(.+?) *#*$", cell.source, re.MULTILINE)):
            heading = re.sub(r"[*_`]|\{#.*\}", "", match[1])
        if cell.is_test or cell.is_manual:
            found[cell.grade_id] = _named(heading, cell)
    return found


def _named(heading: str, cell: Cell) -> str:
    return f"{heading} ({cell.grade_id})" if heading else cell.grade_id
