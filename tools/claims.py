r"""Does a display equation claim something, or does it only define?  Used by tools/check.py.

"Markdown may define; only code may claim."  An equation defines with ≔ (`\coloneqq`), ∼ or ≡; it claims with an equals
sign, an inequality, an implication.  Not every such sign is a claim: those in subscripts, limits, words, conditions of
cases, sets {x | …}, events P(t = 1) and ranges n = 1, …, N say what is meant, not what is true.
"""

import re

SIGN = re.compile(
    r"""
    (?<![:=])=(?!:)                     # an equality; := and =: define
    | [≤≥⩽⩾≦≧≈≅≃∝≠<>≪≫⇒⇐⇔⟹⟸⟺∴⊢]
    | \\(?: leq?q?(slant)? | geq?q?(slant)? | lt | gt | ll | gg | n?lesssim | n?gtrsim | nleq | ngeq
          | neq? | (thick)?approx(eq)? | asymp | (var)?propto | cong | simeq | eqsim | doteq(dot)? | xlongequal
          | prec(eq)? | succ(eq)?
          | implies | impliedby | iff | therefore | vdash | models
          | (Long|x)?(Right|Left|Leftright)arrow | Long(right|left|leftright)arrow
        )(?![a-zA-Z])
    """,
    re.VERBOSE,
)
DEFINITION = re.compile(r":=|=:|\\colon\s*=")

WORDS = re.compile(r"\\(?:text|textrm|textit|textbf|textsf|textnormal|mbox|mathrm|operatorname\*?)\s*\{[^{}$=<>]*\}")
INVISIBLE = re.compile(r"\\(?:label|tag\*?|[hv]?phantom|[hv]space\*?|ref|eqref)\s*\{[^{}]*\}")
CASES = re.compile(r"\\begin\{([dr]*cases)\}(.*?)\\end\{\1\}", re.DOTALL)
SET = re.compile(r"\\\{(?:(?!\\\}).)*?(?:\\mid|\\vert|:(?!=)|\|)(?:(?!\\\}).)*\\\}", re.DOTALL)
EVENT = re.compile(
    r"""
    (?: \\Pr | \\word | \\math(?:bb|bf|sf)\s*\{?[PEI1]\}? | (?<![A-Za-z\\])[PpE] )
    \s* (?: \\(?:left|[bB]igg?l?) \s* )? (?P<open> \( | \[ | \\\{ )
    """,
    re.VERBOSE,
)
CLOSING = {"(": ")", "[": "]", "\\{": "\\}"}
IVERSON = re.compile(r"\[[^\[\]=<>&\\]{1,8}(?:=|<|>|\\neq?\s|\\leq?\s|\\geq?\s)[^\[\]=<>&\\]{1,8}\]")
_ITEM = r"[A-Za-z0-9+\-]+"
RANGE = re.compile(rf"[A-Za-z]\s*=\s*(?:{_ITEM}\s*,\s*){{1,3}}(?:\\[lc]?dots[cb]?|…|\.\.\.)\s*,\s*{_ITEM}")


def claim_in(latex: str) -> str | None:
    r"""The first sign in a display equation that claims something, or None if the equation only defines.

    >>> claim_in(r"L \coloneqq \prod_{n=1}^{N} p(t_n \mid x_n)") is None
    True
    >>> claim_in(r"\ln L = \sum_{n=1}^{N} \ln p(t_n \mid x_n)")
    '='
    """
    rest = re.sub(r"(?<!\\)%.*", " ", latex)
    rest = INVISIBLE.sub(" ", rest)
    rest = WORDS.sub(r" \\word ", rest)
    rest = CASES.sub(lambda cases: _values(cases[2]), rest)
    rest = _without_scripts(rest)
    rest = SET.sub(" ", rest)
    rest = _without_events(rest)
    rest = IVERSON.sub(" ", rest)
    rest = RANGE.sub(" ", rest)
    rest = DEFINITION.sub(" ", rest)
    found = SIGN.search(rest)
    return found[0] if found else None


def _values(lines: str) -> str:
    """The lines of a distinction of cases without their conditions, which follow the &."""
    return " ".join(line.split("&")[0] for line in re.split(r"\\\\(?:\[[^\]]*\])?", lines))


def _without_scripts(latex: str) -> str:
    """The formula without its subscripts, superscripts and limits, and without what stands over or under a sign."""
    parts, at = [], 0
    while at < len(latex):
        command = re.match(r"\\(?:[A-Za-z]+|.)", latex[at:], re.DOTALL)
        if command:
            at += command.end()
            if command[0] in (r"\underset", r"\overset", r"\stackrel"):
                at = _after_argument(latex, at)  # the first argument; the second is the sign itself
            else:
                parts.append(command[0])
        elif latex[at] in "_^":
            at = _after_argument(latex, at + 1)
        else:
            parts.append(latex[at])
            at += 1
    return "".join(parts)


def _after_argument(latex: str, at: int) -> int:
    """Where the argument that begins at `at` ends: a group in braces, a command with its group, or one character."""
    while latex[at : at + 1].isspace():
        at += 1
    command = re.match(r"\\(?:[A-Za-z]+|.)", latex[at:], re.DOTALL)
    if command:
        at += command.end()
        return _after_argument(latex, at) if latex[at : at + 1] == "{" else at
    if latex[at : at + 1] != "{":
        return at + 1
    return _after_closing(latex, at + 1, "{", "}")


def _after_closing(latex: str, at: int, opening: str, closing: str) -> int:
    """Where the group ends whose opening stands before `at`."""
    depth = 1
    while at < len(latex) and depth:
        if latex.startswith(opening, at):
            depth, at = depth + 1, at + len(opening)
        elif latex.startswith(closing, at):
            depth, at = depth - 1, at + len(closing)
        else:
            at += 2 if latex[at] == "\\" else 1
    return at


def _without_events(latex: str) -> str:
    """The formula without the arguments of probabilities, expectations and indicators."""
    while event := EVENT.search(latex):
        opening = event["open"]
        end = _after_closing(latex, event.end(), opening, CLOSING[opening])
        latex = f"{latex[: event.start()]} {latex[end:]}"
    return latex
