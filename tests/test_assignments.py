"""The book's assignments: right answers keep all points, and each wrong one loses exactly what it should.

A mutant is the reference with one change.  Each loses the checks that are named beside it, and no other.  All mutants of
an assignment are graded together, one for each answer cell in a submission, because the answers are independent.
"""

# ruff: noqa: E501 -- tables of small changes

import base64
import functools
import itertools
import json
from pathlib import Path

import check
import pytest
from pages import Page
from system import require_program

from grader.notebook import parse
from grader.release import release, released
from grader.service import Service, Setup
from lossbook.derivation import Derivation, DerivationError

ROOT = Path(__file__).resolve().parent.parent
NAMES = ["likelihood-and-gaussian", "bernoulli", "multinoulli", "error-clinic"]

SIGMOID = "1 / (1 + np.exp(-z))"
# assignment -> answer cell -> (what is wrong, text in the reference, text instead of it, lost checks).  "" is the whole
# body of the answer; no lost check means: it is another right answer.
MUTANTS = {
    "likelihood-and-gaussian": {
        "likelihood": [
            ("no one half", "(2 * sigma**2)", "sigma**2", "test-likelihood"),
            ("one normaliser for all", "", "return np.exp(-np.sum((x - mu) ** 2) / (2 * sigma**2)) / np.sqrt(2 * np.pi * sigma**2)", "test-likelihood"),
            ("at most 1, like a probability", "np.prod(density)", "min(1.0, np.prod(density))", "test-likelihood-density"),
            ("sum", "np.prod", "np.sum", "test-likelihood"),
            ("sigma for the variance", "2 * np.pi * sigma**2", "2 * np.pi * sigma", "test-likelihood; test-likelihood-density"),
            ("by logarithms", "", "return np.exp(-sum((v - mu) ** 2 / sigma**2 / 2 + np.log(2 * np.pi * sigma**2) / 2 for v in x))", ""),
        ],
        "nll": [
            ("mean", "return np.sum((x - mu) ** 2) / (2 * sigma**2) + len(x)", "return np.mean((x - mu) ** 2) / (2 * sigma**2) + 1", "test-nll; many measurements"),
            ("through the product", "return np.sum((x - mu) ** 2) / (2 * sigma**2) + len(x) * np.log(2 * np.pi * sigma**2) / 2", "return -np.log(np.prod(np.exp(-((x - mu) ** 2) / (2 * sigma**2)) / np.sqrt(2 * np.pi * sigma**2)))", "a measurement far away; many measurements"),
            ("through each density", "return np.sum((x - mu) ** 2) / (2 * sigma**2) + len(x) * np.log(2 * np.pi * sigma**2) / 2", "return -np.sum(np.log(np.exp(-((x - mu) ** 2) / (2 * sigma**2)) / np.sqrt(2 * np.pi * sigma**2)))", "a measurement far away"),
            ("no constant", " + len(x) * np.log(2 * np.pi * sigma**2) / 2", "", "test-nll; a measurement far away; many measurements"),
            ("constant once", "len(x) * np.log", "np.log", "test-nll; many measurements"),
            ("no one half", "(2 * sigma**2)", "sigma**2", "test-nll; a measurement far away; many measurements"),
            ("sign", "return np.sum", "return -np.sum", "test-nll; a measurement far away; many measurements"),
            ("base 2", "np.log(", "np.log2(", "test-nll; a measurement far away; many measurements"),
            ("no refusal", "if not sigma > 0", "if False", "no sigma below or at 0"),
            ("refuses only 0", "if not sigma > 0", "if sigma == 0", "no sigma below or at 0"),
            ("a loop", "return np.sum((x - mu) ** 2) / (2 * sigma**2) + len(x) * np.log(2 * np.pi * sigma**2) / 2", "return sum(((v - mu) / sigma) ** 2 / 2 + np.log(sigma) + np.log(2 * np.pi) / 2 for v in x)", ""),
        ],
        "mle": [
            ("N - 1", "(x - mu) ** 2) / len(x)", "(x - mu) ** 2) / (len(x) - 1)", "test-mle-sigma; test-mle-offset"),
            ("variance", "np.sqrt(np.sum((x - mu) ** 2) / len(x))", "np.sum((x - mu) ** 2) / len(x)", "test-mle-sigma"),
            ("mean of squares minus square of mean", "np.sum((x - mu) ** 2) / len(x)", "max(np.mean(x**2) - mu**2, 0)", "test-mle-offset"),
            ("median", "np.sum(x) / len(x)", "np.median(x)", "test-mle-mean; test-mle-sigma"),
            ("rounded mean", "return mu,", "return round(mu),", "test-mle-mean"),
            ("absolute deviation", "np.sqrt(np.sum((x - mu) ** 2) / len(x))", "np.mean(np.abs(x - mu))", "test-mle-sigma"),
            ("NumPy's", "", "return [np.mean(x), np.std(x)]", ""),
        ],
        "own": [
            ("all birds", "own_birds(my_name).mean(), own_birds(my_name).std()", "flippers.mean(), flippers.std()", "test-own"),
            ("N - 1", ".std()", ".std(ddof=1)", "test-own"),
            ("another's birds", "own_birds(my_name).mean()", "own_birds('Ada Lovelace').mean()", "test-own"),
            ("no name", '"Ronald Fisher"', '" "', "test-own"),
            ("rounded", ".std()", ".std().round(2)", ""),
        ],
        "to-sse": [
            ("jump", "[start, sum_of_logs, two_terms, constant_outside, no_constant, half, squares]", "[start, squares]", "the product is a sum; no exponential is left; sigma is gone"),
            ("lost bracket", "(2 * sigma**2) + log(2 * pi", "(2 * sigma**2) - log(2 * pi", "the required form"),
            ("no one half", "two_terms = Sum((x[n] - mu) ** 2 / (2 * sigma**2)", "two_terms = Sum((x[n] - mu) ** 2 / sigma**2", "the required form"),
            ("one half left", "half, squares]", "half]", "the required form"),
            ("sigma left", "constant_outside, no_constant, half, squares]", "constant_outside]", "sigma is gone; the required form"),
            ("logarithms left", "sum_of_logs, two_terms, constant_outside, no_constant, half, squares]", "sum_of_logs]", "no exponential is left; sigma is gone; the required form"),
            ("repeats the start", "[start, sum_of_logs, two_terms, constant_outside, no_constant, half, squares]", "[start, start, start]", "the product is a sum; no exponential is left; sigma is gone; the required form"),
            ("fewer lines", "[start, sum_of_logs, two_terms, constant_outside, no_constant, half, squares]", "[start, sum_of_logs, constant_outside, squares]", ""),
            ("without the start", "return [start, ", "return [", ""),
            ("other symbols", "", "i, M = symbols('i M', integer=True, positive=True)\n    h, b, s = IndexedBase('h'), symbols('b', real=True), symbols('s', positive=True)\n    r = (h[i] - b) ** 2\n    own = exp(-r / (2 * s**2)) / sqrt(2 * pi * s**2)\n    return [-log(Product(own, (i, 1, M))), -Sum(log(own), (i, 1, M)), Sum(r / (2 * s**2) + log(2 * pi * s**2) / 2, (i, 1, M)), Sum(r, (i, 1, M)) / s**2, Sum(r, (i, 1, M))]", ""),
        ],
        "to-mean": [
            ("jump", "[start, derivative, mu_outside, ", "[start, ", "the derivative in mu; the required form"),
            ("sign of the derivative", "Sum(mu - x[n], (n, 1, N)) / sigma", "Sum(mu + x[n], (n, 1, N)) / sigma", "the required form"),
            ("no estimate", "mu_outside, Sum(x[n], (n, 1, N)) / N]", "mu_outside]", "the required form"),
            ("N - 1", "(n, 1, N)) / N]", "(n, 1, N)) / (N - 1)]", "the required form"),
            ("one step less", "derivative, mu_outside, ", "derivative, ", ""),
            ("other indices", "(mu - x[n], (n, 1, N)) / sigma", "(-x[symbols('i', integer=True, positive=True)] + mu, (symbols('i', integer=True, positive=True), 1, N)) / sigma", ""),
        ],
        "variants": [
            ("half ignored", "(1 if half else 2)", "2", "test-slope"),
            ("mean ignored", "(len(x) if mean else 1)", "1", "test-slope"),
            ("sign of the slope", "np.sum(mu - x)", "np.sum(x - mu)", "test-slope"),
            ("rate without the half", "(1 if half else 1 / 2)", "1", "test-rate"),
            ("rate the wrong way round", "(1 if mean else len(x))", "(len(x) if mean else 1)", "test-rate"),
            ("rate of one bird", "/ (1 if mean else len(x))", "/ 1", "test-rate"),
        ],
    },
    "bernoulli": {
        "loss": [
            ("through the probability", "    small = np.log1p(np.exp(-np.abs(z)))\n    return t * (np.maximum(-z, 0) + small) + (1 - t) * (np.maximum(z, 0) + small)", "    y = 1 / (1 + np.exp(-z))\n    return -t * np.log(y) - (1 - t) * np.log(1 - y)", "huge logits; tiny losses"),
            ("clipped", "    small = np.log1p(np.exp(-np.abs(z)))\n    return t * (np.maximum(-z, 0) + small) + (1 - t) * (np.maximum(z, 0) + small)", "    y = np.clip(1 / (1 + np.exp(-z)), 1e-12, 1 - 1e-12)\n    return -t * np.log(y) - (1 - t) * np.log(1 - y)", "huge logits; tiny losses"),
            ("lost digits", "return t * (np.maximum(-z, 0) + small) + (1 - t) * (np.maximum(z, 0) + small)", "return np.logaddexp(0, z) - t * z", "tiny losses"),
            ("log of 1 plus something small", "np.log1p(np.exp(-np.abs(z)))", "np.log(1 + np.exp(-np.abs(z)))", "tiny losses"),
            ("overflow", "return t * (np.maximum(-z, 0) + small) + (1 - t) * (np.maximum(z, 0) + small)", "return np.where(t < 0.5, 0, -z) + t * 0 + np.where(z > 100, np.log(np.exp(z)), z * 0) + np.logaddexp(0, np.minimum(z, 100)) + np.where(t < 0.5, -t * z, (1 - t) * z)", "huge logits; tiny losses"),
            ("hard targets only", "return t * (np.maximum(-z, 0) + small) + (1 - t) * (np.maximum(z, 0) + small)", "return np.maximum(np.where(t == 1, -z, z), 0) + small", "soft targets"),
            ("mean", "return t * (np.maximum(-z, 0) + small) + (1 - t) * (np.maximum(z, 0) + small)", "return np.mean(t * (np.maximum(-z, 0) + small) + (1 - t) * (np.maximum(z, 0) + small))", "test-loss; huge logits; tiny losses; soft targets"),
            ("base 2", "return t * (np.maximum(-z, 0) + small) + (1 - t) * (np.maximum(z, 0) + small)", "return (t * (np.maximum(-z, 0) + small) + (1 - t) * (np.maximum(z, 0) + small)) / np.log(2)", "test-loss; huge logits; tiny losses; soft targets"),
            ("sign", "return t * (np.maximum(-z, 0) + small)", "return -t * (np.maximum(-z, 0) + small)", "test-loss; huge logits; tiny losses; soft targets"),
            ("no refusal", "if np.shape(z) != np.shape(t)", "if False", "different shapes"),
            ("refuses only numbers", "if np.shape(z) != np.shape(t)", "if np.ndim(z) != np.ndim(t)", "different shapes"),
            ("the textbook's form", "return t * (np.maximum(-z, 0) + small) + (1 - t) * (np.maximum(z, 0) + small)", "return np.maximum(z, 0) - t * z + small", ""),
        ],
        "gradient": [
            ("p", "return (1 - t) * y - t * one_minus_y", "return y", "test-gradient; huge logits; tiny gradients"),
            ("t - p", "return (1 - t) * y - t * one_minus_y", "return t * one_minus_y - (1 - t) * y", "test-gradient; huge logits; tiny gradients"),
            ("mean", "return (1 - t) * y - t * one_minus_y", "return ((1 - t) * y - t * one_minus_y) / z.size", "test-gradient; huge logits; tiny gradients"),
            ("lost digits", "return (1 - t) * y - t * one_minus_y", "return y - t", "tiny gradients"),
            ("overflow", "return (1 - t) * y - t * one_minus_y", "return (1 - t) * np.exp(z) / (1 + np.exp(z)) - t / (1 + np.exp(z))", "huge logits"),
            ("times the slope of the sigmoid", "return (1 - t) * y - t * one_minus_y", "return (y - t) * y * one_minus_y", "test-gradient; huge logits; tiny gradients"),
        ],
        "to-stable": [
            ("jump", "[start, one_minus_y, no_fractions, one_logarithm, ", "[start, ", "one logarithm; no exponential can overflow"),
            ("sign", "no_fractions = t * log(1 + exp(-z)) + (1 - t)", "no_fractions = t * log(1 + exp(-z)) - (1 - t)", "the required form"),
            ("sign in the only step", "one_logarithm = (1 - t) * z", "one_logarithm = (1 + t) * z", "one logarithm; no exponential can overflow; the required form"),
            ("not the stable form", "one_logarithm, Max(z, 0) - t * z + log(1 + exp(-Abs(z)))]", "one_logarithm]", "no exponential can overflow"),
            ("stops half way", "no_fractions, one_logarithm, Max(z, 0) - t * z + log(1 + exp(-Abs(z)))]", "one_minus_y]", "one logarithm; no exponential can overflow; the required form"),
            ("fewer lines", "one_minus_y, no_fractions, one_logarithm, ", "one_logarithm, ", ""),
            ("other symbols", "return [start, one_minus_y, no_fractions, one_logarithm, Max(z, 0) - t * z + log(1 + exp(-Abs(z)))]", "p, s = symbols('p'), symbols('s', real=True)\n    return [e.subs({t: p, z: s}) for e in [start, no_fractions, one_logarithm, Max(z, 0) - t * z + log(1 + exp(-Abs(z)))]]", ""),
        ],
        "to-gradient": [
            ("jump", "[start, sum_of_logs, by_logits, chain_rule, ", "[start, ", "the product is a sum; the derivative"),
            ("sign", "log(1 + exp(logits[n])) - targets[n]", "log(1 + exp(logits[n])) + targets[n]", "the required form"),
            ("p in the chain rule", "(1 + exp(logits[m])) - targets[m]", "(1 + exp(logits[m]))", "the required form"),
            ("p", "exp(-logits[m])) - targets[m]]", "exp(-logits[m]))]", "the required form"),
            ("no derivative", "by_logits, chain_rule, 1 / (1 + exp(-logits[m])) - targets[m]]", "by_logits]", "the derivative; the required form"),
            ("one step less", "by_logits, chain_rule, ", "by_logits, ", ""),
        ],
        "fit": [
            ("no intercept", "return w[0], w[1]", "return 0.0, w[1]", "test-fit; many examples; a steep slope; test-forecast"),
            ("three steps", "range(50)", "range(3)", "test-fit; a steep slope; test-forecast"),
            ("five steps", "range(50)", "range(5)", "a steep slope"),
            ("sign", "return w[0], w[1]", "return -w[0], -w[1]", "test-fit; many examples; a steep slope; test-forecast"),
            ("squared error", "        w = w - np.linalg.solve(design.T @ (design * (y * (1 - y))[:, None]), design.T @ (y - t))", "        w = np.linalg.lstsq(design, t, rcond=None)[0]", "test-fit; many examples; a steep slope; test-forecast"),
            ("degrees of another scale", "w1 * 31", "w1 * -0.6", "test-forecast"),
            ("the only data it knows", "    return w[0], w[1]", "    return (15.0429016, -0.2321627) if len(x) != 23 else (w[0], w[1])", "many examples; a steep slope"),
            ("small steps on a scale of one", "range(50):\n        y = 1 / (1 + np.exp(-design @ w))\n        w = w - np.linalg.solve(design.T @ (design * (y * (1 - y))[:, None]), design.T @ (y - t))\n    return w[0], w[1]", "range(20000):\n        mean, scale = np.mean(x), np.std(x)\n        u = np.stack([np.ones(len(x)), (x - mean) / scale], axis=1)\n        w = w - 2 * u.T @ (1 / (1 + np.exp(-u @ w)) - t) / len(x)\n    return w[0] - w[1] * mean / scale, w[1] / scale", ""),
        ],
        "squared": [
            ("no slope of the sigmoid", "(y - t) * y * (1 - y)", "y - t", "test-squared"),
            ("no one half", "(y - t) * y", "2 * (y - t) * y", "test-squared"),
            ("half the slope", " * y * (1 - y)", " * y", "test-squared"),
        ],
    },
    "multinoulli": {
        "loss": [
            ("no shift", "z = z - np.max(z, axis=1, keepdims=True)", "z = z + 0", "huge logits; rows of different size"),
            ("one shift for all rows", "np.max(z, axis=1, keepdims=True)", "np.max(z)", "rows of different size"),
            ("clipped", "return -np.sum(t * log_y, axis=1)", "return -np.sum(t * np.log(np.maximum(np.exp(log_y), 1e-12)), axis=1)", "huge logits"),
            ("hard targets only", "return -np.sum(t * log_y, axis=1)", "return -log_y[np.arange(len(z)), np.argmax(t, axis=1)]", "soft targets"),
            ("mean", "return -np.sum(t * log_y, axis=1)", "return -np.mean(np.sum(t * log_y, axis=1))", "test-loss; huge logits; rows of different size; soft targets"),
            ("mean over classes", "return -np.sum(t * log_y, axis=1)", "return -np.mean(t * log_y, axis=1)", "test-loss; huge logits; rows of different size; soft targets"),
            ("base 2", "return -np.sum(t * log_y, axis=1)", "return -np.sum(t * log_y, axis=1) / np.log(2)", "test-loss; huge logits; rows of different size; soft targets"),
            ("sign", "return -np.sum(t", "return np.sum(t", "test-loss; huge logits; rows of different size; soft targets"),
            ("three classes only", "z = z - np.max(z, axis=1, keepdims=True)", "z, t = z[:, :3] - np.max(z[:, :3], axis=1, keepdims=True), t[:, :3]", "test-loss; rows of different size; soft targets"),
            ("row by row", "", "return np.array([np.max(u) + np.log(np.exp(u - np.max(u)).sum()) - s @ u for u, s in zip(z, t)])", ""),
        ],
        "gradient": [
            ("p", "keepdims=True) - t", "keepdims=True)", "test-gradient; test-gradient-limits"),
            ("t - p", "return y / np.sum(y, axis=1, keepdims=True) - t", "return t - y / np.sum(y, axis=1, keepdims=True)", "test-gradient; test-gradient-limits"),
            ("over N", "return y / np.sum(y, axis=1, keepdims=True) - t", "return (y / np.sum(y, axis=1, keepdims=True) - t) / len(z)", "test-gradient"),
            ("over the matrix", "return y / np.sum(y, axis=1, keepdims=True) - t", "return (y / np.sum(y, axis=1, keepdims=True) - t) / z.size", "test-gradient; test-gradient-limits"),
            ("no shift", "np.exp(z - np.max(z, axis=1, keepdims=True))", "np.exp(z)", "test-gradient-limits"),
        ],
        "to-shift": [
            ("jump", "[start, no_fraction, factor, ", "[start, ", "no fraction inside a logarithm; a is gone"),
            ("sign", "no_fraction = log(Sum(exp(z[k] + a), (k, 1, c))) - z[j] - a", "no_fraction = log(Sum(exp(z[k] + a), (k, 1, c))) - z[j] + a", "the required form"),
            ("logarithm of a sum", "log(exp(a) * Sum(exp(z[k]), (k, 1, c)))", "Sum(z[k] + a, (k, 1, c))", "the required form"),
            ("a left", "[start, no_fraction, factor, log(Sum(exp(z[k]), (k, 1, c))) - z[j]]", "[start, no_fraction, factor]", "a is gone; the required form"),
            ("fraction left", "[start, no_fraction, factor, log(Sum(exp(z[k]), (k, 1, c))) - z[j]]", "[start, -log(exp(z[j]) / Sum(exp(z[k]), (k, 1, c)))]", "no fraction inside a logarithm"),
            ("a first", "no_fraction, factor, ", "-log(exp(z[j]) / Sum(exp(z[k]), (k, 1, c))), ", ""),
            ("one step less", "no_fraction, factor, ", "no_fraction, ", ""),
        ],
        "to-gradient": [
            ("jump", "[start, no_fraction, split, sum_to_one, ", "[start, ", "no fraction inside a logarithm; no logarithm inside a sum; the derivative"),
            ("targets sum to c", "split = normaliser * Sum(t[k], (k, 1, c))", "split = normaliser * c", "the required form"),
            ("p", "(k, 1, c)) - t[m]]", "(k, 1, c))]", "the derivative; the required form"),
            ("only the own class", "exp(z[m]) / Sum(exp(z[k]), (k, 1, c)) - t[m]]", "t[m] * (exp(z[m]) / Sum(exp(z[k]), (k, 1, c)) - 1)]", "the derivative; the required form"),
            ("no derivative", "sum_to_one, exp(z[m]) / Sum(exp(z[k]), (k, 1, c)) - t[m]]", "sum_to_one]", "the derivative; the required form"),
            ("stops early", "no_fraction, split, sum_to_one, exp(z[m]) / Sum(exp(z[k]), (k, 1, c)) - t[m]]", "no_fraction]", "no logarithm inside a sum; the derivative; the required form"),
            ("fewer lines", "no_fraction, split, sum_to_one, ", "no_fraction, sum_to_one, ", ""),
            ("other symbols", "", "q, p, C = symbols('q p C', integer=True, positive=True)\n    u, o = IndexedBase('u'), IndexedBase('o')\n    total = Sum(exp(u[q]), (q, 1, C))\n    start = -Sum(o[q] * log(exp(u[q]) / total.subs(q, i)), (q, 1, C))\n    return [start, Sum(o[q] * (log(total.subs(q, i)) - u[q]), (q, 1, C)), log(total) - Sum(o[q] * u[q], (q, 1, C)), exp(u[p]) / total - o[p]]", ""),
        ],
        "fit": [
            ("mean over the matrix", "(y - t) / len(x)", "(y - t) / t.size", "test-fit; test-fit-others"),
            ("penalty without the half", "+ penalty * weights", "+ 2 * penalty * weights", "test-fit; test-fit-others"),
            ("no penalty", "+ penalty * weights", "", "test-fit; test-fit-others"),
            ("too few steps", "range(20_000)", "range(100)", "test-fit"),
            ("three classes only", "np.zeros((x.shape[1], t.shape[1]))", "np.zeros((x.shape[1], 3))", "test-fit-others"),
            ("transposed", "    return weights", "    return weights.T", "test-fit; test-fit-others"),
        ],
        "mean": [
            ("rate unchanged", "rate * classes,", "rate,", "the learning rate"),
            ("rate the wrong way", "rate * classes,", "rate / classes,", "the learning rate"),
            ("penalty unchanged", "penalty / classes", "penalty", "the penalty"),
            ("penalty the wrong way", "penalty / classes", "penalty * classes", "the penalty"),
        ],
    },
    "error-clinic": {
        "answer-a": [
            ("wrong line", "return 4,", "return 5,", "the false line"),
            ("one measurement", "[1.0, 2.0]", "[1.0]", "test-a"),
            ("agreeing numbers", '"t": [1.0, 2.0], "y": [1.0, 1.0]', '"t": [1.0], "y": [2.0]', "the numbers"),
            ("still no N", "+ N * log(2", "+ log(2", "the required form"),
            ("false end", "residuals / N]", "residuals]", "the required form"),
            ("other numbers", '1.0, "t": [1.0, 2.0], "y": [1.0, 1.0]', '7, "t": [0, 0, 0], "y": [0, 0, 0]', ""),
            ("from the first line", "start = case_a[2]", "start = case_a[0]", ""),
        ],
        "answer-b": [
            ("wrong line", "return 3,", "return 4,", "the false line"),
            ("agreeing numbers", '"t": [0]', '"t": [1]', "the numbers"),
            ("no probability", '"y": [0.5]', '"y": [1.5]', "the numbers"),
            ("only the bracket of the derivative", "- Sum((1 - t[n])", "+ Sum((1 - t[n])", "the required form"),
            ("t - y", "(y[m] - t[m]) / (y", "(t[m] - y[m]) / (y", "the required form"),
            ("at once", "right, derivative, ", "", ""),
        ],
        "answer-c": [
            ("wrong line", "return 4,", "return 3,", "the false line"),
            ("agreeing numbers", '"m": 1}', '"m": 2}', "the numbers"),
            ("no target", '"t": [1, 0]', '"t": [0, 0]', "the numbers"),
            ("no target in the gradient", "normaliser - t[m]]", "normaliser]", "the required form"),
            ("false end", "exp(z[m]) / normaliser - t[m]]", "case_c[3]]", "the required form"),
        ],
        "answer-d": [
            ("wrong line", "return 5,", "return 4,", "the false line"),
            ("agreeing numbers", '"z": [0.0, 0.0]', '"z": [0.0]', "the numbers"),
            ("a kept", "return [start, log", "return [start, a + log", "the required form"),
            ("false end", "log(Sum(exp(z[k]), (k, 1, c))) - z[j]]", "Sum(z[k], (k, 1, c)) - z[j]]", "the required form"),
        ],
        "answer-e": [
            ("wrong line", "return 2,", "return 3,", "the false line"),
            ("agreeing numbers", '"x": [1.0, 1.0], "t": [1.0, 1.0]', '"x": [1.0], "t": [1.0]', "the numbers"),
            ("still no N", "+ N * penalty", "+ penalty", "the required form"),
            ("N on the wrong side", "+ N * penalty", "+ penalty / N", "the required form"),
            ("penalty with N instead", "[start, derivative, ", "[start, misfit + N * penalty * w**2, -2 * Sum(x[n] * (t[n] - w * x[n]), (n, 1, N)) + 2 * N * penalty * w, ", ""),
        ],
        "program-loss": [
            ("sum over the matrix", "np.log(np.exp(z).sum(axis=1))", "np.log(np.exp(z).sum())", "test-program-loss; huge logits"),
            ("all pairs", "z[np.arange(len(z)), labels]", "z[:, labels]", "test-program-loss; huge logits"),
            ("no shift", "z = z - z.max(axis=1, keepdims=True)", "z = z + 0", "huge logits"),
            ("one shift for all", "z.max(axis=1, keepdims=True)", "z.max()", "huge logits"),
            ("sum", "return np.mean", "return np.sum", "test-program-loss; huge logits"),
            ("no refusal", "if np.min(labels) < 0 or np.max(labels) >= z.shape[1]", "if False", "labels that no class has"),
            ("refuses only what is too large", "np.min(labels) < 0 or ", "", "labels that no class has"),
        ],
        "program-fit": [
            ("uphill", "weights -=", "weights +=", "one step, one input; many steps, several inputs; whole numbers"),
            ("over the matrix", "/ len(x)", "/ x.size", "many steps, several inputs"),
            ("whole weights", "np.zeros(x.shape[1])", "np.zeros_like(x[0])", "whole numbers"),
            ("sum", " / len(x)", "", "one step, one input; many steps, several inputs; whole numbers"),
            ("one step only", "range(steps)", "range(1)", "many steps, several inputs; whole numbers"),
        ],
    },
}  # fmt: skip
CASES = [
    pytest.param(name, cell, mutant, id=f"{name}-{cell}-{mutant[0]}")
    for name, cells in MUTANTS.items()
    for cell, mutants in cells.items()
    for mutant in mutants
]


@functools.cache
def source(name):
    return (ROOT / "assignments" / "source" / name / f"{name}.ipynb").read_bytes()


@functools.cache
def parts(name):
    """The source's cells, as dictionaries with their text."""
    return [cell | {"source": "".join(cell["source"])} for cell in parse(source(name))["cells"]]


def marks(cell):
    return cell["metadata"].get("nbgrader", {})


def reference(text):
    """An answer as a student would write it: without the comments around it."""
    return "\n".join(line for line in text.split("\n") if "### BEGIN" not in line and "### END" not in line)


def changed(text, old, new):
    """The reference with one change; "" is everything from the solution on."""
    if old:
        whole = reference(text)
        assert whole.count(old) >= 1, f"the reference does not contain {old!r}"
        return whole.replace(old, new)
    head = text.split("    ### BEGIN SOLUTION")[0]
    return f"{head}    {new}\n"


def submission(name, changes):
    """The release with the reference's answers, but for some cells."""
    book = released(parse(source(name)))
    for cell, given in zip(parts(name), book["cells"], strict=True):
        if marks(cell).get("solution"):
            mutant = changes.get(marks(cell)["grade_id"])
            given["source"] = changed(cell["source"], *mutant[1:3]) if mutant else reference(cell["source"])
    return book


def checks_below(name):
    """Answer cell -> the tests that follow it."""
    found, current = {}, None
    for cell in parts(name):
        if marks(cell).get("solution") and not marks(cell).get("grade"):
            current = found.setdefault(marks(cell)["grade_id"], [])
        elif marks(cell).get("grade") and not marks(cell).get("solution"):
            current.append(marks(cell)["grade_id"])
    return found


def checks_of(cell_id, entry):
    """Check -> (points earned, points to earn), of a graded cell that was looked at."""
    found = {}
    for note in entry.get("shown", []):
        for milestone in note.get("milestones", []):
            share = note["max"] / len(note["milestones"])
            found[milestone["name"]] = (share if milestone["earned"] else 0.0, share)
        if "milestones" not in note:
            found[note["check"]] = (note["points"], note["max"])
    return found or {cell_id: (entry["points"], entry["max"])}


@functools.cache
def graded(name):
    """Records: of the reference, of the untouched release, and of each round of mutants."""
    require_program("bubblewrap")
    service = Service(Setup(name=name, source=source(name), secret=b"a secret for tests"))

    def grade(student, book):
        data = base64.b64encode(json.dumps(book).encode()).decode()
        return service.grade({"student": student, "file": "x.ipynb", "data": data})

    try:
        found = {"reference": grade("reference", submission(name, {}))}
        found["untouched"] = grade("untouched", released(parse(source(name))))
        for number in range(max(map(len, MUTANTS[name].values()))):
            changes = {cell: some[number] for cell, some in MUTANTS[name].items() if number < len(some)}
            found[number] = grade(f"student {number}", submission(name, changes))
    finally:
        service.close()
    return found


def lost(name, cell, record):
    """The checks below an answer that a submission lost, and its points there."""
    names, points = set(), 0.0
    for test in checks_below(name)[cell]:
        entry = record["cells"][test]
        points += entry["points"]
        every = checks_of(test, graded(name)["reference"]["cells"][test])
        now = checks_of(test, entry)
        if test in now and test not in every:  # it ended before the first check
            names.add(test) if entry["points"] == 0 else None
        else:
            names |= {check for check in every if now.get(check, (0, 0))[0] < every[check][1] - 1e-9}
    return names, points


def worth(name, cell, check):
    """The points of a check, or of a whole test."""
    for test in checks_below(name)[cell]:
        every = checks_of(test, graded(name)["reference"]["cells"][test])
        if check in every or check == test:
            return every[check][1] if check in every else sum(most for _, most in every.values())
    raise KeyError(check)


@pytest.mark.parametrize("name", NAMES)
def test_the_reference_gets_full_marks(name):
    record = graded(name)["reference"]
    automatic = {cell: entry for cell, entry in record["cells"].items() if not entry["manual"]}
    by_hand = sum(entry["max"] for entry in record["cells"].values() if entry["manual"])

    assert record["status"] == "graded"
    assert record["flags"] == []
    assert record["errors"] == []
    assert {cell: entry["points"] for cell, entry in automatic.items()} == {
        cell: entry["max"] for cell, entry in automatic.items()
    }
    assert sum(entry["max"] for entry in record["cells"].values()) == 20
    assert by_hand >= 2


@pytest.mark.parametrize("name", NAMES)
def test_the_untouched_release_gets_nothing(name):
    record = graded(name)["untouched"]

    assert record["status"] == "graded"
    assert all(entry["points"] == 0 for entry in record["cells"].values())


@pytest.mark.parametrize(("name", "cell", "mutant"), CASES)
def test_a_wrong_answer_loses_what_it_should(name, cell, mutant):
    what, _, _, expected = mutant
    record = graded(name)[MUTANTS[name][cell].index(mutant)]
    found, points = lost(name, cell, record)
    wanted = {check for check in expected.split("; ") if check}
    full = sum(graded(name)["reference"]["cells"][test]["max"] for test in checks_below(name)[cell])

    assert found == wanted, (what, [record["cells"][test]["message"] for test in checks_below(name)[cell]])
    assert points == pytest.approx(full - sum(worth(name, cell, check) for check in wanted), abs=0.02)


def every_check(name):
    return [
        (cell, one)
        for cell, tests in checks_below(name).items()
        for test in tests
        for one in checks_of(test, graded(name)["reference"]["cells"][test])
    ]


def losers(name):
    """Check -> the mutants that lose it."""
    found = {}
    for cell, one in every_check(name):
        found[cell, one] = {
            number
            for number, mutant in enumerate(MUTANTS[name][cell])
            if one in lost(name, cell, graded(name)[number])[0]
        }
    return found


@pytest.mark.parametrize("name", NAMES)
def test_every_check_is_lost_by_some_wrong_answer(name):
    assert [check for check, mutants in losers(name).items() if not mutants] == []


@pytest.mark.parametrize("name", NAMES)
def test_no_two_checks_always_agree(name):
    found = losers(name)
    same_cell = [(a, b) for a, b in itertools.combinations(found, 2) if a[0] == b[0]]

    assert [(a, b) for a, b in same_cell if found[a] == found[b]] == []


@pytest.mark.parametrize("name", NAMES)
def test_every_answer_has_wrong_answers_of_its_own(name):
    assert MUTANTS[name].keys() == checks_below(name).keys()
    assert all(len({mutant[0] for mutant in some if mutant[3]}) >= 3 for some in MUTANTS[name].values())


@pytest.mark.parametrize("name", NAMES)
def test_students_get_numbers_of_their_own(name):
    """The hidden numbers of two students differ: what one learns from the feedback does not help another."""
    calls = []
    for student in ("reference", 0):
        record = graded(name)[student]
        calls += [json.dumps([entry.get("calls") for entry in record["cells"].values()])]

    assert calls[0] != calls[1]


# --- What students get


def test_the_assignments_of_the_book_are_these():
    sources = sorted(path.stem for path in (ROOT / "assignments" / "source").glob("*/*.ipynb"))

    assert sources == sorted(NAMES)
    assert sorted(path.stem for path in (ROOT / "assignments" / "release").glob("*.ipynb")) == sources


@pytest.mark.parametrize("name", NAMES)
def test_the_page_of_the_book_is_the_release(name):
    """After a change of a source: make assignments."""
    page = ROOT / "assignments" / "release" / f"{name}.ipynb"

    assert page.read_text(encoding="utf-8") == release(source(name))


@pytest.mark.parametrize("name", NAMES)
def test_a_source_is_tidy_and_its_text_keeps_the_rules(name):
    path = ROOT / "assignments" / "source" / name / f"{name}.ipynb"
    page = Page.read(path)
    rules = [check.tidy, check.plain_python, check.quiet_code, check.one_sentence_per_line, check.only_code_claims]

    assert [(rule.__name__, *found) for rule in rules for found in rule(page)] == []
    assert not any(cell.outputs or cell.count for cell in page.cells)


@pytest.mark.parametrize("name", NAMES)
def test_teachers_have_a_marking_guide_and_students_have_not(name):
    guides = [cell for cell in parts(name) if marks(cell).get("grade") and marks(cell).get("solution")]
    given = json.dumps(released(parse(source(name))), ensure_ascii=False)

    assert guides
    for cell in guides:
        assert cell["source"].startswith("Marking guide")
    assert "Marking guide" not in given


# --- The error clinic

RELATIONS = {  # case -> what each line after the first claims of the line above it, and what is known of the symbols
    "a": (["equals"] * 4 + ["differentiate", "solve_for"], "[real(t[n]), real(y[n])]", "v"),
    "b": (["equals"] * 2 + ["differentiate", "equals"], "[binary(t[n]), unit_interval(y[n])]", "y[m]"),
    "c": (["equals"] * 2 + ["differentiate", "equals"], "[one_hot(t[k], over=(k, 1, c)), real(z[k])]", "z[m]"),
    "d": (["equals"] * 5, "[real(z[k])]", "z[m]"),
    "e": (["same_minimiser", "differentiate", "equals", "solve_for"], "[real(t[n]), real(x[n])]", "w"),
}


@functools.cache
def clinic():
    """What the cells of the clinic define, without answers and tests."""
    names = {}
    for cell in parts("error-clinic"):
        if cell["cell_type"] == "code" and not marks(cell).get("grade"):
            exec(cell["source"], names)
    return names


@pytest.mark.parametrize("case", RELATIONS)
def test_the_clinic_does_not_say_which_line_is_false(case):
    cells = released(parse(source("error-clinic")))["cells"]
    given = {marks(cell).get("grade_id"): "".join(cell["source"]) for cell in cells}

    assert f"case_{case}[" not in given[f"answer-{case}"] + given[f"test-{case}"] + given[f"test-repair-{case}"]


@pytest.mark.parametrize("case", RELATIONS)
def test_each_case_of_the_clinic_has_exactly_one_false_step(case):
    relations, facts, variable = RELATIONS[case]
    names = clinic()
    lines, known, over = names[f"case_{case}"], eval(facts, names), eval(variable, names)
    assert len(relations) == len(lines) - 1
    false = []
    for number, (relation, before, after) in enumerate(zip(relations, lines, lines[1:], strict=False), start=2):
        step = Derivation(before, where=known)
        try:
            if relation == "equals":
                step.equals(after)
            elif relation == "same_minimiser":
                step.same_minimiser(after, over=over)
            else:
                getattr(step, relation)(over, after)
        except DerivationError as error:
            false.append(number if error.counterexample else f"{number} could not be judged")

    assert false == [names[f"find_{case}"]()[0]]
