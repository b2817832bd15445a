"""Finding the submissions: a folder for each student, or a flat folder as Moodle and Canvas unpack it."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

from .notebook import MOST_BYTES

MOST_FOLDERS = 200  # looked into for one student
MOODLE = re.compile(r"(?P<name>.+?)_(?P<number>\d+)_assignsubmission_(?:file|onlinetext)(?:_(?P<rest>.*))?$", re.DOTALL)
CANVAS = re.compile(r"(?P<name>[^_]+)_(?:(?P<late>LATE)_)?(?P<user>\d+)_(?P<number>\d+)_(?P<rest>.+)$", re.DOTALL)


@dataclass(frozen=True)
class Submission:
    """A student and the file to grade; ``problem`` says why there is none."""

    student: str
    file: Path | None
    problem: str = ""
    flags: tuple[str, ...] = ()

    def read(self) -> bytes:
        """The bytes of the file, of a regular file that is no link and not too large.

        Raises
        ------
        OSError
            With a message, if it is anything else.
        """
        descriptor = os.open(self.file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as stream:
            found = os.fstat(stream.fileno())
            if not stat.S_ISREG(found.st_mode):
                raise OSError("it is no regular file")
            if found.st_size > MOST_BYTES:
                raise OSError(f"the file has {found.st_size / 2**20:.0f} MiB; {MOST_BYTES >> 20} MiB is the limit")
            return stream.read(MOST_BYTES + 1)


def collect(folder: Path, name: str) -> list[Submission]:
    """All submissions in a folder, in the order of the students' names.

    Parameters
    ----------
    folder : Path
        ``<student>/<anything>.ipynb``, or files as Moodle and Canvas name them, or both.
    name : str
        The assignment's name: of several notebooks of a student, the one that is called so is taken.
    """
    found: list[Submission] = []
    flat: dict[str, list[tuple[Path, tuple[str, ...]]]] = {}
    for entry in sorted(folder.iterdir(), key=lambda path: path.name):
        if entry.name.startswith((".", "__MACOSX")):
            continue
        if entry.is_symlink():
            found.append(Submission(entry.stem, None, "it is a link, not a file or a folder"))
        elif entry.is_dir():
            moodle = MOODLE.match(entry.name)
            student = f"{moodle['name']}_{moodle['number']}" if moodle else entry.name
            found.append(_from_folder(student, entry, name))
        elif entry.suffix.lower() == ".ipynb":
            student, flags = _student_of(entry)
            flat.setdefault(student, []).append((entry, flags))
    for student, files in flat.items():
        paths = [path for path, _ in files]
        flags = tuple(dict.fromkeys(flag for _, some in files for flag in some))
        found.append(_choose(student, paths, name, flags))
    return _distinct(sorted(found, key=lambda one: one.student))


def _student_of(path: Path) -> tuple[str, tuple[str, ...]]:
    """Who handed in a file of a flat folder."""
    if moodle := MOODLE.match(path.stem):
        return f"{moodle['name']}_{moodle['number']}", ()
    if canvas := CANVAS.match(path.stem):
        return f"{canvas['name']}_{canvas['user']}", ("late",) if canvas["late"] else ()
    return path.stem, ()


def _from_folder(student: str, folder: Path, name: str) -> Submission:
    notebooks: list[Path] = []
    links = False
    for number, (place, folders, files) in enumerate(os.walk(folder)):
        if number >= MOST_FOLDERS:
            break
        folders[:] = sorted(x for x in folders if not x.startswith((".", "__MACOSX")))
        for file in sorted(files):
            path = Path(place) / file
            if path.suffix.lower() == ".ipynb" and not file.startswith("."):
                if path.is_symlink():
                    links = True
                else:
                    notebooks.append(path)
    if not notebooks:
        return Submission(student, None, "the notebook is a link" if links else "there is no notebook in the folder")
    return _choose(student, notebooks, name, ())


def _choose(student: str, paths: list[Path], name: str, flags: tuple[str, ...]) -> Submission:
    """Of several notebooks the one with the assignment's name, else the newest."""
    if len(paths) == 1:
        return Submission(student, paths[0], "", flags)
    named = [path for path in paths if name in path.stem]
    chosen = max(named or paths, key=lambda path: (path.lstat().st_mtime, path.name))
    return Submission(student, chosen, "", (*flags, f"{len(paths)} notebooks; graded is {chosen.name}"))


def _distinct(found: list[Submission]) -> list[Submission]:
    """No two rows with one name."""
    seen: dict[str, int] = {}
    result = []
    for one in found:
        count = seen[one.student] = seen.get(one.student, 0) + 1
        if count > 1:
            flags = (*one.flags, f"another submission is called {one.student} too")
            one = Submission(f"{one.student} ({count})", one.file, one.problem, flags)
        result.append(one)
    return result
