"""Settings of every test run: notebooks and doctests depend on nothing in the reader's home."""

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

sys.path.insert(0, str(Path(__file__).parent / "tests"))
sys.path.insert(0, str(Path(__file__).parent / "tools"))

import execute
from chapter_runs import Notebook
from nbval.plugin import IPyNbFile
from system import browser  # noqa: F401  a fixture of all tests

CI = os.environ.get("CI") == "true"

# Speed is never tested, so nothing may fail because a machine is slow.  On CI the examples are the same in every run.
settings.register_profile("book", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=CI)
settings.load_profile("book")


def pytest_configure(config: pytest.Config) -> None:
    """Before the workers and their kernels start, who inherit all this."""
    config.option.nbval_sanitize_with = str(config.rootpath / "tests" / "nbval.cfg")
    if hasattr(config, "workerinput"):
        return
    os.environ.update(execute.clean_environment())
    # Matplotlib looks for fonts once on each machine.  If a kernel did it, its message would be among a cell's outputs.
    import matplotlib.font_manager

    matplotlib.font_manager.fontManager.findfont("DejaVu Sans")


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> Iterator:
    """Notebooks are nbval's, and their one run serves the tests of figures and of derivations as well."""
    collectors = yield
    return [
        Notebook.from_parent(parent, path=file_path) if isinstance(collector, IPyNbFile) else collector
        for collector in collectors
    ]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo) -> Iterator:
    """Where CI=true, everything a test needs must be there: a skipped test has failed."""
    report = yield
    if report.skipped and CI and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped although CI=true: {call.excinfo.value}"
    return report


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Of `--dist loadfile`: one worker for each file, but each chapter's share of a test file may go to another worker.

    A notebook stays whole, because its cells share a kernel; the files that test or mutate all chapters, which take the
    longest, are spread; and tests that share what takes long to make, the run of a notebook (chapter_runs) or the
    sheets of the atlas (loss_table), follow each other.
    """
    if config.getoption("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadScopeScheduling

    chapters = {path.stem for path in execute.notebooks()}
    runs = ("tests/test_figures.py", "tests/test_mutation.py")

    class ByChapter(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file, _, test = nodeid.partition("::")
            words = set(re.findall(r"[a-z]+(?:-[a-z]+)*", test.partition("[")[2]))
            if file.endswith(".ipynb") or file in runs:
                file, words = "tests/chapter_runs.py", words | {Path(file).stem}
            if "atlas" in file or file == "tests/test_loss_table.py":
                file, words = "tools/loss_table.py", set()
            return "::".join([file, *sorted(words & chapters)])

    return ByChapter(config, log)
