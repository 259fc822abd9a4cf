"""The application object, its verbs as import strings, and the exit statuses."""

from __future__ import annotations

import errno
import os
import signal
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from cyclopts import App, CycloptsError, UnknownCommandError

from gputlb import __version__
from gputlb.cli import _signals
from gputlb.errors import GputlbError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

FINE, BAD_ANSWER, BAD_QUESTION = 0, 1, 2
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}

# A verb's module is imported only when that verb runs: `gputlb --help` stays fast.
VERBS = {
    "platforms": ("gputlb.cli.facts:platforms", "Print the known platforms, their engines and PCI ids."),
    "registers": ("gputlb.cli.facts:registers", "Print the registers around TLB invalidation."),
    "run": ("gputlb.cli.run:run", "Run clients on a virtual GPU and count what a scheme costs and misses."),
    "workloads": ("gputlb.cli.run:workloads", "List what `gputlb run` can run, and what each can be told."),
    "sweep": ("gputlb.cli.sweep:sweep", "Run a grid of parameters, again and again, into one file."),
    "compare": ("gputlb.cli.compare:compare", "Say which of two costs less, by how much, how surely."),
    "report": ("gputlb.cli.report:report", "Show what a sweep found: table, page, pictures."),
    "diagnose": ("gputlb.cli.diagnose:diagnose", "Tell what went wrong with the GPU, from kernel logs."),
    "trace": ("gputlb.cli.trace:trace", "Explain TLB invalidations in a trace of the kernel."),
    "check": (
        "gputlb.cli.check:check",
        "Try every order of clients, driver and engines, and show a shortest way to harm.",
    ),
    "scenarios": ("gputlb.cli.check:scenarios", "List what `gputlb check` can explore."),
    "replay": ("gputlb.cli.check:replay", "Run a witness of `gputlb check` again, in virtual time."),
    "bugs": ("gputlb.cli.bugs:bugs", "Print the known bugs, and what exploring says of their fixes."),
    "conformance": ("gputlb.cli.conformance:conformance", "Replay recorded vectors against the driver."),
}

app = App(
    name="gputlb",
    help="GPU TLB invalidation: is it correct, what does it cost, what went wrong?",
    version=__version__,
    help_format="plaintext",
    suppress_keyboard_interrupt=False,  # `main` says what happened
)
for _verb, (_function, _summary) in VERBS.items():
    app.command(_function, name=_verb, help=_summary)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line, on `sys.argv` unless arguments are given, and exit.

    Exit status: 0 fine, 1 the answer is bad (a stale access, a mismatch), 2 the question was bad (a wrong
    name, a damaged file), 130 interrupted, 143 terminated.

    Raises:
        SystemExit: always.
    """
    if arguments is None:
        # `gputlb registers | head` ends as every command does whose reader leaves; rich would exit
        # with 1, and that means a bad answer here.
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        _signals.listen()
    try:
        with _docstring_as_help(sys.argv[1:] if arguments is None else arguments):
            status = app(arguments, exit_on_error=False, print_error=False, result_action="return_value")
        if sys.stdout is not None:  # it is closed
            sys.stdout.flush()
    except UnknownCommandError as error:
        # Not the error's own text: to make it, cyclopts would import every verb.
        word = error.unused_tokens[0] if error.unused_tokens else ""
        _refuse(f'"{word}" is not a verb{did_you_mean(word, VERBS) or "; gputlb --help lists the verbs"}')
    except KeyboardInterrupt:
        sys.exit(_signals.say_stopped())
    except Exception as error:
        if _signals.heard():
            sys.exit(_signals.say_stopped())
        if isinstance(error, OSError) and error.errno in _NO_ROOM:
            _drop_output()
            _refuse(
                f"{error.filename or 'the output'} cannot be written ({error.strerror}); make room, or write elsewhere"
            )
        if not isinstance(error, CycloptsError | GputlbError):
            raise
        _refuse(str(error))
    sys.exit(status if isinstance(status, int) else FINE)


@contextmanager
def _docstring_as_help(words: Sequence[str]) -> Iterator[None]:
    """Let a verb that is asked for help show its docstring with the example: its sentence is for the list of all."""
    verb = words[0] if words and words[0] in VERBS and {"--help", "-h"}.intersection(words) else None
    if verb is None:
        yield
        return
    app[verb].help = None
    try:
        yield
    finally:
        app[verb].help = VERBS[verb][1]


def _drop_output() -> None:
    # Python writes what stdout still holds when it ends, and would fail again, with a traceback.
    with suppress(OSError, AttributeError), Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())


def _refuse(sentence: str) -> NoReturn:
    # It may quote a file from anywhere, whose escape sequences a terminal would obey.
    harmless = "".join(letter if letter.isprintable() or letter == "\n" else "\ufffd" for letter in sentence)
    print(f"gputlb: {harmless}", file=sys.stderr)
    sys.exit(BAD_QUESTION)
