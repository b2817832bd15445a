"""SymPy expressions as trees of lists, and back, for a whitelist of classes and within limits.

``["Add", ["Symbol", "x", {"real": true}], ["Integer", "2"]]`` is ``x + 2``.  The reading side rebuilds an expression
with the constructors of the whitelist alone, and refuses powers and factorials that would compute a monster.
"""

from __future__ import annotations

import re

from .wire import WireError

NODES = 4000
DEPTH = 80
DIGITS = 120  # of a whole number that is written out
BITS = 4096  # of a whole number that comes out
# Letters (Greek too), digits and what LaTeX-like names need; nothing that could be markup.
NAME = re.compile(r"\\?[^\W\d_][\w'′*^{}\\ ]{0,39}|_[\w]{0,39}", re.UNICODE)
ASSUMPTIONS = (
    "real positive negative nonnegative nonpositive nonzero zero integer rational even odd finite complex"
).split()
CONSTANTS = {
    "pi": "Pi",
    "E": "Exp1",
    "I": "ImaginaryUnit",
    "oo": "Infinity",
    "-oo": "NegativeInfinity",
    "zoo": "ComplexInfinity",
    "nan": "NaN",
    "true": "BooleanTrue",
    "false": "BooleanFalse",
    "gamma": "EulerGamma",
}
BY_CLASS = {name: key for key, name in CONSTANTS.items()}
ANY = 50
RELATIONS = ["Equality", "Unequality", "StrictLessThan", "LessThan", "StrictGreaterThan", "GreaterThan"]
# class -> how many arguments it takes
CLASSES: dict[str, tuple[int, int]] = {
    **dict.fromkeys(["Add", "Mul", "Tuple"], (0, NODES)),
    **dict.fromkeys(["Max", "Min", "And", "Or"], (0, ANY)),  # each argument is compared with each
    **dict.fromkeys(["Sum", "Product", "Integral"], (2, 6)),
    **dict.fromkeys(["Derivative", "Subs"], (2, 6)),
    "Piecewise": (1, ANY),
    "ExprCondPair": (2, 2),
    "Indexed": (2, 5),
    "Pow": (2, 2),
    "KroneckerDelta": (2, 2),
    "log": (1, 2),
    **dict.fromkeys(RELATIONS, (2, 2)),
    "Not": (1, 1),
    "binomial": (2, 2),
    "atan2": (2, 2),
    "beta": (2, 2),
    **dict.fromkeys(
        "exp Abs sign floor ceiling sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh gamma loggamma digamma "
        "factorial erf erfc LambertW Heaviside conjugate re im".split(),
        (1, 1),
    ),
}
GROWING = {"factorial", "gamma", "binomial", "beta", "loggamma"}


def to_tree(x: object) -> list | None:
    """The tree of an expression; None for what is not on the list."""
    try:
        return _tree(x, [0], 0)
    except _NotListed:
        return None


class _NotListed(Exception):
    pass


def _tree(x: object, count: list[int], depth: int) -> list:
    import sympy

    count[0] += 1
    if count[0] > NODES or depth > DEPTH:
        raise WireError(f"an expression of more than {NODES} parts, or nested more than {DEPTH} deep")
    kind = type(x).__name__
    if isinstance(x, sympy.Symbol):
        return ["Symbol", x.name, _assumptions(x)]
    if isinstance(x, sympy.IndexedBase):
        return ["IndexedBase", str(x.label), _assumptions(x.label)]
    if isinstance(x, sympy.Integer):
        return ["Integer", _digits(int(x))]
    if isinstance(x, sympy.Rational):
        return ["Rational", _digits(int(x.p)), _digits(int(x.q))]
    if isinstance(x, sympy.Float):
        return ["Float", str(x)]
    if kind in BY_CLASS:
        return ["constant", BY_CLASS[kind]]
    if isinstance(x, sympy.MatrixBase):
        entries = [_tree(entry, count, depth + 1) for entry in x]
        return ["Matrix", list(x.shape), entries]
    if isinstance(x, sympy.Idx):
        return ["Symbol", x.name, {"integer": True}]
    if isinstance(x, sympy.core.function.AppliedUndef):
        return ["Function", str(x.func), *(_tree(arg, count, depth + 1) for arg in x.args)]
    if kind in CLASSES:
        return [kind, *(_tree(arg, count, depth + 1) for arg in x.args)]
    raise _NotListed(kind)


def _assumptions(x: object) -> dict[str, bool]:
    given = getattr(x, "_assumptions_orig", None)
    if given is None:
        given = getattr(getattr(x, "_assumptions", None), "generator", {})
    return {key: bool(value) for key, value in given.items() if key in ASSUMPTIONS and value is not None}


def _digits(number: int) -> str:
    if abs(number) >= 10**DIGITS:
        raise WireError(f"a whole number of more than {DIGITS} digits in an expression")
    return str(number)


def from_tree(tree: object) -> object:
    """The expression that a tree stands for.

    Raises
    ------
    WireError
        If something in it is not on the list, or beyond a limit.
    """
    try:
        return _Builder().build(tree, 0)
    except WireError:
        raise
    except Exception as error:  # whatever SymPy finds wrong with the arguments
        raise WireError(f"an expression that SymPy refuses ({type(error).__name__})") from error


class _Builder:
    def __init__(self) -> None:
        import sympy

        self.sympy, self.count = sympy, 0

    def build(self, tree: object, depth: int) -> object:
        self.count += 1
        if self.count > NODES or depth > DEPTH:
            raise WireError("an expression that is too large or too deeply nested")
        if not isinstance(tree, list) or not tree or not isinstance(tree[0], str):
            raise WireError("a damaged expression")
        head, *body = tree
        if head in ("Symbol", "IndexedBase"):
            return self.named(head, *body)
        if head in ("Integer", "Rational"):
            return getattr(self.sympy, head)(*(self.whole(part) for part in body))
        if head == "Float":
            return self.float(*body)
        if head == "constant":
            return self.constant(*body)
        if head == "Matrix":
            return self.matrix(*body, depth)
        if head == "Function":
            name, *args = body
            return self.sympy.Function(self.name(name))(*(self.build(arg, depth + 1) for arg in args))
        if head not in CLASSES:
            raise WireError("an expression with a part that is not on the list")
        least, most = CLASSES[head]
        if not least <= len(body) <= most:
            raise WireError(f"{head} with {len(body)} arguments")
        args = [self.build(arg, depth + 1) for arg in body]
        self.refuse_monsters(head, args)
        built = self.construct(head, args)
        if getattr(built, "is_Rational", False) and _bits(built) > BITS:
            raise WireError("a whole number that is too large")
        return built

    def construct(self, head: str, args: list) -> object:
        sympy = self.sympy
        if head in ("Sum", "Product", "Integral", "Derivative"):
            return getattr(sympy, head)(args[0], *(tuple(limit) for limit in args[1:]))
        if head == "Indexed":
            base, *indices = args
            if not isinstance(base, sympy.IndexedBase):
                raise WireError("an index on something that has none")
            return base[tuple(indices)]
        if head == "Piecewise":
            return sympy.Piecewise(*(tuple(pair) for pair in args))
        if head == "ExprCondPair":
            return sympy.Tuple(*args)
        return getattr(sympy, head)(*args)

    @staticmethod
    def name(text: object) -> str:
        if not isinstance(text, str) or not NAME.fullmatch(text):
            raise WireError("a symbol whose name is no name")
        return text

    def named(self, head: str, text: object, assumptions: dict) -> object:
        if not set(assumptions) <= set(ASSUMPTIONS) or not all(isinstance(x, bool) for x in assumptions.values()):
            raise WireError("a symbol with an assumption that is not on the list")
        return getattr(self.sympy, head)(self.name(text), **assumptions)

    @staticmethod
    def whole(text: object) -> int:
        if not isinstance(text, str) or not re.fullmatch(rf"-?[0-9]{{1,{DIGITS}}}", text):
            raise WireError("a whole number that is none, or too long")
        return int(text)

    def float(self, text: object) -> object:
        if not isinstance(text, str) or not re.fullmatch(r"-?[0-9]{0,40}\.?[0-9]{0,40}(e[+-]?[0-9]{1,4})?", text):
            raise WireError("a decimal number that is none, or too long")
        return self.sympy.Float(text)

    def constant(self, key: object) -> object:
        sympy = self.sympy
        table = {"pi": sympy.pi, "E": sympy.E, "I": sympy.I, "oo": sympy.oo, "-oo": -sympy.oo, "zoo": sympy.zoo}
        table |= {"nan": sympy.nan, "true": sympy.true, "false": sympy.false, "gamma": sympy.EulerGamma}
        if not isinstance(key, str) or key not in table:
            raise WireError("a constant that is not on the list")
        return table[key]

    def matrix(self, shape: list, entries: list, depth: int) -> object:
        rows, columns = (int(size) for size in shape)
        if rows < 0 or columns < 0 or rows * columns != len(entries):
            raise WireError("a matrix whose shape does not fit")
        return self.sympy.Matrix(rows, columns, [self.build(entry, depth + 1) for entry in entries])

    @staticmethod
    def refuse_monsters(head: str, args: list) -> None:
        """Nothing may be computed here that takes long: 9**(9**9), factorial(10**9)."""
        numbers = [arg for arg in args if getattr(arg, "is_Rational", False) or getattr(arg, "is_Float", False)]
        if head in GROWING and any(abs(number) > 200 for number in numbers):
            raise WireError(f"{head} of a large number")
        if head == "Pow" and len(numbers) == 2 and abs(args[1]) > 1 and _bits(args[0]) * abs(args[1]) > BITS:
            raise WireError("a number to a large power")
        if head in ("floor", "ceiling", *RELATIONS) and any(_tower(arg) for arg in args):
            raise WireError(f"{head} of a tower of powers")


def _bits(number: object) -> int:
    """How many binary digits a number has."""
    if number.is_Float:
        return 64
    return max(int(abs(number.p)).bit_length(), int(number.q).bit_length())


def _tower(x: object) -> bool:
    """Whether a number has powers in its exponents, so that its value may be out of reach."""
    if not getattr(x, "is_number", False):
        return False
    return any(part.exp.has(*_power_classes()) for part in x.atoms(*_power_classes()))


def _power_classes() -> tuple:
    import sympy

    return sympy.Pow, sympy.exp
