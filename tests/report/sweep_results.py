"""Makes small results of sweeps by the documented layout, without simulating anything."""

from __future__ import annotations

import json
import math
import random
import tempfile
from pathlib import Path
from typing import Any

import duckdb

from gputlb import __version__

BIN_US = 2 ** (1 / 8)
COSTS = {
    "release_mean_us": ("release latency, mean", "µs", True),
    "release_p50_us": ("release latency, p50", "µs", True),
    "release_p99_us": ("release latency, p99", "µs", True),
    "release_queue_us": ("waiting for the mutex", "µs", True),
    "release_hardware_us": ("waiting for hardware", "µs", True),
    "release_forcewake_us": ("waking the GPU", "µs", True),
    "release_other_us": ("everything else", "µs", True),
    "flushes_per_s": ("flushes done", "1/s", True),
    "stale_accesses": ("stale accesses", "1", True),
}
LATENCIES = [name for name in COSTS if name.startswith("release_")]
SCHEMES = {"mmio": 40.0, "unbatched": 55.0, "guc": 70.0}
UNSTABLE = "the mutex was never free: releases came faster than flushes were done"


def rows(
    clients: tuple[int, ...] = (1, 2, 4, 8, 16),
    schemes: tuple[str, ...] = tuple(SCHEMES),
    platforms: tuple[str, ...] = (),
    replications: int = 5,
) -> list[dict[str, Any]]:
    """Return runs whose latency grows with the clients until, for the slower schemes, there is no steady state."""
    points = [
        {"scheme": scheme, "workload.clients": count} | ({"platform": platform} if platforms else {})
        for platform in platforms or ("",)
        for scheme in schemes
        for count in clients
    ]
    return [
        {"point": number, "replication": replication, "seed": 1000 + replication, **point, **_run(point, replication)}
        for number, point in enumerate(points)
        for replication in range(replications)
    ]


def _run(point: dict[str, Any], replication: int) -> dict[str, Any]:
    dice = random.Random(f"{point} {replication}")
    service = SCHEMES.get(point["scheme"], 50.0) * (1.2 if point.get("platform") == "icelake" else 1)
    load = point["workload.clients"] * service / (16 * 58)
    versions = {"gputlb_version": __version__, "facts_version": "2026-01"}
    if load >= 1:
        nothing = dict.fromkeys(LATENCIES)
        return {**nothing, "flushes_per_s": 1e6 / service, "stale_accesses": 0.0, "unstable": UNSTABLE,
                "release_histogram": None, **versions}  # fmt: skip
    waits = [dice.expovariate((1 - load) / load / service) for _ in range(1500)]
    latencies = sorted(service * dice.uniform(0.8, 1.3) + (wait if dice.random() < load else 0) for wait in waits)
    mean = sum(latencies) / len(latencies)
    parts = {"release_hardware_us": service * 0.7, "release_forcewake_us": service * 0.15, "release_other_us": 3.0}
    return {
        "release_mean_us": mean,
        "release_p50_us": latencies[len(latencies) // 2],
        "release_p99_us": latencies[len(latencies) * 99 // 100],
        "release_queue_us": mean - sum(parts.values()),
        **parts,
        "flushes_per_s": 1e6 / service * load * dice.uniform(0.97, 1.03),
        "stale_accesses": 0.0,
        "unstable": None,
        "release_histogram": _histogram(latencies),
        **versions,
    }


def _histogram(latencies: list[float]) -> list[dict[str, float]]:
    counts: dict[int, int] = {}
    for latency in latencies:
        bin_ = math.ceil(math.log(latency, BIN_US))
        counts[bin_] = counts.get(bin_, 0) + 1
    return [{"upper_us": round(BIN_US**bin_, 3), "releases": counts[bin_]} for bin_ in sorted(counts)]


def metadata(runs: list[dict[str, Any]], **changes: Any) -> dict[str, Any]:
    """Return what the file says of itself, with changes."""
    varied = [name for name in ("platform", "scheme", "workload.clients") if name in runs[0]]
    fixed = {"platform": "tigerlake", "workload": "churn", "duration_ms": 100, "warm_up_ms": 10}
    return {
        "schema": 1,
        "name": "clients and schemes",
        "varied": varied,
        "parameters": {name: value for name, value in fixed.items() if name not in varied},
        "seed": 7,
        "replications": 5,
        "costs": {
            name: {"title": title, "unit": unit, "lower_is_better": lower}
            for name, (title, unit, lower) in COSTS.items()
        },
        "file": '[grid]\nscheme = ["mmio", "unbatched", "guc"]\n',
        "version": __version__,
        "facts_version": "2026-01",
    } | changes


def write(path: Path, runs: list[dict[str, Any]] | None = None, *, retype: dict[str, str] | None = None,
          drop: tuple[str, ...] = (), said: Any = None, **changes: Any) -> Path:  # fmt: skip
    """Write a results file; `retype` casts columns, `drop` leaves some out, `said` takes the metadata's place."""
    runs = rows() if runs is None else runs
    said = metadata(runs, **changes) if said is None else said
    text = said if isinstance(said, str) else json.dumps(said)
    columns = [name for name in runs[0] if name not in drop]
    types = {name: _type(name, [run[name] for run in runs]) for name in columns} | (retype or {})
    described = ", ".join(f"{_literal(name)}: {_literal(types[name])}" for name in columns)
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file, duckdb.connect() as connection:
        file.writelines(json.dumps({name: run[name] for name in columns}) + "\n" for run in runs)
        file.flush()
        connection.execute(
            f"COPY (SELECT * FROM read_json({_literal(file.name)}, format = 'newline_delimited', "
            f"columns = {{{described}}})) TO {_literal(str(path))} "
            f"(FORMAT parquet, KV_METADATA {{gputlb: {_literal(text)}}})"
        )
    return path


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _type(name: str, values: list[Any]) -> str:
    if name == "release_histogram":
        return "STRUCT(upper_us DOUBLE, releases BIGINT)[]"
    known = [value for value in values if value is not None]
    if (known and all(isinstance(value, str) for value in known)) or name == "unstable":
        return "VARCHAR"
    return "BIGINT" if known and all(isinstance(value, int) for value in known) else "DOUBLE"
