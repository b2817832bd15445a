"""What a submission may use, set by the worker itself before it sees a line of the submission.

Bubblewrap has already taken the network, the files and the other processes away.  Here go the user (where the grader
runs as root), the resources, and the system calls that make new namespaces, mount, trace or load programs into the
kernel.  Nothing can be taken back: ``no_new_privs`` is set.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """What a submission may use."""

    memory: int = 1 << 30  # bytes of address space, each process
    processes: int = 16  # with threads
    files: int = 128
    file_bytes: int = 16 << 20
    cpu_seconds: int = 120  # each process


def close_in(limits: Limits, user: int | None) -> None:
    """Give up the user and set the limits, for this process and all that come from it."""
    import resource  # not on Windows, where assignments can be released all the same

    if user is not None:
        os.setgroups([])
        os.setgid(user)
        os.setuid(user)
    pairs = {
        resource.RLIMIT_AS: limits.memory,
        resource.RLIMIT_NPROC: limits.processes,
        resource.RLIMIT_NOFILE: limits.files,
        resource.RLIMIT_FSIZE: limits.file_bytes,
        resource.RLIMIT_CPU: limits.cpu_seconds,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_MEMLOCK: 0,
        resource.RLIMIT_MSGQUEUE: 0,
    }
    for name, value in pairs.items():
        resource.setrlimit(name, (value, value))
    refuse_system_calls()


# --- System calls

_ERRNO, _ALLOW = 0x00050000, 0x7FFF0000
_EPERM, _ENOSYS = 1, 38
_LOAD, _EQUAL, _ANY_BIT, _RETURN = 0x20, 0x15, 0x45, 0x06
_NEW_NAMESPACES = 0x7E020080  # CLONE_NEWNS, CGROUP, UTS, IPC, USER, PID, NET and TIME
# machine -> number of its architecture, numbers of the calls that are refused, of clone and of clone3
_CALLS = {
    # ptrace pivot_root chroot mount umount2 swapon reboot init_module delete_module add_key request_key keyctl unshare
    # perf_event_open process_vm_readv process_vm_writev kcmp finit_module bpf kexec_load kexec_file_load userfaultfd
    # setns io_uring_setup io_uring_enter io_uring_register open_tree move_mount fsopen fsconfig fsmount fspick
    # mount_setattr
    "x86_64": (
        0xC000003E,
        [
            *(101, 155, 161, 165, 166, 167, 169, 175, 176, 248, 249, 250, 272, 298, 310, 311, 312, 313, 321, 246, 320),
            *(323, 308, 425, 426, 427, 428, 429, 430, 431, 432, 433, 442),
        ],
        56,
        435,
    ),
    "aarch64": (
        0xC00000B7,
        [
            *(117, 41, 51, 40, 39, 224, 142, 105, 106, 217, 218, 219, 97, 241, 270, 271, 272, 273, 280, 104, 294),
            *(282, 268, 425, 426, 427, 428, 429, 430, 431, 432, 433, 442),
        ],
        220,
        435,
    ),
}


def refuse_system_calls() -> bool:
    """Refuse what no coursework needs; False on a machine whose numbers are not known here."""
    if platform.machine() not in _CALLS:
        return False
    program = _filter(*_CALLS[platform.machine()])

    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))

    buffer = ctypes.create_string_buffer(program)
    library = ctypes.CDLL(None, use_errno=True)
    argument = Program(len(program) // 8, ctypes.addressof(buffer))
    library.prctl(38, 1, 0, 0, 0)  # PR_SET_NO_NEW_PRIVS: bubblewrap has set it already
    if library.prctl(22, 2, ctypes.byref(argument), 0, 0) != 0:  # PR_SET_SECCOMP
        raise OSError(ctypes.get_errno(), "the kernel takes no filter of system calls")
    return True


def _filter(architecture: int, refused: list[int], clone: int, clone3: int) -> bytes:
    """Instructions of the kernel's packet filter: code, jump if true, jump if false, value."""
    lines = [
        (_LOAD, 0, 0, 4),  # the architecture: another one's numbers mean other calls
        (_EQUAL, 1, 0, architecture),
        (_RETURN, 0, 0, _ERRNO | _EPERM),
        (_LOAD, 0, 0, 0),  # the number of the call
    ]
    if architecture == 0xC000003E:  # the x32 calls of the same architecture
        lines += [(0x35, 0, 1, 0x40000000), (_RETURN, 0, 0, _ERRNO | _EPERM)]
    for number in refused:
        lines += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _ERRNO | _EPERM)]
    # The C library asks clone when clone3, whose flags no filter can see, does not exist.
    lines += [(_EQUAL, 0, 1, clone3), (_RETURN, 0, 0, _ERRNO | _ENOSYS)]
    lines += [
        (_EQUAL, 0, 3, clone),
        (_LOAD, 0, 0, 16),  # its flags
        (_ANY_BIT, 0, 1, _NEW_NAMESPACES),
        (_RETURN, 0, 0, _ERRNO | _EPERM),
        (_RETURN, 0, 0, _ALLOW),
    ]
    return b"".join(struct.pack("=HBBI", *line) for line in lines)
