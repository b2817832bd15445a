"""The companion package of the book: small pure functions that the chapters call.

A map of its modules (import the module you need; this file imports nothing, so it costs nothing):

================  ================================================================================
``special``       overflow-safe building blocks: sigmoid, softplus, log-sum-exp, softmax, ...
``distributions`` log-densities and log-probabilities, their supports, samples
``losses``        per-example negative log-likelihoods and robust losses
``gradients``     their gradients in the first argument; same names, same arguments
``hessians``      their Hessians in the first argument; same names, same arguments
``information``   surprisal, entropy, cross-entropy, Kullback-Leibler divergence, perplexity
``derivation``    SymPy derivations that check every step
``atlas``         one checked sheet for each kind of target: distribution, loss, derivatives
``data``          the data sets of the book
``plotting``      draws arrays on the axes it is given; the book's colours
``interactive``   figures to play with in the page; formulas in SymPy, computed by the browser
================  ================================================================================
"""

__version__ = "0.1.0"
