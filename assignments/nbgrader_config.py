"""This folder as a course of nbgrader's: ``cd assignments; nbgrader generate_assignment NAME``."""

import os
from pathlib import Path

c = get_config()  # noqa: F821 -- nbgrader defines it
c.CourseDirectory.course_id = "lossbook"

# Hidden tests import grader.hidden, which lies beside this folder and is not installed.
_root = str(Path(__file__).resolve().parent.parent)
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [_root, os.environ.get("PYTHONPATH")]))
