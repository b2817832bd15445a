"""The index of subjects: a comment below a heading, `% index: likelihood, prior; flat`, is an entry for its section.

Comments show nowhere, neither in Jupyter nor on the page; a comma parts two entries, a semicolon the second level.
Words in Chinese, `[交叉熵]{.zh}`, get the language they are in, so that a browser chooses the font and a screen reader
the voice.
"""

import re

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform


class IndexEntries(SphinxTransform):
    """Turn the comments into entries of the index; leave out the names of functions, which the search finds."""

    default_priority = 400  # once sections and comments are there, before Sphinx collects the entries

    def apply(self, **kwargs: object) -> None:
        """Put the entries of each comment in front of what follows the heading."""
        for described in self.document.findall(addnodes.desc):
            for node in described.parent.children:
                if isinstance(node, addnodes.index) and node.next_node(descend=False, siblings=True) is described:
                    node["entries"] = []
        for comment in list(self.document.findall(nodes.comment)):
            section = comment.parent
            if not isinstance(section, nodes.section):
                continue
            for subjects in re.findall(r"^\s*index:(.*)$", comment.astext(), re.MULTILINE):
                entries = [("single", entry.strip(), section["ids"][-1], "", None) for entry in subjects.split(",")]
                comment.parent.insert(comment.parent.index(comment), addnodes.index(entries=entries))


def setup(app: Sphinx) -> None:
    """Register the transform."""
    app.add_transform(IndexEntries)
