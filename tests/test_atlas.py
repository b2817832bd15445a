"""A sheet of the atlas shows nothing that does not follow, and shows it the same way everywhere."""

import pytest
from sympy import (
    Abs,
    FiniteSet,
    IndexedBase,
    KroneckerDelta,
    Piecewise,
    Product,
    S,
    Sum,
    diff,
    exp,
    log,
    pi,
    sqrt,
    symbols,
)

from lossbook.atlas import Form, Sheet, Side
from lossbook.derivation import DerivationError, binary, one_hot, real, simplex, unit_interval

t, y, s, z = symbols("t y s z", real=True)
b, r, sigma = symbols("b r sigma", positive=True)
WORDS = {
    "key": "one", "title": r"Gaussian $\to$ squares", "law": "Gaussian, mean $y$", "link": "identity",
    "statistic": "mean", "exists": "always", "stable": "as it stands",
}  # fmt: skip
CONSTANT = log(sigma) + log(2 * pi) / 2
NLL = (t - y) ** 2 / (2 * sigma**2) + CONSTANT
HALF = {"factor": 1 / sigma**2, "constant": CONSTANT, "gradient": y - t, "hessian": 1, "convex": True}


def gaussian(**changes) -> Sheet:
    """A sheet that is right, but for the changes: of the first form's fields, and of the sheet's."""
    fields = {"loss": (t - y) ** 2 / 2, **HALF}
    form = Form(**fields | {name: changes.pop(name) for name in fields.keys() & changes.keys()})
    given = {
        "target": t,
        "outputs": [y],
        "support": S.Reals,
        "density": exp(-((t - y) ** 2) / (2 * sigma**2)) / sqrt(2 * pi * sigma**2),
        "nll": NLL,
        "forms": [form],
    }
    return Sheet(**WORDS | given | changes)


def laplace(**changes) -> Sheet:
    sides = (Side(t > y, y + r, t - y), Side(t < y, y - r, y - t))
    given = {
        "target": t,
        "outputs": [y],
        "support": S.Reals,
        "density": exp(-Abs(t - y) / b) / (2 * b),
        "nll": Abs(t - y) / b + log(2 * b),
        "forms": [
            Form(loss=Abs(t - y), factor=1 / b, constant=log(2 * b), convex=True, sides=changes.pop("sides", sides)),
            Form(loss=Abs(t - y) / b + log(2 * b)),
        ],
    }
    return Sheet(**WORDS | given | changes)


# --- what is right is accepted, and proved


@pytest.mark.parametrize("sheet", [gaussian, laplace])
def test_a_sheet_that_is_right_is_proved(sheet):
    assert set(sheet().verdicts) == {"proved"}


def test_the_constants_that_a_sheet_names_are_those_that_the_engine_drops():
    (reading,) = [d for d in gaussian().derivations if d.steps[-1].relation == "same_minimiser"]
    (dropped,) = reading.steps[-1].dropped_constants

    assert (dropped - CONSTANT).expand(force=True).equals(0)
    assert reading.steps[-1].dropped_factors == (1 / sigma**2,)


# --- what is wrong is refused


@pytest.mark.parametrize(
    "changes",
    [
        {"nll": NLL - log(sigma)},
        {"nll": 2 * NLL},
        {"density": exp(-((t - y) ** 2) / (2 * sigma**2))},
        {"loss": (t - y) ** 2},
        {"factor": 1 / sigma},
        {"constant": log(sigma)},
        {"gradient": t - y},
        {"gradient": 2 * (y - t)},
        {"hessian": 2},
        {"hessian": -1},
        {"loss": (t + y) ** 2 / 2},
    ],
    ids=str,
)
def test_a_formula_that_does_not_follow_is_refused(changes):
    with pytest.raises(DerivationError, match=r"sheet one: step . .* is false") as refusal:
        gaussian(**changes)

    assert refusal.value.counterexample


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"convex": False}, "said to be not convex"),
        ({"constant": CONSTANT + y}, "constant .* depends on the output y"),
        ({"factor": exp(y)}, "factor .* depends on the output y"),
        ({"gradient": None}, "the derivative in y is missing"),
        ({"outputs": []}, "at least one output"),
        ({"forms": []}, "at least one output and one form"),
        ({"outputs": [y, sigma]}, "depends on the output sigma"),
        ({"outputs": [y, s]}, "over=s: s does not occur"),
        ({"outputs": [y, s], "factor": 1, "constant": 0, "loss": NLL}, "for each of the outputs .y, s., given one"),
    ],
)
def test_what_is_missing_or_impossible_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        gaussian(**changes)


def test_a_loss_that_is_not_convex_cannot_be_called_convex():
    cauchy = {
        "density": 1 / (pi * (1 + (t - y) ** 2)),
        "nll": log(1 + (t - y) ** 2) + log(pi),
        "loss": log(1 + (t - y) ** 2),
        "factor": S.One,
        "constant": log(pi),
        "gradient": 2 * (y - t) / (1 + (t - y) ** 2),
        "hessian": 2 * (1 - (t - y) ** 2) / (1 + (t - y) ** 2) ** 2,
    }

    assert set(gaussian(**cauchy, convex=False).verdicts) == {"proved"}
    with pytest.raises(DerivationError, match="at_least"):
        gaussian(**cauchy)


@pytest.mark.parametrize(
    "sides",
    [
        (Side(t > y, y + r, y - t), Side(t < y, y - r, y - t)),
        (Side(t > y, y + r, t - y), Side(t < y, y - r, t - y)),
        (Side(t > y, y - r, t - y),),
    ],
)
def test_a_side_of_a_kink_that_is_wrong_is_refused(sides):
    with pytest.raises(DerivationError, match="sheet one: step 2"):
        laplace(sides=sides)


# --- forms of one loss


def test_a_later_form_has_the_derivatives_of_the_first_times_the_ratio_of_the_factors():
    square = Form(loss=(t - y) ** 2, factor=1 / (2 * sigma**2), constant=CONSTANT)
    sheet = gaussian(forms=[*gaussian().forms, square, Form(loss=NLL)])

    for form in sheet.forms:
        assert (sheet.gradient_of(form)[y] - diff(form.loss, y)).equals(0)
        assert (sheet.hessian_of(form)[y, y] - diff(form.loss, y, 2)).equals(0)


def test_the_slope_at_a_kink_is_not_given():
    sheet = laplace()

    assert [sheet.gradient_of(form)[y].subs({t: 2, y: 1, b: 4}) for form in sheet.forms] == [-1, -S.One / 4]
    assert [sheet.gradient_of(form)[y].subs({t: 1, y: 2, b: 4}) for form in sheet.forms] == [1, S.One / 4]
    assert sheet.gradient_of(sheet.forms[0])[y].subs({t: 1, y: 1}) is S.NaN


# --- other outputs than the parameters of the distribution

p = symbols("p", positive=True)
SIGMOID = 1 / (1 + exp(-z))


def bernoulli(**changes) -> Sheet:
    fields = {
        "loss": log(1 + exp(z)) - t * z,
        "instead": {p: SIGMOID},
        "outputs": (z,),
        "gradient": SIGMOID - t,
        "hessian": SIGMOID * (1 - SIGMOID),
        "convex": True,
        "call": "binary_cross_entropy",
        "arguments": {"logits": z, "labels": t},
    }
    form = Form(**fields | changes)
    nll = -t * log(p) - (1 - t) * log(1 - p)
    law = {"density": p**t * (1 - p) ** (1 - t), "nll": nll, "where": [binary(t), unit_interval(p)]}
    return Sheet(**WORDS | law, target=t, outputs=[p], support=FiniteSet(0, 1), forms=[form])


def test_the_model_may_output_something_else_than_the_parameter():
    assert set(bernoulli().verdicts) == {"proved"}


@pytest.mark.parametrize(
    "changes",
    [{"instead": {p: z}}, {"instead": {p: 1 / (1 + exp(z))}}, {"gradient": t - SIGMOID}, {"stable": log(1 + exp(z))}],
    ids=str,
)
def test_a_wrong_link_is_refused(changes):
    with pytest.raises(DerivationError, match="sheet one"):
        bernoulli(**changes)


def test_a_stable_form_must_be_equal():
    assert set(bernoulli(stable=-log(SIGMOID) + (1 - t) * z).verdicts) == {"proved"}


def test_a_sheet_may_have_two_outputs():
    nll = s + exp(-2 * s) * (t - y) ** 2 / 2 + log(2 * pi) / 2
    fields = {
        "loss": nll,
        "gradient": {y: exp(-2 * s) * (y - t), s: 1 - exp(-2 * s) * (t - y) ** 2},
        "hessian": {
            (y, y): exp(-2 * s),
            (y, s): 2 * exp(-2 * s) * (t - y),
            (s, s): 2 * exp(-2 * s) * (t - y) ** 2,
        },
    }
    law = {"outputs": [y, s], "density": exp(-exp(-2 * s) * (t - y) ** 2 / 2 - s) / sqrt(2 * pi), "nll": nll}

    assert set(gaussian(**law, forms=[Form(**fields, convex=False)]).verdicts) == {"proved"}
    with pytest.raises(DerivationError, match="at_least"):
        gaussian(**law, forms=[Form(**fields, convex=True)])
    with pytest.raises(DerivationError, match="differentiate with respect to s"):
        gaussian(**law, forms=[Form(**fields | {"hessian": {(y, s): exp(-2 * s)}})])
    with pytest.raises(ValueError, match="derivative in s is missing"):
        gaussian(**law, forms=[Form(**fields | {"gradient": {y: fields["gradient"][y]}})])
    with pytest.raises(ValueError, match="for each pair"):
        gaussian(**law, forms=[Form(**fields | {"hessian": 1})])


def test_a_sheet_may_have_a_family_of_outputs():
    k, j, m, n, c = symbols("k j m n c", integer=True, positive=True)
    rows, logits, shares = IndexedBase("t"), IndexedBase("z"), IndexedBase("y")
    total = Sum(exp(logits[j]), (j, 1, c))
    loss = log(total) - Sum(rows[k] * logits[k], (k, 1, c))
    form = Form(
        loss=loss, instead={shares[k]: exp(logits[k]) / total}, outputs=(logits[m],),
        gradient=exp(logits[m]) / total - rows[m],
        hessian={(logits[m], logits[n]): exp(logits[m]) / total * (KroneckerDelta(m, n) - exp(logits[n]) / total)},
    )  # fmt: skip
    sheet = Sheet(
        **WORDS, target=rows, outputs=[shares[m]], support="one 1 among 0s", forms=[form],
        density=Product(shares[k] ** rows[k], (k, 1, c)), nll=-Sum(rows[k] * log(shares[k]), (k, 1, c)),
        where=[one_hot(rows[k], over=(k, 1, c)), simplex(shares[k], over=(k, 1, c)), real(logits[k])],
    )  # fmt: skip

    assert set(sheet.verdicts) == {"proved"}


# --- what a reader sees


def test_the_card_shows_every_entry_in_the_same_order():
    lines = repr(gaussian(libraries={"SciPy": "scipy.stats.norm.logpdf"})).split("\n")
    labels = "support distribution link NLL loss dropped gradient Hessian convexity estimates MLE compute SciPy checked"

    assert [line.split()[0] for line in lines[1:] if line[2] != " "] == labels.split()
    assert lines[0] == "Gaussian -> squares"
    assert "  dropped in y      factor sigma**(-2)" in lines
    assert "  gradient          d/dy: y - t" in lines
    assert "  checked           5 steps, 5 of them proved" in lines


def test_the_card_of_a_call_is_what_a_reader_types():
    assert "  lossbook          binary_cross_entropy(logits, labels)" in repr(bernoulli()).split("\n")


def test_the_card_is_one_display_formula():
    text = gaussian()._repr_latex_()

    assert text.startswith("$$\n\\begin{array}{ll}")
    assert text.endswith("\\end{array}\n$$")
    assert text.count("$$") == 2
    assert text.count("{") == text.count("}")
    assert r"\small\text{MLE exists?} & \text{always}" in text


def test_words_are_safe_in_a_formula():
    text = gaussian(stable="50 % of `log_sigmoid(z)`, {not} $z^2$")._repr_latex_()

    assert r"\text{50 \% of \texttt{log\_sigmoid(z)}, \{not\} $z^2$}" in text


def test_long_words_are_cut_between_words():
    sentence = "a long sentence about the existence of the estimate, with $a + b$ in it, that needs two lines"
    rows = gaussian(exists=sentence)._repr_latex_().split("\n")
    (first,) = [place for place, row in enumerate(rows) if "a long sentence" in row]
    shown = " ".join(row.split(r"\text{")[-1].split("}")[0] for row in rows[first : first + 2])

    assert shown == sentence


def test_cases_stand_on_a_card_once():
    cases = Piecewise((t - y, t >= y), (y - t, True))
    sides = (Side(t > y, y + r, t - y), Side(t < y, y - r, y - t))
    form = Form(loss=cases, factor=1 / b, constant=log(2 * b), sides=sides)
    sheet = laplace(density=exp(-cases / b) / (2 * b), nll=cases / b + log(2 * b), forms=[form])

    assert "p(t | x) = exp(-ell/b)/(2*b)" in repr(sheet)
    assert "  NLL               ell/b + log(2*b)" in repr(sheet)
    assert "  loss              ell = Piecewise(" in repr(sheet)
    assert sheet._repr_latex_().count(r"\begin{cases}") == 2


def test_a_sheet_is_shown_the_same_way_again():
    assert gaussian()._repr_latex_() == gaussian()._repr_latex_()
    assert repr(laplace()) == repr(laplace())


def test_rows_of_the_table_have_as_many_cells_as_the_page_needs():
    rows = [*gaussian().rows(), *laplace().rows(), *bernoulli().rows()]

    assert {row.count("|") for row in rows} == {9}
    assert gaussian().rows()[0].startswith("| Gaussian, mean $y$ | none | $")
    assert gaussian().rows()[0].endswith(" | $y - t$ | $1$: convex | mean | {ref}`sec-atlas-one` |")
    assert "`binary_cross_entropy(logits, labels)`" in bernoulli().rows()[0]
    assert r"factor $\frac{1}{b}$, constant $\ln\!\left(2 b\right)$" in laplace().rows()[0]


def test_a_sheet_may_say_where_it_is_derived():
    assert gaussian().derived == "sec-atlas-one"
    assert gaussian(derived="ch-gaussian").derived == "ch-gaussian"
