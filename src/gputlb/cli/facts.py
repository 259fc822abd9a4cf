"""The verbs `platforms` and `registers`: what is known, before anything is run."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from gputlb import facts
from gputlb.report import facts_tables

Json = Annotated[bool, Parameter(negative="", show_default=False)]


def platforms(name: str | None = None, /, *, json: Json = False) -> int:
    """Print the known platforms, or one of them with its engines, registers and PCI ids.

    Example: gputlb platforms 8086:9a49

    Parameters
    ----------
    name
        A kernel name (TIGERLAKE), abbreviation (TGL), codename ("Tiger Lake") or PCI id (9a49).
    json
        Print one JSON document instead of a table.
    """
    rows = facts.platforms() if name is None else facts.platform_rows(name)
    if json:
        print(facts_tables.platforms_json(rows))
    elif name is None:
        facts_tables.print_platforms(rows)
    else:
        facts_tables.print_platform_details(rows)
    return 0


def registers(*, platform: str | None = None, json: Json = False) -> int:
    """Print the registers around TLB invalidation: where they are, whom they serve, how they are written.

    Example: gputlb registers --platform TGL

    Parameters
    ----------
    platform
        Only the registers of this platform and its engines; a name or PCI id as for `gputlb platforms`.
    json
        Print one JSON document instead of a table.
    """
    rows = facts.registers()
    if platform is not None:
        had = [row for variant in facts.platform_rows(platform) for row in facts.registers_for(variant)]
        rows = tuple(row for row in rows if row in had)
    if json:
        print(facts_tables.registers_json(rows))
    else:
        facts_tables.print_registers(rows)
    return 0
