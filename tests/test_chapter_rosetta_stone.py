"""The numbers of the chapter's own cells, against scikit-learn, SciPy and mpmath.  Its calls: tests/test_rosetta.py."""

import re
from functools import cache

import mpmath
import numpy as np
import pytest
from pages import ROOT, Page, text_of
from scipy import optimize, special
from sklearn import metrics

from lossbook import data

FLIGHTS = data.challenger()
LABELS = FLIGHTS.distress
LOGITS = 15.043 - 0.2322 * FLIGHTS.temperature_fahrenheit


@cache
def printed(cell_id: str) -> str:
    """What a cell of the chapter prints."""
    page = Page.read(ROOT / "chapters" / "rosetta-stone.ipynb")
    return "".join(text_of(output) for cell in page.code if cell.id == cell_id for output in cell.outputs)


def numbers(text: str) -> list[float]:
    """The decimal numbers in a text."""
    return [float(number) for number in re.findall(r"-?\d+\.\d+", text)]


def test_the_coefficients_are_those_of_the_fit_rounded():
    def risk(weights):
        z = weights[0] + weights[1] * (FLIGHTS.temperature_fahrenheit - 70)
        return np.logaddexp(0, np.where(LABELS == 1, -z, z)).sum()

    fit = optimize.minimize(risk, [0.0, 0.0], method="BFGS", options={"gtol": 1e-8}).x

    assert [fit[0] - 70 * fit[1], fit[1]] == pytest.approx([15.043, -0.2322], rel=1e-3)


def test_the_right_readings_are_those_of_scikit_learn():
    mean = metrics.log_loss(LABELS, special.expit(LOGITS))
    readings = numbers(printed("readings"))

    assert numbers(printed("model")) == [round(mean, 4)]
    assert readings[:3] == pytest.approx([mean, 23 * mean, mean / np.log(2)], abs=6e-5)


def test_the_wrong_readings_are_what_the_wrong_formulas_give():
    y = [1 / (1 + mpmath.exp(-mpmath.mpf(float(z)))) for z in LOGITS]
    twice = [1 / (1 + mpmath.exp(-v)) for v in y]
    clipped = [min(max(float(z), 1e-7), 1 - 1e-7) for z in LOGITS]

    def mean(costs):
        return float(mpmath.fsum(costs) / 23)

    def cross_entropy(chances):
        return mean(-mpmath.log(p if t else 1 - p) for p, t in zip(chances, LABELS, strict=True))

    signs = mean(-mpmath.log(p if t else 1 - p) - (0 if t else -z) for p, t, z in zip(y, LABELS, LOGITS, strict=True))
    expected = [
        cross_entropy(twice),
        cross_entropy(clipped),
        signs,
        -mean(p if t else 1 - p for p, t in zip(y, LABELS, strict=True)),
        cross_entropy([1 - p for p in y]),
    ]

    assert numbers(printed("readings"))[3:] == pytest.approx(expected, abs=6e-5)


def test_a_second_sigmoid_wants_the_log_odds_cut_to_the_interval():
    rows = [numbers(line) for line in printed("second-sigmoid-numbers").strip().split("\n")]

    assert [share for share, *_ in rows] == [0.3, 0.5, 0.6, 0.7, 0.9]
    for share, best, loss in rows:
        y = np.clip(special.logit(share), 0, 1)
        assert best == pytest.approx(y, abs=6e-4)
        assert loss == pytest.approx(share * np.log1p(np.exp(-y)) + (1 - share) * np.log1p(np.exp(y)), abs=6e-5)


def test_a_weighted_mean_depends_on_the_batches_and_a_mean_of_weighted_losses_does_not():
    whole, *batches = [numbers(line) for line in printed("batches-numbers").strip().split("\n")]
    each = np.logaddexp(0, np.where(LABELS == 1, -LOGITS, LOGITS))
    weights = np.where(LABELS == 1, 3, 1)

    assert whole == pytest.approx([(weights * each).sum() / weights.sum(), (weights * each).mean()], abs=6e-5)
    assert len(batches) == 4
    assert all(plain == whole[1] for _, plain in batches)
    assert all(abs(weighted - whole[0]) > 1e-3 for weighted, _ in batches)


def test_the_ceilings_are_the_negative_logarithms_of_the_clips():
    assert -np.log(1e-7) == pytest.approx(16.12, abs=0.005)
    assert -np.log(np.finfo(np.float64).eps) == pytest.approx(36.04, abs=0.005)
    assert -np.log(np.finfo(np.float32).eps) == pytest.approx(15.94, abs=0.005)
    for dtype, top in ((np.float64, 36.04), (np.float32, 15.94)):
        worst = metrics.log_loss([1, 0], np.array([0, 0], dtype), labels=[0, 1]) * 2
        assert worst == pytest.approx(top, abs=0.01)
