"""The site's fonts: the ones KaTeX sets formulas with, and the serif of the text, cut down to the glyphs in use.

Which fonts and which glyphs those are is read off the finished pages.
"""

import html
import re
from collections.abc import Iterable
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont
from sphinx.application import Sphinx

# The files of the text's serif: style, range of characters (as the package splits them).
_SERIF = [("normal", "latin"), ("italic", "latin"), ("normal", "greek"), ("italic", "greek")]
_SERIF_RANGES = {"latin": "U+0-36F, U+2000-20CF, U+2122", "greek": "U+370-3FF"}
_ALWAYS = "".join(map(chr, range(0x20, 0x7F)))  # search results and the like appear only in the browser


def characters(pages: Iterable[str]) -> set[int]:
    """The code points that the pages show."""
    return {ord(character) for character in set(_ALWAYS).union(*map(html.unescape, pages))}


def classes(pages: Iterable[str]) -> set[str]:
    """The classes that occur in the pages."""
    return {name for page in pages for value in set(re.findall(r'class="([^"]*)"', page)) for name in value.split()}


def families(rules: str, used: set[str]) -> set[str]:
    """The families of fonts that a style sheet asks for where only the classes `used` occur."""
    found = set()
    for selectors, body in re.findall(r"([^{}@]+)\{([^{}]*)\}", rules):
        if any(set(re.findall(r"\.([\w-]+)", selector)) <= used for selector in selectors.split(",")):
            found.update(re.findall(r"KaTeX_\w+", body))
    return found


def cut(source: Path, wanted: set[int], target: Path) -> bool:
    """Write the glyphs of `source` for the code points `wanted`; whether there are any."""
    features = [*subset.Options._layout_features_default, "lnum", "tnum"]  # and the figures that tables ask for
    options = subset.Options(flavor="woff2", layout_features=features, hinting=False)
    # Without names: a font that has been changed may not go by the name its makers reserved.
    options.name_IDs = []
    font = TTFont(source, recalcTimestamp=False)
    kept = wanted & font.getBestCmap().keys()
    if kept:
        cutter = subset.Subsetter(options)
        cutter.populate(unicodes=kept)
        cutter.subset(font)
        subset.save_font(font, str(target), options)
    font.close()
    return bool(kept)


def write(modules: Path, out: Path) -> None:
    """Write fonts and their style sheet into the folder `out`/_static."""
    folder = out / "_static" / "fonts"
    folder.mkdir(parents=True, exist_ok=True)
    pages = [page.read_text(encoding="utf-8") for page in sorted(out.rglob("*.html"))]
    wanted = characters(pages)

    katex = modules / "katex"
    sheet = (katex / "dist" / "katex.min.css").read_text(encoding="utf-8")
    faces, rules = re.findall(r"@font-face\{[^}]*\}", sheet), re.sub(r"@font-face\{[^}]*\}", "", sheet)
    needed = families(rules, classes(pages))
    kept = []
    for face in faces:
        family, name = re.search(r"KaTeX_\w+", face)[0], re.search(r"[\w-]+\.woff2", face)[0]
        if family in needed and cut(katex / "dist" / "fonts" / name, wanted, folder / name):
            # woff2 alone: the other formats are for browsers of before 2017.
            kept.append(re.sub(r"src:[^;}]*", f'src:url(fonts/{name}) format("woff2")', face))
    (out / "_static" / "katex.css").write_text("".join(kept) + rules, encoding="utf-8")
    (folder / "LICENSE-katex").write_bytes((katex / "LICENSE").read_bytes())

    serif = modules / "@fontsource-variable" / "source-serif-4"
    faces = []
    for style, range_ in _SERIF:
        name = f"serif-{range_}-{style}.woff2"
        if cut(serif / "files" / f"source-serif-4-{range_}-wght-{style}.woff2", wanted, folder / name):
            faces.append(
                f"@font-face{{font-family:'Book Serif';font-style:{style};font-weight:200 900;"
                # A first visitor on a slow line reads in the system's serif: better than text that jumps.
                f"font-display:optional;src:url(fonts/{name}) format('woff2');unicode-range:{_SERIF_RANGES[range_]}}}"
            )
    (out / "_static" / "fonts.css").write_text("\n".join(faces) + "\n", encoding="utf-8")
    (folder / "LICENSE-serif").write_bytes((serif / "LICENSE").read_bytes())


def _finish(app: Sphinx, error: Exception | None) -> None:
    if error is None and app.builder.format == "html":
        write(app.lossbook_modules, Path(app.outdir))


def setup(app: Sphinx) -> None:
    """Write the fonts once the pages are there."""
    app.connect("build-finished", _finish)
