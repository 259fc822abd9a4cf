"""Makes every Python example and every command in the documentation a test."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

from sybil import Example, Sybil
from sybil.parsers.markdown import CodeBlockParser, PythonCodeBlockParser, SkipParser

from tests.documentation import run_block, stand_in_clone


def _enter_clone(namespace: dict[str, Any]) -> None:
    directory = tempfile.TemporaryDirectory(prefix="gputlb-docs-")
    stand_in_clone(Path(directory.name))
    namespace["_stood_in"] = Path.cwd()
    namespace["_stands_in"] = directory
    os.chdir(directory.name)


def _leave_clone(namespace: dict[str, Any]) -> None:
    os.chdir(namespace["_stood_in"])
    namespace["_stands_in"].cleanup()


def _run_console(example: Example) -> None:
    run_block(str(example.parsed), Path.cwd(), example.line + 1)


pytest_collect_file = Sybil(
    parsers=[
        SkipParser(),
        PythonCodeBlockParser(),
        CodeBlockParser(language="console", evaluator=_run_console),
    ],
    patterns=["*.md", "docs/**/*.md", "docs/*.md"],
    setup=_enter_clone,
    teardown=_leave_clone,
).pytest()
