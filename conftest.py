"""Settings of every test run: notebooks and doctests depend on nothing in the reader's home."""

import os
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

sys.path.insert(0, str(Path(__file__).parent / "tools"))

import execute

# Speed is never tested, so nothing may fail because a machine is slow.  On CI the examples are the same in every run.
settings.register_profile(
    "book", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize="CI" in os.environ
)
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
