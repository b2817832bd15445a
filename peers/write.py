"""Run every call, write what was measured into results.json and onto the page: `make rosetta WRITE=1`.

    python peers/write.py              run, then write both
    python peers/write.py --page       write the page from the stored results, without a run

The cells between those of the run are written by hand, in the notebook.
"""

import json
import platform
import sys
from datetime import date
from pathlib import Path

import page
from sections import SECTIONS

ROOT = Path(__file__).resolve().parent.parent
RESULTS = Path(__file__).with_name("results.json")


def run() -> dict:
    """What a run on this machine says."""
    import measure  # needs all libraries; the page alone does not

    return {
        "run": {
            "date": f"{date.today():%-d %B %Y}",
            "python": ".".join(platform.python_version_tuple()[:2]),
            "versions": measure.versions(),
        },
        "sections": {section.key: measure.measure(section) for section in SECTIONS},
    }


def put(cells: dict[str, str], path: Path) -> None:
    """Replace the source of the cells with these ids."""
    text = path.read_text(encoding="utf-8")
    notebook = json.loads(text)
    missing = set(cells) - {cell["id"] for cell in notebook["cells"]}
    if missing:
        raise ValueError(f"{path.name} must have Markdown cells with the ids {sorted(missing)}: add them, empty")
    for cell in notebook["cells"]:
        if cell["id"] in cells:
            cell["source"] = cells[cell["id"]].splitlines(keepends=True)
    path.write_text(json.dumps(notebook, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    if "--page" not in sys.argv:
        RESULTS.write_text(json.dumps(run(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    put(page.cells(json.loads(RESULTS.read_text(encoding="utf-8"))), ROOT / page.PAGE)
