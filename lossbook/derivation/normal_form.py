"""A normal form for sums, products, logarithms and exponentials of symbolic length, and the proofs it gives.

Two expressions are equal for every sample size and class count when their normal forms agree.  The form is reached by
rules that a student would use on paper:

* the logarithm of a product is a sum of logarithms, as long as every factor is positive;
* a sum is split at its plus signs, factors that do not depend on its index move in front, and an index that no factor
  depends on counts its terms;
* a one-hot row and a simplex row sum to 1; a 0/1 number equals its own square; a one-hot row selects;
* a Kronecker delta picks one term of a sum;
* sums over the same range are merged, and their summands compared as fractions.

The proofs trust nothing else; whatever they cannot settle the engine reports as *checked*, never as *proved*.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

from sympy import (
    Add,
    Dummy,
    Expr,
    Integer,
    KroneckerDelta,
    Mul,
    Poly,
    PolynomialError,
    Pow,
    Product,
    Rational,
    S,
    Sum,
    Symbol,
    exp,
    factorint,
    fraction,
    ilcm,
    log,
    together,
)
from sympy.core.function import AppliedUndef
from sympy.functions.elementary.complexes import Abs
from sympy.functions.elementary.piecewise import Piecewise
from sympy.integrals.integrals import Integral
from sympy.polys.polytools import factor_list
from sympy.tensor.indexed import Indexed

from .facts import Knowledge, name_of

_FEW = 6  # sums with at most this many terms, known in number, are written out
_MOST_OPERATIONS = 4000  # beyond this size a proof is not attempted


class TooLarge(Exception):
    """The expression outgrew what a proof may cost."""


class Prover:
    """Proofs under the facts of one derivation."""

    def __init__(self, knowledge: Knowledge) -> None:
        self.knowledge = knowledge
        self.kinds = knowledge.kinds
        self._ranges = {
            key: tuple(knowledge.refine(side) for side in bounds) for key, bounds in knowledge.axis_ranges.items()
        }
        self._cache: dict[Expr, Expr] = {}

    # -- signs --------------------------------------------------------------------------------------------------

    def _is(self, x: Expr, kind: str) -> bool:
        return isinstance(x, Symbol | Indexed) and kind in self.kinds.get(name_of(x), ())

    def is_01(self, x: Expr) -> bool:
        """Whether ``x`` is a 0/1 number."""
        return self._is(x, "binary") or self._is(x, "one_hot")

    def positive(self, e: Expr) -> bool:
        """Whether ``e`` is certainly above 0."""
        if e.is_positive:
            return True
        if e.is_Mul:
            return self._sign_of_product(e) == 1
        if e.is_Pow:
            return (self.positive(e.base) and e.exp.is_real is not False) or (
                e.exp.is_even is True and (self.positive(e.base) or self.negative(e.base))
            )
        if isinstance(e, exp):
            return True
        if isinstance(e, Sum):
            return all(self._nonempty(limit) for limit in e.limits) and self.positive(e.function)
        if isinstance(e, Product):
            return self.positive(e.function)
        if e.is_Add:
            if any(self.positive(term) for term in e.args) and all(self.nonnegative(term) for term in e.args):
                return True
            return self._corner_signs(e) == "positive"
        return isinstance(e, AppliedUndef) and bool(e.is_positive)

    def nonnegative(self, e: Expr) -> bool:
        """Whether ``e`` is certainly at least 0."""
        if e.is_nonnegative or self.positive(e):
            return True
        if e.is_Mul:
            signs = [1 if self.nonnegative(a) else -1 if a.is_nonpositive or self.negative(a) else 0 for a in e.args]
            return 0 not in signs and signs.count(-1) % 2 == 0
        if e.is_Pow:
            return (e.exp.is_even is True and e.base.is_real is not False) or self.nonnegative(e.base)
        if isinstance(e, Sum | Product):
            return self.nonnegative(e.function)
        if isinstance(e, log):
            return self.nonnegative(e.args[0] - 1)
        if isinstance(e, Abs):
            return True
        if e.is_Add:
            return all(self.nonnegative(term) for term in e.args) or self._corner_signs(e) in (
                "positive",
                "nonnegative",
            )
        return False

    def _nonempty(self, limit: tuple) -> bool:
        return bool((limit[2] - limit[1]).is_nonnegative)

    def negative(self, e: Expr) -> bool:
        """Whether ``e`` is certainly below 0."""
        if e.is_Add:
            return self.positive(-e)
        return bool(e.is_negative) or (e.is_Mul and self._sign_of_product(e) == -1)

    def _sign_of_product(self, e: Expr) -> int:
        sign = 1
        for factor in e.args:
            if self.positive(factor):
                continue
            if not self.negative(factor):
                return 0
            sign = -sign
        return sign

    def _corner_signs(self, e: Expr) -> str:
        """Sign of an expression that is linear in each of its numbers between 0 and 1: its corners tell."""
        labels = {x for a in e.atoms(Indexed) for x in a.free_symbols if x is not a and not isinstance(x, Indexed)}
        atoms = sorted((a for a in e.atoms(Symbol, Indexed) if a not in labels and self._is_between(a)), key=str)
        others = [a for a in e.atoms(Symbol, Indexed) if a not in atoms and a not in labels]
        if not atoms or len(atoms) > 4 or others or e.has(Sum, Product, log, exp):
            return ""
        try:
            poly = Poly(e, *atoms)
        except PolynomialError:
            return ""
        if any(power > 1 for powers in poly.monoms() for power in powers):
            return ""
        values = [
            poly.eval(dict(zip(atoms, corner, strict=True))) for corner in itertools.product((0, 1), repeat=len(atoms))
        ]
        if not all(value.is_number and value.is_nonnegative for value in values):
            return ""
        open_cube = all(self._is(a, "unit_interval") or self._in_long_row(a) for a in atoms)
        return (
            "positive"
            if all(value > 0 for value in values) or (open_cube and any(value > 0 for value in values))
            else "nonnegative"
        )

    def _in_long_row(self, x: Expr) -> bool:
        """Whether ``x`` is an entry of a simplex row of at least two entries, so that it is below 1."""
        row = self.knowledge.rows.get(name_of(x))
        return row is not None and row.kind == "simplex" and (row.over[2] - row.over[1]).is_positive is True

    def _is_between(self, x: Expr) -> bool:
        return self._is(x, "unit_interval") or self._is(x, "simplex") or self.is_01(x)

    # -- normal form --------------------------------------------------------------------------------------------

    def normal(self, e: Expr) -> Expr:
        """Normal form of an expression whose symbols carry their assumptions (:meth:`Knowledge.refine`)."""
        if isinstance(e, Indexed):
            return self._last_of_row(e)
        if e.is_Atom or isinstance(e, KroneckerDelta):
            return e
        if e not in self._cache:
            if e.count_ops() > _MOST_OPERATIONS:
                raise TooLarge
            self._cache[e] = self._normal(e)
        return self._cache[e]

    def _last_of_row(self, e: Indexed) -> Expr:
        """The last entry of a row of known length is what the others leave of 1."""
        row = self.knowledge.rows.get(name_of(e))
        if row is None or len(row.target.indices) != len(e.indices) or e.indices[row.axis] != row.over[2]:
            return e
        if not row.over[1].is_Integer or not row.over[2].is_Integer:
            return e
        others = range(int(row.over[1]), int(row.over[2]))
        return 1 - Add(*(e.func(e.base, *e.indices[: row.axis], i, *e.indices[row.axis + 1 :]) for i in others))

    def _normal(self, e: Expr) -> Expr:
        if e.is_Add:
            return Add(*(self.normal(term) for term in e.args))
        if e.is_Mul:
            return self._expand(Mul(*(self.normal(factor) for factor in e.args)))
        if e.is_Pow:
            return self._normal_power(self.normal(e.base), self.normal(e.exp))
        if isinstance(e, log):
            return self._log_as_written(e.args[0])
        if isinstance(e, exp):
            return self._normal_exp(self.normal(e.args[0]))
        if isinstance(e, Sum):
            if any(len(limit) == 3 and limit[2] is S.Infinity for limit in e.limits) or isinstance(
                e.function, Integral
            ):
                return self._closed_form(e)
            return self.normal_sum(self.normal(e.function), list(e.limits))
        if isinstance(e, Integral):
            return self._closed_form(e)
        if isinstance(e, Product):
            return self._normal_product(e)
        if isinstance(e, Abs):
            return self._normal_abs(self.normal(e.args[0]))
        if isinstance(e, Piecewise):
            return Piecewise(*((self.normal(branch), condition) for branch, condition in e.args))
        if e.is_Function:
            return e.func(*(self.normal(arg) for arg in e.args))
        return e

    def _closed_form(self, e: Expr) -> Expr:
        """SymPy's value of an integral or of an endless sum, where it has one."""
        done = e.doit()
        return e if done.has(Sum, Integral) else self.normal(done)

    def _expand(self, e: Expr) -> Expr:
        """Multiply out, merge exponentials, and reduce powers of 0/1 numbers."""
        if e.count_ops() > _MOST_OPERATIONS:
            raise TooLarge
        e = e.expand(mul=True, multinomial=True, power_exp=False, power_base=False, log=False, basic=False)
        return Add(*(self._tidy_product(term) for term in Add.make_args(e)))

    def _tidy_product(self, term: Expr) -> Expr:
        factors, exponent = [], S.Zero
        for factor in Mul.make_args(term):
            if isinstance(factor, exp):
                exponent += factor.args[0]
            elif factor.is_Pow and factor.exp.is_Integer and isinstance(factor.base, exp):
                exponent += factor.base.args[0] * factor.exp
            elif factor.is_Pow and factor.exp.is_Integer and factor.exp > 0 and self.is_01(factor.base):
                factors.append(factor.base)
            else:
                factors.append(factor)
        return Mul(*factors, exp(exponent))

    def _normal_power(self, base: Expr, exponent: Expr) -> Expr:
        if exponent.is_Integer:
            if self.is_01(base) and exponent > 0:
                return base
            if base.is_Add and 1 < exponent <= 6:
                return self._expand(Mul(*[self._expand(base)] * int(exponent)))
            if base.is_Mul or isinstance(base, exp):
                return (
                    self._expand(Mul(*(self._normal_power(factor, exponent) for factor in Mul.make_args(base))))
                    if base.is_Mul
                    else exp(base.args[0] * exponent)
                )
            return self._normal_fraction(base, exponent) if exponent < 0 and base.is_Add else Pow(base, exponent)
        if self.positive(base):
            if base.is_number and exponent.is_Rational:
                return Pow(base, exponent)
            return self._normal_exp(self._expand(exponent * self._normal_log(base)))
        if exponent.is_Rational and exponent.q == 2 and base.is_Mul:  # sqrt(a**2 * b)
            inside = [(f, self.positive(f)) for f in base.args]
            sure = [f for f, is_positive in inside if is_positive]
            if sure:
                return self._expand(
                    Mul(*(self._normal_power(f, exponent) for f in sure))
                    * Pow(Mul(*(f for f, p in inside if not p)), exponent)
                )
        if exponent == S.Half and base.is_Pow and base.exp == 2:
            return self._normal_abs(base.base)
        return Pow(base, exponent)

    def _normal_fraction(self, base: Expr, exponent: Expr) -> Expr:
        """1 over a sum: one term of the sum is made positive, a common factor moves out."""
        content, rest = base.as_content_primitive()
        if rest.could_extract_minus_sign():
            content, rest = -content, -rest
        return Pow(content, exponent) * Pow(rest, exponent)

    def _normal_abs(self, x: Expr) -> Expr:
        if self.nonnegative(x):
            return x
        return -x if self.nonnegative(-x) else Abs(x)

    def _normal_exp(self, x: Expr) -> Expr:
        result, rest = S.One, S.Zero
        for term in Add.make_args(x):
            logs = [f for f in Mul.make_args(term) if isinstance(f, log)]
            others = Mul(*(f for f in Mul.make_args(term) if not isinstance(f, log)))
            if len(logs) == 1 and (others.is_Rational):
                result *= self._normal_power_of_number(logs[0].args[0], others)
            elif (selection := self._exp_of_selection(term)) is not None:
                result *= selection
            else:
                rest += term
        return self._expand(result * exp(rest)) if result.is_Add or result.is_Mul else result * exp(rest)

    def _exp_of_selection(self, term: Expr) -> Expr | None:
        """exp(sum_k t_k a_k) over a one-hot row is sum_k t_k exp(a_k)."""
        sums = [f for f in Mul.make_args(term) if isinstance(f, Sum) and len(f.limits) == 1]
        if len(sums) != 1 or sums[0].function.is_Add:
            return None
        rows = [f for f in Mul.make_args(sums[0].function) if self._row_over(f, sums[0].limits[0]) == "one_hot"]
        if not rows:
            return None
        exponent = term / sums[0] * sums[0].function / rows[0]
        if exponent.has(rows[0]):
            return None
        return self.normal_sum(self._expand(rows[0] * self._normal_exp(self._expand(exponent))), list(sums[0].limits))

    def _normal_power_of_number(self, base: Expr, exponent: Rational) -> Expr:
        if exponent.is_Integer and base.is_Add:
            return self._normal_power(base, exponent)
        return Pow(base, exponent)

    # -- logarithms ----------------------------------------------------------------------------------------------

    def _log_as_written(self, x: Expr) -> Expr:
        """Logarithm of an expression that still shows its factors: a normal form would multiply them out."""
        if isinstance(x, Product) and self.positive(x.function):
            return self.normal_sum(self._log_as_written(x.function), list(x.limits))
        if x.is_Mul:
            sure = [factor for factor in x.args if self.positive(factor)]
            rest = Mul(*(factor for factor in x.args if factor not in sure))
            if sure and rest != 1:
                return Add(*(self._log_as_written(factor) for factor in sure), self._log_as_written(rest))
            if sure:
                return Add(*(self._log_as_written(factor) for factor in sure))
        if x.is_Pow and not isinstance(x, exp) and (self.positive(x.base) or x.exp.is_odd):
            return self._expand(self.normal(x.exp) * self._log_as_written(x.base))  # b**3 > 0 only where b > 0
        if isinstance(x, exp):
            return self.normal(x.args[0])
        return self._normal_log(self.normal(x))

    def _normal_log(self, x: Expr) -> Expr:
        """Logarithm of a normal form: split at products, powers and exponentials of positive factors."""
        selected = self._selected(x, log)
        if selected is not None:
            return selected
        pieces = self._factors(x)
        if pieces is None:
            return log(x)
        return Add(*(self._expand(power * self._log_of_factor(factor)) for factor, power in pieces))

    def _log_of_factor(self, factor: Expr) -> Expr:
        if factor.is_Integer:
            return Add(*(power * log(prime) for prime, power in factorint(factor).items()))
        if factor.is_Rational:
            return self._log_of_factor(Integer(factor.p)) - self._log_of_factor(Integer(factor.q))
        if isinstance(factor, exp):
            return factor.args[0]
        if isinstance(factor, Product):
            return self.normal_sum(self._normal_log(self.normal(factor.function)), list(factor.limits))
        if factor == S.Exp1:
            return S.One
        if factor.is_Pow and self.positive(factor.base):
            return self._expand(factor.exp * self._normal_log(factor.base))
        return log(factor)

    def _factors(self, x: Expr) -> list[tuple[Expr, Expr]] | None:
        """Positive factors of ``x`` with their exponents, or None if a sign is not certain."""
        pieces: list[tuple[Expr, Expr]] = []
        negatives = 0
        for factor in Mul.make_args(x):
            is_power = factor.is_Pow and not isinstance(factor, exp)
            base, power = (factor.base, factor.exp) if is_power else (factor, S.One)
            if self.positive(base):
                pieces += [(b, p * power) for b, p in self._factors_of_sum(base)] if base.is_Add else [(base, power)]
            elif power.is_Integer and self.negative(base):
                negatives += int(power)
                flipped = self._expand(-base)
                pieces += (
                    [(b, p * power) for b, p in self._factors_of_sum(flipped)] if flipped.is_Add else [(flipped, power)]
                )
            elif base.is_Add and power == 1:
                found = self._factors_of_sum(base)
                if found == [(base, S.One)]:
                    return None
                pieces += found
            else:
                return None
        return pieces if negatives % 2 == 0 else None

    def _factors_of_sum(self, x: Expr) -> list[tuple[Expr, Expr]]:
        """Factor a sum as a fraction of polynomials; [(x, 1)] where the signs of the factors are not certain."""
        unchanged = [(x, S.One)]
        clothes = _Disguise()
        top, bottom = fraction(together(clothes.dress(x)))
        try:
            if top.count_ops() + bottom.count_ops() > 120:
                return unchanged
            pieces: list[tuple[Expr, Expr]] = []
            sign = 1
            for part, direction in ((top, 1), (bottom, -1)):
                number, factors = factor_list(part.expand())
                pieces.append((abs(number), Integer(direction)))
                sign *= -1 if number < 0 else 1
                for factor, power in factors:
                    real = clothes.undress(factor)
                    if self.positive(real):
                        pieces.append((real, Integer(direction * power)))
                    elif self.positive(self._expand(-real)):
                        pieces.append((self._expand(-real), Integer(direction * power)))
                        sign *= (-1) ** power
                    else:
                        return unchanged
        except PolynomialError:
            return unchanged
        kept = [(factor, power) for factor, power in pieces if factor != 1]
        return kept if sign == 1 else unchanged

    def _selected(self, x: Expr, function: Callable[[Expr], Expr]) -> Expr | None:
        """A one-hot row selects: f(sum_k t_k a_k) is sum_k t_k f(a_k)."""
        if not isinstance(x, Sum) or len(x.limits) != 1:
            return None
        index = x.limits[0][0]
        rows = [f for f in Mul.make_args(x.function) if self._row_over(f, x.limits[0]) == "one_hot"]
        if not rows or x.function.is_Add:
            return None
        chosen = x.function / rows[0]
        if not self.positive(chosen) or not chosen.has(index):
            return None
        return (
            self.normal_sum(self._expand(rows[0] * self._normal_log(chosen)), list(x.limits))
            if function is log
            else None
        )

    # -- sums and products ----------------------------------------------------------------------------------------

    def _row_over(self, factor: Expr, limit: tuple) -> str | None:
        """'simplex' or 'one_hot' if ``factor`` runs through a whole row while the index runs through its range."""
        if not isinstance(factor, Indexed):
            return None
        row = self.knowledge.rows.get(name_of(factor))
        if row is None or len(row.target.indices) != len(factor.indices) or factor.indices[row.axis] != limit[0]:
            return None
        if any(index.has(limit[0]) for place, index in enumerate(factor.indices) if place != row.axis):
            return None
        return row.kind if self._ranges[row.name, row.axis] == tuple(limit[1:]) else None

    def normal_sum(self, function: Expr, limits: list[tuple]) -> Expr:
        """Normal form of a sum whose summand is in normal form; limits innermost first, as SymPy keeps them."""
        if any(len(limit) != 3 for limit in limits):
            return Sum(function, *limits)
        if all(low.is_Integer and high.is_Integer and high - low < _FEW for _, low, high in limits):
            for index, low, high in limits:
                function = Add(*(function.xreplace({index: Integer(i)}) for i in range(int(low), int(high) + 1)))
            return self.normal(function)
        fresh = {
            limit[0]: Dummy(str(limit[0]), integer=True, **({"positive": True} if limit[1].is_positive else {}))
            for limit in limits
        }
        function = function.xreplace(fresh)
        limits = [(fresh[i], low.xreplace(fresh), high.xreplace(fresh)) for i, low, high in limits]
        if any(bound.free_symbols & set(fresh.values()) for limit in limits for bound in limit[1:]):
            return self._named(function, limits)  # a triangle of indices: only renamed
        return Add(*(self._sum_of_term(term, limits) for term in Add.make_args(self._expand(function))))

    def _sum_of_term(self, term: Expr, limits: list[tuple]) -> Expr:
        limits = list(limits)
        factors = list(Mul.make_args(term))
        indices = {limit[0] for limit in limits}
        absorbed = False
        for place, factor in enumerate(factors):  # a sum that depends on our indices joins them
            if isinstance(factor, Sum) and factor.free_symbols & indices and _rectangular(factor):
                fresh = {
                    limit[0]: Dummy(str(limit[0]), integer=True, positive=limit[1].is_positive)
                    for limit in factor.limits
                }
                factors[place] = factor.function.xreplace(fresh)
                limits = [(fresh[i], low, high) for i, low, high in factor.limits] + limits
                absorbed = True
        if absorbed:
            whole = self._expand(Mul(*factors))
            return Add(*(self._sum_of_term(part, limits) for part in Add.make_args(whole)))
        changed = True
        while changed:
            changed = False
            for limit in limits:
                dependent = [f for f in factors if limit[0] in f.free_symbols]
                replacement = self._without_index(dependent, limit, limits)
                if replacement is not None:
                    free = [f for f in factors if limit[0] not in f.free_symbols]
                    rest = [other for other in limits if other is not limit]
                    whole = self._expand(self.normal(Mul(*free, replacement)))
                    if not rest:
                        return whole
                    return Add(*(self._sum_of_term(part, rest) for part in Add.make_args(whole)))
        indices = {limit[0] for limit in limits}
        outside = Mul(*(f for f in factors if not f.free_symbols & indices))
        inside = [f for f in factors if f.free_symbols & indices]
        return outside * Mul(*(self._named(Mul(*part), list(own)) for part, own in _components(inside, limits)))

    def _without_index(self, dependent: list[Expr], limit: tuple, limits: list[tuple]) -> Expr | None:
        """What a sum over one index comes to, if it can be carried out."""
        index, low, high = limit
        if not dependent:
            return high - low + 1
        for factor in dependent:
            if isinstance(factor, KroneckerDelta):
                other = (
                    factor.args[1] if factor.args[0] == index else factor.args[0] if factor.args[1] == index else None
                )
                if other is not None and index not in other.free_symbols and self._within(other, low, high, limits):
                    return Mul(*(f.xreplace({index: other}) for f in dependent if f is not factor))
        if len(dependent) == 1 and self._row_over(dependent[0], limit) is not None:
            return S.One
        return None

    def _within(self, index: Expr, low: Expr, high: Expr, limits: list[tuple]) -> bool:
        """Whether ``index`` certainly lies in a range: because it runs through the same one, or is its first value."""
        for other, first, last in limits:
            if other == index:
                return (first, last) == (low, high)
        for symbol, bounds in self.knowledge.index_ranges.items():
            if symbol.name == str(index):
                return tuple(self.knowledge.refine(side) for side in bounds) == (low, high)
        return index == low and (high - low).is_nonnegative is True

    def _named(self, function: Expr, limits: list[tuple]) -> Expr:
        """A sum with its indices renamed, and ordered, in the one way that does not depend on how it was written."""
        height = max((_height(part) for part in function.atoms(Sum)), default=0)
        candidates = [limits]
        free_order = not any(b.free_symbols & {i for i, _, _ in limits} for _, low, high in limits for b in (low, high))
        if free_order and 1 < len(limits) <= 3:
            candidates = [list(order) for order in itertools.permutations(limits)]
        forms = []
        for order in candidates:
            names = {limit[0]: _index(height + place + 1, limit[0]) for place, limit in enumerate(order)}
            renamed = Sum(
                function.xreplace(names), *((names[i], a.xreplace(names), b.xreplace(names)) for i, a, b in order)
            )
            forms.append((str(renamed.limits), str(renamed.function), renamed))
        return min(forms, key=lambda form: form[:2])[2]

    def _normal_product(self, e: Product) -> Expr:
        selected = self._product_of_selection(e)
        if selected is not None:
            return selected
        if self.positive(e.function):
            return self._normal_exp(self.normal_sum(self._log_as_written(e.function), list(e.limits)))
        function = self.normal(e.function)
        if len(e.limits) > 1:
            inner = self._normal_product(Product(function, *e.limits[:1]))
            return self.normal(Product(inner, *e.limits[1:]))
        index, low, high = e.limits[0]
        free, bound = S.One, S.One
        for factor in Mul.make_args(function):
            if index in factor.free_symbols:
                bound *= factor
            else:
                free *= factor
        name = _index(1 + max((_height(p) for p in function.atoms(Sum, Product)), default=0), index)
        inner = Product(bound.xreplace({index: name}), (name, low, high)) if bound != 1 else S.One
        return free ** (high - low + 1) * inner

    def _product_of_selection(self, e: Product) -> Expr | None:
        """prod_k a_k**t_k over a one-hot row is sum_k t_k a_k."""
        if len(e.limits) != 1:
            return None
        limit = e.limits[0]
        row, base = None, S.One
        for factor in Mul.make_args(e.function):
            power = factor.exp if factor.is_Pow else None
            if power is None or self._row_over(power, limit) != "one_hot" or row not in (None, power):
                return None
            row, base = power, base * factor.base
        if row is None or self.positive(self.normal(base)):
            return None  # positive factors take the logarithm's road
        return self.normal(Sum(row * base, limit))

    # -- proofs ---------------------------------------------------------------------------------------------------

    def is_zero(self, e: Expr) -> bool:
        """Whether ``e`` is 0 at every point and for every size; False means *not proved*."""
        try:
            return self._is_zero(self.normal(e))
        except (TooLarge, PolynomialError, RecursionError):
            return False

    def _is_zero(self, difference: Expr, depth: int = 0) -> bool:
        if difference == 0:
            return True
        if depth > 4:
            return False
        top = self.numerator(difference)
        if top == 0:
            return True
        again = self._expand(top)
        if again == 0:
            return True
        for form in (difference, again):
            merged = self._merge_sums(form, depth)
            if merged == 0:
                return True
        return self._zero_by_cases(again, depth)

    def numerator(self, e: Expr) -> Expr:
        """Numerator of ``e`` over one common denominator, multiplied out, in normal form."""
        clothes = _Disguise(self)
        top = fraction(together(clothes.dress(e)))[0]
        if top.count_ops() > _MOST_OPERATIONS:
            raise TooLarge
        return self._renormal(clothes.undress(top.expand()))

    def _renormal(self, e: Expr) -> Expr:
        return self._expand(self.normal(e))

    def _merge_sums(self, e: Expr, depth: int) -> Expr:
        """Bring all terms over the same range under one sum, and drop those whose summand is 0."""
        groups: dict[tuple, list[tuple[Expr, Sum]]] = {}
        rest = []
        for term in Add.make_args(e):
            sums = [f for f in Mul.make_args(term) if isinstance(f, Sum) and _rectangular(f)]
            if not sums:
                rest.append(term)
                continue
            last = max(sums, key=lambda s: (len(s.limits), str(s)))
            key = tuple(limit[1:] for limit in last.limits)
            groups.setdefault(key, []).append((Mul(*(f for f in Mul.make_args(term) if f is not last)), last))
        if not groups:
            return e
        for members in groups.values():
            limits = members[0][1].limits
            names = [
                Dummy(f"i{place}", integer=True, positive=limit[1].is_positive) for place, limit in enumerate(limits)
            ]
            summand = S.Zero
            for factor, one in members:
                renaming = {limit[0]: name for limit, name in zip(one.limits, names, strict=True)}
                summand += factor * one.function.xreplace(renaming)
            ranges = [(name, *limit[1:]) for name, limit in zip(names, limits, strict=True)]
            top = self.numerator(summand)
            if top == 0 or self._zero_by_cases(top, depth):
                continue
            simpler = self._simpler_summand(summand)
            again = self.normal_sum(simpler, ranges)
            rest.append(again)
        result = self._expand(Add(*rest))
        if result != e and result != 0 and depth < 4:
            return S.Zero if self._is_zero(result, depth + 2) else result
        return result

    def _simpler_summand(self, summand: Expr) -> Expr:
        """The summand as one fraction in lowest terms, so that what is constant in it shows."""
        clothes = _Disguise(self)
        dressed = clothes.dress(summand)
        try:
            lowest = dressed.cancel()
        except PolynomialError:
            return summand
        top, bottom = fraction(lowest)
        whole = [clothes.undress(term) for term in Add.make_args(top.expand())]
        return self._expand(Add(*(self.normal(term / clothes.undress(bottom)) for term in whole)))

    def _zero_by_cases(self, e: Expr, depth: int) -> bool:
        """Try every 0/1 number of ``e`` at 0 and at 1; entries of a one-hot row are tried one at a time."""
        labels = {x.base.label for x in e.atoms(Indexed)}
        cases = sorted(
            (x for x in e.atoms(Symbol, Indexed) - labels if self.is_01(x) and not _inside_sum(e, x)), key=str
        )
        if not cases or depth > 3 or len(cases) > 4:
            return False
        x = cases[0]
        return all(self._is_zero(self.normal(e.xreplace({x: value})), depth + 1) for value in (S.Zero, S.One))


class _Disguise:
    """Replaces everything that is not a sum, product or whole power by plain symbols, and puts it back.

    exp(2*z), exp(-z/2) become powers of one symbol that stands for exp(z/2), so that fractions of exponentials reduce.
    """

    def __init__(self, prover: Prover | None = None) -> None:
        self.back: dict[Symbol, Expr] = {}
        self.forth: dict[Expr, Symbol] = {}
        self.prover = prover

    def dress(self, e: Expr) -> Expr:
        self._unit(e)
        return self._dress(e)

    def _unit(self, e: Expr) -> None:
        """Find the smallest exponent step of each exponential."""
        self.steps: dict[Expr, int] = {}
        for part in e.atoms(exp):
            for term in Add.make_args(part.args[0]):
                number, rest = term.as_coeff_Mul()
                if number.is_Rational:
                    self.steps[rest] = ilcm(self.steps.get(rest, 1), number.q)
        self.roots: dict[Expr, int] = {}
        for part in e.atoms(Pow):
            if part.exp.is_Rational and not part.exp.is_Integer and not part.base.is_number:
                self.roots[part.base] = ilcm(self.roots.get(part.base, 1), part.exp.q)

    def _symbol(self, e: Expr) -> Symbol:
        if e not in self.forth:
            stand_in = Symbol(f"_x{len(self.forth)}", positive=True)
            self.forth[e] = stand_in
            self.back[stand_in] = e
        return self.forth[e]

    def _dress(self, e: Expr) -> Expr:
        if e.is_Number:
            return e
        if e in self.roots and e.is_Atom | isinstance(e, Indexed):
            return self._symbol(Pow(e, Rational(1, self.roots[e]))) ** self.roots[e]
        if e.is_Add or e.is_Mul:
            return e.func(*(self._dress(arg) for arg in e.args))
        if e.is_Pow and e.exp.is_Integer:
            return Pow(self._dress(e.base), e.exp)
        if e.is_Pow and e.exp.is_Rational and e.base in self.roots:
            return self._symbol(Pow(e.base, Rational(1, self.roots[e.base]))) ** int(e.exp * self.roots[e.base])
        if isinstance(e, exp):
            factors = []
            for term in Add.make_args(e.args[0]):
                number, rest = term.as_coeff_Mul()
                if number.is_Rational:
                    step = self.steps[rest]
                    factors.append(self._symbol(exp(rest / step)) ** int(number * step))
                else:
                    factors.append(self._symbol(exp(term)))
            return Mul(*factors)
        if e.is_number and e.is_Pow:
            return e
        return self._symbol(e)

    def undress(self, e: Expr) -> Expr:
        return e.xreplace(self.back)


def _height(e: Expr) -> int:
    """How many canonical index names are in use inside a sum."""
    if isinstance(e, Sum | Product):
        return len(e.limits) + max((_height(part) for part in e.function.atoms(Sum, Product)), default=0)
    return 0


def _index(number: int, like: Symbol) -> Symbol:
    return Symbol(f"_{number}", integer=True, **({"positive": True} if like.is_positive else {}))


def _rectangular(s: Sum) -> bool:
    indices = {limit[0] for limit in s.limits}
    return all(len(limit) == 3 and not (limit[1].free_symbols | limit[2].free_symbols) & indices for limit in s.limits)


def _inside_sum(e: Expr, x: Expr) -> bool:
    return any(x in part.function.atoms(type(x)) for part in e.atoms(Sum, Product))


def _components(factors: list[Expr], limits: list[tuple]) -> list[tuple[list[Expr], list[tuple]]]:
    """Split a multiple sum into independent ones: factors that share an index stay together."""
    groups: list[tuple[list[Expr], set[Symbol]]] = []
    indices = {limit[0] for limit in limits}
    for factor in factors:
        own = factor.free_symbols & indices
        touching = [group for group in groups if group[1] & own]
        merged = ([f for group in touching for f in group[0]] + [factor], own.union(*(group[1] for group in touching)))
        groups = [group for group in groups if not group[1] & own] + [merged]
    return [(parts, [limit for limit in limits if limit[0] in own]) for parts, own in groups]
