"""The fits of the Multinoulli chapter agree with other programs, and what it says of their existence is true.

The tests run the chapter's own cells, so what they compare is what the reader sees.
"""

import warnings
from pathlib import Path

import mpmath
import numpy as np
import pytest
from chapter_cells import run_cells
from hypothesis import example, given
from hypothesis import strategies as st
from scipy import special as scipy_special
from scipy.optimize import linprog
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from lossbook import losses, special

CHAPTER = Path(__file__).parent.parent / "chapters" / "multinoulli.ipynb"
CELLS = "set-up bills naive stable agreement features newton fit separable margins map-fits".split()


@pytest.fixture(scope="module")
def chapter():
    """The names that the chapter's cells define, as attributes."""
    return run_cells(CHAPTER, CELLS)


def without_level(weights):
    """The same weights with the common level of the logits taken out of each feature."""
    return weights - weights.mean(axis=1, keepdims=True)


def scikit_learn(features, labels, c):
    """Weights by scikit-learn, in the chapter's shape: features (N, D) with a constant first, weights (D, c)."""
    model = LogisticRegression(C=c, solver="newton-cg", tol=1e-10, max_iter=10_000).fit(features[:, 1:], labels)
    return np.vstack([model.intercept_, model.coef_.T])


def test_the_fit_agrees_with_scikit_learn(chapter):
    theirs = scikit_learn(chapter.features, chapter.labels, np.inf)

    assert without_level(theirs) == pytest.approx(chapter.weights, rel=1e-4)
    assert losses.cross_entropy(chapter.features @ theirs, chapter.labels).sum() == pytest.approx(
        losses.cross_entropy(chapter.features @ chapter.weights, chapter.labels).sum(), rel=1e-9
    )


def test_the_fit_agrees_with_statsmodels(chapter):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # importing it meets deprecations in its own dependencies
        from statsmodels.discrete.discrete_model import MNLogit
    theirs = MNLogit(chapter.labels, chapter.features).fit(method="newton", maxiter=100, disp=0)

    differences = chapter.weights[:, 1:] - chapter.weights[:, :1]  # its class of reference is the first
    assert theirs.params == pytest.approx(differences, rel=1e-5)
    assert -theirs.llf == pytest.approx(
        losses.cross_entropy(chapter.features @ chapter.weights, chapter.labels).sum(), rel=1e-9
    )


@pytest.mark.parametrize("tau", [1.0, 10.0])
@pytest.mark.parametrize("which", ["two species", "three species"])
def test_the_fit_with_a_prior_agrees_with_scikit_learn(chapter, which, tau):
    features = chapter.two_features if which == "two species" else chapter.features
    targets = chapter.two_targets if which == "two species" else chapter.targets
    ours = chapter.fit_map(features, targets, tau)

    if which == "two species":
        # With two classes scikit-learn has one column for both, w: ours are -w/2 and w/2, whose penalty is half of its.
        theirs = scikit_learn(features, targets.argmax(axis=1), 2 * tau**2)
        assert ours[:, 1:] - ours[:, :1] == pytest.approx(theirs, rel=1e-5)
    else:
        theirs = scikit_learn(features, targets.argmax(axis=1), tau**2)
        assert without_level(ours) == pytest.approx(without_level(theirs), rel=1e-4)


def widest_margins(features, labels, c):
    """Largest sum of margins, and largest smallest margin, over weights in [-1, 1] that make no margin negative."""
    rows = []
    for x, label in zip(features, labels, strict=True):
        for k in set(range(c)) - {label}:
            row = np.zeros((features.shape[1], c))
            row[:, label], row[:, k] = x, -x
            rows.append(row.ravel())
    margins, free = np.array(rows), [(-1, 1)] * features.shape[1] * c
    total = linprog(-margins.sum(axis=0), A_ub=-margins, b_ub=np.zeros(len(margins)), bounds=free)
    with_gap = np.hstack([-margins, np.ones((len(margins), 1))])
    gap = linprog([0] * len(free) + [-1], A_ub=with_gap, b_ub=np.zeros(len(margins)), bounds=[*free, (None, None)])
    return -total.fun, -gap.fun


def test_three_species_are_not_separable_and_the_estimate_exists(chapter):
    total, _ = widest_margins(chapter.features, chapter.labels, 3)

    assert total == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(("first", "second", "separable"), [(0, 1, False), (0, 2, True), (1, 2, False)])
def test_only_adelie_and_gentoo_are_separable(chapter, first, second, separable):
    pair = np.isin(chapter.labels, [first, second])
    total, gap = widest_margins(chapter.features[pair], (chapter.labels[pair] == second).astype(int), 2)

    assert (total > 1e-6) == separable
    assert (gap > 1e-6) == separable


def test_the_separated_fit_has_left_every_bound_and_the_other_has_not(chapter):
    assert chapter.margins.min() > 0
    later, means = chapter.history(chapter.two_features, chapter.two_targets, steps=20)
    assert np.linalg.norm(later) > np.linalg.norm(chapter.two_weights) + 15
    assert means[-1] < chapter.two_means[-1] / 20

    later, _ = chapter.history(chapter.features, chapter.targets, steps=40)
    assert later == pytest.approx(chapter.weights, rel=1e-6)


def test_the_estimate_exists_in_every_division_of_the_exercise(chapter):
    for seed in range(8):
        groups = np.random.default_rng(seed).permutation(len(chapter.labels)) % 10
        for group in range(10):
            features, targets = chapter.features[groups != group], chapter.targets[groups != group]
            weights = chapter.fit_map(features, targets, np.inf)
            gradient, hessian = chapter.slope_and_curvature(weights, features, targets)

            assert np.abs(gradient).max() < 1e-9
            assert np.linalg.eigvalsh(hessian)[3] > 1e-4  # all but the three shifts


def test_the_fitted_probabilities_reproduce_the_sums_of_the_features(chapter):
    probabilities = special.softmax(chapter.features @ chapter.weights)

    assert probabilities.T @ chapter.features == pytest.approx(chapter.targets.T @ chapter.features, abs=1e-7)


def logit_rows():
    """A row of logits, and the number of its true class."""
    rows = st.lists(st.floats(-1e4, 1e4), min_size=1, max_size=6)
    return rows.flatmap(lambda row: st.tuples(st.just(row), st.integers(0, len(row) - 1)))


@given(logit_rows())
@example(([1000.0, 0.0, 0.0], 0))
@example(([1000.0, 0.0, 0.0], 1))
@example(([0.0, -800.0, -1.0], 1))
def test_the_stable_form_is_right_where_the_naive_one_fails(chapter, row_and_label):
    row, label = row_and_label
    with mpmath.workdps(50):
        exact = float(mpmath.log(mpmath.fsum(mpmath.exp(mpmath.mpf(z) - mpmath.mpf(row[label])) for z in row)))

    found = chapter.cross_entropy_stable(np.array([row]), np.array([label]))[0]

    assert found == pytest.approx(exact, rel=1e-12, abs=1e-12)


def test_the_naive_form_fails_as_the_chapter_says(chapter):
    with np.errstate(all="ignore"):
        overflow = chapter.cross_entropy_naive(np.array([[1000.0, 0.0, 0.0]] * 2), np.array([0, 1]))
        underflow = chapter.cross_entropy_naive(np.array([[0.0, -800.0, -1.0]]), np.array([1]))

    assert np.isnan(overflow[0])
    assert np.isinf(overflow[1])
    assert np.isinf(underflow[0])


def test_the_calls_on_the_loss_card(chapter):
    logits, labels = chapter.features @ chapter.weights, chapter.labels
    ours = losses.cross_entropy(logits, labels)

    assert log_loss(labels, special.softmax(logits)) == pytest.approx(ours.mean(), rel=1e-9)
    by_scipy = scipy_special.logsumexp(logits, axis=1) - logits[np.arange(len(labels)), labels]
    assert by_scipy == pytest.approx(ours, rel=1e-9, abs=1e-12)
