"""Programs of the system that some tests need and pip cannot bring."""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

# The names under which systems know a program, and how to get it.
PROGRAMS = {
    # The shell is Chromium without its windows: it opens a page in half the time.
    "chromium": (
        ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"),
        "sudo apt-get install chromium",
    ),
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


# The last flag: no name of another server has an address.
FLAGS = [
    *"--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking".split(),
    *"--disable-component-update --disable-sync".split(),
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium: one for all tests of a process, because Playwright can be started only once in it."""
    path = require_program("chromium")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield chromium
        chromium.close()
