"""The site side by side with the same pages in Jupyter Book's stock theme: Lighthouse scores and page weight.

    .venv/bin/python benchmarks/site/measure.py                     three pages, three runs each, about ten minutes
    .venv/bin/python benchmarks/site/measure.py --pages intro chapters/gaussian --runs 5 --results FILE.md

Both are built from this copy of the book and served, compressed, from this machine.  The stock build keeps the stored
outputs and loses what is ours: theme, formulas typeset at build time, folded parts.  Its MathJax is served from here,
too, which flatters it: readers get it from another server.  Lighthouse (npm, fetched by version and hash into
benchmarks/site/node_modules) opens each page in Chromium as a phone on a slow network, and each number is a median.
"""

import argparse
import datetime
import functools
import gzip
import http.server
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(ROOT / "site"), str(ROOT / "tests"), str(ROOT / "tools")]

from built_site import BUILD, build, copy_book
from lossbook_site import packages

PAGES = ["intro", "chapters/gaussian", "chapters/multinoulli"]
CHROME = (
    "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync"
)
COMPRESSED = {".html", ".css", ".js", ".svg", ".json"}


def stock(book: Path, modules: Path) -> Path:
    """The same pages as Jupyter Book makes them without our extension."""
    config = yaml.safe_load((book / "_config.yml").read_text(encoding="utf-8"))
    ours = config["sphinx"]["config"]
    keep = {key: ours[key] for key in ours if key.startswith(("bibtex", "napoleon", "autodoc", "math_numfig"))}
    config["sphinx"] = {
        "config": keep | {"mathjax_path": "mathjax/tex-chtml-full.js", "add_module_names": False},
        "extra_extensions": ["sphinx_proof", "sphinx_exercise", "sphinx.ext.autodoc", "sphinx.ext.napoleon"],
    }
    config["html"] = {"use_multitoc_numbering": True}
    (book / "_config.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
    result = subprocess.run([*BUILD[:3], "--keep-going"], cwd=book, capture_output=True, text=True)
    html = book / "_build" / "html"
    assert (html / "intro.html").exists(), result.stderr
    scripts = modules / "mathjax" / "es5"
    shutil.copytree(scripts / "output" / "chtml", html / "_static" / "mathjax" / "output" / "chtml")
    shutil.copy(scripts / "tex-chtml-full.js", html / "_static" / "mathjax")
    return html


@contextmanager
def served_compressed(site: Path) -> Iterator[str]:
    """The site at an address of this machine, compressed as any web host does it."""

    @functools.cache
    def compressed(path: Path) -> bytes:
        return gzip.compress(path.read_bytes(), mtime=0)

    class Handler(http.server.SimpleHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            path = Path(self.translate_path(self.path))
            if path.suffix not in COMPRESSED or not path.is_file():
                super().do_GET()
                return
            body = compressed(path)
            self.send_response(200)
            self.send_header("Content-Type", self.guess_type(str(path)))
            self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    handler = functools.partial(Handler, directory=str(site))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def lighthouse(url: str, modules: Path) -> dict[str, float]:
    """One run of Lighthouse, as a phone."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [
            packages.node(),
            str(modules / "lighthouse" / "cli" / "index.js"),
            url,
            "--quiet",
            "--output=json",
            f"--output-path={report}",
            f"--chrome-flags={CHROME} --user-data-dir={folder}/profile",
            "--only-categories=performance,accessibility,best-practices,seo",
        ]
        environment = os.environ | {"CHROME_PATH": shutil.which("chromium") or ""}
        result = subprocess.run(command, env=environment, capture_output=True, text=True)
        assert report.exists(), result.stderr
        found = json.loads(report.read_text(encoding="utf-8"))
    audits = found["audits"]
    assert "runtimeError" not in found, found["runtimeError"]
    return {
        "performance": 100 * found["categories"]["performance"]["score"],
        "accessibility": 100 * found["categories"]["accessibility"]["score"],
        "best practices": 100 * found["categories"]["best-practices"]["score"],
        "search": 100 * found["categories"]["seo"]["score"],
        "KB": audits["total-byte-weight"]["numericValue"] / 1000,
        "largest paint, s": audits["largest-contentful-paint"]["numericValue"] / 1000,
        "blocked, ms": audits["total-blocking-time"]["numericValue"],
        "layout shift": audits["cumulative-layout-shift"]["numericValue"],
    }


def table(measured: dict[tuple[str, str], list[dict[str, float]]]) -> str:
    """The medians, in Markdown: one line for each page and build."""
    names = list(next(iter(measured.values()))[0])
    lines = ["| page | build | " + " | ".join(names) + " |", "|---|---|" + "--:|" * len(names)]
    for (page, name), runs in measured.items():
        medians = [statistics.median(run[key] for run in runs) for key in names]
        cells = [f"{value:.3f}" if key == "layout shift" else f"{value:.1f}" if key.endswith(" s") else f"{value:.0f}"
                 for key, value in zip(names, medians, strict=True)]  # fmt: skip
        lines.append(f"| {page} | {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Build both, measure them in turns, print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", nargs="+", default=PAGES)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--results", type=Path, help="where to write the table")
    choices = parser.parse_args()

    modules = packages.install(HERE)
    with tempfile.TemporaryDirectory() as folder:
        print("building …", flush=True)
        sites = {
            "lossbook": build(copy_book(Path(folder) / "ours")),
            "stock": stock(copy_book(Path(folder) / "stock"), modules),
        }
        measured: dict[tuple[str, str], list[dict[str, float]]] = {}
        with served_compressed(sites["lossbook"]) as ours, served_compressed(sites["stock"]) as theirs:
            for _ in range(choices.runs):
                for page in choices.pages:
                    for name, address in (("lossbook", ours), ("stock", theirs)):
                        found = lighthouse(f"{address}/{page}.html", modules)
                        measured.setdefault((page, name), []).append(found)
                        print(page, name, {key: round(value, 3) for key, value in found.items()}, flush=True)
    version = json.loads((modules / "lighthouse" / "package.json").read_text(encoding="utf-8"))["version"]
    today, load = datetime.date.today(), os.getloadavg()[0]
    note = (
        f"Medians of {choices.runs} runs of Lighthouse {version}, mobile, on {today}, {platform.machine()}, "
        f"load {load:.1f}.\n\n"
    )
    print(note + table(measured))
    if choices.results:
        choices.results.write_text(note + table(measured), encoding="utf-8")


if __name__ == "__main__":
    main()
