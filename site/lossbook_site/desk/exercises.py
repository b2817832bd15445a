"""The exercises of the derivation desk.  Each stands in its chapter, and all of them on the desk's own page.

Tests run them: a solution is accepted, and each of the mistakes is refused with a counterexample.
"""

from __future__ import annotations

from dataclasses import dataclass

# What a reader of any sheet has at hand.
IMPORTS = """\
from sympy import IndexedBase, KroneckerDelta, Product, Rational, Sum, exp, log, pi, sqrt, symbols
from lossbook.derivation import (
    Derivation, binary, count, one_hot, positive, real, simplex, unit_interval,
)

n, m, k, j = symbols("n m k j", integer=True, positive=True)
N, c = symbols("N c", integer=True, positive=True)
"""

EMPTY = """\
p = symbols("p")

d = Derivation(log(p / (1 - p)), where=[unit_interval(p)])
d.equals(log(p) - log(1 - p), because="log of a quotient")
"""


@dataclass(frozen=True, kw_only=True)
class Exercise:
    """One exercise.

    Attributes
    ----------
    name : str
        Its name in addresses, labels and the reader's browser.
    chapter : str
        The file name of its chapter.
    title, task : str
        What is asked, as MyST Markdown.
    prelude : str
        The exercise's lines after ``IMPORTS``; they make the derivation ``d``.
    begin : str
        What stands in the editor at first.
    goal : str
        The last line that is asked for, as Python.
    hints : tuple of str
        From a nudge to nearly everything, as MyST Markdown.
    solution : str
        Lines that solve it.
    mistakes : tuple of str
        Lines that readers write and that are false.
    """

    name: str
    chapter: str
    title: str
    task: str
    prelude: str
    goal: str
    hints: tuple[str, ...]
    solution: str
    mistakes: tuple[str, str, str]
    begin: str = 'd.equals(\n    ...,\n    because="",\n)\n'


EXERCISES = (
    Exercise(
        name="gaussian-likelihood",
        chapter="maximum-likelihood",
        title="From a product to a sum",
        task=(
            "The first line is minus the logarithm of the likelihood of $N$ numbers $x_1, \\dots, "
            "x_N$ under one Gaussian. "
            "Write it without a product and without an exponential: a sum of squares, and a term for the width."
        ),
        prelude="""\
x = IndexedBase("x")
mu = symbols("mu", real=True)
sigma = symbols("sigma", positive=True)

density = exp(-((x[n] - mu) ** 2) / (2 * sigma**2)) / sqrt(2 * pi * sigma**2)
d = Derivation(-log(Product(density, (n, 1, N))), where=[real(x[n])])
""",
        goal="Sum((x[n] - mu) ** 2, (n, 1, N)) / (2 * sigma**2) + N * log(2 * pi * sigma**2) / 2",
        hints=(
            "The logarithm of a product is the sum of the logarithms. What is $-\\ln$ of one density?",
            "One density gives two terms: $(x_n - \\mu)^2 / (2\\sigma^2)$, and $\\ln\\sqrt{2\\pi\\sigma^2}$. "
            "The second does not depend on $n$: summed over $n$ it comes $N$ times.",
            "The first term is `Sum((x[n] - mu) ** 2, (n, 1, N)) / (2 * sigma**2)`. What has to be added?",
        ),
        solution="""\
d.equals(
    Sum((x[n] - mu) ** 2, (n, 1, N)) / (2 * sigma**2) + N * log(2 * pi * sigma**2) / 2,
    because="logs of products",
)
""",
        mistakes=(
            "d.equals(Sum((x[n] - mu) ** 2, (n, 1, N)) / (2 * sigma**2) - N * log(2 * pi * sigma**2) / 2)",
            "d.equals(Sum((x[n] - mu) ** 2, (n, 1, N)) / (2 * sigma**2) + log(2 * pi * sigma**2) / 2)",
            "d.equals(-Sum((x[n] - mu) ** 2, (n, 1, N)) / (2 * sigma**2) + N * log(2 * pi * sigma**2) / 2)",
        ),
    ),
    Exercise(
        name="best-mean",
        chapter="maximum-likelihood",
        title="The most likely mean",
        task=(
            "Of the negative log-likelihood of the last exercise, only the sum of squares depends on $\\mu$. "
            "Differentiate it, and find the one $\\mu$ at which the slope is 0. "
            "The methods are `d.differentiate(mu)` and `d.solve_for(mu, …)`."
        ),
        prelude="""\
x = IndexedBase("x")
mu = symbols("mu", real=True)

d = Derivation(Sum((x[n] - mu) ** 2, (n, 1, N)), where=[real(x[n])])
""",
        begin='d.differentiate(mu, because="slope")\nd.solve_for(mu, ...)\n',
        goal="Sum(x[n], (n, 1, N)) / N",
        hints=(
            "The slope is $-2\\sum_n (x_n - \\mu)$. At which $\\mu$ do the residuals sum to 0?",
            "$\\sum_n (x_n - \\mu)$ is $\\sum_n x_n - N\\mu$.",
        ),
        solution="""\
d.differentiate(mu, because="slope")
d.solve_for(mu, Sum(x[n], (n, 1, N)) / N, because="slope 0")
""",
        mistakes=(
            "d.differentiate(mu, 2 * Sum(x[n] - mu, (n, 1, N)))",
            "d.differentiate(mu)\nd.solve_for(mu, Sum(x[n], (n, 1, N)))",
            "d.differentiate(mu)\nd.solve_for(mu, Sum(x[n], (n, 1, N)) / (N + 1))",
        ),
    ),
    Exercise(
        name="best-sigma",
        chapter="maximum-likelihood",
        title="The most likely width",
        task=(
            "With the mean in place, the negative log-likelihood is $S/(2\\sigma^2) + N\\ln\\sigma$ and a constant; "
            "$S$ is the sum of the squared residuals. Find the $\\sigma$ at which its slope is 0."
        ),
        prelude="""\
sigma, S = symbols("sigma S", positive=True)

d = Derivation(S / (2 * sigma**2) + N * log(sigma))
""",
        begin="d.differentiate(sigma, ...)\nd.solve_for(sigma, ...)\n",
        goal="sqrt(S / N)",
        hints=(
            "The derivative of $\\sigma^{-2}$ is $-2\\sigma^{-3}$, that of $\\ln\\sigma$ is $1/\\sigma$.",
            "Multiply $-S/\\sigma^3 + N/\\sigma$ by $\\sigma^3$.",
        ),
        solution="""\
d.differentiate(sigma, -S / sigma**3 + N / sigma, because="slope")
d.solve_for(sigma, sqrt(S / N), because="the width is positive")
""",
        mistakes=(
            "d.differentiate(sigma, -S / sigma**2 + N / sigma)",
            "d.differentiate(sigma)\nd.solve_for(sigma, S / N)",
            "d.differentiate(sigma)\nd.solve_for(sigma, sqrt(S / (N - 1)))",
        ),
    ),
    Exercise(
        name="poisson-loss",
        chapter="from-data-to-models",
        title="A loss for counts",
        task=(
            "The targets $t_n$ are counts, and the model outputs the logarithm $\\eta_n$ of the rate. "
            "Take the logs of the Poisson likelihood, then drop what does not depend on $\\eta$: "
            "`d.same_minimiser(…, over=eta)` says that two lines are smallest at the same $\\eta$."
        ),
        prelude="""\
from sympy import factorial

t, eta = IndexedBase("t"), IndexedBase("eta")

probability = exp(eta[n]) ** t[n] * exp(-exp(eta[n])) / factorial(t[n])
d = Derivation(-log(Product(probability, (n, 1, N))), where=[count(t[n]), real(eta[n])])
""",
        goal="Sum(exp(eta[n]) - t[n] * eta[n], (n, 1, N))",
        hints=(
            "Minus the log of one probability has three terms: $e^{\\eta_n}$, $-t_n\\eta_n$ and $\\ln(t_n!)$.",
            "`d.equals(Sum(exp(eta[n]) - t[n] * eta[n] + log(factorial(t[n])), (n, 1, N)))` is the first step. "
            "Which of its terms does not contain $\\eta$?",
        ),
        solution="""\
d.equals(
    Sum(exp(eta[n]) - t[n] * eta[n] + log(factorial(t[n])), (n, 1, N)),
    because="logs of products",
)
d.same_minimiser(
    Sum(exp(eta[n]) - t[n] * eta[n], (n, 1, N)),
    over=eta,
    because="the factorials contain no rate",
)
""",
        mistakes=(
            "d.equals(Sum(exp(eta[n]) + t[n] * eta[n] + log(factorial(t[n])), (n, 1, N)))",
            "d.equals(Sum(exp(eta[n]) - t[n] * eta[n], (n, 1, N)))",
            "d.same_minimiser(Sum(-t[n] * eta[n], (n, 1, N)), over=eta)",
        ),
    ),
    Exercise(
        name="squared-error",
        chapter="gaussian",
        title="From the Gaussian to squared error",
        task=(
            "The targets $t_n$ are Gaussian around the outputs $y_n$, all with the same width $\\sigma$. "
            "Go from the negative log-likelihood to the sum of squared errors in two steps: an "
            "equality, and one that drops what does not move the minimum over $y$."
        ),
        prelude="""\
t, y = IndexedBase("t"), IndexedBase("y")
sigma = symbols("sigma", positive=True)

density = exp(-((t[n] - y[n]) ** 2) / (2 * sigma**2)) / sqrt(2 * pi * sigma**2)
d = Derivation(-log(Product(density, (n, 1, N))), where=[real(t[n]), real(y[n])])
""",
        goal="Sum((t[n] - y[n]) ** 2, (n, 1, N))",
        hints=(
            "The first step is that of {ref}`sec-gaussian-derivation`.",
            (
                "After it, a constant is added to $\\frac{1}{2\\sigma^2}$ times the sum. Adding a "
                "constant, or multiplying by a positive one, moves no minimum: `d.same_minimiser(…, "
                "over=y)`."
            ),
        ),
        solution="""\
d.equals(
    Sum((t[n] - y[n]) ** 2, (n, 1, N)) / (2 * sigma**2) + N * log(2 * pi * sigma**2) / 2,
    because="logs of products",
)
d.same_minimiser(Sum((t[n] - y[n]) ** 2, (n, 1, N)), over=y, because="one fixed width")
""",
        mistakes=(
            "d.same_minimiser(-Sum((t[n] - y[n]) ** 2, (n, 1, N)), over=y)",
            "d.equals(Sum((t[n] - y[n]) ** 2, (n, 1, N)))",
            "d.same_minimiser(Sum(t[n] - y[n], (n, 1, N)) ** 2, over=y)",
        ),
    ),
    Exercise(
        name="slope-of-a-line",
        chapter="gaussian",
        title="The best slope",
        task=(
            "A line through the origin, $y_n \\coloneqq w x_n$, has one parameter. "
            "Differentiate half the sum of its squared errors, and solve for $w$. The $x_n$ are positive."
        ),
        prelude="""\
t, x = IndexedBase("t"), IndexedBase("x")
w = symbols("w", real=True)

d = Derivation(
    Sum((t[n] - w * x[n]) ** 2, (n, 1, N)) / 2, where=[real(t[n]), positive(x[n])]
)
""",
        begin="d.differentiate(w, ...)\nd.solve_for(w, ...)\n",
        goal="Sum(x[n] * t[n], (n, 1, N)) / Sum(x[n] ** 2, (n, 1, N))",
        hints=(
            "The chain rule: the inner derivative of $t_n - w x_n$ is $-x_n$.",
            "The slope $-\\sum_n x_n (t_n - w x_n)$ is $w \\sum_n x_n^2 - \\sum_n x_n t_n$.",
        ),
        solution="""\
d.differentiate(w, -Sum(x[n] * (t[n] - w * x[n]), (n, 1, N)), because="chain rule")
d.solve_for(
    w,
    Sum(x[n] * t[n], (n, 1, N)) / Sum(x[n] ** 2, (n, 1, N)),
    because="slope 0",
)
""",
        mistakes=(
            "d.differentiate(w, -Sum(t[n] - w * x[n], (n, 1, N)))",
            "d.differentiate(w)\nd.solve_for(w, Sum(t[n], (n, 1, N)) / Sum(x[n], (n, 1, N)))",
            "d.differentiate(w)\nd.solve_for(w, Sum(x[n] * t[n], (n, 1, N)) / Sum(x[n], (n, 1, N)) ** 2)",
        ),
    ),
    Exercise(
        name="binary-cross-entropy",
        chapter="bernoulli",
        title="From coins to cross-entropy",
        task=(
            "Each target $t_n$ is 0 or 1, and the model outputs the probability $y_n$ of a 1. "
            "Take minus the logarithm of the likelihood. Mind the bracket."
        ),
        prelude="""\
t, y = IndexedBase("t"), IndexedBase("y")

coin = y[n] ** t[n] * (1 - y[n]) ** (1 - t[n])
d = Derivation(-log(Product(coin, (n, 1, N))), where=[binary(t[n]), unit_interval(y[n])])
""",
        goal="-Sum(t[n] * log(y[n]) + (1 - t[n]) * log(1 - y[n]), (n, 1, N))",
        hints=(
            "$\\ln(a^t b^{1 - t})$ is $t \\ln a + (1 - t) \\ln b$.",
            "Both terms belong under the sum, and the minus sign stands before both.",
        ),
        solution="""\
d.equals(
    -Sum(t[n] * log(y[n]) + (1 - t[n]) * log(1 - y[n]), (n, 1, N)),
    because="logs of products",
)
""",
        mistakes=(
            "d.equals(-Sum(t[n] * log(y[n]), (n, 1, N)) + Sum((1 - t[n]) * log(1 - y[n]), (n, 1, N)))",
            "d.equals(-Sum(t[n] * log(y[n]), (n, 1, N)))",
            "d.equals(-Sum(t[n] * log(1 - y[n]) + (1 - t[n]) * log(y[n]), (n, 1, N)))",
        ),
    ),
    Exercise(
        name="sigmoid-gradient",
        chapter="bernoulli",
        title="Prediction minus target",
        task=(
            "Binary cross-entropy of one example, with the sigmoid in the place of $y$. "
            "First collect the logit $z$: the sum of a softplus and of a term $-tz$. Then differentiate."
        ),
        prelude="""\
t, z = symbols("t z")

sigmoid = 1 / (1 + exp(-z))
d = Derivation(
    -t * log(sigmoid) - (1 - t) * log(1 - sigmoid), where=[binary(t), real(z)]
)
""",
        goal="1 / (1 + exp(-z)) - t",
        hints=(
            (
                "For $t = 1$ the line is $\\ln(1 + e^{-z})$, and for $t = 0$ it is $\\ln(1 + e^{z})$. "
                "The two differ by $z$."
            ),
            "`d.equals(log(1 + exp(z)) - t * z)`. Now differentiate by $z$.",
            "The derivative of $\\ln(1 + e^z)$ is $e^z / (1 + e^z)$: the sigmoid.",
        ),
        solution="""\
d.equals(log(1 + exp(z)) - t * z, because="collect the logit")
d.differentiate(z, 1 / (1 + exp(-z)) - t, because="prediction minus target")
""",
        mistakes=(
            "d.equals(log(1 + exp(z)) + t * z)",
            "d.equals(log(1 + exp(-z)) - t * z)",
            "d.differentiate(z, t - 1 / (1 + exp(-z)))",
        ),
    ),
    Exercise(
        name="signs",
        chapter="bernoulli",
        title="The same loss with signs",
        task=(
            "Some libraries code the classes as $s \\in \\{-1, 1\\}$ and write $\\ln(1 + e^{-sz})$. "
            "Put $s \\coloneqq 2t - 1$, with $t$ in $\\{0, 1\\}$, and show that it is the "
            "cross-entropy in the logit $z$."
        ),
        prelude="""\
t, z = symbols("t z")

d = Derivation(log(1 + exp(-(2 * t - 1) * z)), where=[binary(t), real(z)])
""",
        goal="log(1 + exp(z)) - t * z",
        hints=("Try $t = 0$ and $t = 1$ in both.", "$\\ln(1 + e^{-z})$ is $\\ln(1 + e^{z}) - z$."),
        solution='d.equals(log(1 + exp(z)) - t * z, because="true for 0 and for 1")\n',
        mistakes=(
            "d.equals(log(1 + exp(z)) - (2 * t - 1) * z)",
            "d.equals(log(1 + exp(-z)) - t * z)",
            "d.equals(t * log(1 + exp(z)) + (1 - t) * log(1 + exp(-z)))",
        ),
    ),
    Exercise(
        name="cross-entropy",
        chapter="multinoulli",
        title="Cross-entropy for any number of classes",
        task=(
            "Targets are one-hot rows $t_{n1}, \\dots, t_{nc}$, outputs are rows of probabilities. "
            "Take minus the logarithm of the likelihood, for every $N$ and every $c$."
        ),
        prelude="""\
t, y = IndexedBase("t"), IndexedBase("y")
classes = (k, 1, c)

picked = Product(y[n, k] ** t[n, k], classes)
d = Derivation(
    -log(Product(picked, (n, 1, N))),
    where=[one_hot(t[n, k], over=classes), simplex(y[n, k], over=classes)],
)
""",
        goal="-Sum(Sum(t[n, k] * log(y[n, k]), classes), (n, 1, N))",
        hints=(
            "There are two products, so there will be two sums.",
            "A double sum is `Sum(Sum(…, classes), (n, 1, N))`.",
        ),
        solution="""\
d.equals(
    -Sum(Sum(t[n, k] * log(y[n, k]), classes), (n, 1, N)),
    because="logs of products, twice",
)
""",
        mistakes=(
            "d.equals(-Sum(Sum(t[n, k] * y[n, k], classes), (n, 1, N)))",
            "d.equals(-Sum(Sum(t[n, k] * log(y[n, k]), classes), (n, 1, N)) / N)",
            "d.equals(-Sum(Sum(t[n, k] * log(y[n, k]) + (1 - t[n, k]) * log(1 - y[n, k]), classes), (n, 1, N)))",
        ),
    ),
    Exercise(
        name="softmax-gradient",
        chapter="multinoulli",
        title="The gradient of softmax and cross-entropy",
        task=(
            "One example with $c$ classes: the targets $t_k$ are one-hot, the probabilities are the "
            "softmax of the logits $z_k$. "
            "Simplify, then differentiate by one logit, `z[j]`."
        ),
        prelude="""\
t, z = IndexedBase("t"), IndexedBase("z")
classes = (k, 1, c)

softmax = exp(z[k]) / Sum(exp(z[m]), (m, 1, c))
d = Derivation(
    -Sum(t[k] * log(softmax), classes), where=[one_hot(t[k], over=classes), real(z[k])]
)
""",
        goal="exp(z[j]) / Sum(exp(z[k]), classes) - t[j]",
        hints=(
            "The log of the softmax is $z_k$ minus the log of the sum, and the $t_k$ sum to 1.",
            "`d.equals(log(Sum(exp(z[k]), classes)) - Sum(t[k] * z[k], classes))`",
            "The derivative of $\\ln \\sum_k e^{z_k}$ by $z_j$ is $e^{z_j} / \\sum_k e^{z_k}$.",
        ),
        solution="""\
d.equals(
    log(Sum(exp(z[k]), classes)) - Sum(t[k] * z[k], classes),
    because="the targets sum to 1",
)
d.differentiate(
    z[j],
    exp(z[j]) / Sum(exp(z[k]), classes) - t[j],
    because="prediction minus target",
)
""",
        mistakes=(
            "d.equals(log(Sum(exp(z[k]), classes)) + Sum(t[k] * z[k], classes))",
            "d.equals(c * log(Sum(exp(z[k]), classes)) - Sum(t[k] * z[k], classes))",
            "d.differentiate(z[j], t[j] * (exp(z[j]) / Sum(exp(z[k]), classes) - 1))",
        ),
    ),
    Exercise(
        name="uniform-entropy",
        chapter="information",
        title="The entropy of the uniform distribution",
        task=(
            "With $c$ outcomes, all equally likely, each has probability $1/c$. Simplify the entropy. "
            "Which sign has it?"
        ),
        prelude="""\
d = Derivation(-Sum(log(1 / c) / c, (k, 1, c)))
""",
        goal="log(c)",
        hints=("The sum has $c$ equal terms.", "$-\\ln(1/c)$ is $\\ln c$."),
        solution='d.equals(log(c), because="c equal terms")\n',
        mistakes=("d.equals(-log(c))", "d.equals(log(c) / c)", "d.equals(c * log(c))"),
    ),
    Exercise(
        name="gibbs",
        chapter="information",
        title="Gibbs' inequality",
        task=(
            "The truth is $p_1, \\dots, p_c$, the model says $q_1, \\dots, q_c$. "
            "Bound the cross-entropy from below by something that does not contain $q$: `d.at_least(…)`."
        ),
        prelude="""\
p, q = IndexedBase("p"), IndexedBase("q")
classes = (k, 1, c)

d = Derivation(
    -Sum(p[k] * log(q[k]), classes),
    where=[simplex(p[k], over=classes), simplex(q[k], over=classes)],
)
""",
        begin='d.at_least(\n    ...,\n    because="",\n)\n',
        goal="-Sum(p[k] * log(p[k]), classes)",
        hints=(
            "Which $q$ is the best? What does the cross-entropy become there?",
            "The bound is the entropy of $p$. It is not 0.",
        ),
        solution='d.at_least(-Sum(p[k] * log(p[k]), classes), because="Gibbs\' inequality")\n',
        mistakes=(
            "d.at_most(-Sum(p[k] * log(p[k]), classes))",
            "d.at_least(log(c))",
            "d.at_least(-2 * Sum(p[k] * log(p[k]), classes))",
        ),
    ),
    Exercise(
        name="saturation",
        chapter="gradients",
        title="Squared error on a sigmoid",
        task=(
            "Half the squared error of one example, with the probability $y = \\sigma(z)$. "
            "Differentiate by the logit. The factor that makes it go flat should be seen in the "
            "line: use `y` in Python for the sigmoid."
        ),
        prelude="""\
t, z = symbols("t z")

y = 1 / (1 + exp(-z))
d = Derivation((y - t) ** 2 / 2, where=[binary(t), real(z)])
""",
        begin="d.differentiate(z, ...)\n",
        goal="(y - t) * y * (1 - y)",
        hints=(
            "The chain rule: the slope of the square, times the slope of the sigmoid.",
            "The slope of the sigmoid is $y(1 - y)$.",
        ),
        solution='d.differentiate(z, (y - t) * y * (1 - y), because="chain rule")\n',
        mistakes=(
            "d.differentiate(z, y - t)",
            "d.differentiate(z, (y - t) * y)",
            "d.differentiate(z, (t - y) * y * (1 - y))",
        ),
    ),
    Exercise(
        name="brier",
        chapter="summary",
        title="Honest with the Brier score",
        task=(
            "A 1 comes with probability $p$, and the model says $y$. "
            "The expected squared difference is the first line. Complete the square in $y$, then "
            "drop what $y$ cannot change: "
            "the last line is a lower bound, reached by honesty."
        ),
        prelude="""\
p, y = symbols("p y")

d = Derivation(
    p * (1 - y) ** 2 + (1 - p) * y**2, where=[unit_interval(p), unit_interval(y)]
)
""",
        begin="d.equals(...)\nd.at_least(...)\n",
        goal="p * (1 - p)",
        hints=(
            "Expand: $y^2 - 2py + p$. The square $(y - p)^2$ is $y^2 - 2py + p^2$.",
            "`d.equals((y - p) ** 2 + p * (1 - p))`. How small can a square be?",
        ),
        solution="""\
d.equals((y - p) ** 2 + p * (1 - p), because="complete the square")
d.at_least(p * (1 - p), because="a square is at least 0")
""",
        mistakes=(
            "d.equals((y - p) ** 2 + p * (1 + p))",
            "d.equals((y - p) ** 2)",
            "d.at_least(p)",
        ),
    ),
)
BY_NAME = {exercise.name: exercise for exercise in EXERCISES}
