"""Tables without lines, the same on every terminal and in a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

WIDTH = 100
"""Characters a line. A narrower terminal folds the lines itself: a cut register name would help nobody."""


def plain_console() -> Console:
    """Return a console on stdout that neither colours nor guesses a width."""
    from rich.console import Console  # noqa: PLC0415 - rich costs more to import than --json takes in all

    # Of a dumb terminal rich would believe that it has 80 columns, whatever it is told, and cut what is wider.

    return Console(width=WIDTH, force_terminal=False, highlight=False, markup=False, emoji=False)


def plain_table(*columns: str) -> Table:
    """Return an empty table; a column whose title begins with `>` is set to the right."""
    from rich.table import Table  # noqa: PLC0415 - as above

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column.removeprefix(">"), justify="right" if column.startswith(">") else "left")
    return table


def print_table(console: Console, table: Table) -> None:
    """Print a table without blanks at the ends of lines."""
    # Rich pads every line to the table's width; off a terminal the blanks would end up in files and diffs.
    with console.capture() as captured:
        console.print(table)
    for line in captured.get().splitlines():
        console.out(line.rstrip(), highlight=False)
