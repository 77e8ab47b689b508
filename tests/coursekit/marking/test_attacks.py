"""What a hostile notebook can try: each costs its own marks at most, and the next submission gets all of its."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from coursekit.marking.assessment import Assessment
from coursekit.marking.marking import Marked, mark
from coursekit.marking.sandbox import Sandbox
from coursekit.marking.submission import Submission
from tests.coursekit.marking.assessment import PREAMBLE, SOLUTIONS, STUBS, cells, notebook

ROOT = Path(__file__).parents[3]
LIBC = "    import ctypes\n    libc = ctypes.CDLL(None, use_errno=True)\n"


def softmax(body: str) -> str:
    """An answer to the first exercise whose body is ``body``."""
    return f"def softmax(x):\n{body}\n"


# Each is the body of the first exercise's answer. The second value: what it may at most earn.
HARMLESS_TO_THE_OTHERS = {
    "infinite loop": "    while True:\n        pass",
    "a loop in C": "    return sum(iter(int, 1))",
    "a bare except around a loop": "    while True:\n        try:\n            while True:\n                pass\n        except BaseException:\n            pass",
    "50 GB": "    return torch.ones(50 << 30, dtype=torch.uint8)",
    "memory bit by bit": "    kept = []\n    while True:\n        kept.append(bytearray(b'x' * (64 << 20)))",
    "shared memory": "    import mmap\n    kept = []\n    while True:\n        m = mmap.mmap(-1, 1 << 30)\n        m.write(b'x' * (1 << 30))\n        kept.append(m)",
    "disc": "    n = 0\n    while True:\n        n += 1\n        open(f'/tmp/{n}', 'wb').write(b'x' * (32 << 20))",
    "os._exit": "    import os\n    os._exit(0)",
    "sys.exit": "    import sys\n    sys.exit(0)",
    "abort": "    import os\n    os.abort()",
    "segfault": "    import ctypes\n    ctypes.string_at(0)",
    "kill everything": "    import os, signal\n    os.kill(1, signal.SIGKILL)\n    os.kill(1, signal.SIGSTOP)\n    os.kill(-1, signal.SIGKILL)",
    "fork bomb": "    import os\n    while True:\n        os.fork()",
    "subprocess": "    import subprocess\n    return subprocess.run(['/bin/ls', '/'], capture_output=True).stdout",
    "gigabytes of output": "    while True:\n        print('x' * (1 << 20))",
    "a flood to every descriptor": (
        "    import os\n    junk = b'\\x00' * (1 << 20)\n    while True:\n        for fd in range(3, 64):\n"
        "            try:\n                os.write(fd, junk)\n            except OSError:\n                pass"
    ),
    "recursion": "    return softmax(x)",
    "C recursion": "    import sys\n    sys.setrecursionlimit(10**8)\n    return softmax(x)",
    "a thread that stays": "    import threading, time\n    t = threading.Thread(target=lambda: time.sleep(3600), daemon=False)\n    t.start()\n    return t",
    "an alarm": "    import signal, os\n    signal.alarm(1)\n    while True:\n        pass",
    "tensor that lies about its size": "    return torch.zeros(1).expand(10**12)",
    "as_strided out of bounds": "    t = torch.zeros(1)\n    t.set_(t.untyped_storage(), 0, (1,), (1,))\n    return torch.zeros(1).as_strided((1 << 40,), (0,))",
    "endless repr": "    class R:\n        def __repr__(self):\n            while True:\n                pass\n    return R()",
    "__reduce__": "    class R:\n        def __reduce__(self):\n            import os\n            return os._exit, (0,)\n    return R()",
    "__eq__": "    class E:\n        def __eq__(self, other):\n            return True\n        __hash__ = None\n    return E()",
    "always-equal tensor": (
        "    class T(torch.Tensor):\n        @classmethod\n        def __torch_function__(cls, f, types, args=(), kwargs=None):\n"
        "            return True\n    return x.as_subclass(T)"
    ),
    "__array__": "    class A:\n        def __array__(self, dtype=None):\n            raise SystemExit\n    return A()",
    "str that is a bomb": "    class S(str):\n        def __len__(self):\n            return 10**18\n    return S('x')",
    "storage taken away": "    t = torch.zeros(x.shape, dtype=x.dtype)\n    t.untyped_storage().resize_(0)\n    return t",
    "storage of another size": "    t = torch.zeros(2, dtype=x.dtype)\n    t.set_(torch.zeros(1).untyped_storage(), 0, (1,), (1,))\n    return t.as_strided_((1,), (1 << 40,))",
    "a tensor without data": "    return torch.empty(x.shape, dtype=x.dtype, device='meta')",
    "indices out of bounds": "    return torch.sparse_coo_tensor(torch.tensor([[1 << 40], [5]]), torch.ones(1).double(), x.shape, check_invariants=False)",
    "a subclass that lies about its shape": (
        "    class T(torch.Tensor):\n        shape = property(lambda self: torch.Size((1 << 40,)))\n        dtype = torch.float64\n"
        "        def numel(self):\n            return -1\n        def tolist(self):\n            raise KeyboardInterrupt\n    return torch.zeros(2).as_subclass(T)"
    ),
    "NaN with a payload": "    return torch.full(x.shape, 0x7FF8_DEAD_BEEF_0001, dtype=torch.int64).view(torch.float64)",
    "signalling NaN": "    return torch.full(x.shape, 0x7FF0_0000_0000_0001, dtype=torch.int64).view(torch.float64)",
    "a float that is equal to all": "    class F(float):\n        __eq__ = __le__ = __ge__ = __lt__ = lambda self, other: True\n        __hash__ = None\n    return F('nan')",
    "letters that grow when they are normalised": "    return '\\ufdfa' * (8 << 20)",
    "a letter under a million accents": "    return 'a' + '\\u0301' * 1_000_000",
    "an error that is a bomb": "    raise ValueError('\\u202e\\x00\\ud800' * (4 << 20))",
    "an error that cannot be shown": "    class E(Exception):\n        def __str__(self):\n            raise KeyboardInterrupt\n        __repr__ = __str__\n    raise E",
    "a group of errors without end": "    e = ValueError()\n    e.__cause__ = e.__context__ = e\n    raise ExceptionGroup('x', [e] * 100_000)",
    "NaN": "    return torch.full_like(x, float('nan'))",
    "deep nesting": "    l = []\n    for _ in range(100000):\n        l = [l]\n    return l",
    "a huge integer": "    return 10 ** 100000",
    "dict with odd keys": "    return {float('nan'): 1, (1, 2): 2, None: 3, True: 4}",
}  # fmt: skip


def marked(assessment: Assessment, sandbox: Sandbox, texts: list[str]) -> Marked:
    return mark(assessment, Submission("eve", "eve.ipynb", notebook(texts)), sandbox)


def full_marks(assessment: Assessment, sandbox: Sandbox) -> bool:
    """Whether a right submission, the neighbour, still gets all its marks."""
    return marked(assessment, sandbox, cells()).marks == assessment.marks


@pytest.mark.parametrize("attack", HARMLESS_TO_THE_OTHERS)
def test_it_costs_its_own_exercise_only(assessment: Assessment, sandbox: Sandbox, attack: str) -> None:
    """The attacked exercise earns nothing, the other four of the same notebook all they deserve, and the neighbour everything."""
    result = marked(assessment, sandbox, cells(softmax=softmax(HARMLESS_TO_THE_OTHERS[attack])))
    assert [mark.marks for mark in result.exercises] == [0, 1, 1, 1, 1], result
    assert full_marks(assessment, sandbox)


PROBES = {
    "expected values in frames": (
        "    import sys\n    frame = sys._getframe()\n    while frame:\n        for value in frame.f_locals.values():\n"
        "            if type(value).__name__ in ('ExerciseKey', 'MistakeKey') or 'right' in getattr(value, '__dict__', {}):\n"
        "                return True\n        frame = frame.f_back\n    return False"
    ),
    "expected values on the heap": (
        # Its own of an earlier case is there, and an empty one; a key would bring more than a dozen.
        "    import gc\n    from dlmodule.checking.evidence import Evidence\n    gc.unfreeze()\n"
        "    return sum(isinstance(thing, Evidence) for thing in gc.get_objects()) > 2"
    ),
    "closed forms in the cases": (
        "    import gc\n    from dlmodule.checking.case import Case\n    gc.unfreeze()\n"
        "    return any(isinstance(c, Case) and (c.has_expected or c.expected is not None) for c in gc.get_objects())"
    ),
    "keys, sources and results on the disc": (
        "    import os\n    found = []\n    for folder, dirs, files in os.walk('/'):\n"
        "        if folder in ('/proc', '/sys', '/usr'):\n            dirs[:] = []\n"
        "        if folder.endswith('site-packages'):\n            dirs[:] = [d for d in dirs if d in ('dlmodule', 'coursekit')]\n"
        "        found += [f for f in files if f.endswith(('.sqlite', 'syllabus.toml', 'ledger.toml', 'scheme.toml'))]\n"
        "        found += [folder + f for f in files if '/keys/' in folder + '/' and f.endswith('.safetensors')]\n"
        "    return bool(found)"
    ),
    "the parent's memory": "    try:\n        open('/proc/1/mem', 'rb')\n        return True\n    except OSError:\n        return False",
    "the parent's descriptors": (
        "    for fd in range(10):\n        for mode in 'rb', 'wb':\n            try:\n                open(f'/proc/1/fd/{fd}', mode)\n"
        "                return True\n            except OSError:\n                pass\n    return False"
    ),
    "the parent's environment": "    try:\n        return bool(open('/proc/1/environ').read())\n    except OSError:\n        return False",
    "other processes": "    import os\n    return {p for p in os.listdir('/proc') if p.isdigit()} - {'1', str(os.getpid())} != set()",
    "a network": (
        "    import socket\n    try:\n        socket.socket()\n        return True\n    except OSError:\n        return False"
    ),
    "abstract sockets": (
        "    import socket\n    try:\n        socket.socket(socket.AF_UNIX).connect('\\0/tmp/x')\n        return True\n"
        "    except OSError:\n        return False"
    ),
    "DNS": "    import socket\n    try:\n        socket.getaddrinfo('example.org', 80)\n        return True\n    except OSError:\n        return False",
    "a user namespace": LIBC + "    return libc.unshare(0x10000000) == 0",
    "a user namespace of a new process": LIBC + "    return libc.syscall(56, 0x10000011, 0, 0, 0, 0) >= 0",
    "the namespaces of process 1": LIBC + (
        "    import os\n    try:\n        fd = os.open('/proc/1/ns/net', os.O_RDONLY)\n    except OSError:\n        return False\n    return libc.setns(fd, 0) == 0"
    ),
    "a pair of sockets": "    import socket\n    try:\n        socket.socketpair()\n        return True\n    except OSError:\n        return False",
    "ptrace of itself": LIBC + "    return libc.ptrace(0, 0, 0, 0) == 0",
    "ptrace": LIBC + "    return libc.ptrace(16, 1, 0, 0) == 0",
    "a mount": LIBC + "    return libc.mount(b'none', b'/tmp', b'tmpfs', 0, None) == 0",
    "a process by clone": LIBC + "    return libc.syscall(56, 17, 0, 0, 0, 0) >= 0",
    "clone3": LIBC + "    return libc.syscall(435, 0, 0) >= 0 or ctypes.get_errno() != 38",
    "the x32 calls": LIBC + "    return libc.syscall(0x40000000 + 57) >= 0",
    "a memory file": "    import os\n    try:\n        os.memfd_create('x')\n        return True\n    except OSError:\n        return False",
    "writing to the system": (
        "    for path in ('/usr/x', '/opt/marking/x', '/x', '/dev/x', '/etc/x', '/proc/sys/kernel/hostname', '/proc/sys/kernel/core_pattern',"
        " '/proc/sysrq-trigger'):\n        try:\n"
        "            open(path, 'w').write('x')\n            return True\n        except OSError:\n            pass\n    return False"
    ),
    "higher limits": (
        "    import resource\n    try:\n        resource.setrlimit(resource.RLIMIT_AS, (-1, -1))\n        return True\n"
        "    except (OSError, ValueError):\n        return False"
    ),
    "a root without a filter": "    import os\n    return os.getuid() == 0 or 'Seccomp:\\t2' not in open('/proc/self/status').read()",
}  # fmt: skip


@pytest.mark.parametrize("target", PROBES)
def test_it_reaches_nothing(assessment: Assessment, sandbox: Sandbox, target: str) -> None:
    """The answer is right where the target is out of reach and wrong where it is reached; it is right."""
    right = SOLUTIONS["softmax"].split("\n", 1)[1]
    reached = f"def reached():\n{PROBES[target]}\n\ndef softmax(x):\n    assert reached() is False\n{right}"
    result = marked(assessment, sandbox, cells(softmax=reached))
    assert result.marks == assessment.marks, result.exercises[0]


def test_what_is_written_is_gone_for_the_next(assessment: Assessment, sandbox: Sandbox) -> None:
    """A file in /tmp or /dev/shm, and a patched torch, live as long as the submission that made them."""
    right = SOLUTIONS["softmax"].split("\n", 1)[1]
    write = "    open('/tmp/message', 'w').write('x')\n    open('/dev/shm/message', 'w').write('x')\n"
    write += "    torch.Tensor.sum = torch.Tensor.mean = lambda *a, **k: 1 / 0\n"
    marked(assessment, sandbox, cells(softmax=softmax(write)))
    look = "    import os\n    assert not os.listdir('/tmp') and not os.listdir('/dev/shm')\n"
    assert marked(assessment, sandbox, cells(softmax=f"def softmax(x):\n{look}{right}")).marks == assessment.marks


FORGED = {
    "patched torch": "torch.allclose = torch.equal = lambda *a, **k: True\ntorch.Tensor.__eq__ = lambda a, b: True\n",
    "patched assert": (
        "import builtins, numpy.testing, torch.testing\nbuiltins.AssertionError = type('Quiet', (BaseException,), {'__new__': lambda *a: None})\n"
        "numpy.testing.assert_allclose = torch.testing.assert_close = lambda *a, **k: None\n"
    ),
    "patched numpy": "import numpy as np\nnp.allclose = np.array_equal = lambda *a, **k: True\n",
    "patched builtins": "import builtins\nbuiltins.abs = builtins.max = lambda *a, **k: 0\nbuiltins.isinstance = lambda *a: True\n",
    "patched decide": "import sys, types\nsys.modules['dlmodule.checking.decide'] = types.ModuleType('x')\n",
    "patched check": "def check(*a):\n    return 'right'\n",
    "patched gather": (
        "import coursekit.marking.inside.trying as t\nfrom dlmodule.checking.evidence import Evidence, Outcome\n"
        "t.gather = lambda c, cases, p, limit: [Evidence((Outcome(True),)) for _ in cases]\n"
    ),
    "patched serialiser": "from dlmodule.checking import serialise\nserialise.to_bytes = lambda tree: b'right'\n",
    "forged form": (
        "import coursekit.marking.inside.trying as t\nfrom dlmodule.checking import serialise\n"
        "t._try = lambda a, trial: {'form': 'callable', 'type': 'f', 'status': 'right', 'marks': 100, 'evidence': [{}] * len(trial.cases)}\n"
    ),
    "forged types": (
        "import coursekit.marking.inside.trying as t\n"
        "t._try = lambda a, trial: {'form': 'callable', 'type': 'f', 'evidence': [{'outcomes': [{'value': 1}], 'raised': 5, 'counts': [1]}] * 2}\n"
    ),
}  # fmt: skip


@pytest.mark.parametrize("forgery", FORGED)
def test_a_forged_result_earns_nothing(assessment: Assessment, sandbox: Sandbox, forgery: str) -> None:
    """Whatever is changed inside, an answer that does not return what is expected is not right; the neighbour is."""
    value = {name: text.split("\n")[0] + "\n    return None\n" for name, text in SOLUTIONS.items() if name != "Block"}
    text = FORGED[forgery] + "def softmax(x):\n    return None\n"
    result = marked(
        assessment, sandbox, cells(**{**value, "Block": "class Block:\n    pass\n", "softmax": PREAMBLE + text})
    )
    assert result.marks == 0, result
    assert full_marks(assessment, sandbox)


NOISY = "import logging, os, sys, warnings\n"
NOISE = (
    "    warnings.warn('x' * 1000)\n    logging.error('x')\n    print('x' * 100_000, file=sys.stderr)\n    os.write(2, b'x' * 100_000)\n"
    "    sys.stdout = sys.stderr = None\n"
)
MESSY = {
    "reordered": lambda: list(reversed(cells())),
    "duplicated": lambda: cells() + cells(),
    "untouched copies below": lambda: cells() + list(STUBS.values()),
    "untouched copies above": lambda: list(STUBS.values()) + cells(),
    "magics and shell lines": lambda: ["%matplotlib inline\n!pip install torch\n?torch", "%%bash\nls", *cells()],
    "a cell that is not Python": lambda: ["for for for", "x = (", *cells()],
    "a cell that fails": lambda: ["1 / 0", "undefined_name", *cells(), "raise SystemExit"],
    "noise on stderr": lambda: ["import sys, warnings\nwarnings.warn('x')\nprint('x', file=sys.stderr)", *cells()],
    "ten thousand cells": lambda: ["x = 1"] * 10_000 + cells(),
    "nul and surrogates": lambda: ["x = '\\ud800'", "x = 1\x00", *cells()],
    "noise of the answer itself": lambda: cells(softmax=NOISY + SOLUTIONS["softmax"].replace("    e =", f"{NOISE}    e =")),
    "letters in full width": lambda: cells(softmax=SOLUTIONS["softmax"].replace("def softmax", "def \uff53\uff4f\uff46\uff54\uff4d\uff41\uff58")),
    "letters that run backwards": lambda: ["# \u202e\u2066 right to left", "x = '\u202e" + "\ufdfa" * 100_000 + "'", *cells()],
    "a nesting bomb": lambda: ["(" * 5000 + ")" * 5000, "-" * 100_000 + "1", *cells()],
    "a training that takes an hour": lambda: [*cells(), "import time\ntime.sleep(3600)", "h = [time.sleep(1) for _ in range(3600)]"],
    "answers built in a loop": lambda: [*cells(windows=""), "for n in range(1):\n    windows = lambda x, size: x.unfold(0, size, 1).clone()"],
}  # fmt: skip


@pytest.mark.parametrize("mess", MESSY)
def test_a_right_notebook_in_a_mess_loses_nothing(assessment: Assessment, sandbox: Sandbox, mess: str) -> None:
    """Cells moved, copied, broken or noisy around right answers cost nothing."""
    result = marked(assessment, sandbox, MESSY[mess]())
    assert result.marks == assessment.marks, result
    assert full_marks(assessment, sandbox)


OUTLIVING = {
    "a thread that takes the processor": "def work():\n    while True:\n        pass\n",
    "a thread that ends the process": "def work():\n    time.sleep(0.05)\n    os._exit(0)\n",
    "a thread that fills the memory": "def work():\n    kept = []\n    while True:\n        kept.append(b'x' * (64 << 20))\n",
    "a thread that spoils torch": "def work():\n    time.sleep(1)\n    torch.Tensor.sum = torch.Tensor.mean = torch.relu = F.relu = torch.Tensor.unfold = None\n",
    "a process": "def work():\n    subprocess.Popen([sys.executable, '-c', 'while True: pass'], start_new_session=True)\n",
    "a process by fork": "def work():\n    if os.fork() == 0:\n        os.setsid()\n        while True:\n            pass\n",
    "a timer of the system": "def work():\n    signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)\n",
    "a way out that is barred": "def work():\n    os._exit = sys.exit = lambda *a: None\n",
    "work left for the end": "def work():\n    atexit.register(time.sleep, 3600)\n    threading._register_atexit(time.sleep, 3600)\n",
}  # fmt: skip


@pytest.mark.parametrize("work", OUTLIVING)
def test_what_outlives_its_cell_costs_its_own_exercise_at_most(
    assessment: Assessment, sandbox: Sandbox, work: str
) -> None:
    """A right answer that leaves something running: the other four are marked as they deserve, and the neighbour is."""
    head = "import atexit, os, signal, subprocess, sys, threading, time\n" + OUTLIVING[work]
    here = (
        "signal" in OUTLIVING[work] or "_exit =" in OUTLIVING[work]
    )  # what only the main thread can do, or must have done by then
    start = "    work()\n" if here else "    threading.Thread(target=work, daemon=True).start()\n"
    answer = head + SOLUTIONS["softmax"].replace("    e =", f"{start}    e =")
    result = marked(assessment, sandbox, cells(softmax=answer))
    assert [mark.marks for mark in result.exercises][1:] == [1, 1, 1, 1], result
    assert full_marks(assessment, sandbox)


NAMES = "torch.relu = F.relu = nn.Module.__call__ = torch.Tensor.mean = torch.Tensor.unfold = torch.Tensor.backward"
PATCHING = {
    "by name": f"{NAMES} = None",
    "by a function of Python": "\n    ".join(f"setattr({name.rpartition('.')[0]}, '{name.rpartition('.')[2]}', None)" for name in NAMES.split(" = ")),
    "by deleting": "del nn.Module.__call__, F.relu\n    torch.Tensor.mean = None",
    "by its own import": "from torch import nn as layers\n    layers.Module.__call__ = layers.functional.relu = None",
    "by a dictionary": "nn.Linear.__dict__\n    torch.__dict__['relu'] = nn.functional.__dict__['relu'] = None",
    "builtins": "import builtins\n    builtins.range = builtins.super = None",
}  # fmt: skip


@pytest.mark.parametrize("patch", PATCHING)
def test_a_patched_library_costs_its_own_exercise_at_most(assessment: Assessment, sandbox: Sandbox, patch: str) -> None:
    """An answer that changes torch when it is called: the others of its notebook are tried where torch is as it was."""
    answer = SOLUTIONS["softmax"].replace("    return", f"    {PATCHING[patch]}\n    return")
    result = marked(assessment, sandbox, cells(softmax=answer))
    assert [mark.marks for mark in result.exercises][1:] == [1, 1, 1, 1], result
    assert full_marks(assessment, sandbox)


def test_a_library_patched_at_top_level_is_part_of_what_reads_it(assessment: Assessment, sandbox: Sandbox) -> None:
    """As in its author's own kernel: of the five answers one is made of `nn`, which the cell below changes."""
    result = marked(assessment, sandbox, [*cells(), "nn.Module.__call__ = None"])
    assert [mark.marks for mark in result.exercises] == [1, 1, 0, 1, 1], result
    assert full_marks(assessment, sandbox)


def test_a_call_that_hangs_costs_its_limit_once(assessment: Assessment, sandbox: Sandbox) -> None:
    """Python cannot interrupt it; that it is the second of its child does not make it be tried again."""
    hanging = "def mse(y, target):\n    return sum(iter(int, 1))\n"
    result = marked(assessment, sandbox, cells(mse=hanging))
    assert [mark.marks for mark in result.exercises] == [1, 0, 1, 1, 1], result
    assert "too long" in result.exercises[1].message
    assert sandbox.limits.seconds <= result.seconds < 1.7 * sandbox.limits.seconds


def test_a_deleted_or_renamed_exercise_costs_itself(assessment: Assessment, sandbox: Sandbox) -> None:
    """A cell that is gone, and a function that is called otherwise: not started, in words; the other three have their marks."""
    renamed = SOLUTIONS["mse"].replace("def mse", "def mean_squared_error")
    result = marked(assessment, sandbox, cells(softmax="", mse=renamed))
    assert [mark.marks for mark in result.exercises] == [0, 0, 1, 1, 1]
    assert [mark.message for mark in result.exercises[:2]] == [
        "The notebook defines no `softmax`.",
        "The notebook defines no `mse`.",
    ]
    assert full_marks(assessment, sandbox)


def test_ids_and_metadata_of_cells_say_nothing(assessment: Assessment, sandbox: Sandbox) -> None:
    """Lost, doubled and forged: exercises are known by their names alone."""
    content = json.loads(notebook(cells()))
    for number, cell in enumerate(content["cells"]):
        cell["id"] = "same"
        cell["metadata"] = {"nbgrader": {"grade_id": "mse", "points": 100, "solution": number % 2 == 0}, "tags": [None]}
        if number == 2:
            del cell["id"], cell["metadata"]
    result = mark(assessment, Submission("eve", "eve.ipynb", json.dumps(content).encode()), sandbox)
    assert result.marks == assessment.marks


def test_files_of_this_machine_are_not_there_even_by_their_paths(
    assessment: Assessment, sandbox: Sandbox, tmp_path: Path
) -> None:
    """Another's submission, the results, a key and the private folder, each asked for by its very path."""
    for name in ("bob.ipynb", "coursework_9.sqlite", "coursework_9.safetensors", "scheme.toml"):
        (tmp_path / name).write_text("secret")
    places = [str(path) for path in tmp_path.iterdir()] + [str(ROOT / "course" / "syllabus.toml"), str(Path(__file__))]
    look = f"    import os\n    for path in {places!r}:\n        assert not os.path.lexists(path)\n        assert not os.path.lexists(os.path.dirname(path))\n"
    right = SOLUTIONS["softmax"].split("\n", 1)[1]
    assert all(Path(path).exists() for path in places)
    assert marked(assessment, sandbox, cells(softmax=f"def softmax(x):\n{look}{right}")).marks == assessment.marks


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b'{"cells": 3}', b"\xff\xfe", b"[" * 100_000, b'{"cells": [1, null, {"cell_type": "code"}]}'],
)
def test_a_damaged_file_is_a_sentence(assessment: Assessment, sandbox: Sandbox, content: bytes) -> None:
    """What is no notebook earns no marks and raises nothing."""
    assert mark(assessment, Submission("a", "a.ipynb", content), sandbox).marks == 0


def test_right_in_float32_is_right_as_in_a_check(assessment: Assessment, sandbox: Sandbox) -> None:
    """An answer that rounds to float32, which no text forbids, passes a check; so it has its mark here."""
    text = SOLUTIONS["softmax"].replace("return e", "e = e.float()\n    return e")
    result = marked(assessment, sandbox, cells(softmax=text))
    assert result.marks == assessment.marks, result.exercises[0]


def test_another_assignments_notebook(assessment: Assessment, sandbox: Sandbox) -> None:
    """No exercise is found in it, and it says so."""
    result = marked(assessment, sandbox, ["def something_else():\n    return 1\n"])
    assert {mark.status for mark in result.exercises} == {"not started"}
    assert "defines no `softmax`" in result.exercises[0].message


def test_feedback_quotes_no_hidden_case(assessment: Assessment, sandbox: Sandbox) -> None:
    """Even an answer that raises its input's values does not get them into its feedback."""
    text = "def softmax(x):\n    raise ValueError(f'secret {x.tolist()}')\n"
    told = json.dumps([mark.message for mark in marked(assessment, sandbox, cells(softmax=text)).exercises])
    assert "secret" not in told and "5.0" not in told
