"""The sample logs, with what a reader must find in them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from gputlb.diagnose import Diagnosis, diagnose, open_source

SAMPLES = Path(__file__).parent / "samples"
INDEX: list[dict[str, Any]] = json.loads((SAMPLES / "INDEX.json").read_text(encoding="utf-8"))
WITH_EVENTS = [row for row in INDEX if row["expected"]["n_tlb_events"]]
NEGATIVE = [row for row in INDEX if not row["expected"]["n_tlb_events"]]


def diagnosed(file: str) -> Diagnosis:
    return diagnose([open_source(str(SAMPLES / file))])


def diagnosed_text(tmp_path: Path, text: str, name: str = "log.txt") -> Diagnosis:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return diagnose([open_source(str(path))])


def tlb_events(diagnosis: Diagnosis) -> list[Any]:
    return [event for event in diagnosis.events if event.tlb and event.kind != "suppressed"]


def counted(diagnosis: Diagnosis) -> dict[str, int]:
    kinds: dict[str, int] = {}
    for event in tlb_events(diagnosis):
        kinds[event.kind] = kinds.get(event.kind, 0) + 1
    return kinds
