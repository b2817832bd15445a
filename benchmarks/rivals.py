"""The libraries that people would use instead, each as it is meant to be used, behind one interface.

A peer prepares the arrays once, in the types that it likes best, and gives back a function without arguments, so that
only the work itself is timed.  All return losses for each example (no mean), and with `gradient` the gradient in the
logits, too.  A peer that is not installed is left out, and the tables say so.
"""

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lossbook import gradients, losses

Call = Callable[[], object]
Prepare = Callable[[np.ndarray, np.ndarray, bool], Call | None]


@dataclass(frozen=True)
class Peer:
    """A library: its name in the tables, the package it needs, and how it prepares a call for each task."""

    name: str
    package: str
    cross_entropy: Prepare
    binary_cross_entropy: Prepare
    largest: float = np.inf  # entries; a call on more takes too long for a run of a few minutes

    @property
    def installed(self) -> bool:
        return importlib.util.find_spec(self.package) is not None

    @property
    def packages(self) -> list[str]:
        """What pip calls it, and what does the work."""
        return {"sklearn": ["scikit-learn"], "optax": ["optax", "jax", "jaxlib"]}.get(self.package, [self.package])


# --- lossbook -----------------------------------------------------------------------------------------------------


def lossbook_cross_entropy(z, y, gradient):
    function = gradients.cross_entropy_with_losses if gradient else losses.cross_entropy
    return lambda: function(z, y)


def lossbook_binary_cross_entropy(z, t, gradient):
    function = gradients.binary_cross_entropy_with_losses if gradient else losses.binary_cross_entropy
    return lambda: function(z, t)


# --- the formulas of a textbook in NumPy, with the usual shift against overflow ------------------------------------


def textbook_cross_entropy(z, y, gradient):
    def loss():
        m = z.max(axis=1)
        return m + np.log(np.exp(z - m[:, None]).sum(axis=1)) - z[np.arange(len(z)), y]

    def both():
        rows = np.arange(len(z))
        p = np.exp(z - z.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        result = -np.log(p[rows, y])
        p[rows, y] -= 1
        return result, p

    return both if gradient else loss


def textbook_binary_cross_entropy(z, t, gradient):
    def loss():
        return np.maximum(z, 0) - z * t + np.log1p(np.exp(-np.abs(z)))

    def both():
        return loss(), 1 / (1 + np.exp(-z)) - t

    return both if gradient else loss


# --- SciPy --------------------------------------------------------------------------------------------------------


def scipy_cross_entropy(z, y, gradient):
    from scipy.special import log_softmax

    return None if gradient else lambda: -log_softmax(z, axis=1)[np.arange(len(z)), y]


def scipy_binary_cross_entropy(z, t, gradient):
    from scipy.special import expit, log_expit

    signs = 2 * t - 1  # prepared: only the function itself is timed
    if gradient:
        return lambda: (-log_expit(signs * z), expit(z) - t)
    return lambda: -log_expit(signs * z)


# --- scikit-learn -------------------------------------------------------------------------------------------------


def sklearn_cross_entropy(z, y, gradient):
    from sklearn._loss.loss import HalfMultinomialLoss

    return _sklearn(HalfMultinomialLoss(n_classes=z.shape[1]), z, y, gradient) if z.shape[1] > 1 else None


def sklearn_binary_cross_entropy(z, t, gradient):
    from sklearn._loss.loss import HalfBinomialLoss

    return _sklearn(HalfBinomialLoss(), z, t, gradient)


def _sklearn(loss, z, targets, gradient):
    targets = targets.astype(z.dtype)
    function = loss.loss_gradient if gradient else loss.loss
    return lambda: function(y_true=targets, raw_prediction=z, n_threads=1)


def log_loss_cross_entropy(z, y, gradient):
    from scipy.special import softmax
    from sklearn.metrics import log_loss

    classes = np.arange(z.shape[1])
    return None if gradient else lambda: log_loss(y, softmax(z, axis=1), labels=classes)


def log_loss_binary_cross_entropy(z, t, gradient):
    from scipy.special import expit
    from sklearn.metrics import log_loss

    return None if gradient else lambda: log_loss(t, expit(z), labels=[0, 1])


# --- PyTorch ------------------------------------------------------------------------------------------------------


def torch_cross_entropy(z, y, gradient):
    import torch

    return _torch(torch.nn.functional.cross_entropy, z, torch.from_numpy(y), gradient)


def torch_binary_cross_entropy(z, t, gradient):
    import torch

    function = torch.nn.functional.binary_cross_entropy_with_logits
    return _torch(function, z, torch.from_numpy(t.astype(z.dtype)), gradient)


def _torch(function, z, targets, gradient):
    import torch

    torch.set_num_threads(1)
    logits = torch.from_numpy(z)

    def loss():
        with torch.inference_mode():
            return function(logits, targets, reduction="none")

    def both():
        variable = logits.detach().requires_grad_()
        result = function(variable, targets, reduction="none")
        return result.detach(), torch.autograd.grad(result.sum(), variable)[0]

    return both if gradient else loss


# --- JAX and optax ------------------------------------------------------------------------------------------------


def optax_cross_entropy(z, y, gradient):
    import optax

    return _optax(optax.softmax_cross_entropy_with_integer_labels, z, y.astype(np.int32), gradient)


def optax_binary_cross_entropy(z, t, gradient):
    import optax

    return _optax(optax.sigmoid_binary_cross_entropy, z, t.astype(z.dtype), gradient)


_compiled: dict = {}


def _optax(function, z, targets, gradient):
    import jax

    jax.config.update("jax_enable_x64", True)

    def both(logits, targets, ones):  # `ones` is an argument: the compiler would take seconds to fold a constant
        result, back = jax.vjp(lambda variable: function(variable, targets), logits)
        return result, back(ones)[0]

    key = (function, gradient)  # compiled once for each shape, before anything is timed
    call = _compiled.setdefault(key, jax.jit(both if gradient else function))
    logits, targets = jax.device_put(z), jax.device_put(targets)
    arguments = (logits, targets, jax.numpy.ones(len(z), z.dtype)) if gradient else (logits, targets)
    return lambda: jax.block_until_ready(call(*arguments))


LOSSBOOK = Peer("lossbook", "lossbook", lossbook_cross_entropy, lossbook_binary_cross_entropy)
PEERS = [
    Peer("textbook", "numpy", textbook_cross_entropy, textbook_binary_cross_entropy),
    Peer("SciPy", "scipy", scipy_cross_entropy, scipy_binary_cross_entropy),
    Peer("sklearn._loss", "sklearn", sklearn_cross_entropy, sklearn_binary_cross_entropy),
    Peer("log_loss", "sklearn", log_loss_cross_entropy, log_loss_binary_cross_entropy, largest=4e6),
    Peer("PyTorch", "torch", torch_cross_entropy, torch_binary_cross_entropy),
    Peer("optax", "optax", optax_cross_entropy, optax_binary_cross_entropy),
]


def available() -> list[Peer]:
    """The peers that are installed."""
    return [peer for peer in PEERS if peer.installed]
