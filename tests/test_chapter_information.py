"""The codes of the information chapter are what it says they are, and its numbers agree with other programs.

The tests run the chapter's own cells, so what they compare is what the reader sees.
"""

from itertools import combinations_with_replacement
from math import log2
from pathlib import Path

import mpmath
import numpy as np
import oracles
import pytest
from chapter_cells import run_cells
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.integrate import quad
from scipy.optimize import minimize_scalar

CHAPTER = Path(__file__).parent.parent / "chapters" / "information.ipynb"
CELLS = (
    "set-up",
    "letters",
    "units",
    "entropy-code",
    "sorted-text",
    "simplex-grid",
    "code-words",
    "huffman",
    "encode",
    "mean-length",
    "plot-code",
    "wrong-code",
    "plot-waste",
    "plot-floor",
    "rounded-letters",
    "asymmetry-letters",
    "models-of-a-sentence",
    "mass-bits",
    "article-batch",
    "article-code",
    "per-node",
    "mass-in-units",
    "naive-divergence",
    "stable-divergence",
    "agreement",
    "ex-pairs-check",
    "ex-sorted-check",
    "ex-unseen-check",
)
# Points of the tiles of English Scrabble, which sum to 187 over the bag.
POINTS = {1: "aeilnorstu", 2: "dg", 3: "bcmp", 4: "fhvwy", 5: "k", 8: "jx", 10: "qz"}


@pytest.fixture(scope="module")
def chapter():
    """The names that the chapter's cells define, as attributes."""
    return run_cells(CHAPTER, CELLS)


def rows(c):
    """Rows of c positive probabilities."""
    return st.lists(st.integers(1, 1000), min_size=c, max_size=c).map(lambda w: np.array(w) / sum(w))


def cost_of_merging(weights):
    """The cost of a Huffman code as the sum of all merged weights, from a sorted list instead of a heap."""
    left, cost = sorted(weights), 0
    while len(left) > 1:
        merged = left.pop(0) + left.pop(0)
        cost += merged
        left = sorted([*left, merged])
    return cost


def cheapest_code(weights):
    """The least cost of any prefix code, by trying all lengths with Kraft's inequality."""
    descending = sorted(weights, reverse=True)
    return min(
        sum(w * length for w, length in zip(descending, lengths, strict=True))
        for lengths in combinations_with_replacement(range(1, len(weights)), len(weights))
        if sum(2.0**-length for length in lengths) <= 1
    )


# --- Entropy ----------------------------------------------------------------------------------------------------------


def test_the_entropy_of_letters(chapter):
    assert float(oracles.entropy(chapter.english)) == pytest.approx(2.8872, abs=5e-5)
    assert stats.entropy(chapter.english, base=2) == pytest.approx(chapter.entropy_bits, rel=1e-13)
    assert np.exp(stats.entropy(chapter.english)) == pytest.approx(17.94, abs=5e-3)
    assert chapter.english.max() / chapter.english.min() == pytest.approx(139, abs=0.5)


@given(row=rows(5))
def test_the_entropy_of_a_row(chapter, row):
    expected = float(oracles.entropy(row))

    assert chapter.entropy(row) == pytest.approx(expected, rel=1e-12)
    assert 0 <= expected <= np.log(5) + 1e-15


def test_impossible_outcomes_add_nothing_to_the_entropy(chapter):
    assert chapter.entropy(np.array([0.0, 1.0, 0.0])) == 0
    assert chapter.entropy(np.array([0.5, 0.0, 0.5])) == pytest.approx(np.log(2))


def test_the_simplex_has_its_summit_at_the_uniform_row_and_its_zeros_at_the_corners(chapter):
    heights = np.where(chapter.inside, chapter.heights, -1)
    row, column = np.unravel_index(heights.argmax(), heights.shape)

    assert (chapter.side[column], chapter.side[row]) == pytest.approx((1 / 3, 1 / 3), abs=0.005)
    assert heights.max() == pytest.approx(np.log(3), abs=1e-4)
    assert heights[0, 0] == heights[0, -1] == heights[-1, 0] == 0
    assert heights[0, 100] == heights[100, 0] == pytest.approx(np.log(2))
    assert heights[100, 100] == pytest.approx(np.log(2))
    assert stats.entropy(chapter.species) == pytest.approx(1.0499, abs=5e-5)


def test_sorting_a_text_keeps_its_entropy(chapter):
    counts = np.unique(sorted(chapter.message), return_counts=True)[1]

    assert len(chapter.message) == 92
    assert stats.entropy(counts, base=2) == pytest.approx(4.0879, abs=5e-5)
    assert chapter.entropy(chapter.austen) / np.log(2) == pytest.approx(4.0879, abs=5e-5)


def test_the_entropy_of_few_data_is_too_small_on_average(chapter):
    counts = np.random.default_rng(1).multinomial(92, chapter.english, size=2000)
    in_bits = stats.entropy(counts, base=2, axis=1)

    assert in_bits.mean() + 10 * in_bits.std() / np.sqrt(2000) < chapter.entropy_bits


# --- Codes ------------------------------------------------------------------------------------------------------------


@given(weights=st.lists(st.integers(1, 50), min_size=2, max_size=6))
def test_no_prefix_code_is_shorter_than_huffmans(chapter, weights):
    lengths = chapter.huffman_lengths(dict(enumerate(weights)))
    cost = sum(weight * lengths[i] for i, weight in enumerate(weights))

    assert cost == cost_of_merging(weights) == cheapest_code(weights)


@given(weights=st.lists(st.integers(1, 10**6), min_size=2, max_size=30), seed=st.integers(0, 2**32))
def test_a_huffman_code_lies_within_a_bit_and_can_be_read(chapter, weights, seed):
    p = np.array(weights) / sum(weights)
    lengths = chapter.huffman_lengths(dict(enumerate(weights)))
    words = chapter.code_words(lengths)
    mean = p @ [lengths[i] for i in range(len(p))]
    text = np.random.default_rng(seed).integers(len(p), size=50).tolist()

    assert stats.entropy(p, base=2) - 1e-9 <= mean < stats.entropy(p, base=2) + 1
    assert sum(2.0**-length for length in lengths.values()) == 1
    assert {i: len(word) for i, word in words.items()} == lengths
    assert not any(a != b and words[b].startswith(words[a]) for a in words for b in words)
    assert chapter.decode("".join(words[i] for i in text), words) == text


def test_words_that_do_not_fit_are_refused(chapter):
    with pytest.raises(AssertionError, match=r"an interval of 1\.25, longer than 1"):
        chapter.code_words({"a": 1, "b": 1, "c": 2})


def test_the_code_of_english(chapter):
    assert chapter.mean_length == pytest.approx(
        cost_of_merging(chapter.letters.count.tolist()) / chapter.letters.count.sum()
    )
    assert round(chapter.mean_length, 3) == 4.194
    assert round(chapter.mean_length - chapter.entropy_bits, 3) == 0.028
    assert len(chapter.bits) == 392
    for letter in "etahlkz":
        share = chapter.english[chapter.alphabet.index(letter)]
        assert abs(chapter.lengths[letter] + log2(share)) < 1
    assert sorted(chapter.lengths.values()) == [3] * 2 + [4] * 7 + [5] * 7 + [6] * 5 + [7, 8, 9, 10, 10]


def test_the_areas_of_the_picture_are_the_mean_length_and_the_entropy(chapter):
    widths = np.diff(chapter.edges)
    steps_x, steps_y = chapter.steps

    assert widths @ chapter.word_lengths[chapter.order] == pytest.approx(chapter.mean_length)
    assert np.trapezoid(steps_y, steps_x) == pytest.approx(chapter.entropy_bits)


def test_rounding_up_costs_less_than_a_bit(chapter):
    assert np.sum(2**-chapter.ceilings) <= 1
    assert chapter.mean_length < chapter.english @ chapter.ceilings < chapter.entropy_bits + 1


def test_pairs_come_closer_to_the_entropy(chapter):
    assert 2 * chapter.per_letter == pytest.approx(cost_of_merging(chapter.pair_shares.values()))
    assert chapter.entropy_bits < chapter.per_letter < chapter.mean_length
    assert chapter.per_letter < chapter.entropy_bits + 1 / 2
    assert sum(chapter.pair_shares.values()) == pytest.approx(1)


# --- Cross-entropy and divergence -------------------------------------------------------------------------------------


def test_the_bag_is_that_of_the_game(chapter):
    points = {letter: value for value, group in POINTS.items() for letter in group}

    assert sum(chapter.tiles.values()) == 98
    assert sum(points[letter] * count for letter, count in chapter.tiles.items()) == 187
    assert (chapter.tiles["e"], chapter.tiles["a"], chapter.tiles["h"]) == (12, 9, 2)


def test_the_wrong_code_costs_the_divergence_and_some_rounding(chapter):
    counts = chapter.letters.count.tolist()
    right = chapter.huffman_lengths(dict(zip(chapter.alphabet, counts, strict=True)))
    wrong = chapter.huffman_lengths(chapter.tiles)
    excess = stats.entropy(chapter.english, chapter.bag, base=2)
    paid = chapter.english @ [wrong[a] - right[a] for a in chapter.alphabet]

    assert excess == pytest.approx(0.103, abs=5e-4)
    assert chapter.english @ [wrong[a] for a in chapter.alphabet] == pytest.approx(4.3355, abs=5e-5)
    assert (paid, paid - excess) == pytest.approx((0.142, 0.039), abs=5e-4)
    assert chapter.waste.sum() == pytest.approx(excess, rel=1e-10)
    assert set(np.array(chapter.alphabet)[np.argsort(chapter.waste)[-3:]]) == set("hts")
    assert set(np.array(chapter.alphabet)[np.argsort(chapter.waste)[:3]]) == set("iua")


def test_the_divergence_has_a_direction(chapter):
    english, bag, austen = chapter.english, chapter.bag, chapter.austen

    assert stats.entropy(bag, english, base=2) == pytest.approx(0.1286, abs=5e-5)
    assert stats.entropy(austen, english, base=2) == pytest.approx(0.1171, abs=5e-5)
    assert stats.entropy(english, austen) == np.inf
    assert chapter.missing == list("jqxz")


@pytest.mark.parametrize(
    ("truth", "belief", "expected"),
    [
        ([0.1, 0.7, 0.2], [0.1, 0.7, 0.2], (0.8018, 0.8018, 0)),
        ([0.1, 0.7, 0.2], [0.2, 0.7, 0.1], (0.8711, 0.8018, 0.0693)),
        ([0, 1, 0], [0.2, 0.7, 0.1], (0.3567, 0, 0.3567)),
    ],
)
def test_cross_entropy_is_entropy_and_divergence(chapter, truth, belief, expected):
    truth, belief = np.array(truth, dtype=float), np.array(belief)
    crossed = chapter.cross_entropy(truth, belief)

    assert crossed == pytest.approx(float(oracles.cross_entropy_of_distributions(truth, belief)), rel=1e-14)
    assert (crossed, stats.entropy(truth), stats.entropy(truth, belief)) == pytest.approx(expected, abs=5e-5)


def test_the_floor_of_the_curve_is_the_entropy(chapter):
    def cost(q_2):
        return chapter.cross_entropy(chapter.truth, np.array([(1 - q_2) / 3, q_2, 2 * (1 - q_2) / 3]))

    best = minimize_scalar(cost, bounds=(0.1, 0.985), method="bounded", options={"xatol": 1e-9})

    assert best.x == pytest.approx(0.7, abs=1e-6)
    assert best.fun == pytest.approx(chapter.own, rel=1e-12)
    assert chapter.costs[0] == pytest.approx(1.83, abs=5e-3)
    assert chapter.costs.min() >= chapter.own


@given(p=rows(4), q=rows(4))
def test_the_stable_divergence(chapter, p, q):
    exact = float(oracles.kl_divergence(p, q))

    # The rows sum to 1 up to rounding only, and the sum that is added is 0 up to as much.
    assert chapter.divergence(p, q) == pytest.approx(exact, rel=1e-9, abs=1e-15)
    assert chapter.divergence(p, q) >= 0


def test_the_naive_divergence_is_wrong_for_small_steps_and_can_be_negative(chapter):
    steps = np.geomspace(1e-10, 1e-8, 50)
    beliefs = [chapter.truth + step * np.array([1, -1, 0]) for step in steps]
    naive = np.array([chapter.naive_divergence(chapter.truth, belief) for belief in beliefs])
    stable = np.array([chapter.divergence(chapter.truth, belief) for belief in beliefs])

    assert naive.min() < 0 < stable.min()
    assert stable == pytest.approx(steps**2 / 2 * (1 / 0.1 + 1 / 0.7), rel=1e-5)


# --- Likelihood -------------------------------------------------------------------------------------------------------


def test_the_order_of_the_likelihoods_is_that_of_the_divergences(chapter):
    excess = [stats.entropy(chapter.austen, model) for model in chapter.models.values()]
    counts = np.round(92 * chapter.austen)
    nll = [-stats.multinomial.logpmf(counts, 92, model) for model in chapter.models.values()]

    assert list(chapter.models) == ["26 equal", "the bag", "English", "own shares"]
    assert np.all(np.diff(nll) < 0)
    assert np.diff(nll) / 92 == pytest.approx(np.diff(excess), rel=1e-8)
    assert stats.entropy(chapter.austen) == pytest.approx(2.8335, abs=5e-5)


def test_masses_cost_what_the_text_says(chapter):
    line = stats.linregress(chapter.flipper, chapter.mass)
    fits = {7.049: np.full(342, chapter.mass.mean()), 6.022: line.intercept + line.slope * chapter.flipper}
    for bits, predicted in fits.items():
        bell = stats.norm(predicted, np.sqrt(np.mean((chapter.mass - predicted) ** 2)))
        of_step = -np.log2(bell.cdf(chapter.mass + 12.5) - bell.cdf(chapter.mass - 12.5))
        assert of_step.mean() == pytest.approx(bits, abs=5e-4)
    assert chapter.of_step == pytest.approx(of_step.mean(), rel=1e-6)  # of the line, the last of the two

    saved = -np.log2(1 - line.rvalue**2) / 2
    assert saved == pytest.approx(1.026, abs=5e-4)
    assert saved == pytest.approx(7.049 - 6.022, abs=2e-3)


# --- Bases ------------------------------------------------------------------------------------------------------------


def test_the_numbers_of_the_article(chapter):
    """Every base, to the digits of the ledger."""
    for values, base_10, nats, bits in [
        (chapter.per_row, [0.30103, 0.09691], [0.69315, 0.22314], [1.0, 0.32193]),
        ([chapter.per_row.mean()], [0.19897], [0.45815], [0.66096]),
        (chapter.nodes, [0.55284, 0.18842], [1.27297, 0.43387], [1.83650, 0.62593]),
    ]:
        assert np.array(values) == pytest.approx(nats, abs=6e-6)
        assert np.array(values) / float(mpmath.log(2)) == pytest.approx(bits, abs=6e-6)
        assert np.array(values) / float(mpmath.log(10)) == pytest.approx(base_10, abs=6e-6)
    assert chapter.printed_code == pytest.approx(0.15272, abs=5e-6)
    assert [round(value / np.log(10), 1) for value in (*chapter.per_row, chapter.per_row.mean())] == [0.3, 0.1, 0.2]


@pytest.mark.parametrize(
    ("nats", "text"),
    [
        (np.log(2), " 0.6931 nats =  1.0000 bits = 0.3010 in base 10"),
        (np.log(1000), " 6.9078 nats =  9.9658 bits = 3.0000 in base 10"),
    ],
)
def test_units(chapter, nats, text):
    assert chapter.in_units(nats) == text


# --- Densities --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", [0.01, 0.2419, 1.0, 393.1])
def test_differential_entropy(chapter, scale):
    assert chapter.h_in(scale) == pytest.approx(float(stats.norm(scale=scale).entropy()), rel=1e-10, abs=1e-10)


def test_a_differential_entropy_can_be_negative_and_moves_with_the_unit(chapter):
    assert stats.uniform(scale=0.5).entropy() == pytest.approx(-np.log(2))
    grams, tonnes = (float(stats.norm(scale=chapter.around_line / unit).entropy()) for unit in (1, 1e6))
    assert (grams, tonnes) == pytest.approx((7.393, -6.422), abs=5e-4)
    assert grams - np.log(25) == pytest.approx(4.174, abs=5e-4)
    assert (grams - np.log(25)) / np.log(2) == pytest.approx(6.022, abs=5e-4)
    assert np.log(chapter.spread / chapter.around_line) == pytest.approx(0.7115, abs=5e-5)


# --- Exercises --------------------------------------------------------------------------------------------------------


def test_sorted_samples_are_no_distributions(chapter):
    a, b = chapter.adelie, chapter.gentoo

    assert stats.entropy(a, b) == pytest.approx(chapter.divergence(a / a.sum(), b / b.sum()), rel=1e-9)
    assert stats.entropy(a, b) < 0.0003
    assert stats.entropy(a, 10 * a) == pytest.approx(0, abs=1e-15)
    assert chapter.gentoo.mean() - chapter.adelie.mean() == pytest.approx(1300, abs=50)


def test_the_divergence_between_gaussians(chapter):
    a, b = (stats.norm(sample.mean(), sample.std()) for sample in (chapter.adelie, chapter.gentoo))
    centre, width = a.mean(), a.std()
    expected, _ = quad(lambda x: a.pdf(x) * (a.logpdf(x) - b.logpdf(x)), centre - 10 * width, centre + 10 * width)

    assert chapter.between_gaussians(chapter.adelie, chapter.gentoo) == pytest.approx(expected, rel=1e-6)


def test_a_mixture_saves_the_unseen_letters(chapter):
    def on(source, a):
        mixed = (1 - a) * chapter.austen + a / 26
        return stats.entropy(source, base=2) + stats.entropy(source, mixed, base=2)

    weights = [0, 0.01, 0.1, 0.3, 1]
    on_sentence = [on(chapter.austen, a) for a in weights]
    on_english = [on(chapter.english, a) for a in weights]

    assert np.all(np.diff(on_sentence) > 0)
    assert on_english[0] == np.inf
    assert np.argmin(on_english) == 2
    assert on_english[2] - chapter.entropy_bits == pytest.approx(0.109, abs=5e-4)
