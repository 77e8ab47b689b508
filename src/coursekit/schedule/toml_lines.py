"""On which line of a TOML file a value stands, so that an error can name it.

``tomllib`` keeps no positions. The text has been parsed by it before it comes here, so this reader may take valid TOML for
granted: it follows tables, arrays and keys, and looks at values only to skip them.
"""

import re
from collections.abc import Iterator

Path = tuple[str | int, ...]

_KEY = re.compile(r"""[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'""")
_STRING = re.compile(r'\"{3}(?:[^\\]|\\.)*?\"{3,5}|\'{3}.*?\'{3,5}|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'', re.DOTALL)
_BARE = re.compile(r"[^\s,\]}#]+(?:[ ]\d\d:[^\s,\]}#]+)?")
_SPACE = re.compile(r"(?:[ \t]+|#[^\n]*)+")
_SPACE_AND_LINES = re.compile(r"(?:\s+|#[^\n]*)+")


def line_of(text: str, path: Path) -> int:
    """The 1-based line of the value at ``path`` in valid TOML ``text``; of its nearest written ancestor where it is missing."""
    lines = dict(_Reader(text).positions())
    for length in range(len(path), 0, -1):
        if path[:length] in lines:
            return text.count("\n", 0, lines[path[:length]]) + 1
    return 1


class _Reader:
    """Walks over the text once; ``at`` is the offset of what comes next."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0
        self.counts: dict[Path, int] = {}

    def positions(self) -> Iterator[tuple[Path, int]]:
        """Every (path, offset), tables and items of arrays included."""
        table: Path = ()
        self._skip(_SPACE_AND_LINES)
        while self.at < len(self.text):
            start = self.at
            if self.text.startswith("[[", start):
                self.at += 2
                name = self._resolve(self._keys())
                count = self.counts.get(name, 0)
                self.counts[name] = count + 1
                table = (*name, count)
                self.at += 2
                if count == 0:
                    yield name, start
                yield table, start
            elif self.text[start] == "[":
                self.at += 1
                table = self._resolve(self._keys())
                self.at += 1
                yield table, start
            else:
                yield from self._pair(table)
            self._skip(_SPACE_AND_LINES)

    def _resolve(self, keys: Path) -> Path:
        """``keys`` of a header with the index of the last item wherever a prefix is an array of tables."""
        path: Path = ()
        for index, key in enumerate(keys):
            path = (*path, key)
            if index < len(keys) - 1 and path in self.counts:
                path = (*path, self.counts[path] - 1)
        return path

    def _pair(self, table: Path) -> Iterator[tuple[Path, int]]:
        """``key = value``; ``at`` ends behind the value."""
        start = self.at
        path = (*table, *self._keys())
        self.at += 1  # the equals sign
        self._skip(_SPACE)
        yield path, start
        yield from self._value(path)

    def _keys(self) -> Path:
        """A dotted key; ``at`` ends on what follows it."""
        keys: list[str] = []
        while True:
            self._skip(_SPACE)
            found = _KEY.match(self.text, self.at)
            assert found is not None, "the text is not TOML"
            keys.append(found[0][1:-1] if found[0][0] in "\"'" else found[0])
            self.at = found.end()
            self._skip(_SPACE)
            if not self.text.startswith(".", self.at):
                return tuple(keys)
            self.at += 1

    def _value(self, path: Path) -> Iterator[tuple[Path, int]]:
        """Skips a value; yields what stands inside an array or an inline table."""
        opening = self.text[self.at]
        if opening in "[{":
            self.at += 1
            index = 0
            while True:
                self._skip(_SPACE_AND_LINES)
                if self.text[self.at] in "]}":
                    self.at += 1
                    return
                if self.text[self.at] == ",":
                    self.at += 1
                elif opening == "{":
                    yield from self._pair(path)
                else:
                    yield (*path, index), self.at
                    yield from self._value((*path, index))
                    index += 1
        found = (_STRING if opening in "\"'" else _BARE).match(self.text, self.at)
        assert found is not None, "the text is not TOML"
        self.at = found.end()

    def _skip(self, pattern: re.Pattern[str]) -> None:
        found = pattern.match(self.text, self.at)
        self.at = found.end() if found else self.at
