"""The command line: one lazily imported function a verb, no logic here."""

from __future__ import annotations

import sys

from cyclopts import App, CycloptsError

from gputlb import __version__
from gputlb.errors import GputlbError

USAGE_ERROR = 2

app = App(
    name="gputlb",
    help="GPU TLB invalidation: is it correct, what does it cost, what went wrong?",
    version=__version__,
    help_format="plaintext",
)
# Each verb's module is imported only when the verb runs, so that `gputlb --help` stays fast.
app.command("gputlb.report.facts_cli:platforms", name="platforms", help="Print the platforms that are known, with their engines and PCI ids.")
app.command("gputlb.report.facts_cli:registers", name="registers", help="Print the registers of TLB invalidation and what surrounds it.")


def main() -> None:
    """Run the command line; exit 0 fine, 1 the answer is bad, 2 the question was bad."""
    try:
        status = app(exit_on_error=False)
    except (CycloptsError, GputlbError) as error:
        if isinstance(error, GputlbError):
            print(f"gputlb: {error}", file=sys.stderr)
        sys.exit(USAGE_ERROR)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(0)
    sys.exit(status if isinstance(status, int) else 0)
