"""How many digits are right: every peer against mpmath at 50 digits, on the very floats that it was given.

The unit is the distance of neighbouring floats at the true value (ulp): half of it is the best that any function can
promise.  What is worse than a wrong digit is counted apart: a loss below zero, −0.0, a NaN although there is a limit,
∞ although the true loss is a number of the format, and a floating-point warning that escapes.
"""

import warnings
from collections import Counter
from collections.abc import Callable, Iterator

import mpmath
import numpy as np
import rivals
from mpmath import mp, mpf

from lossbook import information, losses

DIGITS = 50
ROWS = 40
TYPES = ("float64", "float32")
DEFECTS = ("negative", "−0.0", "NaN", "∞ for a number", "number for ∞", "warnings")


# --- what is true -------------------------------------------------------------------------------------------------


def exact(x) -> mpf:
    """A float as it is."""
    return mpf(float(x))


def rest_of(z: list[mpf], y: int) -> mpf:
    """Σ_{k≠y} e^{z_k − z_y}, or its limit."""
    gaps = [mp.ninf if z_k == mp.ninf or z[y] == mp.inf else z_k - z[y] for k, z_k in enumerate(z) if k != y]
    return mp.fsum(map(mp.exp, gaps))


def true_cross_entropy(z, y) -> tuple[mpf, list[mpf]]:
    """Loss and gradient for one row."""
    z = [exact(z_k) for z_k in z]
    rests = [rest_of(z, k) for k in range(len(z))]
    right = mpf(1) if mp.isinf(rests[y]) else rests[y] / (1 + rests[y])
    return mp.log1p(rests[y]), [-right if k == y else 1 / (1 + s) for k, s in enumerate(rests)]


def true_binary_cross_entropy(z, t) -> tuple[mpf, list[mpf]]:
    """Loss and gradient for one hard label."""
    margin = exact(z) if t else -exact(z)
    doubt = 1 / (1 + mp.exp(margin)) if not mp.isinf(margin) else mpf(margin < 0)
    loss = mp.log1p(mp.exp(-margin)) if not mp.isinf(margin) else (mpf(0) if margin > 0 else mp.inf)
    return loss, [-doubt if t else doubt]


def true_kl_divergence(a, b) -> mpf:
    """KL of two rows of logits by the plain formula, with enough digits for any cancellation."""
    with mpmath.workdps(200):
        log_p, log_q = ([exact(x) - mp.log(mp.fsum(mp.exp(exact(v)) for v in row)) for x in row] for row in (a, b))
        return mp.fsum(mp.exp(p) * (p - q) for p, q in zip(log_p, log_q, strict=True))


def ulps(actual: float, expected: mpf, dtype: str) -> float:
    """How far `actual` is from the truth, in units in the last place of the type."""
    info = np.finfo(dtype)
    if mp.isinf(expected) or abs(expected) > mpf(float(info.max)) * (1 + mpf(float(info.eps)) / 4):
        return 0.0 if np.isinf(actual) and (actual > 0) == (expected > 0) else np.inf
    if not np.isfinite(actual):
        return np.nan if np.isnan(actual) else np.inf
    exponent = mp.frexp(abs(expected))[1] if expected else info.minexp
    least = mpf(2) ** (info.minexp - info.nmant)
    return float(abs(exact(actual) - expected) / max(mpf(2) ** (int(exponent) - 1 - info.nmant), least))


# --- what is asked ------------------------------------------------------------------------------------------------


def row_cases(dtype: str) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Logits and labels of c classes, by the kind of difficulty."""
    rng = np.random.default_rng(0)
    info = np.finfo(dtype)
    z, y = rng.normal(size=(ROWS, 10)) * 3, rng.integers(0, 10, ROWS)
    yield "ordinary logits", z.astype(dtype), y
    lead = np.zeros_like(z)
    lead[np.arange(ROWS), y] = np.linspace(20, -np.log(float(info.smallest_subnormal)) - 10, ROWS)
    yield "label far ahead", (z + lead).astype(dtype), y
    yield "label far behind", (z - lead).astype(dtype), y
    yield "common offset of 1000", (z + 1000).astype(dtype), y
    yield "tiny logits", (z * 10.0 ** -rng.integers(3, 30, (ROWS, 1))).astype(dtype), y
    yield "huge logits", (z / 30 * 10.0 ** rng.integers(3, int(np.log10(float(info.max))), (ROWS, 1))).astype(dtype), y
    inf = np.inf
    ends = np.array([[inf, 0, -1], [inf, 0, -inf], [0, -inf, -inf], [0, 1, -inf], [0, 1, inf]], dtype)
    yield "infinite logits", np.vstack([ends, ends]), np.array([0, 0, 0, 1, 2, 1, 1, 1, 2, 0])


def flat_cases(dtype: str) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Log-odds and labels 0 or 1, by the kind of difficulty."""
    rng = np.random.default_rng(1)
    info = np.finfo(dtype)
    z, t = rng.normal(size=ROWS) * 3, rng.integers(0, 2, ROWS)
    sign, far = 2 * t - 1, np.linspace(20, -np.log(float(info.smallest_subnormal)) - 5, ROWS)
    yield "ordinary logits", z.astype(dtype), t.astype(dtype)
    yield "right and sure", (sign * far).astype(dtype), t.astype(dtype)
    yield "wrong and sure", (-sign * far).astype(dtype), t.astype(dtype)
    yield "tiny logits", (z * 10.0 ** -rng.integers(3, 30, ROWS)).astype(dtype), t.astype(dtype)
    yield "huge logits", (z / 30 * 10.0 ** rng.integers(3, int(np.log10(float(info.max))), ROWS)).astype(dtype), t
    yield "infinite logits", np.array([np.inf, -np.inf, np.inf, -np.inf], dtype), np.array([1, 0, 0, 1], dtype)


def kl_cases(dtype: str) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Pairs of rows of logits, from far apart to nearly equal."""
    rng = np.random.default_rng(2)
    a = rng.normal(size=(ROWS, 5)) * 2
    yield "far apart", a.astype(dtype), (rng.normal(size=a.shape) * 2).astype(dtype)
    yield "near", a.astype(dtype), (a + 1e-3 * rng.normal(size=a.shape)).astype(dtype)
    nearly = a.astype(dtype) * (1 + 8 * np.finfo(dtype).eps * rng.normal(size=a.shape)).astype(dtype)
    yield "equal but for a few ulp", a.astype(dtype), nearly


# --- who answers --------------------------------------------------------------------------------------------------


def plain_cross_entropy(z, y, gradient):
    def both():
        p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
        rows = np.arange(len(z))
        result = -np.log(p[rows, y])
        p[rows, y] -= 1
        return result, p

    return both if gradient else lambda: both()[0]


def plain_binary_cross_entropy(z, t, gradient):
    def both():
        y = 1 / (1 + np.exp(-z))
        return -(t * np.log(y) + (1 - t) * np.log(1 - y)), y - t

    return both if gradient else lambda: both()[0]


def answering() -> list[rivals.Peer]:
    """The peers that return a loss for each example, and the formulas of a textbook without any care."""
    plain = rivals.Peer("plain formula", "numpy", plain_cross_entropy, plain_binary_cross_entropy)
    return [rivals.LOSSBOOK, plain, *(peer for peer in rivals.available() if peer.name != "log_loss")]


def kl_peers() -> dict[str, Callable]:
    """KL divergence of logits, as each library offers its parts."""

    def textbook(a, b):
        log_p, log_q = (z - np.log(np.exp(z).sum(axis=1, keepdims=True)) for z in (a, b))
        return (np.exp(log_p) * (log_p - log_q)).sum(axis=1)

    def with_scipy(a, b):
        from scipy.special import rel_entr, softmax

        return rel_entr(softmax(a, axis=1), softmax(b, axis=1)).sum(axis=1)

    def with_torch(a, b):
        import torch
        from torch.nn import functional

        log_p, log_q = (functional.log_softmax(torch.from_numpy(z), dim=1) for z in (a, b))
        return functional.kl_div(log_q, log_p, reduction="none", log_target=True).sum(dim=1)

    def with_optax(a, b):
        import jax
        import optax

        jax.config.update("jax_enable_x64", True)
        log_p, log_q = (jax.nn.log_softmax(jax.numpy.asarray(z)) for z in (a, b))
        return optax.losses.kl_divergence_with_log_targets(log_q, log_p)

    found = {"lossbook": information.kl_divergence_of_logits, "plain formula": textbook}
    others = {"SciPy": with_scipy, "PyTorch": with_torch, "optax": with_optax}
    installed = {peer.name for peer in rivals.available()}
    return found | {name: function for name, function in others.items() if name in installed}


# --- the tables ---------------------------------------------------------------------------------------------------


def measure() -> tuple[list[dict], dict[str, Counter]]:
    """The largest error of every peer in every case, and how often it did worse than lose digits."""
    records: list[dict] = []
    defects: dict[str, Counter] = {}
    tasks = [
        ("cross-entropy", row_cases, true_cross_entropy, "cross_entropy"),
        ("binary cross-entropy", flat_cases, true_binary_cross_entropy, "binary_cross_entropy"),
    ]
    with mpmath.workdps(DIGITS):
        for loss, cases, truth, function in tasks:
            for dtype in TYPES:
                for case, z, labels in cases(dtype):
                    expected = [truth(*pair) for pair in zip(z, labels, strict=True)]
                    for peer in answering():
                        count = defects.setdefault(peer.name, Counter())
                        got = asked(getattr(peer, function)(z, labels, False), count)
                        value = {"loss": judge(got, [e for e, _ in expected], dtype, count)}
                        if (both := getattr(peer, function)(z, labels, True)) is not None:
                            slopes = [g for _, row in expected for g in row]
                            value["gradient"] = judge(asked(both, count, 1), slopes, dtype, None)
                        for what, error in value.items():
                            what = loss if what == "loss" else f"{loss}, gradient"
                            records.append(
                                {"what": what, "dtype": dtype, "case": case, "peer": peer.name, "error": error}
                            )
        for dtype in TYPES:
            for case, a, b in kl_cases(dtype):
                expected = [true_kl_divergence(*rows) for rows in zip(a, b, strict=True)]
                for name, function in kl_peers().items():
                    count = defects.setdefault(name, Counter())
                    error = judge(asked(lambda f=function, a=a, b=b: f(a, b), count), expected, dtype, count)
                    records.append(
                        {"what": "KL divergence", "dtype": dtype, "case": case, "peer": name, "error": error}
                    )
    return records, defects


def asked(call: Callable, count: Counter, part: int | None = None) -> np.ndarray:
    """The answer as a flat array of its own type; an escaped warning is counted."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        answer = call()
    count["warnings"] += any(issubclass(warning.category, RuntimeWarning) for warning in caught)
    return np.asarray(answer if part is None else answer[part]).ravel()


def judge(actual: np.ndarray, expected: list[mpf], dtype: str, count: Counter | None) -> str:
    """The largest error in words; what is worse than wrong digits goes to the count."""
    errors = [ulps(float(a), e, dtype) for a, e in zip(actual, expected, strict=True)]
    if count is not None:
        small = [mp.isinf(e) or e > float(np.finfo(dtype).max) for e in expected]
        count["negative"] += int((actual < 0).sum())
        count["−0.0"] += int(((actual == 0) & np.signbit(actual)).sum())
        count["NaN"] += int(np.isnan(actual).sum())
        count["∞ for a number"] += sum(bool(np.isinf(a)) and not big for a, big in zip(actual, small, strict=True))
        count["number for ∞"] += sum(bool(np.isfinite(a)) and big for a, big in zip(actual, small, strict=True))
        count["losses"] += len(errors)
    if np.isnan(errors).any():
        return "NaN"
    worst = max(errors)
    if np.isinf(worst):
        return "∞"
    gone = [abs(exact(a) - e) >= abs(e) / 2 and err > 1 for a, e, err in zip(actual, expected, errors, strict=True)]
    if any(gone):
        return "all digits"
    return f"{worst:.1f}" if worst < 100 else f"{worst:.0e}".replace("e+0", "e").replace("e+", "e")


def examples() -> list[tuple[str, str, dict[str, str]]]:
    """Single inputs with their true loss and what each library returns."""
    rows = []
    asks = [
        ("cross-entropy of (∞, 0), label 0", [[np.inf, 0.0]], 0, "float64"),
        ("cross-entropy of (40, 0), label 0", [[40.0, 0.0]], 0, "float64"),
        ("cross-entropy of (20, 0), label 0", [[20.0, 0.0]], 0, "float32"),
        ("cross-entropy of (−1000, 0), label 0", [[-1000.0, 0.0]], 0, "float64"),
    ]
    with mpmath.workdps(DIGITS):
        for name, z, y, dtype in asks:
            z = np.array(z, dtype)
            answers = {p.name: asked(p.cross_entropy(z, np.array([y]), False), Counter())[0] for p in answering()}
            rows.append((f"{name}, {dtype}", shown(true_cross_entropy(z[0], y)[0]), answers))
        z, one = np.array([-100.0], np.float32), np.ones(1, np.float32)
        answers = {"lossbook": losses.soft_margin(z, one)[0]}
        answers["plain formula"] = asked(lambda: np.log1p(np.exp(-z)), Counter())[0]
        answers |= of_torch(lambda t: t.nn.functional.soft_margin_loss(t.tensor(z), t.tensor(one), reduction="none"))
        rows.append(("soft margin of −100, sign 1, float32", shown(true_binary_cross_entropy(-100, 1)[0]), answers))
        scale, residual = 1e-4, 1e-3
        answers = {"lossbook": losses.gaussian_nll([residual], [0.0], scale=scale)[0]}
        answers["plain formula"] = np.log(2 * np.pi * scale**2) / 2 + residual**2 / (2 * scale**2)
        answers |= of_torch(
            lambda t: t.nn.functional.gaussian_nll_loss(
                *(t.tensor([x], dtype=t.float64) for x in (residual, 0.0, scale**2)), full=True, reduction="none"
            )
        )
        true = mp.log(2 * mp.pi * exact(scale) ** 2) / 2 + exact(residual) ** 2 / (2 * exact(scale) ** 2)
        rows.append(("Gaussian NLL, residual 0.001, scale 0.0001, float64", shown(true), answers))
    return [(name, true, {who: shown(value) for who, value in answers.items()}) for name, true, answers in rows]


def of_torch(call: Callable) -> dict[str, float]:
    """What PyTorch says, if it is installed."""
    if "PyTorch" not in {peer.name for peer in rivals.available()}:
        return {}
    import torch

    return {"PyTorch": call(torch).numpy()[0]}


def shown(value) -> str:
    """Four digits, and the sign of zero."""
    value = float(value)
    if np.isnan(value) or np.isinf(value):
        return "NaN" if np.isnan(value) else "∞" if value > 0 else "−∞"
    return "−0.0" if value == 0 and np.signbit(value) else f"{value:.4g}".replace("-", "−")
