"""Machine-readable logs turned into plain lines: journal JSON, journal export, `dmesg --json`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Shape = Literal["text", "json lines", "pretty json", "journal export"]

_JSON_FIELD = re.compile(r'^\s*[{,\s]*"([\w ]+)"\s*:\s*(.*?),?\s*$')
_MESSAGE_NAME = re.compile(r'"(?:MESSAGE|msg)"\s*:')
_EXPORT_FIELD = re.compile(r"^(_{0,2}[A-Z][A-Z0-9_]*)=(.*)$")
_SIZE = re.compile(r"^.{0,8}?\0{4,7}", re.DOTALL)
"""Before a message with control characters or line breaks the journal writes its size, as 8 bytes."""
_KEPT = {
    "MESSAGE",
    "_SOURCE_MONOTONIC_TIMESTAMP",
    "__REALTIME_TIMESTAMP",
    "_SOURCE_REALTIME_TIMESTAMP",
    "_TRANSPORT",
    "msg",
    "time",
}


def shape_of(sample: str) -> Shape:
    """Return the shape of a log from its first lines; records that no known program writes are text."""
    for line in sample.splitlines()[:50]:
        text = line.strip().removeprefix("\x1e").removeprefix("data: ")
        if not text:
            continue
        if text.startswith("{") and '"MESSAGE"' in text and text.endswith("}"):
            return "json lines"
        if text[0] in "{[" and _MESSAGE_NAME.search(sample):
            return "pretty json"
        if text.startswith(("__CURSOR=", "__REALTIME_TIMESTAMP=", "__SEQNUM=")):
            return "journal export"
        return "text"
    return "text"


def plain_lines(shape: Shape, lines: Iterable[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """Yield numbered plain lines with a kernel-like stamp; what is no record is passed on as it is."""
    if shape == "json lines":
        for number, line in lines:
            yield number, _from_json(line)
    elif shape == "text":
        yield from lines
    else:
        yield from _from_blocks(shape, lines)


def _from_json(line: str) -> str:
    text = line.strip().removeprefix("\x1e").removeprefix("data: ")
    if not text.startswith("{"):
        return line
    try:
        record = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return line
    if not isinstance(record, dict):
        return line
    fields = {str(name): _as_text(value) for name, value in record.items() if name in _KEPT}
    return _line(fields) or line


def _as_text(value: object) -> str:
    if isinstance(value, list):  # the journal writes a message that is not UTF-8 as a list of bytes
        if all(isinstance(item, int) and 0 <= item < 256 for item in value):
            return bytes(value).decode("utf-8", "replace")
        return " ".join(str(item) for item in value)
    return str(value)


def _line(fields: dict[str, str]) -> str | None:
    message = fields.get("MESSAGE", fields.get("msg"))
    if message is None:
        return None
    message = message.replace("\n", " ")
    if "time" in fields:
        return f"[{_padded(fields['time'])}] {message}"
    if monotonic := fields.get("_SOURCE_MONOTONIC_TIMESTAMP", ""):
        return f"[{_micros(monotonic)}] {message}"
    real = fields.get("_SOURCE_REALTIME_TIMESTAMP", "") or fields.get("__REALTIME_TIMESTAMP", "")
    return f"{_micros(real)} kernel: {message}" if real.isdigit() else message


def _padded(seconds: str) -> str:
    return seconds if re.fullmatch(r"\d{1,9}\.\d{1,9}", seconds) else "0.0"


def _micros(digits: str) -> str:
    if not digits.isdigit() or len(digits) > 18:
        return "0.000000"
    return f"{int(digits) // 1_000_000}.{int(digits) % 1_000_000:06}"


def _from_blocks(shape: Shape, lines: Iterable[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    fields: dict[str, str] = {}
    message_line = 0
    in_message = False
    for number, line in lines:
        if shape == "journal export":
            found = _EXPORT_FIELD.match(line)
            ends = not line.strip()
            if in_message and found is None and not ends:
                fields["MESSAGE"] = f"{fields.get('MESSAGE', '')} {_SIZE.sub('', line)}".lstrip()
            elif line == "MESSAGE":
                message_line = number + 1
            in_message = line == "MESSAGE" or (in_message and found is None and not ends)
        else:
            found = _JSON_FIELD.match(line)
            ends = "}" in line and found is None
        if found is not None and found[1] in _KEPT:
            value = found[2] if shape == "journal export" else _unquoted(found[2])
            fields[found[1]] = value
            if found[1] in ("MESSAGE", "msg"):
                message_line = number
        if ends:
            if (text := _line(fields)) is not None:
                yield message_line, text
            fields = {}
    if (text := _line(fields)) is not None:
        yield message_line, text


def _unquoted(value: str) -> str:
    value = value.strip().rstrip("}] ").strip()
    try:
        return _as_text(msgspec.json.decode(value))
    except (msgspec.DecodeError, RecursionError):
        return value.strip('"')
