"""What serves the book: nbval's settings, the lock, the commands, the checks that run elsewhere, the licences."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import environment
import execute
import lock
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.version import Version
from pages import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


# --- nbval's settings


def test_nbval_overlooks_the_size_of_a_picture_and_nothing_else():
    text = (ROOT / "tests" / "nbval.cfg").read_text(encoding="utf-8")
    rules = re.findall(r"^regex: (.*)$\n^replace: (.*)$", text, re.MULTILINE)
    (pattern, replacement) = rules[0]

    assert len(rules) == 1
    assert re.sub(pattern, replacement, "<Figure size 1355.2x795.2 with 1 Axes>") == "<Figure with 1 Axes>"
    assert re.sub(pattern, replacement, "1355.2 and 1 Axes") == "1355.2 and 1 Axes"


def run_tests(folder: Path, **settings: str) -> subprocess.CompletedProcess:
    """Run pytest over a folder, with the book's settings."""
    command = [sys.executable, "-m", "pytest", "-c", ROOT / "pyproject.toml", "--rootdir", ROOT, "-p", "conftest"]
    command += ["-p", "no:cacheprovider", "-q", folder]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_ADDOPTS": "", **settings}
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=300, env=environment)


def test_nbval_is_strict(tmp_path):
    # A stored output that is wrong must fail; so must one that is missing.
    for name, stored in {"wrong": "3", "missing": None, "right": "2"}.items():
        output = {
            "data": {"text/plain": [stored]},
            "execution_count": 1,
            "metadata": {},
            "output_type": "execute_result",
        }
        cell = {"cell_type": "code", "execution_count": 1, "id": "sum", "metadata": {}, "source": ["1 + 1"]}
        cell["outputs"] = [output] if stored else []
        notebook = {"cells": [cell], "metadata": execute.NOTEBOOK_METADATA, "nbformat": 4, "nbformat_minor": 5}
        (tmp_path / f"{name}.ipynb").write_text(execute.to_text(notebook), encoding="utf-8")
    result = run_tests(tmp_path)

    assert result.returncode == 1, result.stdout
    assert "wrong.ipynb::Cell 0" in result.stdout
    assert "missing.ipynb::Cell 0" in result.stdout
    assert "2 failed, 1 passed" in result.stdout


@pytest.mark.parametrize(("ci", "closing"), [("true", "1 failed"), ("", "1 skipped")])
def test_a_skipped_test_is_a_failure_where_everything_must_be_there(tmp_path, ci, closing):
    test = 'import pytest\n\ndef test_it():\n    pytest.skip("needs chromium: sudo apt-get install chromium")\n'
    (tmp_path / "test_skipped.py").write_text(test, encoding="utf-8")
    result = run_tests(tmp_path, CI=ci)

    assert closing in result.stdout
    assert "needs chromium: sudo apt-get install chromium" in result.stdout


def test_a_test_of_nothing_fails(tmp_path):
    test = 'import pytest\n\n@pytest.mark.parametrize("chapter", [])\ndef test_it(chapter):\n    pass\n'
    (tmp_path / "test_empty.py").write_text(test, encoding="utf-8")

    assert "Empty parameter set" in run_tests(tmp_path).stdout


# --- Requirements


def requirements(name: str) -> list[str]:
    lines = (ROOT / name).read_text(encoding="utf-8").split("\n")
    return [line for line in (re.sub(r"(^|\s)#.*", "", line).strip() for line in lines) if line]


def pinned() -> list[Requirement]:
    return [Requirement(line) for line in requirements("requirements.txt") if line != "-e ."]


def test_the_lock_pins_every_package_and_names_no_index():
    lines = requirements("requirements.txt")

    assert lines.count("-e .") == 1
    for line in lines:
        assert line == "-e ." or re.fullmatch(r"[a-z0-9.-]+==[0-9a-z.]+( ; .+)?", line), line


def test_the_lock_has_what_is_asked_for():
    by_name: dict[str, list[Requirement]] = {}
    for requirement in pinned():
        by_name.setdefault(requirement.name, []).append(requirement)
    asked = [line for line in requirements("requirements.in") if line != "-e ."] + PROJECT["dependencies"]
    for wanted in map(Requirement, asked):
        assert wanted.name in by_name, f"{wanted.name} is not locked: run make lock"
        for lock_line in by_name[wanted.name]:
            version = next(iter(lock_line.specifier)).version
            assert wanted.specifier.contains(version, prereleases=True), (
                f"{lock_line} is outside {wanted}: run make lock"
            )


@pytest.mark.parametrize("name", ["requirements.in", "pyproject.toml"])
def test_what_people_write_are_ranges(name):
    lines = requirements("requirements.in")[:-1] if name == "requirements.in" else PROJECT["dependencies"]
    for requirement in map(Requirement, lines):
        assert not requirement.url
        assert {specifier.operator for specifier in requirement.specifier} <= {">=", "<", "!="}, str(requirement)


def test_every_range_has_its_reason():
    lines = (ROOT / "requirements.in").read_text(encoding="utf-8").split("\n")

    assert [line for line in lines if line and line[0] not in "#-" and " # " not in line] == []


def test_the_package_alone_needs_three_packages():
    assert sorted(Requirement(line).name for line in PROJECT["dependencies"]) == ["matplotlib", "numpy", "sympy"]


def test_the_installed_package_is_whole_and_has_no_more(tmp_path):
    for name in ("lossbook", "tests"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", "out", "."]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=300)
    (wheel,) = (tmp_path / "out").iterdir()
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    package = (path for path in (ROOT / "lossbook").rglob("*") if path.is_file() and "__pycache__" not in path.parts)

    assert names == {path.relative_to(ROOT).as_posix() for path in package}
    assert any(name.endswith("licenses/LICENSE") for name in zipfile.ZipFile(wheel).namelist())


def test_this_run_uses_the_locked_versions():
    from importlib.metadata import version

    differing = [
        f"{requirement.name}: {version(requirement.name)} is installed"
        for requirement in pinned()
        if (requirement.marker is None or requirement.marker.evaluate())
        and not requirement.specifier.contains(Version(version(requirement.name)), prereleases=True)
    ]

    assert differing == []


def test_the_lock_serves_every_python_and_shows_no_index():
    assert {"--universal", "--no-header", "--no-emit-index-url"} <= set(lock.OPTIONS)
    at = lock.OPTIONS.index("--python-version")
    assert lock.OPTIONS[at + 1] == PROJECT["requires-python"].removeprefix(">=")
    assert (ROOT / ".python-version").read_text(encoding="utf-8").strip() == lock.OPTIONS[at + 1]


# --- The environment and the commands


def test_a_python_that_works_is_told_from_one_that_does_not(tmp_path):
    assert environment.runs(sys.executable)
    assert not environment.runs(str(tmp_path / "python"))
    not_python = tmp_path / "false"
    not_python.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    not_python.chmod(0o755)
    assert not environment.runs(str(not_python))


def test_an_old_python_is_told_what_to_do():
    code = (
        "import runpy, sys; sys.version_info = (3, 9, 1); sys.version = '3.9.1 (old)';"
        f"runpy.run_path({str(ROOT / 'tools' / 'environment.py')!r}, run_name='__main__')"
    )
    result = subprocess.run([sys.executable, "-c", code, "x"], capture_output=True, text=True)

    assert result.returncode == 1
    assert "needs Python 3.11 or newer" in result.stderr
    assert "3.9.1" in result.stderr
    assert "make test PYTHON=" in result.stderr


def test_the_environment_script_can_be_read_by_an_old_python():
    import ast

    source = (ROOT / "tools" / "environment.py").read_text(encoding="utf-8")

    ast.parse(source, feature_version=(3, 8))


MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = re.findall(r"^([a-z]+):", MAKEFILE, re.MULTILINE)


def test_every_command_is_explained_and_phony():
    explained = re.findall(r"^## ([a-z]+): \S", MAKEFILE, re.MULTILINE)
    phony = re.search(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)[1].split()

    assert explained == TARGETS
    assert sorted(phony) == sorted(TARGETS)


def test_the_commands_of_the_house_are_there():
    assert set("book test lab lock execute serve clean links bench".split()) <= set(TARGETS)


@pytest.mark.skipif(shutil.which("make") is None, reason="needs make: sudo apt-get install make")
def test_help_lists_every_command():
    result = subprocess.run(["make", "--no-print-directory"], cwd=ROOT, capture_output=True, text=True)

    assert [line.split()[1] for line in result.stdout.splitlines()] == TARGETS


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_the_texts_name_only_commands_that_exist(name):
    text = (ROOT / name).read_text(encoding="utf-8")

    assert set(
        re.findall(r"\bmake ([a-z]+)\b", " ".join(re.findall(r"`[^`]+`|^ {4}.*$|```.*?```", text, re.M | re.S)))
    ) <= {*TARGETS}
    for path in re.findall(r"\]\(([\w./-]+)\)", text):
        assert (ROOT / path).exists(), f"{name} links to {path}"


def test_the_readmes_example_does_what_it_says():
    code = re.search(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)[1]
    names: dict = {}
    exec(code, names)

    assert names["d"].steps[-1].verdict == "proved"
    with pytest.raises(ValueError, match="at N = "):
        names["d"].equals(0, because="a false step")


# --- The checks that run elsewhere

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def steps(workflow: dict) -> list[dict]:
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_is_valid_and_asks_for_little(path):
    workflow = yaml.safe_load(path.read_text(encoding="utf-8"))

    assert workflow["permissions"] == {"contents": "read"}
    assert True in workflow, "YAML reads the key `on` as true"
    for job in workflow["jobs"].values():
        assert job["runs-on"]
        assert job["timeout-minutes"] <= 60
    for step in steps(workflow):
        assert ("uses" in step) != ("run" in step)
        if "uses" in step:
            assert re.fullmatch(r"actions/[a-z-]+@v\d+", step["uses"]), (
                "expected an action of GitHub's, by major version"
            )
        if step.get("uses", "").startswith("actions/checkout"):
            assert step["with"]["persist-credentials"] is False
        assert "${{ github.event" not in step.get("run", "")


def test_the_workflow_runs_the_same_script_and_publishes_only_what_passed():
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "book.yml").read_text(encoding="utf-8"))
    book, publish = workflow["jobs"]["book"], workflow["jobs"]["publish"]
    runs = [step.get("run") for step in book["steps"]]
    uploads = [step for step in book["steps"] if "upload-pages-artifact" in step.get("uses", "")]

    assert "bash .ci/run" in runs
    assert [upload["with"]["path"] for upload in uploads] == ["_build/html"]
    assert book["steps"].index(uploads[0]) > runs.index("bash .ci/run")
    assert publish["needs"] == ["book", "rosetta"]
    assert "make rosetta" in [step.get("run") for step in workflow["jobs"]["rosetta"]["steps"]]
    assert "refs/heads/main" in publish["if"]
    assert publish["permissions"] == {"pages": "write", "id-token": "write"}
    assert (ROOT / ".python-version").read_text(encoding="utf-8").strip() in book["strategy"]["matrix"]["python"]


def test_links_and_newest_versions_are_tried_every_week():
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "weekly.yml").read_text(encoding="utf-8"))
    runs = " ".join(step.get("run", "") for step in steps(workflow))

    assert workflow[True]["schedule"]
    assert "make links" in runs
    assert "-r requirements.in" in runs
    assert "requirements.txt" not in runs


SCRIPT = ROOT / ".ci" / "run"


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_the_script_is_valid():
    subprocess.run(["bash", "-n", SCRIPT], check=True)


MAKE = """#!/bin/sh
echo "make $1"
if [ "$1" = test ]; then cat make.txt; fi
if grep -q "$1 breaks" make.txt; then exit 2; fi
"""


@pytest.fixture
def stage(tmp_path: Path) -> tuple[Path, dict]:
    """A folder with the script, where `make` prints what a test writes into make.txt, and every program is there."""
    (tmp_path / ".ci").mkdir()
    shutil.copy(SCRIPT, tmp_path / ".ci" / "run")
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    for name, text in {"make": MAKE, "git": "", "bwrap": "", "chromium": "", "apt-get": "#!/bin/sh\nexit 1\n"}.items():
        (bin_folder / name).write_text(text or "#!/bin/sh\n", encoding="utf-8")
        (bin_folder / name).chmod(0o755)
    return tmp_path, {**os.environ, "PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}", "PYTHON": sys.executable}


def run_script(stage: tuple[Path, dict], printed: str) -> subprocess.CompletedProcess:
    folder, settings = stage
    (folder / "make.txt").write_text(printed, encoding="utf-8")
    return subprocess.run(["bash", ".ci/run"], cwd=folder, env=settings, capture_output=True, text=True, timeout=60)


posix = pytest.mark.skipif(os.name != "posix" or shutil.which("bash") is None, reason="needs bash")


@posix
@pytest.mark.parametrize(
    "closing", ["3 passed in 4.56s", "3 passed, 1 skipped in 75.10s (0:01:15)", "99 passed, 2 warnings in 0.12s"]
)
def test_the_script_ends_with_pytests_closing_line(stage, closing):
    line = f"===== {closing} ====="
    result = run_script(stage, f"===== test session starts =====\n\x1b[32m{line}\x1b[0m\n")

    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stdout.splitlines()[-1] == line
    assert result.stdout.index("make test") < result.stdout.index("make book")


@posix
@pytest.mark.parametrize(
    ("printed", "reached"),
    [
        ("===== 1 failed in 0.10s =====\ntest breaks\n", False),
        ("===== 1 passed in 0.10s =====\nbook breaks\n", True),
        ("nothing of the kind\n", True),
    ],
    ids=["tests-fail", "book-fails", "no-closing-line"],
)
def test_the_script_fails_when_anything_does(stage, printed, reached):
    result = run_script(stage, printed)

    assert result.returncode != 0
    assert ("make book\n" in result.stdout) is reached


@posix
def test_the_script_says_which_program_is_missing(stage):
    folder, settings = stage
    for name in ("git", "bwrap", "chromium", "apt-get"):
        (folder / "bin" / name).unlink()
    needed = ["bash", "dirname", "mktemp", "rm", "id", "env", "sleep"]
    for name in needed:
        (folder / "bin" / name).symlink_to(shutil.which(name))
    settings = {**settings, "PATH": str(folder / "bin")}
    result = subprocess.run(["bash", ".ci/run"], cwd=folder, env=settings, capture_output=True, text=True, timeout=60)

    assert result.returncode == 1
    assert "please install git bubblewrap chromium yourself" in result.stdout


# --- What the repository says of itself


BUILT = set(
    ".git .venv _build node_modules __pycache__ .ipynb_checkpoints .pytest_cache .ruff_cache .hypothesis".split()
)


def tracked() -> list[Path]:
    """The files of the repository; where there is no git, every file that nothing has built."""
    if (ROOT / ".git").exists() and shutil.which("git"):
        names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True).stdout
        paths = [ROOT / name for name in names.split("\0") if name]
    else:
        paths = [Path(folder, name) for folder, _, names in os.walk(ROOT) for name in names]
        paths = [path for path in paths if not BUILT & set(path.relative_to(ROOT).parts)]
    return [path for path in paths if path.is_file() and ".egg-info" not in path.parent.name]


def test_no_file_names_a_machine_or_a_package_index():
    machine = re.compile(rb"/work/|/root/|/home/\w|--index-url|--extra-index-url|--find-links|files\.pythonhosted\.org")
    here = Path(__file__)
    guilty = [path for path in tracked() if path != here and machine.search(path.read_bytes())]

    # The rules and the runner search for such paths themselves.
    assert [path.relative_to(ROOT).as_posix() for path in guilty if path.parent.name not in ("tools", "tests")] == []


def test_third_party_files_and_built_files_are_not_committed():
    suffixes = {".woff", ".woff2", ".ttf", ".otf", ".whl", ".pyc", ".map"}
    built = [
        path for path in tracked() if path.suffix in suffixes or "node_modules" in path.parts or "_build" in path.parts
    ]

    assert built == []


def test_version_and_licence_agree_everywhere():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    package = re.search(
        r'^__version__ = "(.*)"$', (ROOT / "lossbook" / "__init__.py").read_text("utf-8"), re.MULTILINE
    )[1]

    assert citation["cff-version"] == "1.2.0"
    assert citation["version"] == package == PROJECT["version"]
    assert re.search(r"^## (\[?[\w.]+\]?)", changes, re.MULTILINE)[1].strip("[]") in (package, "Unreleased")
    assert citation["license"] == [PROJECT["license"], "CC-BY-4.0"]
    assert citation["authors"] == [{"name": "the lossbook contributors"}]


def test_the_licences_are_whole():
    code = (ROOT / "LICENSE").read_text(encoding="utf-8")
    prose = (ROOT / "LICENSE-text").read_text(encoding="utf-8")

    assert "the lossbook contributors" in code
    assert all(f"\n{number}. " in code for number in (1, 2, 3))
    assert prose.startswith("Attribution 4.0 International\n")
    assert all(f"\nSection {number} -- " in prose for number in range(1, 9))
    assert prose.rstrip().endswith("Creative Commons may be contacted at creativecommons.org.")
