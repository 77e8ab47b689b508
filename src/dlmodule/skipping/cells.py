"""A cell that needs an exercise which is not written yet is lent the course's own, or says which exercise it needs; the rest runs.

While a cell runs, every unwritten exercise that it uses, directly or through what it calls, is replaced by the course's implementation
where its solution is out (``lending``), and a line says so; afterwards the learner's stub is back. A cell that checks answers is lent
nothing. Where nothing can be lent, the error that follows from an unwritten exercise becomes one line, and the notebook runs on; names
that such a cell would have made are missing for the same reason. Any other error is shown as always.
"""

import ast
import inspect
import sys
import types
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from dlmodule.names import bound_names, changed_names, read_names
from dlmodule.skipping import STUB
from dlmodule.skipping.lending import Lender


class Skipping:
    """The watch over one notebook's cells. ``is_check`` knows a notebook's ``check``."""

    def __init__(self, shell: Any, session: str, is_check: Callable[[object], bool]) -> None:
        self.shell, self.is_check = shell, is_check
        self.lender = Lender(session)
        self._waiting: dict[
            str, str
        ] = {}  # name that a skipped cell would have made or changed -> the exercise it waits for
        self._lent: dict[str, tuple[Any, Any]] = {}  # name -> (the learner's, the course's), while a cell runs
        self._body: list[ast.stmt] = []
        self._because = ""

    def begin(self) -> None:
        """Watch every cell from the next one on."""
        self.shell.events.register("pre_run_cell", self.before)
        self.shell.events.register("post_run_cell", self.after)
        self.shell.set_custom_exc((Exception,), self.failed)

    def before(self, info: Any) -> None:
        """Lend what the cell needs."""
        self._because = ""
        try:
            self._body = ast.parse(self.shell.transform_cell(info.raw_cell)).body
        except SyntaxError:
            self._body = []
        if self._checks():
            return
        space = self.shell.user_ns
        for name in list(self._unwritten(_read_first(self._body))):
            try:
                lent = self.lender.lend(name, space)
            except KeyError:
                continue
            self._lent[name] = (space[name], lent)
        for name, (_, lent) in self._lent.items():
            space[name] = lent
            print(f"Using the course's `{name}`{self._exercise(name)}: yours is not written yet.")

    def failed(
        self, shell: Any, kind: type[BaseException], error: BaseException, trace: Any, tb_offset: Any = None
    ) -> None:
        """Show an error: one line where it follows from an unwritten exercise, else as always."""
        self._because = self._reason(error)
        if self._because:
            print(
                f"This cell needs `{self._because}`{self._exercise(self._because)}, which is not written yet. Go on with the next."
            )
        else:
            shell.showtraceback((kind, error, trace), tb_offset=tb_offset)

    def after(self, result: Any) -> None:
        """Take back what was lent; a cell that was skipped counts as run."""
        for name, (own, lent) in self._lent.items():
            if self.shell.user_ns.get(name) is lent:
                self.shell.user_ns[name] = own
        self._lent = {}
        if self._because and result is not None:
            result.error_in_exec = None
            self._waiting |= dict.fromkeys(changed_names(self._body), self._because)
        else:
            for name in bound_names(self._body):
                self._waiting.pop(name, None)

    def _exercise(self, name: str) -> str:
        number = self.lender.number(name)
        return f" (exercise {number})" if number else ""

    def _checks(self) -> bool:
        """Whether the cell checks an answer."""
        called = (node.func for statement in self._body for node in ast.walk(statement) if isinstance(node, ast.Call))
        return any(isinstance(f, ast.Name) and self.is_check(self.shell.user_ns.get(f.id)) for f in called)

    def _unwritten(self, names: Iterable[str]) -> Iterator[str]:
        """The unwritten exercises among ``names`` and all that they use."""
        space, waiting, tried = self.shell.user_ns, list(names), set[str]()
        while waiting:
            name = waiting.pop()
            if name in tried or name not in space:
                continue
            tried.add(name)
            value = space[name]
            if is_unwritten(value):
                yield name
                try:
                    value = self.lender.lend(name, space)
                except KeyError:
                    continue
            waiting += _used_by(value)

    def _reason(self, error: BaseException) -> str:
        """The exercise that an error follows from; empty where it has another cause."""
        cause: BaseException | None = error
        while cause is not None:
            if isinstance(cause, NotImplementedError) and STUB in map(str, cause.args):
                return _raised_by(cause)
            cause = cause.__cause__ or cause.__context__
        if isinstance(error, NameError) and error.name in self._waiting:
            return self._waiting[error.name]
        read = _read_first(self._body)
        late = next((self._waiting[name] for name in sorted(read) if name in self._waiting), "")
        return late or next(self._unwritten(read), "")


def watch(shell: Any, session: str, is_check: Callable[[object], bool]) -> None:
    """Let a notebook's cells run past exercises of ``session`` that are not written yet. Asked again, nothing changes."""
    if getattr(shell, "dlmodule_skipping", None) != session:
        if not hasattr(shell, "dlmodule_skipping"):
            Skipping(shell, session, is_check).begin()
        shell.dlmodule_skipping = session


def is_unwritten(value: Any) -> bool:
    """Whether ``value`` is what an exercise begins with: ``...``, or code that raises NotImplementedError with the stub's words.

    An object of a class that is not written is none: it is there, and the class can still be lent.
    """
    if value is ... or (isinstance(value, type) and value.__module__ == "__main__" and ... in vars(value).values()):
        return True
    return any(STUB in code.co_consts for function in _functions(value) for code in _codes(function.__code__))


def _read_first(body: Iterable[ast.stmt]) -> set[str]:
    """Names that a cell reads before it binds them itself."""
    read, bound = set[str](), set[str]()
    for statement in body:
        read |= read_names([statement]) - bound
        bound |= set(bound_names([statement]))
    return read


def _used_by(value: Any) -> Iterator[str]:
    """The global names that a function, a class, or an object of a class of the notebook reads."""
    for function in _functions(value):
        for code in _codes(function.__code__):
            yield from code.co_names


def _functions(value: Any) -> Iterator[types.FunctionType]:
    """The functions of the notebook in ``value``: itself, a class's, those of an object's class and of the modules in a model."""
    if not isinstance(value, type):
        value = inspect.unwrap(value) if callable(value) else value
        if isinstance(value, types.FunctionType):
            yield value
            return
        torch = sys.modules.get("torch")
        parts = value.modules() if torch is not None and isinstance(value, torch.nn.Module) else [value]
        kinds = {type(part) for part in parts}
    else:
        kinds = {value}
    for kind in kinds:
        if kind.__module__ == "__main__":
            yield from (f for member in vars(kind).values() if isinstance(f := _plain(member), types.FunctionType))


def _plain(member: Any) -> Any:
    """A method as the function it was written as."""
    if isinstance(member, staticmethod | classmethod):
        member = member.__func__
    if isinstance(member, property):
        member = member.fget
    return inspect.unwrap(member) if callable(member) else member


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _codes(constant)


def _raised_by(error: BaseException) -> str:
    """The function or class whose stub raised ``error``."""
    trace, name = error.__traceback__, ""
    while trace is not None:
        if STUB in trace.tb_frame.f_code.co_consts:
            name = trace.tb_frame.f_code.co_qualname.partition(".")[0]
        trace = trace.tb_next
    return name or "an exercise"
