"""The notebook runner: what it writes, and what it does when a cell fails."""

import base64
import copy
import json
import os
import re
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import execute
import pytest
from pages import ROOT


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(*extra: bytes) -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(b"\0\0"))
    return execute.PNG_SIGNATURE + header + b"".join(extra) + pixels + chunk(b"IEND", b"")


def untidy() -> dict:
    """A notebook as editors leave it behind."""
    stamped = base64.b64encode(
        png(chunk(b"tEXt", b"Software\0a version"), chunk(b"pHYs", b"\0\0\0\1\0\0\0\1\1"))
    ).decode()
    return {
        "cells": [
            {
                "cell_type": "markdown",
                "id": "title",
                "metadata": {"collapsed": True},
                "source": "# The title\r\n\r\nText.\n\n",
            },
            {"cell_type": "markdown", "metadata": {}, "source": ["(sec-model)=\n", "## The $x$ model & its noise\n"]},
            {
                "cell_type": "code",
                "execution_count": 7,
                "id": "1f0a2b3c",
                "metadata": {"execution": {"iopub.status.busy": "2026"}, "tags": ["hide-input"], "scrolled": False},
                "outputs": [
                    {"output_type": "stream", "name": "stdout", "text": "a\nb"},
                    {"output_type": "stream", "name": "stdout", "text": ["c\n", "d\n"]},
                    {
                        "output_type": "execute_result",
                        "execution_count": 7,
                        "metadata": {},
                        "data": {"text/plain": "1\n2", "image/png": stamped + "\n"},
                        "transient": {},
                    },
                ],
                "source": "print('a')\n",
            },
            {
                "cell_type": "code",
                "execution_count": 9,
                "id": "0e6b9a34-58b5-4f6e-9d9c-2f7f0e8f1a11",
                "metadata": {},
                "outputs": [],
                "source": ["x = 1"],
            },
            {"cell_type": "code", "execution_count": 10, "id": "title", "metadata": {}, "outputs": [], "source": []},
        ],
        "metadata": {
            "kernelspec": {"display_name": "my env", "language": "python", "name": "my-env"},
            "language_info": {"name": "python", "version": "3.13.1"},
            "vscode": {"interpreter": {"hash": "1"}},
        },
        "nbformat": 4,
        "nbformat_minor": 2,
    }


@pytest.fixture(scope="module")
def tidy() -> dict:
    return execute.normalise(untidy())


# --- tools/execute.py: what is written


def test_normalising_leaves_its_argument_alone():
    notebook = untidy()
    execute.normalise(notebook)

    assert notebook == untidy()


def test_normalising_twice_is_normalising_once(tidy):
    assert execute.normalise(tidy) == tidy
    assert execute.normalise(json.loads(execute.to_text(tidy))) == tidy


def test_metadata_of_editors_are_gone(tidy):
    assert tidy["metadata"] == {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    assert (tidy["nbformat"], tidy["nbformat_minor"]) == (4, 5)
    assert [cell["metadata"] for cell in tidy["cells"]] == [{}, {}, {"tags": ["hide-input"]}, {}, {}]


def test_executed_cells_count_from_one_and_empty_ones_do_not_count(tidy):
    assert [cell.get("execution_count") for cell in tidy["cells"]] == [None, None, 1, 2, None]
    assert tidy["cells"][2]["outputs"][1]["execution_count"] == 1


def test_ids_are_words_and_good_ones_stay(tidy):
    assert [cell["id"] for cell in tidy["cells"]] == [
        "title",
        "the-model-its-noise",
        "the-model-its-noise-code",
        "the-model-its-noise-code-2",
        "the-model-its-noise-code-3",
    ]


def test_lines_are_cut_at_newlines_only_and_have_no_blanks_around(tidy):
    assert tidy["cells"][0]["source"] == ["# The title\n", "\n", "Text."]
    assert execute._lines("a\u2028b\x0cc\n") == ["a\u2028b\x0cc\n"]


def test_pieces_of_one_stream_become_one(tidy):
    assert tidy["cells"][2]["outputs"][0]["text"] == ["a\n", "bc\n", "d\n"]


def test_outputs_carry_no_stamps(tidy):
    result = tidy["cells"][2]["outputs"][1]

    assert "transient" not in result
    assert result["data"]["text/plain"] == ["1\n", "2"]
    assert base64.b64decode(result["data"]["image/png"]) == png(chunk(b"pHYs", b"\0\0\0\1\0\0\0\1\1"))


def test_the_file_is_written_like_jupyters(tidy):
    text = execute.to_text(tidy)

    assert text.startswith('{\n "cells": [\n  {\n')
    assert text.endswith("\n}\n")
    assert "≔" in execute.to_text({"a": "≔"})


@pytest.mark.parametrize("kind", sorted(execute.VOLATILE_CHUNKS))
def test_a_stamp_is_removed_and_the_picture_kept(kind):
    assert execute.without_stamps(png(chunk(kind, b"x"))) == png()


def test_what_is_no_picture_is_refused():
    with pytest.raises(ValueError, match="expected a PNG picture"):
        execute.without_stamps(b"GIF89a")


@pytest.mark.parametrize("cell_id", ["set-up", "a", "the-2-models", "facade", "x" * 40])
def test_words_are_readable_ids(cell_id):
    assert execute.is_readable(cell_id)


@pytest.mark.parametrize(
    "cell_id",
    [
        None,
        "",
        "Set-up",
        "set_up",
        "1f0a2b3c",
        "a1b2c3d4",
        "0e6b9a34-58b5-4f6e-9d9c-2f7f0e8f1a11",
        "-a",
        "a--b",
        "x" * 41,
    ],
)
def test_inventions_of_editors_are_not(cell_id):
    assert not execute.is_readable(cell_id)


def test_another_format_is_refused(tmp_path):
    path = tmp_path / "old.ipynb"
    path.write_text('{"nbformat": 3}', encoding="utf-8")

    with pytest.raises(ValueError, match="format 4, given 3"):
        execute.read(path)


# --- tools/execute.py: running


def write(path: Path, *sources: str) -> Path:
    cells = [{"cell_type": "code", "metadata": {}, "source": source, "outputs": []} for source in sources]
    path.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}), encoding="utf-8")
    return path


def run(*arguments: object) -> subprocess.CompletedProcess:
    command = [sys.executable, str(ROOT / "tools" / "execute.py"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300)


def test_running_twice_gives_the_same_bytes_and_a_failure_changes_nothing(tmp_path):
    (tmp_path / "beside.py").write_text("word = 'beside'", encoding="utf-8")
    good = write(
        tmp_path / "good.ipynb",
        "import sys\nfrom beside import word\nprint(word)\nprint('warned', file=sys.stderr)\nprint(word)",
        "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()",
        "sum([1, 2])",
    )
    bad = write(tmp_path / "bad.ipynb", "print('before')", "1 / 0", "print('after')")
    before = bad.read_bytes()

    first = run(good, bad)
    once = good.read_bytes()
    second = run(good)

    assert first.returncode == 1
    assert re.search(r"changed\s.*good\.ipynb", first.stdout)
    assert re.search(r"failed\s.*bad\.ipynb", first.stdout)
    assert "ZeroDivisionError" in first.stderr
    assert "\x1b" not in first.stderr
    assert bad.read_bytes() == before
    assert (second.returncode, good.read_bytes()) == (0, once)
    assert re.search(r"unchanged\s.*good\.ipynb", second.stdout)
    cells = json.loads(once)["cells"]
    assert [cell["execution_count"] for cell in cells] == [1, 2, 3]
    assert [output["name"] for output in cells[0]["outputs"]] == ["stdout", "stderr"]
    assert cells[0]["outputs"][0]["text"] == ["beside\n", "beside\n"]
    assert cells[2]["outputs"][0]["data"]["text/plain"] == ["3"]
    assert b"Software" not in base64.b64decode(cells[1]["outputs"][0]["data"]["image/png"])


def test_tidying_and_checking_run_nothing(tmp_path):
    path = write(tmp_path / "demo.ipynb", "1 / 0")
    untouched = path.read_bytes()

    check = run("--check", path)
    assert check.returncode == 1
    assert path.read_bytes() == untouched
    assert run("--normalise", path).returncode == 0
    assert json.loads(path.read_bytes())["cells"][0]["id"] == "start-code"
    assert run("--check", path).returncode == 0


def test_an_unknown_chapter_is_named():
    result = run("no-such-chapter")

    assert result.returncode == 2
    assert "there is no notebook called 'no-such-chapter'" in result.stderr


def test_a_chapter_is_found_by_its_word(tmp_path):
    (tmp_path / "chapters").mkdir()
    path = write(tmp_path / "chapters" / "gaussian.ipynb", "1")

    assert execute.find("gaussian", tmp_path) == path
    assert execute.notebooks(tmp_path) == [path]


def test_nothing_of_the_readers_own_is_used():
    settings = execute.clean_environment()

    assert list(Path(settings["IPYTHONDIR"]).glob("**/startup/*.py")) == []
    assert settings["MATPLOTLIBRC"].endswith("mpl-data" + os.sep + "matplotlibrc")
    assert os.environ["MATPLOTLIBRC"] == settings["MATPLOTLIBRC"], "the test run itself uses these settings"


def test_the_notebook_used_here_stays_untidy():
    # The tests above mean something only as long as the runner has something to do.
    assert execute.normalise(untidy()) != copy.deepcopy(untidy())
