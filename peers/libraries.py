"""The libraries of the Rosetta stone."""

from model import Library

LIBRARIES = (
    Library(
        "NumPy",
        ("numpy", "lossbook"),
        "import numpy as np\nfrom lossbook import information, losses",
    ),
    Library(
        "SciPy",
        ("scipy",),
        "from scipy import spatial, special, stats",
        order="as the formula",
        functions=("special",),
    ),
    Library(
        "scikit-learn",
        ("scikit-learn",),
        "from sklearn import metrics",
        order="target, prediction",
        functions=("metrics",),
    ),
    Library(
        "PyTorch",
        ("torch",),
        "import torch\nfrom torch import distributions\nfrom torch.nn import functional as F",
        arrays="torch.from_numpy(x)",
        functions=("F",),
    ),
    Library(
        "JAX/optax",
        ("jax", "optax"),
        'import jax\nimport optax\nfrom jax import numpy as jnp\n\njax.config.update("jax_enable_x64", True)',
        arrays="jnp.asarray(x)",
        functions=("optax.losses", "jax.nn"),
    ),
    Library(
        "Keras",
        ("keras",),
        'import keras\n\nkeras.config.set_floatx("float64")',
        arrays="keras.ops.convert_to_tensor(x)",
        order="target, prediction",
        functions=("keras.losses", "keras.ops"),
    ),
    Library(
        "TensorFlow",
        ("tensorflow-cpu",),
        "import tensorflow as tf",
        arrays="tf.constant(x)",
        order="by name: `labels=`, `logits=`",
        functions=("tf.nn",),
    ),
)
