"""Speed, memory and accuracy side by side with other libraries: `make bench`.

    python benchmarks/run.py                  everything, in about eight minutes
    python benchmarks/run.py --minutes 2      fewer rounds
    python benchmarks/run.py --only accuracy  one part

Writes dated tables (Markdown to read, CSV to compute with) and a figure to benchmarks/results/; the pages
reference/accuracy, reference/speed and reference/large-batches include tables from there.  Libraries that are not
installed are left out; all of them come with `pip install -r benchmarks/requirements.txt`.  A busy machine needs more
minutes than eight to measure every cell of the grid: the table of speed says how many were measured, and how often.
"""

import argparse
import datetime
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
PARTS = ("speed", "memory", "accuracy")
ONE_THREAD = {
    **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
}


def main() -> None:
    parser = argparse.ArgumentParser(description="speed, memory and accuracy side by side with other libraries")
    parser.add_argument("--minutes", type=float, default=8, help="for the measurement of speed, all in all")
    parser.add_argument("--grid", choices=("full", "short", "tiny"), default="full")
    parser.add_argument("--only", choices=PARTS, action="append", help="one part (may be repeated)")
    parser.add_argument("--results", type=Path, default=HERE / "results", help="where to write")
    options = parser.parse_args()
    if any(os.environ.get(name) != value for name, value in ONE_THREAD.items()):
        # The libraries read these when they are imported: start again with them.
        sys.exit(subprocess.call([sys.executable, *sys.argv], env=os.environ | ONE_THREAD))
    options.results.mkdir(parents=True, exist_ok=True)
    for part in options.only or PARTS:
        print(f"Measuring {part} …", flush=True)
        globals()[part](options)


def speed(options: argparse.Namespace) -> None:
    """The grid, in one process for each instruction set."""
    import report

    before = os.getloadavg()
    runs, asked = {}, {}
    switches = [{}] + ([without_avx512()] if without_avx512() else [])
    for share, switch in zip((0.72, 0.28) if len(switches) > 1 else (1,), switches, strict=True):
        grid = "short" if switch and options.grid == "full" else options.grid
        measured = in_new_process(grid, share * options.minutes * 60, switch)
        runs[measured["instructions"]] = report.all_medians(measured["cells"])
        asked[measured["instructions"]] = measured["asked"]
    rows = [{"instructions": name, **row} for name, rows in runs.items() for row in rows]
    report.write_csv(options.results / "speed.csv", rows)
    runs = report.read_speed(options.results / "speed.csv")
    report.draw(next(iter(runs.values())), options.results / "speed.png")
    parts = {"run": described(before, report.rounds(runs, asked))} | report.speed_parts(runs)
    write(options.results / "speed.md", parts)


def without_avx512() -> dict[str, str]:
    """NumPy's own switch, and those of PyTorch and XLA, that leave AVX2; empty where there is nothing to leave out."""
    from numpy._core._multiarray_umath import __cpu_dispatch__ as compiled
    from numpy._core._multiarray_umath import __cpu_features__ as has

    wide = [name for name in compiled if has.get(name) and (name == "X86_V4" or name.startswith("AVX512"))]
    if not wide:
        return {}
    xla = f"{ONE_THREAD['XLA_FLAGS']} --xla_cpu_max_isa=AVX2"
    return {"NPY_DISABLE_CPU_FEATURES": " ".join(wide), "ATEN_CPU_CAPABILITY": "avx2", "XLA_FLAGS": xla}


def in_new_process(grid: str, seconds: float, switch: dict[str, str]) -> dict:
    """What speed.py measures in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "times.json"
        command = [sys.executable, HERE / "speed.py", "--grid", grid, "--seconds", str(seconds), "--output", output]
        subprocess.run(command, env=os.environ | switch, check=True)
        return json.loads(output.read_text(encoding="utf-8"))


def memory(options: argparse.Namespace) -> None:
    """Extra memory, and the price of the checks on a tiny batch."""
    import memory
    import report

    before = os.getloadavg()
    tiny = options.grid == "tiny"
    found = memory.memory([(50, 10)] if tiny else memory.SHAPES)
    parts = {
        "memory": report.memory(found),
        "tiny call": report.tiny_call(memory.tiny_call(2, 2) if tiny else memory.tiny_call()),
    }
    write(options.results / "memory.md", {"run": described(before, "")} | parts)


def accuracy(options: argparse.Namespace) -> None:
    """Digits, defects and examples."""
    import accuracy
    import report

    records, defects = accuracy.measure()
    report.write_csv(options.results / "accuracy.csv", records)
    parts = {"run": described(None, "")}
    for what in dict.fromkeys(record["what"] for record in records):
        parts[what] = report.errors([record for record in records if record["what"] == what])
    parts["defects"] = report.defects(defects, accuracy.DEFECTS)
    parts["examples"] = report.examples(accuracy.examples())
    write(options.results / "accuracy.md", parts)


# --- shared -------------------------------------------------------------------------------------------------------


def described(before: tuple[float, ...] | None, more: str) -> str:
    """When, on what and with which versions."""
    import rivals
    import speed

    packages = dict.fromkeys(["numpy", *(package for peer in rivals.available() for package in peer.packages)])
    versions = ", ".join(f"{package} {importlib.metadata.version(package)}" for package in packages)
    system = f"{platform.system()}, Python {platform.python_version()}"
    lines = [
        f"Measured on {datetime.date.today().isoformat()} by `benchmarks/run.py`.",
        f"Processor: {processor()}, with {speed.instructions()}; {system}.",
        f"Versions: {versions}.",
    ]
    missing = [peer.name for peer in rivals.PEERS if not peer.installed]
    if missing:
        lines.append(f"Not installed: {', '.join(missing)}.")
    if before is not None:
        load = f"{before[0]:.1f} before and {os.getloadavg()[0]:.1f} after"
        lines.append(f"Load of the machine's {os.cpu_count()} processors in the last minute: {load}.")
    return "\n".join([*lines, more]).strip() + "\n"


def processor() -> str:
    """The name of the processor."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
        return next(line.split(":", 1)[1].strip() for line in text.splitlines() if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def write(path: Path, parts: dict[str, str]) -> None:
    """One Markdown file; the comments let a page include a part."""
    blocks = [f"<!-- {name} -->\n\n{text}\n<!-- end of {name} -->\n" for name, text in parts.items()]
    path.write_text("\n".join(blocks), encoding="utf-8")
    print(f"Wrote {path.name}")


if __name__ == "__main__":
    main()
