"""What the desk needs in the browser: Pyodide, SymPy and the engine as byte code, KaTeX.

Everything comes from packages that are there when the site is built, and nothing is committed: Pyodide and KaTeX from
npm (package-lock.json), SymPy and mpmath from this very environment, the engine from the book.  Byte code has to be
made by the Python that will run it, which is Pyodide's, under Node; the result is kept beside the npm packages.
"""

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import mpmath
import sympy

from lossbook_site import packages

FOLDER = "_desk"
_HERE = Path(__file__).parent
_BOOK = Path(__file__).resolve().parents[3]
_CORE = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip", "pyodide-lock.json")
# Parts of SymPy and mpmath that no derivation asks for, and that the rest imports nowhere or only for its own sake.
_LEFT_OUT = {"tests", "conftest.py", "benchmarks", "crypto", "sandbox", "holonomic", "diffgeom", "stats", "autolev"}
_LEFT_OUT |= {"quantum", "mechanics", "continuum_mechanics", "control", "optics", "hep", "biomechanics"}  # of physics


def _package(folder: Path) -> Iterator[tuple[str, Path]]:
    for path in sorted(folder.rglob("*.py")):
        inside = path.relative_to(folder.parent)
        if not _LEFT_OUT & set(inside.parts):
            yield inside.as_posix(), path


def _archives() -> dict[str, dict[str, Path]]:
    """What each archive holds: name in the archive -> source."""
    algebra = dict(_package(Path(sympy.__file__).parent)) | dict(_package(Path(mpmath.__file__).parent))
    engine = {f"lossbook/derivation/{path.name}": path for path in (_BOOK / "lossbook" / "derivation").glob("*.py")}
    engine["lossbook/__init__.py"] = _BOOK / "lossbook" / "__init__.py"
    for folder in ("lossbook_site", "lossbook_site/desk"):
        engine[f"{folder}/__init__.py"] = _HERE / "browser_package.py"  # the real ones need Sphinx
    engine["lossbook_site/derivations.py"] = _HERE.parent / "derivations.py"
    engine["lossbook_site/desk/judge.py"] = _HERE / "judge.py"
    return {"sympy": algebra, "lossbook": dict(sorted(engine.items()))}


def _made(modules: Path, name: str, sources: dict[str, Path]) -> bytes:
    """The archive, from the store if the same was made before."""
    made_of = hashlib.sha256(json.dumps([version("sympy"), version("mpmath")]).encode())
    made_of.update((modules / "pyodide" / "package.json").read_bytes() + (_HERE / "compile.mjs").read_bytes())
    for inside, path in sources.items():
        made_of.update(inside.encode() + b"\0" + path.read_bytes() + b"\0")
    store = modules / ".lossbook-desk" / f"{name}-{made_of.hexdigest()[:20]}.zip"
    if not store.exists():
        store.parent.mkdir(exist_ok=True)
        partial = store.with_suffix(f".{os.getpid()}")
        _write(partial, _compiled(modules, sources))
        partial.replace(store)
    return store.read_bytes()


def _compiled(modules: Path, sources: dict[str, Path]) -> dict[str, bytes]:
    with tempfile.TemporaryDirectory() as work:
        before, after = Path(work, "in"), Path(work, "out")
        after.mkdir()
        for inside, path in sources.items():
            (before / inside).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, before / inside)
        command = [packages.node(), _HERE / "compile.mjs", modules.resolve() / "pyodide", before, after]
        answer = subprocess.run(list(map(str, command)), capture_output=True, text=True, encoding="utf-8")
        if answer.returncode:
            raise RuntimeError(f"Pyodide could not compile the desk's Python:\n{answer.stdout}{answer.stderr}")
        return {path.relative_to(after).as_posix(): path.read_bytes() for path in sorted(after.rglob("*.pyc"))}


def _write(target: Path, files: dict[str, bytes]) -> None:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED, 9)


def write(modules: Path, out: Path) -> None:
    """Write the desk's files into the folder `out`/_desk."""
    folder = out / FOLDER
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "fonts").mkdir(parents=True)
    for name in _CORE:
        shutil.copyfile(modules / "pyodide" / name, folder / name)
    manifest = {"archives": []}
    for name, sources in _archives().items():
        content = _made(modules, name, sources)
        digest = hashlib.sha256(content).hexdigest()
        file = f"{name}-{digest[:12]}.zip"  # so that no cache gives the archive of an older build
        (folder / file).write_bytes(content)
        manifest["archives"].append({"file": file, "sha256": digest, "bytes": len(content)})
    for name in ("worker.mjs", "desk.js", "desk.css"):
        shutil.copyfile(_HERE / name, folder / name)
    katex = modules / "katex" / "dist"
    shutil.copyfile(katex / "katex.min.js", folder / "katex.min.js")
    shutil.copyfile(katex / "katex.min.css", folder / "katex.min.css")
    for font in sorted((katex / "fonts").glob("*.woff2")):
        shutil.copyfile(font, folder / "fonts" / font.name)
    (folder / "LICENSES").write_text(_licences(modules), encoding="utf-8")
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1), encoding="utf-8")


def _licences(modules: Path) -> str:
    katex = (modules / "katex" / "LICENSE").read_text(encoding="utf-8")
    return (
        "Pyodide: Mozilla Public License 2.0, https://github.com/pyodide/pyodide\n"
        "Python: PSF License, https://docs.python.org/3/license.html\n"
        "SymPy: BSD 3-Clause License, https://github.com/sympy/sympy\n"
        "mpmath: BSD 3-Clause License, https://github.com/mpmath/mpmath\n\n"
        f"KaTeX:\n{katex}"
    )
