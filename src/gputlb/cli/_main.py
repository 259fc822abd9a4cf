"""The application object, its verbs as import strings, and the exit statuses."""

from __future__ import annotations

import os
import sys

from cyclopts import App, CycloptsError

from gputlb import __version__
from gputlb.errors import GputlbError

FINE, BAD_ANSWER, BAD_QUESTION, INTERRUPTED = 0, 1, 2, 130

app = App(
    name="gputlb",
    help="GPU TLB invalidation: is it correct, what does it cost, what went wrong?",
    version=__version__,
    help_format="plaintext",
)
# A verb's module is imported only when that verb runs: `gputlb --help` stays fast.
app.command("gputlb.cli.facts:platforms", name="platforms", help="Print the known platforms, their engines and PCI ids.")
app.command("gputlb.cli.facts:registers", name="registers", help="Print the registers around TLB invalidation.")
app.command("gputlb.cli.run:run", name="run", help="Run clients on a virtual GPU and count what a scheme costs and misses.")
app.command("gputlb.cli.diagnose:diagnose", name="diagnose", help="Tell what went wrong with the GPU, from kernel logs.")
app.command("gputlb.cli.trace:trace", name="trace", help="Explain TLB invalidations in a trace of the kernel.")
app.command("gputlb.cli.conformance:conformance", name="conformance", help="Replay recorded vectors against the driver.")


def main() -> None:
    """Run the command line.

    Exit status: 0 fine, 1 the answer is bad (a stale access, a mismatch), 2 the question was bad (a wrong name,
    a damaged file), 130 interrupted.
    """
    try:
        status = app(exit_on_error=False, result_action="return_value")
    except CycloptsError:
        sys.exit(BAD_QUESTION)  # cyclopts has printed the sentence already
    except GputlbError as error:
        print(f"gputlb: {error}", file=sys.stderr)
        sys.exit(BAD_QUESTION)
    except BrokenPipeError:
        # The reader (`| head`) has seen enough; without this, Python complains once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(FINE)
    except KeyboardInterrupt:
        print("gputlb: interrupted", file=sys.stderr)
        sys.exit(INTERRUPTED)
    sys.exit(status if isinstance(status, int) else FINE)
