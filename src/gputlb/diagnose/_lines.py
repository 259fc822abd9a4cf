"""Physical lines: what quoting, markdown, terminals and paste sites did to them, undone."""

from __future__ import annotations

import html
import re

_ANSI = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_INVISIBLE = re.compile("[\0\ufeff\u200b\u200e\u200f\u00ad]")
_BLANKS = re.compile("[\u00a0\u2007\u202f]")
# With the letters that no one sees but that turn the writing round or break the line.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u2028-\u202e\u2060-\u206f\ufff9-\ufffb\U000e0000-\U000e007f]")
_ANNOTATED = re.compile(r"(?:<-{2,}|←).*$")
_ESCAPED = re.compile(r"\\([_*\[\]<>#`~-])")
_QUOTED = re.compile(r"^\s*(?:(?:[>|#;`•‣]|//+|\*+(?=\s)|[-+](?=\s))\s*)+")

_STRONG_START = re.compile(
    r"""\s*(?:\S+\.(?:log|txt)[\w.]*:)?(?:\d{1,7}(?:[.)]?\s+|[:-]\s*))?(?:
      <\d{1,3}>
    | \[\s*[+]?\d+\.\d+
    | \[[^\W\d]{1,4}[.,]?\s+(?:[^\W\d]{3,10}|\d{1,2}[月월])\.?\s+\d{1,2}\s
    | \[?\d{4}-\d\d-\d\d[T ]\d\d
    | \d\d:\d\d:\d\d\b
    | (?:[^\W\d]{3,10}|\d{1,2}[月월])\.?\s+\d{1,2}\s*\d\d:\d\d:\d\d
    | \d{1,2}\.?\s(?:[^\W\d]{3,10}|\d{1,2}[月월])\.?\s(?:\d{4}\s+)?\d\d:\d\d:\d\d
    | [^\W\d]{2,4}\s\d{4}-\d\d-\d\d\s
    | \d{10}\.\d
    | \d{1,6},\d{1,20},\d{1,18},[-c+]
    | (?:kern|user|daemon)\s*:
    | \d+\.\d+\.\d+\.\d+:\s
    | kernel(?:[:\s]|$)
    | \S+\skernel:
    )""",
    re.VERBOSE,
)
_WEAK_START = re.compile(
    r"""\s*(?:
      (?:i915|xe|amdgpu|nouveau|panfrost|panthor|mali|pcieport|pci|i915kms)\b[\s:]
    | drmn\d*\b
    | \[drm
    | \w+:\ \d+\ callbacks
    | (?:WARNING|CPU|RIP|PC|LR|Code|Workqueue|Backtrace)\b
    | (?:Modules\ linked\ in|Hardware\ name|Call\ Trace|Fence\ exp\w*|GPU\ hangs)\b
    | [RECFSD][A-Z0-9]{1,5}:\ [0-9a-f]
    | (?:---|====|\.\.\.|8<--)
    | [-\w.]+@[-\w.]+[:\s~]
    | [{}\]]
    | _*[A-Z_]{3,}=
    )""",
    re.VERBOSE,
)
_INCOMPLETE = re.compile(
    r"(?:kernel:?|^\s*(?:<\d+>\s*)?\[[^\]]*\]|[0-9a-f]:[0-9a-f]{2}\.\d:|\[drm\]|ERROR\*?|"
    r"\b(?:i915|xe|amdgpu|nouveau|panfrost|panthor|drmn))$"
)


def cleaned(raw: str) -> str:
    """Return a line without quote marks, terminal codes, markdown escapes and trailing blanks."""
    line = html.unescape(raw) if "&" in raw and ";" in raw else raw
    if not line.isascii():
        line = _BLANKS.sub(" ", _INVISIBLE.sub("", line))
    if "\x1b" in line:
        line = _ANSI.sub("", line)
    if not line.isprintable():
        line = _CONTROL.sub("", line)  # a log must not steer the terminal that shows it
    if "\\" in line:
        line = _ESCAPED.sub(r"\1", line)
    if "=3D" in line:
        line = line.replace("=3D", "=")  # mail in quoted-printable
    if "<--" in line or "←" in line:
        line = _ANNOTATED.sub("", line)  # somebody's own words, such as `<-- RECOVERED`
    line = line.rstrip("` \t\r\n\f\v") if line.endswith("`") else line.rstrip()
    quoted = _QUOTED.match(line)
    return line[quoted.end() :] if quoted else line


def starts_entry(line: str) -> bool:
    """Return whether a cleaned line begins with a stamp, a level or the word `kernel`."""
    return _STRONG_START.match(line) is not None


def starts(line: bytes) -> bool:
    """Return whether a raw line begins with a stamp, a level or the word `kernel`."""
    return starts_entry(cleaned(line[:150].decode("utf-8", "replace")))


def continues(line: str, previous: str) -> bool:
    """Return whether a cleaned line may be the wrapped rest of the one before it."""
    if not line or not previous or _STRONG_START.match(line):
        return False
    return _WEAK_START.match(line) is None or _INCOMPLETE.search(previous) is not None
