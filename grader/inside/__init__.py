"""What runs inside the sandbox, beside a submission, which can read every line of it: nothing here is secret.

Modules: ``wire`` (plain values and messages), ``expressions`` (SymPy expressions as plain values), ``lockdown``
(limits) and ``worker`` (runs cells and calls functions).  They start with the standard library alone, in milliseconds.
"""
