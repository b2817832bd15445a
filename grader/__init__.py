"""Grades notebooks in nbgrader's format, without trusting them: ``python -m grader``.

For teachers: ``assignments/README.md``.  For authors of assignments: ``assignments/AUTHORING.md``.

A submission is hostile code.  Its functions run in a sandbox; the tests run here; only plain values cross.

Modules, each with one job
    ``notebook``    reading notebooks and nbgrader's metadata
    ``release``     the students' version of a source
    ``source``      an assignment: its cells, what its tests need, what students define
    ``collect``     finding the submissions
    ``matching``    which cell of a submission answers which cell of the assignment
    ``inside/``     what runs beside a submission: the worker, the values that cross, its limits
    ``sandbox``     bubblewrap around the worker
    ``student``     a submission at work: cells run in order, functions answer
    ``values``      stand-ins for what stays in the sandbox
    ``trial``       one submission: what each test gives for it
    ``hidden``      what tests may import: numbers from the secret seed, comparisons that explain
    ``milestones``  derivations, line by line
    ``engine``      the derivation engine in a process that can be killed; its memory
    ``service``     a warm process that grades one submission after the other
    ``batch``       many of them, here or on a Dask cluster
    ``results``     tables, records, Gradescope
    ``feedback``    a page for each student
    ``commands``    the command line
"""
