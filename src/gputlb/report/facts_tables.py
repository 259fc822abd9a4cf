"""Platforms and registers, as tables for people and as JSON for programs."""

from __future__ import annotations

import json
from itertools import groupby
from typing import TYPE_CHECKING, Any

from gputlb import facts
from gputlb.report.plain_table import plain_console, plain_table, print_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import Console
    from rich.table import Table


def print_platforms(rows: Sequence[facts.Platform]) -> None:
    """Print one line a platform row on stdout."""
    table = plain_table("kernel name", "short", "graphics", "media", "engines", "flush path", ">ids")
    for row in rows:
        table.add_row(
            row.kernel,
            row.short,
            str(row.graphics),
            str(row.media),
            short_engine_list(row.engines),
            row.tlb_path,
            str(len(row.pci_ids)),
        )
    console = plain_console()
    print_table(console, table)
    ids = sum(len(row.pci_ids) for row in rows)
    console.print(f"\n{len(rows)} rows, {ids} PCI ids; gputlb platforms NAME shows one in full")


def print_platform_details(rows: Sequence[facts.Platform]) -> None:
    """Print all that is known of each row on stdout: GTs, engines, registers, domains, PCI ids."""
    console = plain_console()
    for number, row in enumerate(rows):
        if number:
            console.rule(characters="-")
        _print_platform(console, row)


def print_registers(rows: Sequence[facts.Register]) -> None:
    """Print one line a register on stdout."""
    table = plain_table("register", ">offset", "kind", "serves", "versions", "write")
    table.columns[4].max_width = len("12.00..12.74")
    for row in rows:
        versions = ", ".join(str(versions) for versions in row.versions)
        axis = "media " if row.version_axis == "media" else ""
        table.add_row(row.name, _hex(row.offset), row.kind, _serves(row), axis + versions, _manner(row))
    console = plain_console()
    print_table(console, table)
    console.print(f"\n{len(rows)} registers; --json adds their bits, notes and sources")


def platforms_json(rows: Sequence[facts.Platform]) -> str:
    """Return the rows as one JSON document; offsets and ids are lower-case hex text."""
    return json.dumps({"platforms": [_platform_dict(row) for row in rows]}, indent=1)


def registers_json(rows: Sequence[facts.Register]) -> str:
    """Return the rows as one JSON document; offsets are lower-case hex text."""
    return json.dumps({"registers": [_register_dict(row) for row in rows]}, indent=1)


def short_engine_list(engines: Iterable[facts.Engine]) -> str:
    """Return engines in few words: `rcs0 bcs0 vcs0,2 vecs0-3`."""
    words = []
    for prefix, members in groupby(engines, key=lambda engine: engine.name.rstrip("0123456789")):
        numbers = [int(engine.name.removeprefix(prefix)) for engine in members]
        runs: list[list[int]] = []
        for number in numbers:
            if runs and number == runs[-1][-1] + 1:
                runs[-1].append(number)
            else:
                runs.append([number])
        words.append(prefix + ",".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs))
    return " ".join(words)


def _print_platform(console: Console, row: facts.Platform) -> None:
    console.print(f"{row.kernel} ({row.short}): {row.codename}, {row.variant}")
    place = "discrete" if row.is_dgfx else "integrated"
    mapped = facts.mmio_bar_bytes(row) >> 20
    console.print(
        f"graphics {row.graphics}, media {row.media}, {place}; driver {row.driver}, {mapped} MiB of registers"
    )
    console.print(f"flush path {row.tlb_path}")
    if row.tlb_path.startswith("guc") and any(gt.register_table for gt in row.gts):
        console.print("the driver asks the GuC; the registers below are what it would write otherwise")
    if row.wa_2207587034:
        console.print("the OA unit's TLB is dropped too (Wa_2207587034)")
    for gt in row.gts:
        console.print()
        _print_gt(console, row, gt)
    if row.engines_xe:
        console.print(f"\nengines in xe: {short_engine_list(row.engines_xe)}")
    console.print(f"\nPCI ids ({len(row.pci_ids)}):", " ".join(f"{pci_id:04x}" for pci_id in row.pci_ids) or "none")
    if row.note:
        console.print(f"note: {row.note}")
    console.print(f"source: {row.source}")


def _print_gt(console: Console, row: facts.Platform, gt: facts.Gt) -> None:
    shifted = f", offsets + {_hex(gt.gsi_offset)}" if gt.gsi_offset else ""
    if gt.register_table is None:
        console.print(f"GT{gt.id}: {gt.type}{shifted}, engines {short_engine_list(gt.engines)}")
        console.print("invalidation registers: not recorded")
    else:
        console.print(f"GT{gt.id}: {gt.type}{shifted}, register table {gt.register_table}")
        print_table(console, _engine_table(gt))
    domains = _domains(row, gt)
    if domains is None:
        console.print("forcewake domains: not recorded")
        return
    table = plain_table("forcewake", ">request", ">ack")
    for domain in domains:
        table.add_row(domain.name, _hex(domain.request_offset), _hex(domain.ack_offset))
    console.print()
    print_table(console, table)


def _engine_table(gt: facts.Gt) -> Table:
    table = plain_table("engine", "class", ">inst", ">id", "register", ">offset", ">request", ">wait", "write")
    for engine in gt.engines:
        name = facts.engine_class(engine.engine_class).name
        cells = [engine.name, name, str(engine.instance), str(engine.id)]
        if register := _invalidation_register(gt, engine):
            cells += [
                register.name,
                _hex(register.offset),
                _hex(register.request(engine.instance)),
                _hex(register.done_mask(engine.instance)),
                _manner(register, with_gt=False),
            ]
        table.add_row(*cells)
    return table


def _invalidation_register(gt: facts.Gt, engine: facts.Engine) -> facts.Register | None:
    if gt.register_table is None:
        return None
    return facts.invalidation_register(gt.register_table, engine.engine_class, engine.instance)


def _domains(row: facts.Platform, gt: facts.Gt) -> tuple[facts.ForcewakeDomain, ...] | None:
    try:
        return facts.forcewake_domains(row, gt_type=gt.type)
    except facts.NotRecorded:
        return None


def _platform_dict(row: facts.Platform) -> dict[str, Any]:
    return {
        "kernel": row.kernel,
        "short": row.short,
        "codename": row.codename,
        "variant": row.variant,
        "aliases": list(row.aliases),
        "driver": row.driver,
        "graphics": str(row.graphics),
        "media": str(row.media),
        "is_dgfx": row.is_dgfx,
        "wa_2207587034": row.wa_2207587034,
        "tlb_path": row.tlb_path,
        "mmio_bar_bytes": facts.mmio_bar_bytes(row),
        "gts": [_gt_dict(row, gt) for gt in row.gts],
        "engines_xe": [engine.name for engine in row.engines_xe],
        "pci_ids": [_hex(pci_id) for pci_id in row.pci_ids],
        "note": row.note,
        "source": row.source,
    }


def _gt_dict(row: facts.Platform, gt: facts.Gt) -> dict[str, Any]:
    domains = _domains(row, gt)
    return {
        "id": gt.id,
        "type": gt.type,
        "gsi_offset": _hex(gt.gsi_offset),
        "register_table": gt.register_table,
        "engines": [_engine_dict(gt, engine) for engine in gt.engines],
        "forcewake_domains": None
        if domains is None
        else [
            {"name": domain.name, "request": _hex(domain.request_offset), "ack": _hex(domain.ack_offset)}
            for domain in domains
        ],
    }


def _engine_dict(gt: facts.Gt, engine: facts.Engine) -> dict[str, Any]:
    register = _invalidation_register(gt, engine)
    return {
        "name": engine.name,
        "class": engine.engine_class,
        "instance": engine.instance,
        "id": engine.id,
        "invalidation": register
        and {
            "register": register.name,
            "offset": _hex(register.offset),
            "request": _hex(register.request(engine.instance)),
            "done_mask": _hex(register.done_mask(engine.instance)),
            "masked": register.masked,
            "mcr": register.mcr,
        },
    }


def _register_dict(row: facts.Register) -> dict[str, Any]:
    return {
        "name": row.name,
        "offset": _hex(row.offset),
        "kind": row.kind,
        "engine_class": row.engine_class,
        "instance": row.instance,
        "unit": row.unit,
        "domain": row.domain,
        "versions": [str(versions) for versions in row.versions],
        "version_axis": row.version_axis,
        "platforms": list(row.platforms),
        "gt": row.gt,
        "table": row.table,
        "masked": row.masked,
        "mcr": row.mcr,
        "fields": {field.name: [field.high, field.low] for field in row.fields},
        "note": row.note,
        "source": row.source,
    }


def _serves(row: facts.Register) -> str:
    if row.engine_class is not None:
        if row.instance is not None:
            return facts.engine(row.engine_class, row.instance).name
        return facts.engine_class(row.engine_class).prefix
    return row.unit or row.domain or ""


def _manner(row: facts.Register, *, with_gt: bool = True) -> str:
    words = ["masked"] * row.masked + ["mcr"] * row.mcr + ["media"] * (with_gt and row.gt == "media")
    return " ".join(words)


def _hex(number: int) -> str:
    return f"0x{number:x}"
