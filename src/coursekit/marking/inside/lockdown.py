"""What a child gives up before it runs a learner's code: processes, sockets, tracing, mounts, and all but its share of memory.

bubblewrap has taken the network, the files and the capabilities away already; this takes away what one process could still do to
the machine or to its parent. The filter is classic BPF, as ``seccomp(2)`` describes it: it looks at the architecture, the number of
the system call, and for ``clone`` at whether a thread is made (allowed) or a process (refused).
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import resource
import struct
from dataclasses import dataclass
from pathlib import Path

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 1, 4, 22, 38
SECCOMP_MODE_FILTER = 2
CLONE_THREAD = 0x00010000
X32 = 0x40000000  # x86-64 kernels may take a second set of numbers for the same calls
LOAD, JUMP_EQ, JUMP_GE, JUMP_SET, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
ALLOW, KILL, ERRNO = 0x7FFF0000, 0x80000000, 0x00050000

# Refused system calls, by their numbers on each architecture; None where it has no such call.
REFUSED = {
    "fork": (57, None), "vfork": (58, None), "execve": (59, 221), "execveat": (322, 281), "ptrace": (101, 117),
    "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "pidfd_getfd": (438, 438), "kcmp": (312, 272),
    "unshare": (272, 97), "setns": (308, 268), "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41),
    "chroot": (161, 51), "fsopen": (430, 430), "fsmount": (432, 432), "move_mount": (429, 429), "open_tree": (428, 428),
    "mount_setattr": (442, 442), "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282),
    "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219), "memfd_create": (319, 279),
    "memfd_secret": (447, 447), "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
    "shmget": (29, 194), "msgget": (68, 186), "semget": (64, 190), "socket": (41, 198), "socketpair": (53, 199),
    "kexec_load": (246, 104), "init_module": (175, 105), "finit_module": (313, 273), "syslog": (103, 116),
}  # fmt: skip
ARCHITECTURES = {"x86_64": (0, 0xC000003E, 56), "aarch64": (1, 0xC00000B7, 220)}  # column, AUDIT_ARCH, number of clone
CLONE3 = 435  # its flags stand in memory, where a filter cannot look; glibc falls back to clone


@dataclass(frozen=True)
class Limits:
    """What a child may use. seconds: wall clock and CPU for one exercise; bytes of memory, of files, of what it sends."""

    seconds: float = 30.0
    memory: int = 4 << 30
    files: int = 64 << 20
    sent: int = 64 << 20
    threads: int = 64


def lock_down(limits: Limits, seconds: float) -> None:
    """Apply all of it to this process, for good; ``seconds`` is the CPU time of the whole run."""
    memory = _virtual_memory() + limits.memory
    for kind, most in (
        (resource.RLIMIT_AS, memory), (resource.RLIMIT_FSIZE, limits.files), (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 256), (resource.RLIMIT_MEMLOCK, 0), (resource.RLIMIT_MSGQUEUE, 0),
        (resource.RLIMIT_CPU, int(seconds) + 4), (resource.RLIMIT_NPROC, limits.threads),
    ):  # fmt: skip
        resource.setrlimit(kind, (most, most))
    # The kill comes after a signal of its own, by which the zygote knows why.
    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) + 2, int(seconds) + 4))
    control(PR_SET_DUMPABLE, 1)
    control(PR_SET_NO_NEW_PRIVS, 1)
    program = _filter(platform.machine())
    buffer = ctypes.create_string_buffer(program, len(program))
    # struct sock_fprog: a count, padding, and a pointer.
    header = struct.pack("@HxxxxxxP", len(program) // 8, ctypes.addressof(buffer))
    fprog = ctypes.create_string_buffer(header, len(header))
    control(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.addressof(fprog))


def control(option: int, *arguments: int) -> None:
    """``prctl(2)``. OSError where it is refused."""
    libc = ctypes.CDLL(None, use_errno=True)
    padded = [ctypes.c_ulong(value) for value in (*arguments, *[0] * (4 - len(arguments)))]
    if libc.prctl(option, *padded) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"prctl({option}): {os.strerror(number)}")


def _filter(machine: str) -> bytes:
    if machine not in ARCHITECTURES:
        raise OSError(errno.ENOSYS, f"no system-call filter is known for {machine}")
    column, architecture, clone = ARCHITECTURES[machine]
    refuse = ERRNO | errno.EPERM

    def step(code: int, value: int, yes: int = 0, no: int = 0) -> bytes:
        return struct.pack("<HBBI", code, yes, no, value)

    # struct seccomp_data: number at 0, architecture at 4, first argument at 16.
    steps = [step(LOAD, 4), step(JUMP_EQ, architecture, 1, 0), step(RETURN, KILL), step(LOAD, 0)]
    steps += [step(JUMP_GE, X32, 0, 1), step(RETURN, refuse)]
    steps += [step(JUMP_EQ, CLONE3, 0, 1), step(RETURN, ERRNO | errno.ENOSYS)]
    for numbers in REFUSED.values():
        if numbers[column] is not None:
            steps += [step(JUMP_EQ, numbers[column] or 0, 0, 1), step(RETURN, refuse)]
    steps += [step(JUMP_EQ, clone, 0, 3), step(LOAD, 16), step(JUMP_SET, CLONE_THREAD, 1, 0), step(RETURN, refuse)]
    steps += [step(RETURN, ALLOW)]
    return b"".join(steps)


def _virtual_memory() -> int:
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
