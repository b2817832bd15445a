"""Programs of the system that some tests need and pip cannot bring."""

import shutil

import pytest

# The names under which systems know a program, and how to get it.
PROGRAMS = {
    "chromium": (("chromium", "chromium-browser", "google-chrome"), "sudo apt-get install chromium"),
    "bubblewrap": (("bwrap",), "sudo apt-get install bubblewrap"),
    "git": (("git",), "sudo apt-get install git"),
}


def require_program(program: str) -> str:
    """The path of a program.  Where it is missing the test is skipped, which conftest.py makes a failure if CI=true."""
    names, remedy = PROGRAMS[program]
    for name in names:
        if path := shutil.which(name):
            return path
    pytest.skip(f"needs {program}: {remedy}")
    raise AssertionError("pytest.skip has raised")
