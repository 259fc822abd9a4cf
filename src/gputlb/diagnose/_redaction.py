"""Names and numbers that a public bug report must not carry."""

from __future__ import annotations

import re

_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    # `Nov 15 18:07:53 myhost kernel:`, `2025-11-15T18:07:53+0100 myhost kernel:`, `[  12.3] myhost kernel:`
    (re.compile(r"(\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?|^\s*\[\s*\d+\.\d+\]) (?!kernel\b)"
                r"[\w.-]+ (kernel|\w[\w./-]*\[\d+\]):"), r"\1 HOST \2:"),
    (re.compile(r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)*(?=[:\s,;>)]|$)"), "USER@HOST"),
    (re.compile(r"(/home/|/Users/|/run/user/)[^/\s:]+"), r"\1USER"),
    (re.compile(r"(?i)(?<![@\w])(user(?:name)?|login|hostname|host|nodename)([=:]\s*)"
                r"[^\s,;]+"), r"\1\2REMOVED"),
    (re.compile(r"(?i)\b(of user|for user|user) ([a-z_][\w-]*)(?=[\s.(])"), r"\1 USER"),
    (re.compile(r"(?i)\b((?:serial(?:[ _-]?(?:number|no|nr))?|s/n|asset tag|uuid|eisa serial)\.?)"
                r"(\s*[=:#]\s*|\s+)(?!number|port|device|console|8250|driver)[\w./-]+"), r"\1\2REMOVED"),
    (re.compile(r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b"), "UUID"),
    (re.compile(r"\b(?:[0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2}\b"), "MAC"),
    (re.compile(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])(?=[:/\s,;)]|$)"), "ADDRESS"),
)  # fmt: skip


def redacted(text: str) -> str:
    """Return a line of a log without host, user and serial numbers; PCI addresses and versions stay."""
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text
