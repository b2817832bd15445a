"""A package in the browser, where only the modules that judge derivations are."""
