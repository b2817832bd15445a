"""The closed room in which a submission runs: bubblewrap around one worker process.

Inside there is the Python installation with its packages, read-only; an empty /tmp and /dev/shm with a cap; no network,
no other process, no other file.  ``inside/lockdown.py`` adds limits on memory, time, processes and files, and refuses
dangerous system calls.  Where the grader runs as root the worker changes to a user that nobody has; elsewhere a user
namespace does it.  When the grader ends, in whatever way, the kernel ends everything inside.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator
from dataclasses import asdict
from functools import cache
from pathlib import Path

from .inside.lockdown import Limits
from .inside.wire import Channel, Closed, TooSlow, WireError

INSIDE = Path(__file__).resolve().parent / "inside"
START_SECONDS = 60
SHARED_BYTES = 64 << 20  # of /tmp, and of /dev/shm
REMEDY = "sudo apt-get install bubblewrap"


class NoSandbox(Exception):
    """Bubblewrap is missing, or the system does not let it work."""


class Sandbox:
    """One worker and the channel to it.

    Parameters
    ----------
    limits : Limits
        What the worker may use.
    unsafe : bool
        Without bubblewrap: the worker is an ordinary process with the grader's rights.
    files : Path, optional
        A folder whose content appears, read-only, in the working folder.
    """

    def __init__(self, limits: Limits, *, unsafe: bool = False, files: Path | None = None) -> None:
        if not unsafe and bubblewrap() is None:
            raise NoSandbox(f"bubblewrap is missing: {REMEDY}")
        to_worker, from_grader = os.pipe()
        from_worker, to_grader = os.pipe()
        worker_ends = (to_worker, to_grader)
        command, environment = _command(limits, worker_ends, unsafe, files)
        try:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=worker_ends,
                env=environment,
                start_new_session=True,
                cwd="/",
            )
        finally:
            for end in worker_ends:
                os.close(end)
        os.set_blocking(from_grader, False)
        self.limits = limits
        self.channel = Channel(from_worker, from_grader, self._watch)
        try:
            self.channel.receive(time.monotonic() + START_SECONDS)
        except (Closed, TooSlow, WireError) as error:
            self.close()
            raise NoSandbox(f"the sandbox did not start ({type(error).__name__})") from error

    def ask(self, request: dict, deadline: float) -> dict:
        """One request and its answer; raises as :class:`Channel` does."""
        self.channel.send(request, deadline)
        return self.answer(deadline)

    def answer(self, deadline: float) -> dict:
        """The next message of the worker."""
        message = self.channel.receive(deadline)
        if not isinstance(message, dict) or len(message) == 0:
            raise WireError("a message that is no answer")
        return message

    def _watch(self) -> None:
        """Limits count for each process; here all of them together are weighed, whenever an answer takes long."""
        if memory_below(self.process.pid) > 1.5 * self.limits.memory:
            raise Closed

    def close(self, *, patience: float = 0) -> None:
        """End everything inside, at once or after the seconds in which it may end by itself."""
        for end in (self.channel.incoming, self.channel.outgoing):
            with contextlib.suppress(OSError):
                os.close(end)
        if patience:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(patience)
                return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.kill()
        self.process.wait()


def memory_below(root: int) -> int:
    """Bytes in use by a process and all that come from it; pages that they share count once for each."""
    parents, sizes = {}, {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError, ValueError, IndexError):
                with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as stream:
                    fields = stream.read().rpartition(")")[2].split()
                parents[int(name)], sizes[int(name)] = int(fields[1]), int(fields[21])
    total = 0
    for pid, pages in sizes.items():
        while pid != root and pid in parents:
            pid = parents[pid]
        total += pages if pid == root else 0
    return total * os.sysconf("SC_PAGE_SIZE")


# --- How it is started


def _command(limits: Limits, ends: tuple[int, int], unsafe: bool, files: Path | None) -> tuple[list[str], dict]:
    program = os.path.realpath(sys._base_executable)
    user = _user() if not unsafe else ""
    packages = list(_packages())
    # What the worker puts on its path: a folder of packages, or the folder in which a package lies.
    shown = [str(host if Path(place).parent == Path("/opt") else host.parent) for host, place in packages]
    if not unsafe:
        shown = [place if Path(place).parent == Path("/opt") else str(Path(place).parent) for _, place in packages]
    start = (
        "import sys; sys.path[:0] = sys.argv[1:2]; del sys.argv[1]; from inside import worker; worker.main()",
        str(INSIDE.parent) if unsafe else "/opt",
    )
    worker = [program, "-I", "-S", "-B", "-X", "utf8", "-c", *start, *map(str, ends), json.dumps(asdict(limits)), user]
    if unsafe:
        return [*worker, *shown], {**_environment(), "PATH": os.defpath}
    # /proc of the new process namespace, a bare /dev, and nothing that can be written but /tmp and /dev/shm.
    walls = [bubblewrap(), *_namespaces(), "--die-with-parent", "--new-session", "--clearenv", "--proc", "/proc"]
    walls += ["--hostname", "sandbox"]
    walls += ["--dev", "/dev", "--size", str(SHARED_BYTES), "--tmpfs", "/dev/shm", "--remount-ro", "/dev"]
    walls += ["--perms", "1777", "--size", str(SHARED_BYTES), "--tmpfs", "/tmp", "--dir", "/tmp/desk"]
    walls += ["--chmod", "0777", "/tmp/desk", "--dir", "/tmp/matplotlib", "--chmod", "0777", "/tmp/matplotlib"]
    walls += ["--chmod", "1777", "/dev/shm"]
    for place in _above(*_system_folders()):
        walls += ["--perms", "0755", "--dir", place]  # bubblewrap's own would be for root alone
    for place in _system_folders():
        walls += ["--symlink", os.readlink(place), place] if os.path.islink(place) else ["--ro-bind", place, place]
    for host, place in [*packages, (INSIDE, "/opt/inside"), *_fonts()]:
        walls += ["--ro-bind", str(host), place]
    for path in sorted(files.iterdir()) if files else ():
        walls += ["--ro-bind", str(path.resolve()), f"/tmp/desk/{path.name}"]
    for name, value in _environment().items():
        walls += ["--setenv", name, value]
    walls += ["--chdir", "/tmp/desk", "--remount-ro", "/", "--"]
    return [*walls, *worker, *shown], {"PATH": os.defpath}


@cache
def bubblewrap() -> str | None:
    """The path of bubblewrap, if it is there."""
    return shutil.which("bwrap")


def _environment() -> dict[str, str]:
    one_thread = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    # Some installations find their own library only by this.
    libraries = os.environ.get("LD_LIBRARY_PATH", "").split(os.pathsep)
    own = [path for path in libraries if path and os.path.realpath(path).startswith(os.path.realpath(sys.base_prefix))]
    path = {"LD_LIBRARY_PATH": os.pathsep.join(own)} if own else {}
    return (
        one_thread
        | path
        | {
            "HOME": "/tmp",
            "LANG": "C.UTF-8",
            "PATH": "/usr/bin",
            "PYTHONHASHSEED": "0",
            "MPLBACKEND": "Agg",
            "MPLCONFIGDIR": "/tmp/matplotlib",
        }
    )


def _packages() -> Iterator[tuple[Path, str]]:
    """Folders with packages, and where they appear inside; lossbook by itself, because it may lie in a repository."""
    own = [sysconfig.get_paths()[key] for key in ("purelib", "platlib")]
    own += [path for path in sys.path if Path(path).name in ("site-packages", "dist-packages")]
    for number, path in enumerate(path for path in dict.fromkeys(own) if Path(path).is_dir()):
        yield Path(path), f"/opt/packages{number}"
    found = importlib.util.find_spec("lossbook")
    if found and found.submodule_search_locations:
        yield Path(next(iter(found.submodule_search_locations))), "/opt/book/lossbook"


def _above(*places: str) -> list[str]:
    """The folders in which places lie, from the top."""
    found = {str(parent) for place in places for parent in Path(place).parents} - {"/"}
    return sorted([*found, "/opt", "/opt/book"])


@cache
def _system_folders() -> tuple[str, ...]:
    """The Python installation and the system's libraries."""
    base = os.path.realpath(sys.base_prefix)
    folders = ["/usr"] if base == "/usr" else ["/usr/lib", base]
    folders += [place for place in ("/lib", "/lib64", "/usr/lib64") if os.path.exists(place)]
    libraries = os.path.realpath(sysconfig.get_config_var("LIBDIR") or "/usr/lib")
    if not libraries.startswith(("/usr", base)) and os.access(libraries, os.R_OK):
        folders.append(libraries)
    return tuple(dict.fromkeys(folder for folder in folders if not (base == "/usr" and folder.startswith("/usr/"))))


@cache
def _fonts() -> tuple[tuple[Path, str], ...]:
    """Matplotlib's list of fonts, so that a submission that draws does not spend seconds on making one."""
    folder = Path(os.environ.get("MPLCONFIGDIR") or Path.home() / ".cache" / "matplotlib")
    return tuple((path, f"/tmp/matplotlib/{path.name}") for path in sorted(folder.glob("fontlist-*.json")))


# --- Which namespaces the system allows


def _namespaces() -> list[str]:
    rest = ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try"]
    if _as_root():
        return [*rest, "--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    return ["--unshare-user", *rest, "--cap-drop", "ALL"]


def _user() -> str:
    """A user of its own for each sandbox, so that the processes of one do not count against another; root alone can."""
    return str(random.SystemRandom().randrange(2**30, 2**31)) if _as_root() else ""


@cache
def _as_root() -> bool:
    """Whether bubblewrap works with root's rights; else a user namespace replaces them."""
    if os.geteuid() != 0 or bubblewrap() is None:
        return False
    trial = [bubblewrap(), "--unshare-pid", "--unshare-net", "--ro-bind", "/", "/", "--", "/bin/true"]
    return subprocess.run(trial, stdin=subprocess.DEVNULL, capture_output=True, timeout=60).returncode == 0


def require(limits: Limits, *, unsafe: bool) -> str:
    """Start one sandbox and look whether it holds; returns a sentence about it.

    Raises
    ------
    NoSandbox
        If bubblewrap is missing, does not start, or leaves a door open.
    """
    if unsafe:
        return "NO SANDBOX: submissions run with your rights, and can read, change and send whatever you can."
    if bubblewrap() is None:
        raise NoSandbox(
            f"Submissions are programs by other people, and bubblewrap, which locks them in, is missing: {REMEDY}. "
            "Where it cannot be installed, --unsafe-no-sandbox runs them with your own rights."
        )
    try:
        room = Sandbox(limits)
    except NoSandbox as error:
        raise NoSandbox(
            f"bubblewrap is there, but {error}. Ubuntu forbids it by default: "
            "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0. In a container, allow user namespaces."
        ) from error
    try:
        deadline = time.monotonic() + START_SECONDS
        room.ask({"op": "cell", "source": _PROBE}, deadline)
        answer = room.ask({"op": "name", "name": "doors"}, deadline)
    finally:
        room.close()
    if answer.get("value") != []:
        raise NoSandbox(f"bubblewrap works here, but leaves a door open: {answer.get('value')}")
    return "Submissions are locked in by bubblewrap."


_PROBE = f"""
import os, socket
doors = []
def stands_open(name, attempt):
    try:
        attempt()
    except OSError:
        return
    doors.append(name)
def write(folder):  # a file without a name: nothing is left of it
    os.close(os.open(folder, os.O_WRONLY | os.O_TMPFILE))
stands_open("the grader's files", lambda: os.listdir({str(INSIDE.parent)!r}))
stands_open("the root folder", lambda: write("/"))
stands_open("the packages", lambda: write("/opt/packages0"))
stands_open("the network", lambda: socket.create_connection(("1.1.1.1", 53), 1))
if len([name for name in os.listdir("/proc") if name.isdigit()]) > 3:
    doors.append("other processes")
if os.getuid() == 0:
    doors.append("root")
"""
