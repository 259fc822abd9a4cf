"""The command line: verbs, loaded when they are asked for, and the one place that prints and exits."""

from gputlb.cli._main import app, main

__all__ = ["app", "main"]
