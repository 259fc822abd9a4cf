"""The command line: verbs, loaded when they are asked for, and the one place that prints and exits."""

from __future__ import annotations

import sys

from gputlb.cli import _signals, _streams

TYPE_CHECKING = False  # as in `gputlb/__init__.py`
if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line, on `sys.argv` unless arguments are given, and exit.

    On `sys.argv` the process is its own: it takes over signals and mends the standard streams.

    Exit status: 0 fine, 1 the answer is bad (a stale access, a mismatch), 2 the question was bad (a wrong
    name, a damaged file), 3 a limit came first, 130 interrupted, 143 terminated.

    Raises:
        SystemExit: always.
    """
    try:
        if arguments is None:
            _signals.listen()
            arguments = sys.argv[1:]
            _streams.mend(arguments)
        # Only now, for most of the start-up is this import: Ctrl-C falls into it as into all that comes after.
        from gputlb.cli._main import answer

        status = answer(arguments)
        _signals.leave()
    except KeyboardInterrupt:
        _signals.leave()
        status = _signals.say_stopped()
    except Exception:
        if not _signals.heard():
            raise
        _signals.leave()
        status = _signals.say_stopped()
    sys.exit(status)
