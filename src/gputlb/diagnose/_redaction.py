"""Names and numbers that a public bug report must not carry."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

# `Nov 15 18:07:53 myhost kernel:`, `2025-11-15T18:07:53+0100 myhost kernel:`, `18:07:53 CET myhost cron[7]:`,
# `[  12.3] myhost kernel:`, `myhost kernel: [  12.3]`
_HOST = re.compile(
    r"(?P<before>\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?(?: [A-Z]{2,5})?|^\s*\[\s*\d+\.\d+\]) (?!kernel\b)"
    r"(?P<host>[\w.-]+)(?P<after> (?:kernel|\w[\w./@:-]*\[\d+\]):)"
    r"|^(?P<host_first>(?!kernel\b)[\w.-]+)(?= kernel: ?\[)"
)
_SHORTEST_NAME = 4
"""A shorter host name is removed only where its place shows what it is: `box` may be a word."""
_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)*(?=[:\s,;>)]|$)"), "USER@HOST"),
    (re.compile(r"(/home/|/Users/|/run/user/)[^/\s:]+"), r"\1USER"),
    (re.compile(r"(?i)(?<![@\w])(user(?:name)?|login|hostname|host|nodename)(\"?[=:]\s*\"?)"
                r"[^\s,;\"]+"), r"\1\2REMOVED"),
    (re.compile(r"(?i)\b(of user|for user|user) ([a-z_][\w-]*)(?=[\s.(])"), r"\1 USER"),
    (re.compile(r"(?i)\b((?:serial(?:[ _-]?(?:number|no|nr))?|s/n|asset tag|uuid|eisa serial)\.?)"
                r"(\s*[=:#]\s*|\s+)(?!number|port|device|console|8250|driver)[\w./-]+"), r"\1\2REMOVED"),
    (re.compile(r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b"), "UUID"),
    (re.compile(r"\b(?:[0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2}\b"), "MAC"),
    (re.compile(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])(?=[:/\s,;)]|$)"), "ADDRESS"),
)  # fmt: skip


def host_names(texts: Iterable[str]) -> list[str]:
    """Return the host names that stand where a log has them, longest first."""
    found = {match["host"] or match["host_first"] for text in texts for match in _HOST.finditer(text)}
    return sorted((name for name in found if len(name) >= _SHORTEST_NAME), key=lambda name: (-len(name), name))


def redacted(text: str, hosts: Iterable[str] = ()) -> str:
    """Return a line of a log without host, user and serial numbers; PCI addresses and versions stay.

    Args:
        text: the line.
        hosts: names to remove wherever they stand.
    """
    text = _HOST.sub(lambda match: f"{match['before']} HOST{match['after']}" if match["host"] else "HOST", text)
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    for host in hosts:
        text = re.sub(rf"(?<![\w-]){re.escape(host)}(?![\w-])", "HOST", text)
    return text
