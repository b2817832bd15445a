"""Who may import whom: the table of the house rules, kept as data.

Every file of the package is parsed, so that imports inside functions count too.
"""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE, GRADER = ROOT / "lossbook", ROOT / "grader"

# module -> what it may import besides the standard library.  A folder counts as one module.
ALLOWED = {
    "__init__": "",
    "_blocks": "numpy",
    "_checks": "numpy _blocks",
    "special": "numpy _checks _blocks",
    "distributions": "numpy _checks _blocks special",
    "losses": "numpy _checks _blocks special distributions",
    "gradients": "numpy _checks _blocks special",
    "hessians": "numpy _checks _blocks special",
    "information": "numpy _checks _blocks special distributions",
    "derivation": "sympy",
    "atlas": "sympy derivation",
    "data": "numpy",
    "plotting": "numpy matplotlib",
    "interactive": "sympy numpy matplotlib plotting",
}
# The grader's modules, likewise.  What runs beside a submission knows nothing of the rest.
GRADER_ALLOWED = {
    "__init__": "",
    "__main__": "commands",
    "batch": "distributed collect service",
    "collect": "notebook",
    "commands": "batch collect feedback inside notebook release results sandbox service source student",
    "engine": "",
    "feedback": "results",
    "formulas": "sympy",
    "hidden": "numpy milestones notebook values",
    "inside": "numpy sympy",
    "matching": "notebook source",
    "milestones": "sympy lossbook engine formulas hidden",
    "notebook": "",
    "release": "notebook",
    "results": "",
    "sandbox": "inside",
    "service": "sympy lossbook engine formulas inside notebook sandbox source student trial",
    "source": "inside notebook release",
    "student": "inside sandbox values",
    "trial": "hidden inside matching notebook sandbox source student values",
    "values": "inside",
}
# Parts of the standard library that the package has no use for: network, clock, other programs.
FORBIDDEN = set(
    "asyncio datetime ftplib http pickle smtplib socket ssl subprocess time timeit urllib webbrowser".split()
)


def modules(package: Path) -> dict[str, list[Path]]:
    """The files of each module of the package."""
    found: dict[str, list[Path]] = {}
    for path in sorted(package.rglob("*.py")):
        first, *rest = path.relative_to(package).parts
        found.setdefault(first if rest else path.stem, []).append(path)
    return found


def imports(package: Path, path: Path, name: str = "lossbook") -> set[str]:
    """What a file imports: modules of the package by their own name, everything else by its first name."""
    inside = [name, *path.relative_to(package).parent.parts]
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = [*inside[: len(inside) - node.level + 1], *(node.module or "").split(".")] if node.level else []
            start = ".".join(filter(None, base)) if node.level else node.module
            names = [f"{start}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in (
            "__import__",
            "import_module",
        ):
            names = ["a module by name"]
        else:
            continue
        for each in names:
            parts = each.split(".")
            own = parts[0] == name
            if own and len(parts) > 1 and ((package / parts[1]).is_dir() or (package / f"{parts[1]}.py").is_file()):
                found.add(parts[1])
            else:
                found.add("__init__" if own else parts[0])
    return found


def trespasses(package: Path, allowed: dict[str, str], name: str = "lossbook") -> list[str]:
    """Every import that the table does not allow."""
    forbidden = FORBIDDEN if name == "lossbook" else set()
    found = []
    for module, files in modules(package).items():
        if module not in allowed:
            found.append(f"{module} is not in the table of imports")
            continue
        for path in files:
            for each in sorted(imports(package, path, name) - {module} - set(allowed[module].split())):
                if each not in sys.stdlib_module_names - forbidden:
                    found.append(f"{path.relative_to(package)} imports {each}")
    return found


def test_every_module_imports_only_what_it_may():
    assert trespasses(PACKAGE, ALLOWED) == []


def test_the_grader_imports_only_what_it_may():
    assert trespasses(GRADER, GRADER_ALLOWED, "grader") == []


def test_the_packages_were_found():
    assert {"losses", "derivation", "special"} <= modules(PACKAGE).keys()
    assert modules(GRADER).keys() == GRADER_ALLOWED.keys()


@pytest.mark.parametrize(
    ("source", "trespass"),
    [
        ("import sympy", "losses.py imports sympy"),
        ("from sympy.core import Add", "losses.py imports sympy"),
        ("def f():\n    import scipy.special", "losses.py imports scipy"),
        ("from lossbook import gradients", "losses.py imports gradients"),
        ("from lossbook.gradients import cross_entropy", "losses.py imports gradients"),
        ("import lossbook.gradients", "losses.py imports gradients"),
        ("from . import gradients", "losses.py imports gradients"),
        ("from .gradients import cross_entropy", "losses.py imports gradients"),
        ("from lossbook import __version__", "losses.py imports __init__"),
        ("import time", "losses.py imports time"),
        ("__import__('sympy')", "losses.py imports a module by name"),
        ("importlib.import_module('sympy')", "losses.py imports a module by name"),
    ],
)
def test_a_trespass_is_found(tmp_path, source, trespass):
    (tmp_path / "gradients.py").write_text("", encoding="utf-8")
    (tmp_path / "losses.py").write_text(source, encoding="utf-8")

    assert trespasses(tmp_path, ALLOWED) == [trespass]


@pytest.mark.parametrize(
    "source", ["import numpy as np", "import math", "from .special import f", "from lossbook import special"]
)
def test_what_is_allowed_is_no_trespass(tmp_path, source):
    (tmp_path / "special.py").write_text("", encoding="utf-8")
    (tmp_path / "losses.py").write_text(source, encoding="utf-8")

    assert trespasses(tmp_path, ALLOWED) == []


def test_a_file_in_a_folder_is_judged_like_its_folder(tmp_path):
    (tmp_path / "derivation").mkdir()
    (tmp_path / "derivation" / "core.py").write_text("from . import facts\nfrom .. import losses", encoding="utf-8")
    (tmp_path / "derivation" / "facts.py").write_text("import numpy", encoding="utf-8")
    (tmp_path / "losses.py").write_text("", encoding="utf-8")

    assert trespasses(tmp_path, ALLOWED) == ["derivation/core.py imports losses", "derivation/facts.py imports numpy"]


def test_an_unlisted_module_is_found(tmp_path):
    (tmp_path / "extra.py").write_text("", encoding="utf-8")

    assert trespasses(tmp_path, ALLOWED) == ["extra is not in the table of imports"]


# --- What really gets loaded


def loaded_by(module: str) -> set[str]:
    """The packages in memory after one import, in a fresh Python."""
    code = f"import {module}, json, sys; print(json.dumps(sorted(name.split('.')[0] for name in sys.modules)))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(json.loads(result.stdout))


HEAVY = set("numpy sympy mpmath matplotlib scipy sklearn pandas statsmodels IPython".split())


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        ("lossbook", set()),
        ("lossbook.losses", {"numpy"}),
        ("lossbook.information", {"numpy"}),
        ("lossbook.data", {"numpy"}),
        ("lossbook.derivation", {"sympy", "mpmath"}),
        ("lossbook.atlas", {"sympy", "mpmath"}),
        ("lossbook.plotting", {"numpy", "matplotlib"}),
        ("grader", set()),
        ("grader.commands", set()),
        ("grader.inside.worker", set()),
        ("lossbook.interactive", {"numpy", "sympy", "mpmath", "matplotlib"}),
    ],
)
def test_an_import_loads_no_more_than_it_needs(module, expected):
    assert loaded_by(module) & HEAVY == expected
