"""Every key and element of a TOML text has a line, and it is the right one."""

from __future__ import annotations

import tomllib
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from gputlb.simulate.sweep._toml_lines import TomlLines

TEXT = '''\
# a comment with [brackets] and = signs
name = "a"
"quoted key".sub = 'x'   # a dotted key

[grid]
scheme = ["mmio",
          "unbatched",  # with ] in a comment

          "none"]
nested = [[1, 2],
          [3]]
empty = []
long = """
three
lines \\""" ""quoted"""""
after = { a = 1, b = [1, 2], "c" = {} }

[[points]]
clients = 1
[[points]]

clients = 2
[points.more]
x = 1979-05-27T07:32:00Z
'''


def everything_in(value: Any, path: tuple[str | int, ...] = ()) -> set[tuple[str | int, ...]]:
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return {path} | {deeper for key, item in inside for deeper in everything_in(item, (*path, key))}


def test_each_key_and_element_has_its_line():
    lines = TomlLines(TEXT)

    assert 2 == lines.line(("name",))
    assert 3 == lines.line(("quoted key", "sub"))
    assert 5 == lines.line(("grid",))
    assert [6, 7, 9] == [lines.line(("grid", "scheme", index)) for index in range(3)]
    assert [10, 10, 11] == [lines.line(("grid", "nested", *at)) for at in ((0,), (0, 1), (1, 0))]
    assert 12 == lines.line(("grid", "empty"))
    assert 13 == lines.line(("grid", "long"))
    assert 16 == lines.line(("grid", "after", "b", 1))
    assert [18, 20] == [lines.line(("points", index)) for index in range(2)]
    assert [19, 22] == [lines.line(("points", index, "clients")) for index in range(2)]
    assert 24 == lines.line(("points", 1, "more", "x"))


def test_nothing_that_tomllib_finds_is_missed():
    assert everything_in(tomllib.loads(TEXT)) - {()} == TomlLines(TEXT).paths


def test_what_stands_nowhere_has_the_line_of_what_it_would_be_in():
    assert 20 == TomlLines(TEXT).line(("points", 1, "scheme"))
    assert 1 == TomlLines(TEXT).line(("seed",))


def test_windows_line_ends_count_as_one():
    assert 3 == TomlLines("a = 1\r\n\r\nb = [\r\n2]\r\n").line(("b",))


keys = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=4)
scalars = st.one_of(
    st.integers(-9, 9), st.booleans(), st.text("ab\"'\\#[]{}=,\n é", max_size=6), st.floats(allow_nan=False)
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3), max_leaves=8
)


def written(value: Any, newline: str) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{quoted(key)} = {written(item, newline)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(f"{newline} {written(item, newline)}" for item in value) + "]"
    return repr(value)


def quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


@given(st.dictionaries(keys, values, max_size=4), st.sampled_from(["", "\n", " # a ] comment\n"]))
@settings(max_examples=200, deadline=None)
def test_any_document_is_found_whole(document: dict[str, Any], newline: str):
    text = "".join(f"{quoted(key)} = {written(value, newline)}\n" for key, value in document.items())
    lines = TomlLines(text)

    assert everything_in(tomllib.loads(text)) - {()} == lines.paths
    for number, line in enumerate(text.split("\n"), 1):
        for key in document:
            if line.startswith(f"{quoted(key)} = "):
                assert number == lines.line((key,))
