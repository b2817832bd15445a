"""The rows of the Rosetta stone: what is called, what it must equal, and what goes wrong."""

import inputs as i
from model import Call, Section, Trap

INF = float("inf")
ARITHMETIC = "a line of arithmetic, as NumPy's"
REAL = "`predictions` and `targets`: real numbers in the unit of the targets, shape (N,)"
LOGITS = "`logits`, shape (N, c): unnormalised log-probabilities in nats"
PROBABILITIES = "`probabilities`, shape (N, c): each row sums to 1"
NUMBERS = "`labels`, shape (N,): class numbers 0 to c − 1"


# --- targets that are real numbers --------------------------------------------------------------------------------

SQUARED = Section(
    "squared-error",
    "Squared error",
    REAL,
    "losses.squared_error(predictions, targets)",
    i.real,
    {
        "both 3": i.real_pair(3.0, 3.0),
        "1 and 1 + 10⁻¹²": i.real_pair(1.0, 1.0 + 1e-12),
        "10²⁰⁰ and 0": i.real_pair(1e200, 0.0),
        "∞ and 0": i.real_pair(INF, 0.0),
    },
    calls=(
        Call("NumPy", "(predictions - targets) ** 2"),
        Call("SciPy", "spatial.distance.sqeuclidean(predictions, targets)", "each.sum()"),
        Call("scikit-learn", "metrics.mean_squared_error(targets, predictions)", "each.mean()"),
        Call("PyTorch", 'F.mse_loss(predictions, targets, reduction="none")'),
        Call("PyTorch", "F.mse_loss(predictions, targets)", "each.mean()"),
        Call("JAX/optax", "optax.squared_error(predictions, targets)"),
        Call("Keras", "keras.losses.MeanSquaredError()(targets, predictions)", "each.mean()", digits=6),
        Call("TensorFlow", "tf.math.squared_difference(predictions, targets)"),
    ),
    traps=(
        Trap(
            "PyTorch",
            "A column against a row is broadcast to an N × N table, with a warning only.",
            "F.mse_loss(predictions[:, None], targets)",
            "((predictions[:, None] - targets) ** 2).mean()",
        ),
        Trap(
            "Keras",
            "The last axis is averaged before any reduction, so “no reduction” of N numbers is still their mean.",
            "keras.losses.MeanSquaredError(reduction=None)(targets, predictions)",
            "each.mean()",
            digits=6,
            after="Targets of shape (N, 1) give N losses.",
        ),
    ),
    losses=("squared_error",),
)

HALF_SQUARED = Section(
    "half-squared-error",
    "Half the squared error",
    REAL,
    "losses.half_squared_error(predictions, targets)",
    i.real,
    SQUARED.ends,
    calls=(
        Call("NumPy", "0.5 * (predictions - targets) ** 2"),
        Call("SciPy", "special.huber(np.inf, predictions - targets)"),
        Call("PyTorch", '0.5 * F.mse_loss(predictions, targets, reduction="none")'),
        Call("JAX/optax", "optax.l2_loss(predictions, targets)"),
        Call("TensorFlow", "tf.nn.l2_loss(predictions - targets)", "each.sum()"),
    ),
    traps=(
        Trap(
            "JAX/optax",
            "Two names for squares in one library, and only one of them halves.",
            "optax.squared_error(predictions, targets)",
            "2 * each",
        ),
    ),
    absent={
        "scikit-learn": "half of `mean_squared_error`",
        "Keras": "half of `mean_squared_error`",
    },
    words=r"half",
    losses=("half_squared_error",),
)

ABSOLUTE = Section(
    "absolute-error",
    "Absolute error",
    REAL,
    "losses.absolute_error(predictions, targets)",
    i.real,
    SQUARED.ends,
    calls=(
        Call("NumPy", "np.abs(predictions - targets)"),
        Call("SciPy", "spatial.distance.cityblock(predictions, targets)", "each.sum()"),
        Call("scikit-learn", "metrics.mean_absolute_error(targets, predictions)", "each.mean()"),
        Call("PyTorch", 'F.l1_loss(predictions, targets, reduction="none")'),
        Call("PyTorch", "F.l1_loss(predictions, targets)", "each.mean()"),
        Call("JAX/optax", "jnp.abs(predictions - targets)"),
        Call("Keras", "keras.losses.MeanAbsoluteError()(targets, predictions)", "each.mean()", digits=6),
        Call("TensorFlow", "tf.abs(predictions - targets)"),
    ),
    traps=(
        Trap(
            "PyTorch",
            "Smooth L1 is no absolute error near 0: it is a Huber loss.",
            'F.smooth_l1_loss(predictions, targets, reduction="none")',
            "losses.huber_loss(predictions, targets, delta=1.0)",
        ),
    ),
    losses=("absolute_error",),
)

HUBER = Section(
    "huber-loss",
    "Huber loss",
    REAL + "; `delta`: where the square ends",
    "losses.huber_loss(predictions, targets, delta=delta)",
    i.real,
    SQUARED.ends,
    calls=(
        Call(
            "NumPy",
            "np.where(np.abs(predictions - targets) <= delta, 0.5 * (predictions - targets) ** 2, "
            "delta * (np.abs(predictions - targets) - 0.5 * delta))",
        ),
        Call("SciPy", "special.huber(delta, predictions - targets)"),
        Call("PyTorch", 'F.huber_loss(predictions, targets, delta=delta, reduction="none")'),
        Call("PyTorch", "F.huber_loss(predictions, targets, delta=delta)", "each.mean()"),
        Call("JAX/optax", "optax.huber_loss(predictions, targets, delta=delta)"),
        Call("Keras", "keras.losses.Huber(delta=delta)(targets, predictions)", "each.mean()", digits=6),
    ),
    traps=(
        Trap(
            "PyTorch",
            "Smooth L1 is the Huber loss divided by its δ, so its slopes end at ±1.",
            'F.smooth_l1_loss(predictions, targets, beta=delta, reduction="none")',
            "each / delta",
        ),
        Trap(
            "SciPy",
            "The pseudo-Huber loss is another function, smooth everywhere.",
            "special.pseudo_huber(delta, predictions - targets)",
            "delta**2 * (np.sqrt(1 + ((predictions - targets) / delta) ** 2) - 1)",
        ),
    ),
    absent={
        "scikit-learn": "`HuberRegressor` fits it, with a scale of its own",
        "TensorFlow": "Keras has it",
    },
    words=r"huber",
    losses=("huber_loss",),
)

PINBALL = Section(
    "pinball-loss",
    "Pinball loss",
    REAL + "; `quantile`: strictly between 0 and 1",
    "losses.pinball_loss(predictions, targets, quantile=quantile)",
    i.real,
    SQUARED.ends,
    calls=(
        Call(
            "NumPy",
            "np.maximum(quantile * (targets - predictions), (quantile - 1) * (targets - predictions))",
        ),
        Call("scikit-learn", "metrics.mean_pinball_loss(targets, predictions, alpha=quantile)", "each.mean()"),
    ),
    traps=(
        Trap(
            "scikit-learn",
            "The target comes first.  The wrong order raises no error: it scores the opposite quantile.",
            "metrics.mean_pinball_loss(predictions, targets, alpha=quantile)",
            "losses.pinball_loss(predictions, targets, quantile=1 - quantile).mean()",
        ),
    ),
    absent=dict.fromkeys(("SciPy", "PyTorch", "JAX/optax", "Keras", "TensorFlow"), ARITHMETIC),
    words=r"pinball|quantile_loss",
    losses=("pinball_loss",),
)

LOCATED = {
    "both 3": i.real_pair(3.0, 3.0),
    "10²⁰⁰ and 0": i.real_pair(1e200, 0.0),
    "∞ and 0": i.real_pair(INF, 0.0),
    "1 and 2, scale 10⁻⁴": i.real_pair(1.0, 2.0, scale=1e-4),
    "both 1, scale 10⁻³⁰⁰": i.real_pair(1.0, 1.0, scale=1e-300),
}

GAUSSIAN = Section(
    "gaussian-nll",
    "Gaussian negative log-likelihood",
    REAL + "; `scale`: standard deviations, in the same unit",
    "losses.gaussian_nll(predictions, targets, scale=scale)",
    i.real,
    LOCATED,
    calls=(
        Call(
            "NumPy",
            "(predictions - targets) ** 2 / (2 * scale**2) + np.log(scale) + 0.5 * np.log(2 * np.pi)",
        ),
        Call("SciPy", "-stats.norm.logpdf(targets, loc=predictions, scale=scale)"),
        Call("PyTorch", 'F.gaussian_nll_loss(predictions, targets, scale**2, full=True, reduction="none")'),
        Call("PyTorch", "F.gaussian_nll_loss(predictions, targets, scale**2, full=True)", "each.mean()"),
        Call("PyTorch", "-distributions.Normal(predictions, scale).log_prob(targets)"),
        Call("JAX/optax", "-jax.scipy.stats.norm.logpdf(targets, predictions, scale)"),
    ),
    traps=(
        Trap(
            "PyTorch",
            "Without `full=True` the constant ½ ln 2π is left out.",
            'F.gaussian_nll_loss(predictions, targets, scale**2, reduction="none")',
            "each - 0.5 * np.log(2 * np.pi)",
        ),
        Trap(
            "PyTorch",
            "The third argument is the variance.  A standard deviation in its place raises no error.",
            'F.gaussian_nll_loss(predictions, targets, scale, full=True, reduction="none")',
            "losses.gaussian_nll(predictions, targets, scale=np.sqrt(scale))",
        ),
        Trap(
            "PyTorch",
            "A variance below `eps`, 10⁻⁶, is silently replaced by it.",
            'F.gaussian_nll_loss(predictions, targets, 1e-8 * scale / scale, full=True, reduction="none")',
            "losses.gaussian_nll(predictions, targets, scale=1e-3)",
        ),
    ),
    absent={
        "scikit-learn": "`norm.logpdf` of SciPy",
        "Keras": ARITHMETIC,
        "TensorFlow": "TensorFlow Probability has the distribution",
    },
    words=r"gaussian_nll|normal_nll",
    losses=("gaussian_nll",),
)

LAPLACE = Section(
    "laplace-nll",
    "Laplace negative log-likelihood",
    REAL + "; `scale`: b, in the same unit",
    "losses.laplace_nll(predictions, targets, scale=scale)",
    i.real,
    LOCATED,
    calls=(
        Call("NumPy", "np.abs(predictions - targets) / scale + np.log(2 * scale)"),
        Call("SciPy", "-stats.laplace.logpdf(targets, loc=predictions, scale=scale)"),
        Call("PyTorch", "-distributions.Laplace(predictions, scale).log_prob(targets)"),
        Call("JAX/optax", "-jax.scipy.stats.laplace.logpdf(targets, predictions, scale)"),
    ),
    absent={
        "scikit-learn": "`laplace.logpdf` of SciPy",
        "Keras": ARITHMETIC,
        "TensorFlow": "TensorFlow Probability has the distribution",
    },
    words=r"laplace",
    losses=("laplace_nll",),
)

STUDENT = Section(
    "student-t-nll",
    "Student's t negative log-likelihood",
    REAL + "; `scale`: in the same unit; `degrees`: ν, of freedom",
    "losses.student_t_nll(predictions, targets, scale=scale, degrees=degrees)",
    i.real,
    LOCATED | {"both 3, 10²⁰ degrees": i.real_pair(3.0, 3.0, degrees=1e20)},
    calls=(
        Call("SciPy", "-stats.t.logpdf(targets, degrees, loc=predictions, scale=scale)"),
        Call("PyTorch", "-distributions.StudentT(degrees, predictions, scale).log_prob(targets)"),
        Call("JAX/optax", "-jax.scipy.stats.t.logpdf(targets, degrees, predictions, scale)"),
    ),
    absent={
        "NumPy": "the gamma function is in SciPy and in `math.lgamma`",
        "scikit-learn": "`t.logpdf` of SciPy",
        "Keras": ARITHMETIC,
        "TensorFlow": "TensorFlow Probability has the distribution",
    },
    words=r"student",
    losses=("student_t_nll",),
)


# --- two classes --------------------------------------------------------------------------------------------------

BINARY = Section(
    "binary-cross-entropy",
    "Binary cross-entropy of logits",
    "`logits`: log-odds in nats, shape (N,); `labels`: 0 or 1, or a probability between",
    "losses.binary_cross_entropy(logits, labels)",
    i.binary,
    {
        "z = 40, label 1": i.logit(40.0, 1),
        "z = −40, label 0": i.logit(-40.0, 0),
        "z = −800, label 1": i.logit(-800.0, 1),
        "z = 800, label 1": i.logit(800.0, 1),
        "z = −800, label 0": i.logit(-800.0, 0),
        "z = ∞, label 1": i.logit(INF, 1),
        "z = −∞, label 0": i.logit(-INF, 0),
        "z = −∞, label 1": i.logit(-INF, 1),
    },
    calls=(
        Call("NumPy", "np.logaddexp(0, logits) - labels * logits"),
        Call("SciPy", "-(labels * special.log_expit(logits) + (1 - labels) * special.log_expit(-logits))"),
        Call("PyTorch", 'F.binary_cross_entropy_with_logits(logits, labels, reduction="none")'),
        Call("PyTorch", "F.binary_cross_entropy_with_logits(logits, labels)", "each.mean()"),
        Call("JAX/optax", "optax.sigmoid_binary_cross_entropy(logits, labels)"),
        Call("Keras", "keras.ops.binary_crossentropy(labels, logits, from_logits=True)"),
        Call("Keras", "keras.losses.BinaryCrossentropy(from_logits=True)(labels, logits)", "each.mean()", digits=6),
        Call("TensorFlow", "tf.nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits)"),
    ),
    traps=(
        Trap(
            "PyTorch",
            "Probabilities in the place of logits go through a second sigmoid.",
            'F.binary_cross_entropy_with_logits(probabilities, labels, reduction="none")',
            "losses.binary_cross_entropy(probabilities, labels)",
            after="No model gets below ln(1 + 1/e), 0.3133 nats, on a label 1, nor below ln 2 on a label 0.",
        ),
        Trap(
            "Keras",
            "Without `from_logits=True` the logits count as probabilities, and are clipped to [10⁻⁷, 1 − 10⁻⁷].",
            "keras.ops.binary_crossentropy(labels, logits)",
            "losses.binary_cross_entropy_of_probabilities(np.clip(logits, 1e-7, 1 - 1e-7), labels)",
        ),
        Trap(
            "PyTorch",
            "Labels −1 and 1 are taken as they are.  The loss has no lower bound, and training runs off to it.",
            'F.binary_cross_entropy_with_logits(logits, signs, reduction="none")',
            "np.logaddexp(0, logits) - signs * logits",
        ),
        Trap(
            "JAX/optax",
            "Likewise.",
            "optax.sigmoid_binary_cross_entropy(logits, signs)",
            "np.logaddexp(0, logits) - signs * logits",
        ),
        Trap(
            "PyTorch",
            "Labels must be floats.",
            "F.binary_cross_entropy_with_logits(logits, labels.long())",
            raises="RuntimeError",
        ),
    ),
    absent={"scikit-learn": "`log_loss` of the probabilities, below"},
    words=r"(log_loss|binary|sigmoid).*logits",
    losses=("binary_cross_entropy",),
)

BINARY_OF_PROBABILITIES = Section(
    "binary-probabilities",
    "Binary cross-entropy of probabilities",
    "`probabilities` of a 1, shape (N,); `labels`: 0 or 1",
    "losses.binary_cross_entropy_of_probabilities(probabilities, labels)",
    i.binary,
    {
        "y = 1, label 1": i.probability(1.0, 1),
        "y = 0, label 0": i.probability(0.0, 0),
        "y = 0, label 1": i.probability(0.0, 1),
        "y = 1, label 0": i.probability(1.0, 0),
        "y = 10⁻³⁰⁰, label 1": i.probability(1e-300, 1),
        "y = 10⁻²⁰, label 0": i.probability(1e-20, 0),
    },
    calls=(
        Call("NumPy", "-np.where(labels == 1, np.log(probabilities), np.log1p(-probabilities))"),
        Call("SciPy", "-(special.xlogy(labels, probabilities) + special.xlog1py(1 - labels, -probabilities))"),
        Call("scikit-learn", "metrics.log_loss(labels, probabilities, labels=[0, 1])", "each.mean()"),
        Call("PyTorch", 'F.binary_cross_entropy(probabilities, labels, reduction="none")'),
        Call("PyTorch", "F.binary_cross_entropy(probabilities, labels)", "each.mean()"),
        Call("Keras", "keras.ops.binary_crossentropy(labels, probabilities)"),
        Call("Keras", "keras.losses.BinaryCrossentropy()(labels, probabilities)", "each.mean()", digits=6),
    ),
    traps=(
        Trap(
            "PyTorch",
            "Each logarithm is cut off at −100, so no loss exceeds 100 nats.",
            'F.binary_cross_entropy(0 * probabilities, labels, reduction="none")',
            "100 * labels",
        ),
        Trap(
            "PyTorch",
            "Its derivative is not the slope of its loss: the y(1 − y) in the denominator is cut off at 10⁻¹².",
            "torch.func.grad(lambda y: F.binary_cross_entropy(y, labels, reduction='sum'))(1 - labels)",
            "1e12 * (1 - 2 * labels)",
            digits=6,
            after="Behind a sigmoid, a forecast of 10⁻²⁶ for what happened pulls with 10⁻¹⁴ instead of 1.",
        ),
        Trap(
            "scikit-learn",
            "Probabilities are clipped to [ε, 1 − ε], ε the spacing of floats at 1: at most 36.04 nats in float64.",
            "metrics.log_loss(labels, 1 - labels)",
            "-np.log(np.finfo(float).eps)",
        ),
        Trap(
            "Keras",
            "Probabilities are clipped to [10⁻⁷, 1 − 10⁻⁷]: at most 16.12 nats.",
            "keras.ops.binary_crossentropy(labels, 0 * probabilities)",
            "-np.log(np.where(labels == 1, 1e-7, 1 - 1e-7))",
        ),
        Trap(
            "scikit-learn",
            "The probabilities belong to the label that comes last in the alphabet.",
            'metrics.log_loss(np.where(labels == 1, "ill", "well"), probabilities)',
            "losses.binary_cross_entropy_of_probabilities(probabilities, 1 - labels).mean()",
            after="Here that is “well”.",
        ),
        Trap(
            "scikit-learn",
            "The labels come first.",
            "metrics.log_loss(probabilities, labels)",
            raises="ValueError",
        ),
    ),
    absent={"JAX/optax": "take the logits", "TensorFlow": "Keras has it"},
    words=r"^binary_cross_?entropy$|^log_loss$",
    losses=("binary_cross_entropy_of_probabilities",),
)

SOFT_MARGIN = Section(
    "soft-margin",
    "Soft margin",
    "`logits`: log-odds in nats, shape (N,); `signs`: −1 or 1",
    "losses.soft_margin(logits, signs)",
    i.binary,
    {
        "z = 40, sign 1": i.logit(40.0, 1),
        "z = −800, sign 1": i.logit(-800.0, 1),
        "z = ∞, sign 1": i.logit(INF, 1),
        "z = −∞, sign 1": i.logit(-INF, 1),
    },
    calls=(
        Call("NumPy", "np.logaddexp(0, -signs * logits)"),
        Call("SciPy", "-special.log_expit(signs * logits)"),
        Call("PyTorch", 'F.soft_margin_loss(logits, signs, reduction="none")'),
        Call("PyTorch", "F.soft_margin_loss(logits, signs)", "each.mean()"),
        Call("JAX/optax", "jax.nn.softplus(-signs * logits)"),
        Call("Keras", "keras.ops.softplus(-signs * logits)"),
        Call("TensorFlow", "tf.math.softplus(-signs * logits)"),
    ),
    traps=(
        Trap(
            "PyTorch",
            "With labels 0 and 1 every 0 costs ln 2, whatever the logit.",
            'F.soft_margin_loss(logits, labels, reduction="none")',
            "np.where(labels == 1, each, np.log(2))",
        ),
        Trap(
            "PyTorch",
            "The *multilabel* soft margin wants 0 and 1, and averages over its last axis.",
            'F.multilabel_soft_margin_loss(logits[:, None], labels[:, None], reduction="none")',
            "each",
        ),
        Trap(
            "scikit-learn",
            "The hinge loss is another function of the same margin.",
            "metrics.hinge_loss(signs, logits)",
            "np.maximum(0, 1 - signs * logits).mean()",
        ),
    ),
    absent={"scikit-learn": "`LogisticRegression` fits it; `hinge_loss` is another loss"},
    words=r"soft_margin|logistic",
    losses=("soft_margin",),
)


# --- c classes ----------------------------------------------------------------------------------------------------

ROW_ENDS = {
    "z = (40, 0), label 0": i.row([40.0, 0.0], 0),
    "z = (1000, 0, 0), label 0": i.row([1000.0, 0.0, 0.0], 0),
    "z = (1000, 0, 0), label 1": i.row([1000.0, 0.0, 0.0], 1),
    "z = (0, −∞), label 0": i.row([0.0, -INF], 0),
    "z = (0, −∞), label 1": i.row([0.0, -INF], 1),
    "z = (∞, 0), label 0": i.row([INF, 0.0], 0),
}

CLASS_NUMBERS = Section(
    "cross-entropy",
    "Cross-entropy of logits, labels as class numbers",
    f"{LOGITS}; {NUMBERS}",
    "losses.cross_entropy(logits, labels)",
    i.classes,
    ROW_ENDS,
    calls=(
        Call("NumPy", "np.logaddexp.reduce(logits, axis=1) - logits[np.arange(len(labels)), labels]"),
        Call("SciPy", "-special.log_softmax(logits, axis=1)[np.arange(len(labels)), labels]"),
        Call("PyTorch", 'F.cross_entropy(logits, labels, reduction="none")'),
        Call("PyTorch", "F.cross_entropy(logits, labels)", "each.mean()"),
        Call("JAX/optax", "optax.softmax_cross_entropy_with_integer_labels(logits, labels)"),
        Call("Keras", "keras.losses.sparse_categorical_crossentropy(labels, logits, from_logits=True)"),
        Call("Keras", "keras.losses.SparseCategoricalCrossentropy(from_logits=True)(labels, logits)", "each.mean()"),
        Call("TensorFlow", "tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)"),
    ),
    traps=(
        Trap(
            "PyTorch",
            "Probabilities in the place of logits go through a second softmax.",
            "F.cross_entropy(probabilities, labels)",
            "losses.cross_entropy(probabilities, labels).mean()",
            after="With c classes no model gets below ln(1 + (c − 1)/e).",
        ),
        Trap(
            "Keras",
            "Without `from_logits=True` each row of logits is divided by its sum, and then clipped.",
            "keras.losses.sparse_categorical_crossentropy(labels, logits)",
            "-np.log(np.clip(logits / logits.sum(axis=1, keepdims=True), 1e-7, 1 - 1e-7))"
            "[np.arange(len(labels)), labels]",
        ),
        Trap(
            "PyTorch",
            "Labels of −100 are left out, of the sum and of the count: the default `ignore_index`.",
            "F.cross_entropy(logits, ignored)",
            "losses.cross_entropy(logits[10:], labels[10:]).mean()",
            after="(`ignored` has −100 in its first ten places.)",
        ),
        Trap(
            "PyTorch",
            "The classes are axis 1, not the last: a sequence has shape (N, c, length).",
            'F.cross_entropy(logits.T[None], labels[None], reduction="none")[0]',
            "each",
        ),
        Trap(
            "PyTorch",
            "A class that does not exist is an error.",
            "F.cross_entropy(logits, labels + 5)",
            raises="IndexError",
        ),
        Trap(
            "JAX/optax",
            "A class that does not exist gives NaN.",
            "optax.softmax_cross_entropy_with_integer_labels(logits, labels + 5)",
            "np.full(len(labels), np.nan)",
        ),
        Trap(
            "Keras",
            "On JAX, a class that does not exist costs nothing.",
            "keras.losses.sparse_categorical_crossentropy(labels + 5, logits, from_logits=True)",
            "np.zeros(len(labels))",
        ),
    ),
    absent={"scikit-learn": "`log_loss` of the softmax, below"},
    words=r"cross_entropy.*logits",
    losses=("cross_entropy",),
)

LABEL_ROWS = Section(
    "label-rows",
    "Cross-entropy of logits, labels as rows",
    f"{LOGITS}; `soft_rows`, shape (N, c): probabilities, one-hot or soft, each row sums to 1",
    "losses.cross_entropy(logits, soft_rows)",
    i.classes,
    ROW_ENDS,
    calls=(
        Call("SciPy", "-(soft_rows * special.log_softmax(logits, axis=1)).sum(axis=1)"),
        Call("PyTorch", 'F.cross_entropy(logits, soft_rows, reduction="none")'),
        Call("PyTorch", "F.cross_entropy(logits, soft_rows)", "each.mean()"),
        Call("JAX/optax", "optax.softmax_cross_entropy(logits, soft_rows)"),
        Call("JAX/optax", "optax.safe_softmax_cross_entropy(logits, soft_rows)"),
        Call("Keras", "keras.losses.categorical_crossentropy(soft_rows, logits, from_logits=True)"),
        Call("Keras", "keras.losses.CategoricalCrossentropy(from_logits=True)(soft_rows, logits)", "each.mean()"),
        Call("TensorFlow", "tf.nn.softmax_cross_entropy_with_logits(labels=soft_rows, logits=logits)"),
    ),
    traps=(
        Trap(
            "PyTorch",
            "One-hot rows of integers are refused: rows are floats, class numbers integers.",
            "F.cross_entropy(logits, label_rows.long())",
            raises="RuntimeError",
        ),
        Trap(
            "PyTorch",
            "Rows that do not sum to 1 are not refused.",
            'F.cross_entropy(logits, 2 * soft_rows, reduction="none")',
            "2 * each",
        ),
        Trap(
            "PyTorch",
            "The binary loss runs on rows, too: it asks c yes-or-no questions instead of one with c answers, and "
            "averages over all N times c.",
            "F.binary_cross_entropy_with_logits(logits, label_rows)",
            "losses.binary_cross_entropy(logits, label_rows).mean()",
        ),
        Trap(
            "TensorFlow",
            "Rows that do not sum to 1 are not refused here, either.",
            "tf.nn.softmax_cross_entropy_with_logits(labels=2 * soft_rows, logits=logits)",
            "2 * each",
        ),
    ),
    absent={
        "NumPy": "SciPy's line, with `logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)`",
        "scikit-learn": "`log_loss` of the softmax, below",
    },
    words=r"cross_entropy.*logits",
    losses=("cross_entropy",),
)

PROBABILITY_ENDS = {
    "y = (1, 0), label 0": i.probability_row([1.0, 0.0], 0),
    "y = (1, 0), label 1": i.probability_row([1.0, 0.0], 1),
    "y = (1, 10⁻³⁰⁰), label 1": i.probability_row([1.0, 1e-300], 1),
}

OF_PROBABILITIES = Section(
    "class-probabilities",
    "Cross-entropy of probabilities, labels as class numbers",
    f"{PROBABILITIES}; {NUMBERS}",
    "losses.cross_entropy_of_probabilities(probabilities, labels)",
    i.classes,
    PROBABILITY_ENDS,
    calls=(
        Call("NumPy", "-np.log(probabilities[np.arange(len(labels)), labels])"),
        Call(
            "scikit-learn",
            "metrics.log_loss(labels, probabilities, labels=range(probabilities.shape[1]))",
            "each.mean()",
        ),
        Call("PyTorch", 'F.nll_loss(probabilities.log(), labels, reduction="none")'),
        Call("PyTorch", "F.nll_loss(probabilities.log(), labels)", "each.mean()"),
        Call("Keras", "keras.losses.sparse_categorical_crossentropy(labels, probabilities)"),
        Call("Keras", "keras.losses.SparseCategoricalCrossentropy()(labels, probabilities)", "each.mean()"),
    ),
    traps=(
        Trap(
            "PyTorch",
            "`nll_loss` takes no logarithm: it wants log-probabilities, and of probabilities it returns minus the "
            "mean.",
            "F.nll_loss(probabilities, labels)",
            "-probabilities[np.arange(len(labels)), labels].mean()",
            after="It lies between −1 and 0 and falls as the model improves, so the mistake is easy to overlook.",
        ),
        Trap(
            "PyTorch",
            "Of logits it returns minus their mean, which has no lower bound.",
            "F.nll_loss(logits, labels)",
            "-logits[np.arange(len(labels)), labels].mean()",
        ),
        Trap(
            "scikit-learn",
            "Without `labels=` the classes are those that occur; a batch without one of them is refused.",
            "metrics.log_loss(labels[labels > 0], probabilities[labels > 0])",
            raises="ValueError",
        ),
        Trap(
            "Keras",
            "Rows are divided by their sum and clipped, so that no loss exceeds 16.12 nats.",
            "keras.losses.sparse_categorical_crossentropy(labels, 3 * probabilities)",
            "each",
        ),
    ),
    absent={
        "SciPy": "NumPy's line, or `xlogy` with rows",
        "JAX/optax": "take the logits",
        "TensorFlow": "Keras has it",
    },
    words=r"^(sparse_)?categorical_cross_?entropy$|^log_loss$|^nll_loss$",
    losses=("cross_entropy_of_probabilities",),
)

ROWS_OF_PROBABILITIES = Section(
    "probability-rows",
    "Cross-entropy of probabilities, labels as rows",
    f"{PROBABILITIES}; `soft_rows`, shape (N, c), likewise",
    "losses.cross_entropy_of_probabilities(probabilities, soft_rows)",
    i.classes,
    PROBABILITY_ENDS,
    calls=(
        Call("NumPy", "-(soft_rows * np.log(probabilities)).sum(axis=1)"),
        Call("SciPy", "-special.xlogy(soft_rows, probabilities).sum(axis=1)"),
        Call("PyTorch", "-torch.special.xlogy(soft_rows, probabilities).sum(dim=1)"),
        Call("JAX/optax", "-jax.scipy.special.xlogy(soft_rows, probabilities).sum(axis=1)"),
        Call("Keras", "keras.losses.categorical_crossentropy(soft_rows, probabilities)"),
        Call("Keras", "keras.losses.CategoricalCrossentropy()(soft_rows, probabilities)", "each.mean()"),
        Call("TensorFlow", "-tf.reduce_sum(tf.math.xlogy(soft_rows, probabilities), axis=1)"),
    ),
    traps=(
        Trap(
            "scikit-learn",
            "One-hot rows are understood.",
            "metrics.log_loss(label_rows, probabilities)",
            "losses.cross_entropy_of_probabilities(probabilities, label_rows).mean()",
        ),
        Trap(
            "scikit-learn",
            "Soft rows are not.",
            "metrics.log_loss(soft_rows, probabilities)",
            raises="ValueError",
        ),
        Trap(
            "PyTorch",
            "There is no such function: `cross_entropy` applies a softmax to whatever it is given.",
            'F.cross_entropy(probabilities, soft_rows, reduction="none")',
            "losses.cross_entropy(probabilities, soft_rows)",
        ),
    ),
    absent={"scikit-learn": "`log_loss` takes one-hot rows alone"},
    words=r"soft_label",
    losses=("cross_entropy_of_probabilities",),
)


# --- counts -------------------------------------------------------------------------------------------------------

POISSON = Section(
    "poisson-nll",
    "Poisson negative log-likelihood",
    "`log_rates`: logarithms of the expected counts, shape (N,); `rates`: their exponentials; `counts`: 0, 1, 2, …",
    "losses.poisson_nll(log_rates, counts)",
    i.counts,
    {
        "rate 1, count 0": i.count(0.0, 0),
        "rate e⁻⁸⁰⁰, count 0": i.count(-800.0, 0),
        "rate e⁻⁸⁰⁰, count 1": i.count(-800.0, 1),
        "rate e⁸⁰⁰, count 1": i.count(800.0, 1),
        "rate 10⁶, count 10⁶": i.count(13.815510557964274, 10**6),
    },
    calls=(
        Call("NumPy", "np.exp(log_rates) - counts * log_rates", "each - log_factorials"),
        Call("SciPy", "-stats.poisson.logpmf(counts, rates)"),
        Call("PyTorch", 'F.poisson_nll_loss(log_rates, counts, reduction="none")', "each - log_factorials"),
        Call("PyTorch", "-distributions.Poisson(rates).log_prob(counts)"),
        Call("JAX/optax", "-jax.scipy.stats.poisson.logpmf(counts, rates)"),
        Call("Keras", "keras.losses.Poisson()(counts, rates)", "each.mean() - log_factorials.mean()", digits=5),
        Call("TensorFlow", "tf.nn.log_poisson_loss(counts, log_rates)", "each - log_factorials"),
    ),
    traps=(
        Trap(
            "PyTorch",
            "Rates in the place of log-rates raise no error; they need `log_input=False`.",
            'F.poisson_nll_loss(rates, counts, reduction="none")',
            "losses.poisson_nll(rates, counts) - log_factorials",
        ),
        Trap(
            "PyTorch",
            "`full=True` adds Stirling's approximation of ln k! for counts above 1, not ln k! itself.",
            'F.poisson_nll_loss(log_rates, counts, full=True, reduction="none")',
            "each - log_factorials + stirling",
            after="At a count of 2 it lacks 0.0413 nats.",
        ),
        Trap(
            "TensorFlow",
            "So does `compute_full_loss=True`.",
            "tf.nn.log_poisson_loss(counts, log_rates, compute_full_loss=True)",
            "each - log_factorials + stirling",
        ),
        Trap(
            "scikit-learn",
            "The deviance is twice the excess over the best rate for each count, and takes rates.",
            "metrics.mean_poisson_deviance(counts, rates)",
            "2 * (each - losses.poisson_nll(np.log(counts), counts)).mean()",
        ),
    ),
    absent={"scikit-learn": "`mean_poisson_deviance` is another number"},
    words=r"poisson_nll|poisson_loss",
    losses=("poisson_nll",),
)

# --- information --------------------------------------------------------------------------------------------------

P = "`p`, shape (N, c): probabilities, each row sums to 1"

ENTROPY = Section(
    "entropy",
    "Entropy",
    P,
    "information.entropy(p)",
    i.distributions,
    {
        "p = (1, 0)": i.pair_of_rows([1.0, 0.0], [0.5, 0.5]),
        "p = (1, 10⁻³⁰⁰)": i.pair_of_rows([1.0, 1e-300], [0.5, 0.5]),
    },
    calls=(
        Call("NumPy", "-(p * np.log(p)).sum(axis=1)"),
        Call("SciPy", "stats.entropy(p, axis=1)"),
        Call("SciPy", "special.entr(p).sum(axis=1)"),
        Call("PyTorch", "distributions.Categorical(probs=p).entropy()"),
        Call("PyTorch", "torch.special.entr(p).sum(dim=1)"),
        Call("JAX/optax", "jax.scipy.special.entr(p).sum(axis=1)"),
        Call("TensorFlow", "-tf.reduce_sum(tf.math.xlogy(p, p), axis=1)"),
    ),
    traps=(
        Trap(
            "SciPy",
            "The default axis is 0, and what it is given is divided by its sum first.",
            "stats.entropy(p)",
            "information.entropy((p / p.sum(axis=0)).T)",
        ),
        Trap(
            "SciPy",
            "So counts, or anything else that is positive, are no error.",
            "stats.entropy(3 * p, axis=1)",
            "each",
        ),
        Trap(
            "SciPy",
            "Nats are the default; `base=2` gives bits.",
            "stats.entropy(p, base=2, axis=1)",
            "each / np.log(2)",
        ),
    ),
    absent={"scikit-learn": "`stats.entropy` of SciPy", "Keras": ARITHMETIC},
    words=r"^entropy",
)

KL = Section(
    "kl-divergence",
    "Kullback–Leibler divergence",
    f"{P}; `q`, likewise: q expects, p is true",
    "information.kl_divergence(p, q)",
    i.distributions,
    {
        "p = q = (0.5, 0.5)": i.pair_of_rows([0.5, 0.5], [0.5, 0.5]),
        "p = (1, 0), q = (0.5, 0.5)": i.pair_of_rows([1.0, 0.0], [0.5, 0.5]),
        "p = (0.5, 0.5), q = (1, 0)": i.pair_of_rows([0.5, 0.5], [1.0, 0.0]),
        "p = q = (1, 0)": i.pair_of_rows([1.0, 0.0], [1.0, 0.0]),
        "p = (0.3, 0.7), q 10⁻¹⁰ away": i.pair_of_rows([0.3, 0.7], [0.3 + 1e-10, 0.7 - 1e-10]),
    },
    calls=(
        Call("NumPy", "(p * np.log(p / q)).sum(axis=1)"),
        Call("SciPy", "stats.entropy(p, q, axis=1)"),
        Call("SciPy", "special.rel_entr(p, q).sum(axis=1)"),
        Call("SciPy", "special.kl_div(p, q).sum(axis=1)"),
        Call("PyTorch", 'F.kl_div(q.log(), p, reduction="none").sum(dim=1)'),
        Call("PyTorch", 'F.kl_div(q.log(), p, reduction="batchmean")', "each.mean()"),
        Call("JAX/optax", "optax.losses.kl_divergence(jnp.log(q), p)"),
        Call("Keras", "keras.losses.kl_divergence(p, q)"),
        Call("Keras", "keras.losses.KLDivergence()(p, q)", "each.mean()"),
    ),
    traps=(
        Trap(
            "PyTorch",
            "The model comes first, and as logarithms; two rows of probabilities raise no error.",
            'F.kl_div(p, q, reduction="none").sum(dim=1)',
            "(q * (np.log(q) - p)).sum(axis=1)",
        ),
        Trap(
            "PyTorch",
            "The default reduction, `mean`, divides by the number of entries, N times c.",
            "F.kl_div(q.log(), p)",
            "each.mean() / p.shape[1]",
        ),
        Trap(
            "SciPy",
            "With two arguments `entropy` is the divergence, not the cross-entropy.",
            "stats.entropy(p, q, axis=1)",
            "information.cross_entropy(p, q) - information.entropy(p)",
        ),
        Trap(
            "SciPy",
            "`kl_div` adds q − p to each term; the sums agree where both rows sum to 1, its terms do not.",
            "special.kl_div(p, q)",
            "p * np.log(p / q) - p + q",
        ),
        Trap(
            "Keras",
            "Both are clipped to [10⁻⁷, 1], so that no divergence is infinite.",
            "keras.losses.kl_divergence(p, 0 * q)",
            "(p * np.log(p / 1e-7)).sum(axis=1)",
        ),
    ),
    absent={"scikit-learn": "`rel_entr` of SciPy", "TensorFlow": "Keras has it"},
    words=r"kl_?div|rel_entr|kullback",
)

# --- questions that concern all losses ----------------------------------------------------------------------------

SAMPLE_WEIGHTS = Section(
    "example-weights",
    "Weights of examples",
    "`logits`, `probabilities`, `labels` and `weights`, shape (N,); `pos_weight`: one number for label 1",
    "losses.binary_cross_entropy(logits, labels)",
    i.binary,
    calls=(
        Call(
            "scikit-learn",
            "metrics.log_loss(labels, probabilities, sample_weight=weights)",
            "(weights * each).sum() / weights.sum()",
        ),
        Call(
            "PyTorch",
            "F.binary_cross_entropy_with_logits(logits, labels, weight=weights)",
            "(weights * each).sum() / len(each)",
        ),
        Call(
            "PyTorch",
            "F.binary_cross_entropy_with_logits(logits, labels, pos_weight=pos_weight)",
            "np.where(labels == 1, pos_weight * each, each).mean()",
        ),
        Call(
            "JAX/optax",
            "(weights * optax.sigmoid_binary_cross_entropy(logits, labels)).mean()",
            "(weights * each).sum() / len(each)",
        ),
        Call(
            "Keras",
            "keras.losses.BinaryCrossentropy(from_logits=True)"
            "(labels[:, None], logits[:, None], sample_weight=weights)",
            "(weights * each).sum() / len(each)",
            digits=6,
        ),
        Call(
            "Keras",
            'keras.losses.BinaryCrossentropy(from_logits=True, reduction="mean_with_sample_weight")'
            "(labels[:, None], logits[:, None], sample_weight=weights)",
            "(weights * each).sum() / weights.sum()",
            digits=6,
        ),
        Call(
            "TensorFlow",
            "tf.nn.weighted_cross_entropy_with_logits(labels, logits, pos_weight)",
            "np.where(labels == 1, pos_weight * each, each)",
        ),
    ),
    traps=(
        Trap(
            "PyTorch",
            "Doubling all weights doubles the loss, and with it every step of gradient descent.",
            "F.binary_cross_entropy_with_logits(logits, labels, weight=2 * weights)",
            "2 * (weights * each).mean()",
        ),
        Trap(
            "scikit-learn",
            "Doubling all weights changes nothing.",
            "metrics.log_loss(labels, probabilities, sample_weight=2 * weights)",
            "(weights * each).sum() / weights.sum()",
        ),
    ),
    absent={"NumPy": "`np.average(losses, weights=weights)` divides by the weights' sum", "SciPy": "likewise"},
    words=r"weighted_.*loss",
)

CLASS_WEIGHTS = Section(
    "class-weights",
    "Weights of classes",
    "`class_weights`, shape (c,): one positive number for each class",
    "losses.cross_entropy(logits, labels)",
    i.classes,
    calls=(
        Call(
            "PyTorch",
            "F.cross_entropy(logits, labels, weight=class_weights)",
            "(class_weights[labels] * each).sum() / class_weights[labels].sum()",
        ),
        Call(
            "PyTorch",
            'F.cross_entropy(logits, labels, weight=class_weights, reduction="none").mean()',
            "(class_weights[labels] * each).sum() / len(each)",
        ),
        Call(
            "JAX/optax",
            "(class_weights[labels] * optax.softmax_cross_entropy_with_integer_labels(logits, labels)).mean()",
            "(class_weights[labels] * each).sum() / len(each)",
        ),
        Call(
            "Keras",
            "keras.losses.SparseCategoricalCrossentropy(from_logits=True)"
            "(labels, logits, sample_weight=keras.ops.take(class_weights, labels))",
            "(class_weights[labels] * each).sum() / len(each)",
        ),
        Call(
            "scikit-learn",
            "metrics.log_loss(labels, probabilities, sample_weight=class_weights[labels])",
            "(class_weights[labels] * each).sum() / class_weights[labels].sum()",
        ),
        Call(
            "TensorFlow",
            "tf.reduce_mean(tf.gather(class_weights, labels) * "
            "tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits))",
            "(class_weights[labels] * each).sum() / len(each)",
        ),
    ),
    traps=(
        Trap(
            "PyTorch",
            "With one-hot rows instead of class numbers, the same weights divide by N instead of their sum.",
            "F.cross_entropy(logits, label_rows, weight=class_weights)",
            "(class_weights[labels] * each).sum() / len(each)",
        ),
    ),
    absent={
        "NumPy": "`np.average(losses, weights=class_weights[labels])`",
        "SciPy": "likewise",
    },
    words=r"class_weight",
)

SMOOTHING = Section(
    "label-smoothing",
    "Label smoothing",
    "`epsilon`, ε: how much of each label is spread over all c classes; "
    "`smoothed`, shape (N, c): the one-hot rows times 1 − ε, plus ε/c",
    "losses.cross_entropy(logits, smoothed)",
    i.classes,
    calls=(
        Call("PyTorch", 'F.cross_entropy(logits, labels, label_smoothing=epsilon, reduction="none")'),
        Call("JAX/optax", "optax.softmax_cross_entropy(logits, optax.smooth_labels(label_rows, epsilon))"),
        Call(
            "Keras",
            "keras.losses.categorical_crossentropy(label_rows, logits, from_logits=True, label_smoothing=epsilon)",
        ),
    ),
    traps=(
        Trap(
            "PyTorch",
            "With class weights each class's share of the smoothing has its own weight, but the divisor is that of "
            "the hard labels.",
            "F.cross_entropy(logits, labels, weight=class_weights, label_smoothing=epsilon)",
            "(smoothed * class_weights * surprisals).sum() / class_weights[labels].sum()",
            after="Here `surprisals` are −ln of the probabilities of all classes. A class that never occurs "
            "still counts, through its weight.",
        ),
        Trap(
            "Keras",
            "The *binary* loss spreads ε over two outcomes, yes and no, for each of the c outputs.",
            "keras.losses.binary_crossentropy(label_rows, logits, from_logits=True, label_smoothing=epsilon)",
            "losses.binary_cross_entropy(logits, (1 - epsilon) * label_rows + epsilon / 2).mean(axis=1)",
            digits=6,
        ),
    ),
    absent={
        "NumPy": "pass `smoothed`",
        "SciPy": "likewise",
        "scikit-learn": "not in `log_loss`",
        "TensorFlow": "Keras has it",
    },
    words=r"smooth_?label|label_?smooth",
)

GROUPS = {
    "real": (SQUARED, HALF_SQUARED, ABSOLUTE, HUBER, PINBALL, GAUSSIAN, LAPLACE, STUDENT),
    "binary": (BINARY, BINARY_OF_PROBABILITIES, SOFT_MARGIN),
    "classes": (CLASS_NUMBERS, LABEL_ROWS, OF_PROBABILITIES, ROWS_OF_PROBABILITIES),
    "counts": (POISSON,),
    "information": (ENTROPY, KL),
    "questions": (SAMPLE_WEIGHTS, CLASS_WEIGHTS, SMOOTHING),
}
SECTIONS = tuple(section for group in GROUPS.values() for section in group)
