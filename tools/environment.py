"""Create or renew the environment that the book is built and tested in.  Called by the Makefile.

    python tools/environment.py .venv

Needs nothing but Python 3.11 and pip.  The environment holds exactly the versions of requirements.txt.  One that
no longer runs (its Python was removed, or the folder was moved) is built anew.
"""

import os
import subprocess
import sys

if sys.version_info < (3, 11):  # noqa: UP036 -- an older Python must be able to read this file, and to say so
    sys.exit(
        f"The book needs Python 3.11 or newer, and {sys.executable} is Python {sys.version.split()[0]}.\n"
        "Name a newer one: make test PYTHON=python3.12"
    )

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def main(folder):
    """Make `folder` an environment with everything in requirements.txt; returns the exit status."""
    name = os.path.basename(folder)
    python = os.path.join(folder, "Scripts", "python.exe") if os.name == "nt" else os.path.join(folder, "bin", "python")
    if not runs(python):
        print(f"Creating {name} with Python {sys.version.split()[0]} ...", flush=True)
        create(folder, python)
    print(f"Installing requirements.txt into {name} (a minute or two the first time) ...", flush=True)
    command = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", "requirements.txt"]
    return subprocess.call(command, cwd=ROOT, stdin=subprocess.DEVNULL)


def runs(python):
    """Whether the environment exists, answers, is new enough and has pip."""
    question = "import sys, pip; sys.exit(sys.version_info < (3, 11))"
    try:
        return quietly(python, "-c", question)
    except OSError:
        return False


def create(folder, python):
    """Make an empty environment with pip in it."""
    venv = [sys.executable, "-m", "venv", "--clear"]
    if quietly(*venv, folder):
        return
    # Debian and Ubuntu keep the part of venv that brings pip in a package of its own.  A pip that is there can do it.
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "pip"]
    if not (quietly(*venv, "--without-pip", folder) and subprocess.call(pip, stdin=subprocess.DEVNULL) == 0):
        sys.exit(f"Could not create {folder}.  On Debian or Ubuntu this helps: sudo apt-get install python3-venv")


def quietly(*command):
    """Run a command without its output; returns whether it succeeded."""
    return subprocess.call(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0


if __name__ == "__main__":
    sys.exit(main(os.path.abspath(sys.argv[1])))
