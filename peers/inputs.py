"""The inputs of the Rosetta stone: random ones, seeded, and extreme ones, one example each."""

import math

import numpy as np

N, C = 40, 5
INF = np.inf


def _rng() -> np.random.Generator:
    return np.random.default_rng(20)


def real() -> dict:
    """Predictions and targets that are real numbers; scales, and the parameters of robust losses."""
    rng = _rng()
    return {
        "predictions": rng.normal(size=N) * 3,
        "targets": rng.normal(size=N) * 3,
        "scale": np.exp(rng.normal(size=N)),
        "degrees": 2 + np.exp(rng.normal(size=N)),
        "delta": 0.75,
        "quantile": 0.9,
    }


def real_pair(prediction: float, target: float, **more: float) -> dict:
    """One example."""
    arrays = {"scale": 1.5, "degrees": 3.0} | more
    return {
        "predictions": np.array([prediction]),
        "targets": np.array([target]),
        "delta": 0.75,
        "quantile": 0.9,
        **{name: np.array([value]) for name, value in arrays.items()},
    }


def binary() -> dict:
    """Log-odds, probabilities, labels 0 and 1, signs −1 and 1, weights."""
    rng = _rng()
    logits, labels = rng.normal(size=N) * 3, rng.integers(0, 2, N).astype(float)
    return {
        "logits": logits,
        "probabilities": 1 / (1 + np.exp(-logits)),
        "labels": labels,
        "signs": 2 * labels - 1,
        "weights": np.exp(rng.normal(size=N)),
        "pos_weight": np.array(2.5),
        "epsilon": 0.1,
    }


def logit(value: float, label: int) -> dict:
    """One example of two classes, from log-odds."""
    return {"logits": np.array([value]), "labels": np.array([float(label)]), "signs": np.array([2.0 * label - 1])}


def probability(value: float, label: int) -> dict:
    """One example of two classes, from a probability."""
    return {"probabilities": np.array([value]), "labels": np.array([float(label)])}


def classes() -> dict:
    """Logits, probabilities and their logarithms, class numbers, one-hot and soft rows, weights of the classes."""
    rng = _rng()
    logits, labels = rng.normal(size=(N, C)) * 3, rng.integers(0, C, N)
    exps, soft = np.exp(logits), rng.random((N, C))
    return {
        "logits": logits,
        "probabilities": exps / exps.sum(axis=1, keepdims=True),
        "labels": labels,
        "label_rows": np.eye(C)[labels],
        "soft_rows": soft / soft.sum(axis=1, keepdims=True),
        "class_weights": np.exp(rng.normal(size=C)),
        "ignored": np.where(np.arange(N) < 10, -100, labels),
        "epsilon": 0.1,
        "smoothed": 0.9 * np.eye(C)[labels] + 0.1 / C,
        "surprisals": np.log(exps.sum(axis=1, keepdims=True)) - logits,
    }


def row(logits: list[float], label: int) -> dict:
    """One example of c classes, from logits."""
    return _labelled("logits", logits, label)


def probability_row(probabilities: list[float], label: int) -> dict:
    """One example of c classes, from probabilities."""
    return _labelled("probabilities", probabilities, label)


def _labelled(name: str, values: list[float], label: int) -> dict:
    rows = np.eye(len(values))[[label]]
    return {name: np.array([values]), "labels": np.array([label]), "label_rows": rows, "soft_rows": rows}


def counts() -> dict:
    """Log-rates, rates and counts."""
    rng = _rng()
    log_rates = rng.normal(size=N)
    return _counted(log_rates, rng.poisson(np.exp(log_rates)))


def count(log_rate: float, k: int) -> dict:
    """One example."""
    return _counted(np.array([log_rate]), np.array([k]))


def _counted(log_rates: np.ndarray, counts: np.ndarray) -> dict:
    """With ln k!, and with what Stirling's formula gives for it where k > 1."""
    k = np.maximum(counts, 1.0)
    stirling = np.where(counts > 1, k * np.log(k) - k + 0.5 * np.log(2 * np.pi * k), 0)
    factorials = np.array([math.lgamma(k + 1) for k in counts])
    with np.errstate(over="ignore"):
        rates = np.exp(log_rates)
    return {
        "log_rates": log_rates,
        "rates": rates,
        "counts": counts.astype(float),
        "log_factorials": factorials,
        "stirling": stirling,
    }


def distributions() -> dict:
    """Two distributions, p and q, over c outcomes in each row."""
    rng = _rng()
    p, q = rng.random((2, N, C))
    return {"p": p / p.sum(axis=1, keepdims=True), "q": q / q.sum(axis=1, keepdims=True)}


def pair_of_rows(p: list[float], q: list[float]) -> dict:
    """One pair of distributions."""
    return {"p": np.array([p]), "q": np.array([q])}
