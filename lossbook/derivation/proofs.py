"""Symbolic proofs of the relations between two lines, on top of the normal form."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from sympy import Add, Expr, Integer, Mul, S, Sum, Symbol, exp, log, together
from sympy.polys.polyerrors import PolynomialError
from sympy.tensor.indexed import Indexed

from .facts import Knowledge, name_of
from .normal_form import Prover, TooLarge, _Disguise, _rectangular


@dataclass(frozen=True)
class Dropped:
    """What a step with the same minimiser left out: additive constants, and positive factors."""

    constants: tuple[Expr, ...] = ()
    factors: tuple[Expr, ...] = ()
    transform: str = ""


def prove_equal(knowledge: Knowledge, left: Expr, right: Expr) -> bool:
    """Whether the normal forms of the two sides agree."""
    prover = Prover(knowledge)
    return prover.is_zero(knowledge.refine(left - right))


def _depends(e: Expr, names: frozenset[str]) -> bool:
    return any(name_of(x) in names for x in e.atoms(Symbol, Indexed))


def _split(e: Expr, names: frozenset[str]) -> tuple[Expr, Expr]:
    """Terms that depend on the named symbols, and terms that do not."""
    parts: tuple[list[Expr], list[Expr]] = ([], [])
    for term in Add.make_args(e):
        parts[not _depends(term, names)].append(term)
    return Add(*parts[0]), Add(*parts[1])


def prove_same_order(knowledge: Knowledge, left: Expr, right: Expr, names: frozenset[str]) -> Dropped | None:
    """Show that ``right`` is an increasing function of ``left`` whose other parts are free of the named symbols."""
    prover = Prover(knowledge)
    first, second = knowledge.refine(left), knowledge.refine(right)
    for transform, f, g in _transforms(prover, first, second):
        dropped = _affine(prover, f, g, names)
        if dropped is not None:
            return Dropped(*dropped, transform)
    return None


def _transforms(prover: Prover, left: Expr, right: Expr) -> list[tuple[str, Expr, Expr]]:
    """Increasing transforms under which the two sides may become alike."""
    pairs = [("", left, right)]
    for name, f, inverse in (("logarithm", left, False), ("exponential", right, True)):
        if prover.positive(_signed(prover, f)):
            pairs.append((name, log(f), right) if not inverse else (name, left, log(f)))
        elif prover.positive(_signed(prover, -f)):
            pairs.append((name, -log(-f), right) if not inverse else (name, left, -log(-f)))
    if prover.nonnegative(left) and prover.nonnegative(right):
        pairs += [("square", left**2, right), ("square root", left, right**2)]
    return pairs


def _signed(prover: Prover, e: Expr) -> Expr:
    try:
        return prover.normal(e) if not prover.positive(e) else e
    except TooLarge:
        return e


def _affine(prover: Prover, left: Expr, right: Expr, names: frozenset[str]) -> tuple[tuple, tuple] | None:
    """Left = a * right + b with a > 0 and both free of the named symbols: the dropped b and a."""
    try:
        f, g = prover.normal(left), prover.normal(right)
        (f_part, f_rest), (g_part, g_rest) = _split(f, names), _split(g, names)
        if f_part == 0 or g_part == 0:
            return None
        for factor in _ratio_candidates(prover, f_part, g_part, names):
            if prover.positive(factor) and not _depends(factor, names):
                constant = prover.normal(f_rest - factor * g_rest)
                if prover._is_zero(prover.normal(f_part - factor * g_part)):
                    return ((constant,) if constant != 0 else (), (factor,) if factor != 1 else ())
        difference = prover.numerator(f - g)
        if not _depends(difference, names) and not _depends(prover.normal(f - g), names):
            return ((prover.normal(f - g),), ())
    except (TooLarge, PolynomialError, RecursionError):
        return None
    return None


def _ratio_candidates(prover: Prover, f: Expr, g: Expr, names: frozenset[str]) -> list[Expr]:
    """Factors by which two normal forms may differ: the quotients of their first terms' coefficients."""
    found: list[Expr] = [S.One]
    clothes = _Disguise(prover)
    quotient = together(clothes.dress(f) / clothes.dress(g))
    with suppress(PolynomialError):
        found.append(prover.normal(clothes.undress(quotient.cancel())))
    for one in Add.make_args(f):
        coefficient, core = _coefficient(one, names)
        for other in Add.make_args(g):
            second, same = _coefficient(other, names)
            if core == same:
                found.append(prover.normal(coefficient / second))
        break
    unique = []
    for factor in found:
        if factor not in unique:
            unique.append(factor)
    return unique


def _coefficient(term: Expr, names: frozenset[str]) -> tuple[Expr, Expr]:
    free = [f for f in Mul.make_args(term) if not _depends(f, names)]
    return Mul(*free), Mul(*(f for f in Mul.make_args(term) if f not in free))


# ---------------------------------------------------------------------------------------------------------------------
# Bounds
# ---------------------------------------------------------------------------------------------------------------------


def prove_nonnegative(knowledge: Knowledge, difference: Expr) -> bool:
    """Show that an expression is at least 0: by signs, as squares, through exp, or by ln u <= u - 1 (Gibbs, Jensen)."""
    prover = Prover(knowledge)
    e = knowledge.refine(difference)
    try:
        return any(attempt(prover, e) for attempt in _ATTEMPTS)
    except (TooLarge, PolynomialError, RecursionError):
        return False


def _by_sign(prover: Prover, e: Expr) -> bool:
    return prover.nonnegative(e) or prover.nonnegative(prover.normal(e)) or prover._is_zero(prover.normal(e))


def _by_factors(prover: Prover, e: Expr) -> bool:
    """Every sum's summand, written as one fraction and factored, has a sign."""
    normal = prover.normal(e)
    if _factored_sign(prover, normal):
        return True
    groups: dict[tuple, Expr] = {}
    rest = S.Zero
    for term in Add.make_args(normal):
        sums = [f for f in Mul.make_args(term) if isinstance(f, Sum)]
        if len(sums) == 1 and _rectangular(sums[0]):
            groups.setdefault(sums[0].limits, S.Zero)
            groups[sums[0].limits] += term / sums[0] * sums[0].function
        else:
            rest += term
    if len(groups) == 1:  # a term without a sum may belong to the square
        ((limits, summand),) = groups.items()
        if rest != 0 and len(limits) == 1:
            length = limits[0][2] - limits[0][1] + 1
            if prover.positive(length) and _factored_sign(prover, summand + rest / length):
                return True
    return (
        bool(groups)
        and all(_factored_sign(prover, s) for s in groups.values())
        and (rest == 0 or prover.nonnegative(rest))
    )


def _factored_sign(prover: Prover, e: Expr) -> bool:
    clothes = _Disguise(prover)
    factored = together(clothes.dress(e)).factor()
    real = clothes.undress(factored)
    return prover.nonnegative(real)


def _by_exponential(prover: Prover, e: Expr) -> bool:
    """E >= 0 follows from exp(e) - 1 >= 0, which logarithms make rational."""
    if not e.has(log):
        return False
    grown = prover.normal(exp(prover.normal(e))) - 1
    clothes = _Disguise(prover)
    top, bottom = together(clothes.dress(grown)).as_numer_denom()
    top, bottom = clothes.undress(top.expand()), clothes.undress(bottom)
    return prover.nonnegative(prover.normal(top)) and prover.positive(bottom)


def _by_gibbs(prover: Prover, e: Expr) -> bool:
    """Collect the logarithms of each weight w >= 0 into -w ln u, and use -ln u >= 1 - u.

    With u = q/p and the weight p this is Gibbs' inequality.  Terms without a sum are first spread over a row that sums
    to 1.
    """
    normal = prover.normal(e)
    if _gibbs(prover, normal):
        return True
    rows = sorted({limits for limits in (s.limits for s in normal.atoms(Sum)) if len(limits) == 1}, key=str)
    for limits in rows:
        index = limits[0][0]
        weights = sorted(
            {
                f
                for s in normal.atoms(Sum)
                if s.limits == limits
                for f in s.function.atoms(Indexed)
                if prover._row_over(f, limits[0])
            },
            key=str,
        )
        for weight in weights:
            constant = Add(*(t for t in Add.make_args(normal) if not t.has(Sum)))
            summand = sum(
                (
                    t / s * s.function
                    for t in Add.make_args(normal)
                    for s in Mul.make_args(t)
                    if isinstance(s, Sum) and s.limits == limits
                ),
                start=constant * weight,
            )
            others = [
                t
                for t in Add.make_args(normal)
                if t.has(Sum) and not any(isinstance(f, Sum) and f.limits == limits for f in Mul.make_args(t))
            ]
            if not others and _gibbs_summand(prover, summand, (index, *limits[0][1:])):
                return True
    return False


def _gibbs(prover: Prover, normal: Expr) -> bool:
    summands: dict[tuple, Expr] = {}
    rest = S.Zero
    for term in Add.make_args(normal):
        sums = [f for f in Mul.make_args(term) if isinstance(f, Sum) and _rectangular(f)]
        if len(sums) == 1:
            summands.setdefault(sums[0].limits, S.Zero)
            summands[sums[0].limits] += term / sums[0] * sums[0].function
        else:
            rest += term
    if rest == 0 and summands:
        return all(_gibbs_summand(prover, summand, *limits) for limits, summand in summands.items())
    return not summands and _gibbs_summand(prover, rest)


def _gibbs_summand(prover: Prover, summand: Expr, *limits: tuple) -> bool:
    """Whether the sum over ``limits`` of a summand with logarithms is at least 0 by -ln u >= 1 - u."""
    weights: dict[Expr, list[tuple[Expr, Expr]]] = {}
    bound = S.Zero
    for term in Add.make_args(prover._expand(summand)):
        logs = [f for f in Mul.make_args(term) if isinstance(f, log)]
        if len(logs) == 1:
            weight = Mul(*(f for f in Mul.make_args(term) if f is not logs[0]))
            number, core = weight.as_coeff_Mul()
            weights.setdefault(core, []).append((number, logs[0]))
        elif logs:
            return False
        else:
            bound += term
    if not weights:
        return False
    for core, logarithms in weights.items():
        unit = min(abs(number) for number, _ in logarithms)
        weight, logarithm = unit * core, Add(*(number / unit * part for number, part in logarithms))
        if not prover.nonnegative(weight):
            return False
        ratio = prover.normal(exp(-logarithm))  # weight * logarithm = -weight * ln(ratio) >= weight * (1 - ratio)
        if ratio.has(log):
            return False
        bound += weight * (1 - ratio)
    total = prover.normal(Sum(bound, *limits)) if limits else prover.normal(bound)
    return prover._is_zero(total) or prover.nonnegative(total)


def _by_summands(prover: Prover, e: Expr) -> bool:
    """A sum is at least 0 if its summand is, and so is a sum of terms that each are."""
    if isinstance(e, Sum):
        return any(attempt(prover, e.function) for attempt in _ATTEMPTS)
    if e.is_Mul:
        sums = [f for f in e.args if isinstance(f, Sum)]
        if len(sums) == 1 and prover.nonnegative(e / sums[0]):
            return _by_summands(prover, sums[0])
    return False


def _by_variance(prover: Prover, e: Expr) -> bool:
    """Recognise a weighted variance: sum w v**2 - (sum w v)**2 / W is sum w (v - mean)**2, with W the total weight."""
    normal = prover.normal(e)
    for term in Add.make_args(normal):
        squares = [f for f in Mul.make_args(term) if f.is_Pow and f.exp == 2 and isinstance(f.base, Sum)]
        if len(squares) != 1 or len(squares[0].base.limits) != 1:
            continue
        total, limit = squares[0].base, squares[0].base.limits[0]
        factor = -term / squares[0]
        rows = [f for f in Mul.make_args(total.function) if prover._row_over(f, limit) or prover.positive(f)]
        for weight in (S.One, *rows):
            size = prover.normal(Sum(weight, limit))
            if not prover.nonnegative(factor * size) or not prover.nonnegative(weight):
                continue
            mean = total / size
            variance = factor * size * Sum(weight * (total.function / weight - mean) ** 2, limit)
            rest = prover.normal(normal - variance)
            if prover._is_zero(rest) or prover.nonnegative(rest):
                return True
    return False


def _by_jensen(prover: Prover, e: Expr) -> bool:
    """Ln sum_k p_k a_k >= sum_k p_k ln a_k on a simplex: -ln u >= 1 - u with u = a_k / (sum p a), weighted by p."""
    normal = prover.normal(e)
    for outer in sorted(normal.atoms(log), key=str):
        inside = outer.args[0]
        if not isinstance(inside, Sum) or len(inside.limits) != 1:
            continue
        limit = inside.limits[0]
        rows = [f for f in Mul.make_args(inside.function) if prover._row_over(f, limit)]
        if not rows:
            continue
        coefficient = normal.coeff(outer)
        if coefficient != 1:
            continue
        rest = normal - outer
        sums = [s for s in rest.atoms(Sum) if s.limits == (limit,)]
        if len(sums) != 1 or prover._expand(rest - rest.coeff(sums[0]) * sums[0]) != 0:
            continue
        weight = rows[0]
        summand = rest.coeff(sums[0]) * sums[0].function + weight * log(inside)
        if _gibbs_summand(prover, summand, limit):
            return True
    return False


_ATTEMPTS = (_by_sign, _by_factors, _by_exponential, _by_gibbs, _by_variance, _by_jensen, _by_summands)

__all__ = ["Dropped", "Integer", "prove_equal", "prove_nonnegative", "prove_same_order"]
