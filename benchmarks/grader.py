"""What grading costs: processor time, and memory, for submissions that differ as a class's do.

    python benchmarks/grader.py                    50 submissions, one at a time
    python benchmarks/grader.py --students 500 --jobs 2

The submissions are made from the demonstration in tests/assignment_demo.py: two functions and a derivation of five
lines, in own symbols, by several routes, with right and wrong answers; half of the students have a line that nobody
else has, so that its step must be judged anew.  Processor time is that of the command and of everything it starts;
memory is the proportional set size of one job (a warm process, its forks, the sandbox), sampled.
"""

import argparse
import csv
import os
import platform
import resource
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT)]

import assignment_demo as demo  # noqa: E402 -- lies in tests/

WRONG = {
    "mean": ["def mean(x):\n    return 8 / 3", "def mean(x):\n    return np.sum(x)", "def mean(x):\n    return x[0]"],
    "loss": ["def loss(y, t):\n    return (y - t) ** 2 / 2", "def loss(y, t):\n    return np.mean((y - t) ** 2)"],
}
ROUTES = ["[0, 1, 2, 3, 4]", "[0, 2, 3, 4]", "[0, 1, 2, 4]", "[0, 2, 4]", "[0, 4]", "[0, 1, 2]"]
NAMES = [("t", "y", "sigma"), ("t", "y", "s"), ("x", "m", "sigma"), ("a", "b", "tau")]


def submission(rng: np.random.Generator) -> dict:
    """The notebook of one student."""
    answers = {name: rng.choice(some) for name, some in WRONG.items() if rng.random() < 0.3}
    whole = demo.RIGHT["lines"].replace("def lines", "def all_lines")
    t, y, sigma = NAMES[rng.integers(len(NAMES))]
    for old, new in (("sigma", "SIGMA"), ("t[n]", "T[n]"), ("y[n]", "Y[n]"), ("t, y =", "T, Y =")):
        whole = whole.replace(old, new)
    whole = whole.replace('IndexedBase("t"), IndexedBase("y")', f'IndexedBase("{t}"), IndexedBase("{y}")')
    whole = whole.replace('Symbol("SIGMA"', f'Symbol("{sigma}"')
    body = f"    found = [all_lines()[i] for i in {rng.choice(ROUTES)}]\n"
    if rng.random() < 0.5:
        p, q = rng.integers(2, 1000, size=2)
        body += f"    found.insert(-1, found[-1] * Rational({p}, {q}))\n"
    if rng.random() < 0.2:
        body += "    found[-1] = -found[-1]\n"
    return demo.right(**answers, lines=f"{whole}\n\n\ndef lines():\n{body}    return found\n")


class Memory(threading.Thread):
    """Samples the memory of a process and all its descendants; keeps the largest sum below each child of it."""

    def __init__(self, root: int) -> None:
        super().__init__(daemon=True)
        self.root, self.peak, self.stop = root, 0, threading.Event()

    def run(self) -> None:
        """Sample until told to stop."""
        while not self.stop.wait(0.05):
            parents, sizes = {}, {}
            for path in Path("/proc").glob("[0-9]*"):
                try:
                    fields = (path / "stat").read_text().rpartition(")")[2].split()
                    parents[int(path.name)] = int(fields[1])
                except (OSError, IndexError):
                    continue
            jobs = [pid for pid, parent in parents.items() if parent == self.root]
            for pid in parents:
                job = pid
                while job in parents and job not in jobs:
                    job = parents[job]
                if job in jobs:
                    sizes[job] = sizes.get(job, 0) + proportional(pid)
            self.peak = max([self.peak, *sizes.values()])


def proportional(pid: int) -> int:
    """Bytes of a process, each shared page divided by how many share it."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().split("\n")
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def main() -> None:
    """Make the submissions, grade them, print the table."""
    parser = argparse.ArgumentParser(description="what grading costs")
    parser.add_argument("--students", type=int, default=50)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "demo.ipynb").write_bytes(demo.dump(demo.source()))
        (place / "secret").write_text("a secret for a benchmark")
        demo.hand_in(place / "in", {f"student-{number:03}": submission(rng) for number in range(options.students)})
        command = [sys.executable, "-m", "grader", "grade", "demo.ipynb", "in", "out", "--secret", "secret"]
        command += ["--jobs", str(options.jobs)]
        before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        process = subprocess.Popen(command, cwd=place, env={**os.environ, "PYTHONPATH": str(ROOT)})
        memory = Memory(process.pid)
        memory.start()
        status = process.wait()
        wall = time.monotonic() - started
        memory.stop.set()
        memory.join()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        with (place / "out" / "grades.csv").open(newline="", encoding="utf-8") as stream:
            rows = list(csv.DictReader(stream))
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    scores = sorted(float(row["auto"]) for row in rows)
    assert status == 0
    assert len(rows) == options.students
    machine = f"Python {platform.python_version()}, {platform.machine()}, load {os.getloadavg()[0]:.1f}"
    print(f"{machine}, {options.jobs} job(s)")
    print("| submissions | CPU s | CPU s each | wall s each | MiB a job | points: lowest, median, highest |")
    print("|---|---|---|---|---|---|")
    each = f"{cpu:.1f} | {cpu / len(rows):.2f} | {wall / len(rows):.2f} | {memory.peak / 2**20:.0f}"
    print(f"| {len(rows)} | {each} | {scores[0]:g}, {scores[len(scores) // 2]:g}, {scores[-1]:g} |")


if __name__ == "__main__":
    main()
