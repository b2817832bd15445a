"""Formulas are typeset when the site is built, by KaTeX in one Node process; the reader's browser needs no script.

KaTeX writes HTML for the eye and MathML for screen readers.  What it cannot typeset is a warning of Sphinx, which the
book's build treats as an error.
"""

import json
import re
import subprocess
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number
from sphinx.writers.html5 import HTML5Translator

from lossbook_site import derivations, packages

logger = logging.getLogger(__name__)

# Environments that take a number for each line.  MyST gives them a new random label in every build, and the number
# KaTeX prints would not be the one that Sphinx counts.
_NUMBERED = re.compile(r"\s*\\begin\{(align|alignat|equation|gather|multline|eqnarray|flalign)\}")
_WHOLE_ENVIRONMENT = re.compile(r"\\begin\{([a-z]+\*?)\}(?:(?!\\end\{\1\}).)*\\end\{\1\}\s*", re.DOTALL)


class Typesetter:
    """KaTeX, started with the first formula and stopped with the build."""

    def __init__(self, modules: Path) -> None:
        self._modules = modules
        self._process: subprocess.Popen | None = None
        self._known: dict[tuple[str, bool], dict] = {}

    def __call__(self, tex: str, display: bool) -> dict:
        """``{"html": …, "notes": […]}`` or ``{"error": …}``."""
        if (tex, display) not in self._known:
            self._known[tex, display] = self._ask({"tex": tex, "display": display})
        return self._known[tex, display]

    def _ask(self, question: dict) -> dict:
        if self._process is None:
            script = str(Path(__file__).with_name("typeset.cjs"))
            self._process = subprocess.Popen(
                [packages.node(), script, str(self._modules)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                encoding="utf-8",
            )
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"KaTeX stopped without an answer to {question['tex']!r}; Node's own message is above")
        return json.loads(answer)

    def close(self) -> None:
        """Let Node finish."""
        if self._process is not None:
            self._process.communicate()
            self._process = None


def _html(translator: HTML5Translator, node: nodes.Element, tex: str, *, display: bool) -> str:
    """The formula as HTML; as the reader would have typed it where KaTeX refuses."""
    answer = translator.builder.app.lossbook_typesetter(tex, display)
    for note in answer.get("notes", []):
        logger.warning("KaTeX: %s in the formula %r", note, tex, location=node, type="katex")
    if "error" in answer:
        logger.warning("KaTeX: %s in the formula %r", answer["error"], tex, location=node, type="katex")
        return f'<code class="math-error">{translator.encode(tex)}</code>'
    return answer["html"]


def visit_math(translator: HTML5Translator, node: nodes.math) -> None:
    """A formula in a line."""
    translator.body.append(translator.starttag(node, "span", "", CLASS="math notranslate nohighlight"))
    translator.body.append(_html(translator, node, node.astext(), display=False))
    translator.body.append("</span>")
    raise nodes.SkipNode


def visit_displaymath(translator: HTML5Translator, node: nodes.math_block) -> None:
    """A formula on lines of its own, with its number if it has a label."""
    tex = node.astext()
    if _NUMBERED.match(tex):
        logger.warning(
            "a numbered environment gets a random label; write $$ \\begin{aligned} … $$ (label) instead of %r",
            tex,
            location=node,
            type="katex",
        )
    if not node["nowrap"]:
        tex = split(tex)
    steps = derivations.read(tex) if "text_latex" in node["classes"] else None
    if steps:
        translator.body.append(translator.starttag(node, "div", "", CLASS="derivation notranslate nohighlight"))
        translator.body.append(
            derivations.write(steps, lambda formula: _html(translator, node, formula, display=False)) + "</div>\n"
        )
        raise nodes.SkipNode
    # The id of a labelled formula stands on the target before it, which Sphinx made.
    translator.body.append(translator.starttag(node, "div", "", CLASS="math notranslate nohighlight"))
    translator.body.append(_html(translator, node, tex, display=True))
    if node["number"]:
        translator.body.append(f'<span class="eqno">({get_node_equation_number(translator, node)})')
        translator.add_permalink_ref(node, "Link to this equation")
        translator.body.append("</span>")
    translator.body.append("</div>\n")
    raise nodes.SkipNode


def split(tex: str) -> str:
    r"""Sphinx's rules: lines parted by ``\\\\`` align at ``&``, and an empty line starts another formula."""
    parts = [part.strip() for part in re.split(r"\n\s*\n", tex) if part.strip()]
    wrapped = [
        rf"\begin{{split}}{part}\end{{split}}" if r"\\" in part and not _WHOLE_ENVIRONMENT.fullmatch(part) else part
        for part in parts
    ]
    if len(wrapped) < 2:
        return "".join(wrapped)
    return r"\begin{aligned}" + r"\\".join(wrapped) + r"\end{aligned}"


def _start(app: Sphinx) -> None:
    app.lossbook_typesetter = Typesetter(app.lossbook_modules)


def _stop(app: Sphinx, _error: Exception | None) -> None:
    if hasattr(app, "lossbook_typesetter"):
        app.lossbook_typesetter.close()


def setup(app: Sphinx) -> None:
    """Register the renderer under the name that `html_math_renderer` asks for."""
    app.add_html_math_renderer("katex", (visit_math, None), (visit_displaymath, None))
    app.connect("builder-inited", _start)
    app.connect("build-finished", _stop)
