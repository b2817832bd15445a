"""What the chapter on shapes and reductions says of divisors, weights and batches agrees with other programs.

The tests run the chapter's own cells, so what they compare is what the reader sees.
"""

from pathlib import Path

import execute
import mpmath
import numpy as np
import pytest
from chapter_cells import run_cells
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import approx_fprime, minimize_scalar
from scipy.special import expit, logit, softmax
from scipy.stats import linregress, pearsonr
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.metrics import log_loss, mean_squared_error
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier
from sklearn.utils.class_weight import compute_class_weight
from sympy import lambdify

from lossbook import losses

CHAPTER = Path(__file__).parent.parent / "chapters" / "shapes-and-reductions.ipynb"
CELLS = """
set-up birds descend article plot-training penalty-refused ridge newton batches-refused batches-difference last-batch
accumulation padded balanced pos-weight-probability pos-weight-logits pos-weight-fit decisions accident
accident-training article-per-node two-questions multi-label-fit nelement one-vs-rest-fit one-vs-one-fit three-ways
dependence ex-adam-check ex-sorted-check
""".split()
ARTICLE = ((1, 0, 0), ((0.5, 0.2, 0.3), (0.8, 0.1, 0.1)))
NUMBERS = st.floats(-100, 100)


@pytest.fixture(scope="module")
def chapter():
    """The names that the chapter's cells define, as attributes."""
    return run_cells(CHAPTER, CELLS)


def text_of(cell_id: str) -> str:
    """What a cell of the chapter prints."""
    cell = next(cell for cell in execute.read(CHAPTER)["cells"] if cell["id"] == cell_id)
    return "".join("".join(output.get("text", "")) for output in cell["outputs"])


def mean_loss(weights, chapter):
    """Loss per bird in nats, by scikit-learn, whatever was minimised."""
    return log_loss(chapter.labels, softmax(chapter.features @ weights, axis=1))


def logistic(inputs, answers, c=np.inf, **options):
    """Weights of a logistic or softmax regression by scikit-learn; the first input is the constant 1."""
    model = LogisticRegression(C=c, solver="newton-cg", tol=1e-11, max_iter=10_000, **options)
    model.fit(inputs[:, 1:], answers)
    return np.vstack([model.intercept_, model.coef_.T]).squeeze()


# --- Divisors -----------------------------------------------------------------------------------------------------


def test_the_article_by_another_program(chapter):
    truth, predictions = ARTICLE
    nats = [-mpmath.log(row[truth.index(1)]) for row in predictions]
    column = chapter.entries.sum(axis=1)

    assert column == pytest.approx([float(loss) for loss in nats], rel=1e-14)
    assert round(log_loss([0, 0], np.array(predictions), labels=[0, 1, 2]), 5) == round(column.mean(), 5) == 0.45815
    assert round(float(sum(nats) / 6), 5) == round(chapter.entries.mean(), 5) == 0.15272
    assert np.round(chapter.in_base_10.sum(axis=1), 1).tolist() == [0.3, 0.1]


def test_the_program_that_prints_less_has_learnt_less(chapter):
    by_rows, by_matrix = (chapter.descend(divisor, 10)[-1] for divisor in (342, 1026))
    wrong = [np.sum((chapter.features @ w).argmax(axis=1) != chapter.labels) for w in (by_rows, by_matrix)]

    assert mean_loss(by_matrix, chapter) / 3 < mean_loss(by_rows, chapter) < mean_loss(by_matrix, chapter)
    assert f"loss {mean_loss(by_rows, chapter):.4f}, {wrong[0]} of 342" in text_of("descend")
    assert f"loss {mean_loss(by_matrix, chapter) / 3:.4f}, {wrong[1]} of 342" in text_of("descend")
    assert wrong[1] > 2 * wrong[0]


def test_one_step_of_descent_follows_the_gradient(chapter):
    start = chapter.descend(1026, 5)

    def objective(w):
        return mean_loss(w.reshape(3, 3), chapter) / 3

    slope = approx_fprime(start[4].ravel(), objective, 1e-6).reshape(3, 3)

    assert start[5] - start[4] == pytest.approx(-slope, abs=1e-6)


def test_a_divisor_is_a_step_size(chapter):
    path, tripled = chapter.descend(342, 100), chapter.descend(1026, 100, step_size=3.0)

    assert np.array(tripled) == pytest.approx(np.array(path), abs=1e-12)
    assert chapter.by_matrix[30] == pytest.approx(chapter.by_rows[10], abs=0.01)


def test_a_smaller_gradient_stops_earlier_and_worse(chapter):
    lines = [line.split() for line in text_of("stopping").splitlines()]
    steps, loss = [int(line[3]) for line in lines], [float(line[5]) for line in lines]
    least = mean_loss(logistic(chapter.features, chapter.labels), chapter)

    assert [line[0] for line in lines] == ["sum", "birds", "matrix"]
    assert steps == sorted(steps, reverse=True)
    assert loss == sorted(loss)
    assert round(least, 4) == loss[0] == 0.1142


@pytest.mark.parametrize("penalty", [0.001, 0.01, 0.1])
@pytest.mark.parametrize("divisor", [1, 342, 1026])
def test_the_fit_with_a_penalty_agrees_with_scikit_learn(chapter, divisor, penalty):
    ours = chapter.newton_fit(divisor, penalty)
    theirs = logistic(chapter.features, chapter.labels, c=1 / (divisor * penalty))

    assert ours[1:] == pytest.approx(theirs[1:], rel=1e-4, abs=1e-5)
    assert chapter.newton_fit(1, divisor * penalty) == pytest.approx(ours, rel=1e-6, abs=1e-8)


def test_without_a_penalty_the_divisor_does_not_matter(chapter):
    theirs = mean_loss(logistic(chapter.features, chapter.labels), chapter)

    for divisor in (1, 342, 1026):
        assert mean_loss(chapter.newton_fit(divisor), chapter) == pytest.approx(theirs, rel=1e-9)


@given(data=arrays(float, (5, 2), elements=NUMBERS), divisor=st.floats(0.1, 100), strength=st.floats(0.1, 100))
def test_the_ridge_formula_agrees_with_scikit_learn(chapter, data, divisor, strength):
    x, t = data.T
    formula = lambdify([chapter.N, chapter.a, chapter.strength, chapter.x, chapter.t], chapter.ridge.expr)
    ours = formula(5, divisor, strength, [0, *x], [0, *t])  # the book counts from 1
    theirs = Ridge(alpha=divisor * strength, fit_intercept=False, solver="svd").fit(x[:, None], t).coef_[0]

    assert ours == pytest.approx(theirs, rel=1e-6, abs=1e-9)


# --- Batches ------------------------------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.integers(1, 50), NUMBERS), min_size=1, max_size=6))
def test_the_gap_between_mean_and_mean_of_means(chapter, given_batches):
    sizes, means = np.array(given_batches).T
    gap = lambdify([chapter.K, chapter.batch_size, chapter.batch_loss], chapter.gap.expr)
    every_loss = np.repeat(means, sizes.astype(int))

    assert gap(len(sizes), [0, *sizes], [0, *means]) == pytest.approx(every_loss.mean() - means.mean(), abs=1e-10)


def test_the_last_batch_is_short_and_all_chinstraps(chapter):
    assert chapter.sizes.tolist() == [64] * 5 + [22]
    assert set(chapter.labels[chapter.batches[-1]]) == {1}
    assert np.concatenate(chapter.batches).tolist() == list(range(342))
    assert chapter.batch_means.mean() > chapter.bird_losses.mean()
    assert np.average(chapter.batch_means, weights=chapter.sizes) == pytest.approx(chapter.bird_losses.mean())


def test_sums_over_one_divisor_accumulate_to_the_full_gradient(chapter):
    assert chapter.by_sums == pytest.approx(chapter.full, rel=1e-9, abs=1e-12)
    assert chapter.off_means > 1


def test_the_means_of_the_padded_names(chapter):
    letters = {}
    table = chapter.table
    for letter, count in zip(table.letter, table.count, strict=True):
        letters[letter] = -float(mpmath.log(mpmath.mpf(int(count)) / int(table.count.sum())))
    losses_of = [[letters[letter] for letter in name] for name in ("adelie", "chinstrap", "gentoo")]
    total, printed = sum(map(sum, losses_of)), text_of("padding-means")

    assert chapter.padded.shape == (3, 9)
    assert f"over the 27 entries       {total / 27:.4f}" in printed
    assert f"over the 21 letters       {total / 21:.4f}" in printed
    assert f"then names  {np.mean([np.mean(row) for row in losses_of]):.4f}" in printed


# --- Weights ------------------------------------------------------------------------------------------------------


def test_balanced_weights_and_the_weighted_mean_agree_with_scikit_learn(chapter):
    weights = compute_class_weight("balanced", classes=np.arange(3), y=chapter.labels)
    batch, printed = chapter.batches[0], text_of("balanced")
    probabilities = softmax(chapter.features @ chapter.descend(342, 100)[-1], axis=1)[batch]
    theirs = log_loss(
        chapter.labels[batch], probabilities, sample_weight=weights[chapter.labels[batch]], labels=[0, 1, 2]
    )

    assert chapter.balanced == pytest.approx(weights)
    assert weights[chapter.labels].sum() == pytest.approx(342)
    assert f"batch 1: over examples {theirs * weights[0]:.4f}, over weights {theirs:.4f}" in printed


@given(p=st.floats(0.01, 0.99), r=st.floats(0.1, 20))
def test_weighting_the_positives_shifts_the_best_log_odds(chapter, p, r):
    def expected(z):
        return r * p * np.logaddexp(0, -z) + (1 - p) * np.logaddexp(0, z)

    best = minimize_scalar(expected, bounds=(-20, 20), method="bounded", options={"xatol": 1e-10}).x
    derived = float(chapter.shift_z.expr.subs({chapter.p: p, chapter.r: r}))

    assert best == pytest.approx(logit(p) + np.log(r), abs=1e-4)
    assert derived == pytest.approx(logit(p) + np.log(r), abs=1e-12)


@pytest.mark.parametrize(("r", "name"), [(1, "z_1"), (4, "z_4")])
def test_the_weighted_fits_agree_with_scikit_learn(chapter, r, name):
    theirs = chapter.bill @ logistic(chapter.bill, chapter.chinstrap, class_weight={0: 1, 1: r})

    assert getattr(chapter, name) == pytest.approx(theirs, rel=1e-5, abs=1e-6)


def test_the_shifted_fit_predicts_almost_the_right_number(chapter):
    numbers = [expit(z).sum() for z in (chapter.z_1, chapter.z_4, chapter.z_4 - np.log(4))]

    assert np.round(numbers, 1).tolist() == [68.0, 135.6, 69.5]


def test_a_saturated_model_shifts_exactly(chapter):
    groups = np.digitize(chapter.lengths[:, 0], [42, 45, 48, 51])
    table = np.eye(5)[groups][:, [1, 2, 3, 4]]  # one column for each group that has both answers
    seen = table.sum(axis=1) > 0
    z_1, z_4 = (
        chapter.logistic_fit(table[seen], chapter.chinstrap[seen], 1 + (r - 1) * chapter.chinstrap[seen])
        for r in (1, 4)
    )

    assert z_4 - z_1 == pytest.approx(np.full(4, np.log(4)), abs=1e-9)


def test_weighting_and_moving_the_cut_decide_alike(chapter):
    weighted, moved = chapter.z_4 > 0, chapter.z_1 > -np.log(4)
    cuts = []
    for z, at in [(chapter.z_4, 0), (chapter.z_1, -np.log(4))]:
        line = linregress(z, chapter.lengths[:, 0])
        cuts.append(line.intercept + line.slope * at)

    assert weighted.tolist() == moved.tolist()
    assert abs(cuts[0] - cuts[1]) < 0.1


# --- Shapes -------------------------------------------------------------------------------------------------------


@given(arrays(float, (2, 7), elements=NUMBERS))
def test_the_value_of_a_broadcasting_accident(both):
    outputs, targets = both
    accident = np.mean((outputs[:, None] - targets) ** 2)

    assert accident == pytest.approx(np.mean((outputs - targets.mean()) ** 2) + targets.var(), rel=1e-9, abs=1e-9)


def test_the_accident_is_what_the_text_says(chapter):
    theirs = LinearRegression().fit(chapter.lengths[:, [1]], chapter.mass)
    meant = mean_squared_error(chapter.mass, theirs.predict(chapter.lengths[:, [1]]))
    accident = np.mean([(output - chapter.mass) ** 2 for output in chapter.outputs[:, 0]])

    assert chapter.outputs[:, 0] == pytest.approx(theirs.predict(chapter.lengths[:, [1]]))
    assert f"{meant:9.0f}" in text_of("accident")
    assert f"{accident:9.0f}" in text_of("accident")
    assert chapter.slope_meant == pytest.approx(theirs.coef_[0])
    assert chapter.weights_learnt[0, 0] == pytest.approx(chapter.mass.mean())
    assert chapter.slope_learnt == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("loss", [losses.squared_error, losses.binary_cross_entropy])
def test_lossbook_does_not_broadcast(loss):
    with pytest.raises(ValueError, match=r"nothing is broadcast\), given \(3, 1\) and \(3,\)"):
        loss(np.zeros((3, 1)), np.zeros(3))
    with pytest.raises(ValueError, match=r"given shape \(3, 1\)"):
        losses.cross_entropy(np.zeros((3, 2)), np.zeros((3, 1), int))

    assert text_of("refusals").count("given") == 3


# --- One draw or c coins ------------------------------------------------------------------------------------------


def test_the_articles_numbers_per_node(chapter):
    truth, predictions = ARTICLE
    exact = [
        -mpmath.fsum(mpmath.log(y if t else 1 - y) for t, y in zip(truth, row, strict=True)) for row in predictions
    ]

    assert chapter.nodes == pytest.approx([float(loss) for loss in exact], rel=1e-14)
    assert np.round(chapter.nodes, 5).tolist() == [1.27297, 0.43386]
    assert np.round(chapter.nodes / np.log(2), 5).tolist() == [1.8365, 0.62593]
    assert np.round(chapter.nodes / np.log(10), 5).tolist() == [0.55284, 0.18842]


@given(y=st.floats(1e-6, 1 - 1e-6), label=st.sampled_from([0, 1]))
def test_two_nodes_count_twice(y, label):
    row, target = np.array([[1 - y, y]]), np.eye(2)[[label]]
    nodes = losses.binary_cross_entropy_of_probabilities(row, target).sum()

    assert nodes == pytest.approx(2 * log_loss([label], row, labels=[0, 1]), rel=1e-8, abs=1e-12)


@given(logits=arrays(float, 3, elements=st.floats(-3, 3)), label=st.integers(0, 2))
def test_the_slope_per_node_behind_softmax(chapter, logits, label):
    target = np.eye(3)[label]

    def node_loss(z):
        y = softmax(z)
        return -np.sum(target * np.log(y) + (1 - target) * np.log(1 - y))

    ours = chapter.node_slope(softmax(logits)[None], target[None])[0]

    assert ours == pytest.approx(approx_fprime(logits, node_loss, 1e-6), abs=1e-4)


# --- Several labels, several classes ------------------------------------------------------------------------------


@pytest.mark.parametrize("label", [0, 1])
def test_each_label_is_a_logistic_regression_of_its_own(chapter, label):
    seen = chapter.known[:, label]
    theirs = chapter.features @ logistic(chapter.features[seen], chapter.answers[seen, label])

    assert chapter.logits_2[:, label] == pytest.approx(theirs, rel=1e-5, abs=1e-6)


def test_unknown_answers_count_nowhere(chapter):
    total = sum(
        log_loss(chapter.answers[seen, label], expit(chapter.logits_2[seen, label]), normalize=True) * seen.sum()
        for label, seen in enumerate(chapter.known.T)
    )
    printed = text_of("multi-label-fit")

    assert chapter.known.sum() == 2 * 342 - 9
    assert f"mean over the birds:         {total / 342:.4f}" in printed
    assert f"mean over known answers:     {total / (2 * 342 - 9):.4f}" in printed


def test_the_number_of_elements(chapter):
    assert chapter.by_sign.shape == (333, 2)
    assert chapter.by_sign == pytest.approx(np.logaddexp(0, -(2 * chapter.t_both - 1) * chapter.z_both), rel=1e-12)


def test_one_vs_rest_and_one_vs_one_agree_with_scikit_learn(chapter):
    plain = LogisticRegression(C=np.inf, solver="newton-cg", tol=1e-11, max_iter=10_000)
    inputs = chapter.features[:, 1:]
    rest = OneVsRestClassifier(plain).fit(inputs, chapter.labels)
    ours = chapter.coin_probabilities / chapter.coin_probabilities.sum(axis=1, keepdims=True)
    duels = OneVsOneClassifier(plain).fit(inputs, chapter.labels)

    assert ours == pytest.approx(rest.predict_proba(inputs), abs=1e-5)
    assert log_loss(chapter.labels, rest.predict_proba(inputs)) == pytest.approx(chapter.rest_loss, rel=1e-5)
    for model, pair in zip(duels.estimators_, chapter.pairs_of, strict=True):
        assert chapter.duel[pair] == pytest.approx(model.decision_function(inputs), rel=1e-3, abs=1e-3)
    assert duels.predict(inputs).tolist() == chapter.votes.argmax(axis=1).tolist()


def test_softmax_has_no_loop(chapter):
    z = chapter.features @ chapter.newton_fit(342)
    differences = {(i, j): z[:, j] - z[:, i] for i, j in chapter.pairs_of}

    assert differences[0, 1] + differences[1, 2] - differences[0, 2] == pytest.approx(np.zeros(342), abs=1e-9)
    assert np.abs(chapter.loop).max() == pytest.approx(16, abs=0.5)


def test_the_two_labels_are_dependent(chapter):
    theirs = pearsonr(*chapter.surprise.T)

    assert chapter.correlation == pytest.approx(theirs.statistic)
    assert theirs.pvalue < 0.01


# --- Libraries and exercises --------------------------------------------------------------------------------------


def test_what_scikit_learn_divides_by():
    rng = np.random.default_rng(3)
    targets, outputs = rng.normal(size=(2, 6, 4))
    y, t, v = rng.uniform(0.1, 0.9, 6), np.array([0, 1, 1, 0, 1, 0]), rng.uniform(1, 3, 6)
    nats = losses.binary_cross_entropy_of_probabilities(y, t)

    assert mean_squared_error(targets, outputs) == pytest.approx(((targets - outputs) ** 2).sum() / 24)
    assert log_loss(t, y) == pytest.approx(nats.sum() / 6)
    assert log_loss(t, y, sample_weight=v) == pytest.approx((v * nats).sum() / v.sum())


def test_adam_hides_the_divisor_from_the_step_only(chapter):
    free = [mean_loss(chapter.adam(divisor, 0.0), chapter) for divisor in (342, 1026)]
    held = [mean_loss(chapter.adam(divisor, 0.1), chapter) for divisor in (342, 1026)]

    assert free[0] == pytest.approx(free[1], rel=1e-4)
    assert held[1] > 1.3 * held[0]


def test_sorted_batches_weight_the_birds(chapter):
    objective = sum(chapter.bird_losses[batch].mean() for batch in chapter.batches) / 6
    weights = chapter.newton_fit(342, importance=chapter.hidden)
    probabilities = softmax(chapter.features @ weights, axis=1)

    assert chapter.hidden @ chapter.bird_losses / 342 == pytest.approx(objective)
    assert chapter.hidden @ probabilities == pytest.approx(chapter.hidden @ chapter.targets, rel=1e-8)
    assert np.round(probabilities.sum(axis=0), 1).tolist() == [147.9, 73.5, 120.5]
