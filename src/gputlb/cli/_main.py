"""The application object, its verbs as import strings, and the exit statuses."""

from __future__ import annotations

import errno
import os
import re
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cyclopts import App, CycloptsError, Parameter, UnknownCommandError, convert

from gputlb import __version__
from gputlb.cli import _signals
from gputlb.errors import GputlbError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cyclopts import Token

FINE, BAD_ANSWER, BAD_QUESTION = 0, 1, 2
_WRITTEN = {int: re.compile("[+-]?[0-9]+"), float: re.compile("[ -^`-~]+")}
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


def _converted(wanted: Any, tokens: Sequence[Token]) -> object:
    # Of its own accord cyclopts rounds 1.5 to 2, and takes 2.0, 0x2, 1_0 and the digits of every script.
    written = _WRITTEN.get(wanted)
    if written is not None and not all(written.fullmatch(token.value) for token in tokens):
        raise ValueError
    return convert(wanted, tokens)


app = App(
    name="gputlb",
    help="GPU TLB invalidation: is it correct, what does it cost, what went wrong?",
    version=__version__,
    help_format="plaintext",
    suppress_keyboard_interrupt=False,  # `gputlb.cli.main` says what happened
    default_parameter=Parameter(converter=_converted),
)
for _verb, (_function, _summary) in VERBS.items():
    app.command(_function, name=_verb, help=_summary)


def answer(arguments: Sequence[str]) -> int:
    """Run the verb that is asked for; return its exit status, `BAD_QUESTION` after a sentence on what was wrong.

    Ctrl-C and what comes of it (`_signals.heard`) is raised.
    """
    try:
        with _docstring_as_help(arguments):
            status = app(arguments, exit_on_error=False, print_error=False, result_action="return_value")
        if sys.stdout is not None:  # closed, in a process that is not the command's own
            sys.stdout.flush()
    except UnknownCommandError as error:
        # Not the error's own text: to make it, cyclopts would import every verb.
        word = error.unused_tokens[0] if error.unused_tokens else ""
        return refuse(f'"{word}" is not a verb{did_you_mean(word, VERBS) or "; gputlb --help lists the verbs"}')
    except CycloptsError as error:
        from gputlb.cli._misworded import sentence

        return refuse(sentence(error, app))
    except GputlbError as error:
        if _signals.heard():
            raise
        return refuse(str(error))
    except OSError as error:
        if _signals.heard() or error.errno not in _NO_ROOM:
            raise
        _drop_output()
        return refuse(
            f"{error.filename or 'the output'} cannot be written ({error.strerror}); make room, or write elsewhere"
        )
    return status if isinstance(status, int) else FINE


def refuse(sentence: str) -> int:
    """Say on stderr what was wrong with the question; return the exit status for that."""
    from gputlb.report.terminal import harmless

    print(f"gputlb: {harmless(sentence)}", file=sys.stderr)
    return BAD_QUESTION


@contextmanager
def _docstring_as_help(words: Sequence[str]) -> Iterator[None]:
    """Let a verb that is asked for help show its docstring with the example: its sentence is for the list of all."""
    verb = next((word for word in words if not word.startswith("-")), "")  # also `gputlb --help run`
    if verb not in VERBS or not {"--help", "-h"}.intersection(words):
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
