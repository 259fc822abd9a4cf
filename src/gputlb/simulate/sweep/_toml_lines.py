"""On which line of a TOML text each key and each element of an array stands; `tomllib` does not say."""

from __future__ import annotations

import re
import tomllib
from typing import Any

Path = tuple[str | int, ...]
"""Keys and indices from the document's root, as one would index what `tomllib.loads` returns."""

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_KEY_PART = re.compile(r"[A-Za-z0-9_-]+")
_BASIC = re.compile(r'"(?:[^"\\\n]|\\.)*"')
_LITERAL = re.compile(r"'[^'\n]*'")
# A multi-line string may end in up to two quotes of its own before the three that close it.
_LONG_BASIC = re.compile(r'"""(?:[^\\]|\\.)*?"{3,5}', re.DOTALL)
_LONG_LITERAL = re.compile(r"'''.*?'{3,5}", re.DOTALL)
_SCALAR = re.compile(r"[^,\]}#\n]+")


class TomlLines:
    """The lines of a document that `tomllib` has accepted."""

    def __init__(self, text: str) -> None:
        self._text = text.replace("\r\n", "\n")
        self._at = 0
        self._starts = [0, *(found.end() for found in re.finditer("\n", self._text))]
        self._lines: dict[Path, int] = {(): 1}
        self._tables_seen: dict[Path, int] = {}
        self._read_document()

    def line(self, path: Path) -> int:
        """Return the line, from 1, of the nearest thing to `path` that has one: itself, or what it is in."""
        while path not in self._lines:
            path = path[:-1]
        return self._lines[path]

    @property
    def paths(self) -> frozenset[Path]:
        """Everything that stands somewhere."""
        return frozenset(self._lines) - {()}

    def _here(self) -> int:
        low, high = 0, len(self._starts)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self._starts[middle] <= self._at else (low, middle)
        return low + 1

    def _skip(self, pattern: re.Pattern[str]) -> None:
        found = pattern.match(self._text, self._at)
        assert found
        self._at = found.end()

    def _read_document(self) -> None:
        table: Path = ()
        self._skip(_BLANK)
        while self._at < len(self._text):
            if self._text[self._at] == "[":
                table = self._read_header()
            else:
                self._read_pair(table)
            self._skip(_BLANK)

    def _read_header(self) -> Path:
        line = self._here()
        is_array = self._text.startswith("[[", self._at)
        self._at += 1 + is_array
        keys = self._read_keys()
        self._at += 1 + is_array
        table: Path = ()
        for key in keys[:-1]:
            table = self._current((*table, key))
            self._lines.setdefault(table, line)
        table = (*table, keys[-1])
        self._lines.setdefault(table, line)
        if is_array:
            self._tables_seen[table] = self._tables_seen.get(table, -1) + 1
            table = self._current(table)
            self._lines[table] = line
        return table

    def _current(self, table: Path) -> Path:
        """`[[points]]` followed by `[points.more]` speaks of the last of the points."""
        return (*table, self._tables_seen[table]) if table in self._tables_seen else table

    def _read_pair(self, table: Path) -> None:
        line = self._here()
        path = table
        for key in self._read_keys():
            path = (*path, key)
            self._lines.setdefault(path, line)
        self._at += 1  # the equals sign
        self._skip(_SPACE)
        self._read_value(path)

    def _read_keys(self) -> list[str]:
        keys: list[str] = []
        while True:
            self._skip(_SPACE)
            found = next(
                found for pattern in (_KEY_PART, _BASIC, _LITERAL) if (found := pattern.match(self._text, self._at))
            )
            self._at = found.end()
            keys.append(_unquoted(found[0]))
            self._skip(_SPACE)
            if not self._text.startswith(".", self._at):
                return keys
            self._at += 1

    def _read_value(self, path: Path) -> None:
        self._lines.setdefault(path, self._here())
        match self._text[self._at]:
            case "[":
                self._at += 1
                self._skip(_BLANK)
                index = 0
                while self._text[self._at] != "]":
                    self._read_value((*path, index))
                    index += 1
                    self._skip(_BLANK)
                    if self._text[self._at] == ",":
                        self._at += 1
                        self._skip(_BLANK)
                self._at += 1
            case "{":
                self._at += 1
                self._skip(_BLANK)
                while self._text[self._at] != "}":
                    self._read_pair(path)
                    self._skip(_BLANK)
                    if self._text[self._at] == ",":
                        self._at += 1
                        self._skip(_BLANK)
                self._at += 1
            case '"':
                self._skip(_LONG_BASIC if self._text.startswith('"""', self._at) else _BASIC)
            case "'":
                self._skip(_LONG_LITERAL if self._text.startswith("'''", self._at) else _LITERAL)
            case _:
                self._skip(_SCALAR)


def _unquoted(key: str) -> str:
    if key[0] not in "\"'":
        return key
    value: dict[str, Any] = tomllib.loads(f"key = {key}")
    return str(value["key"])
