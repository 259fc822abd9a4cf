"""The arrows between the rooms, as the contracts in pyproject.toml draw them, hold."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import gputlb

ROOT = Path(__file__).resolve().parents[1]
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
ROOMS = {path.parent.name for path in (ROOT / "src" / "gputlb").glob("*/__init__.py")}


def test_no_import_breaks_a_contract():
    program = "from importlinter.cli import lint_imports_command as lint_imports; lint_imports()"
    done = subprocess.run(
        [sys.executable, "-c", program, "--no-logo", "--no-cache"],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(Path(gputlb.__file__).parents[1])},
        capture_output=True,
        text=True,
        check=False,
    )

    assert 0 == done.returncode, done.stdout + done.stderr


def test_every_room_stands_in_a_contract():
    """A room that no contract names could import whatever it liked."""
    named = {
        module.removeprefix("gputlb.")
        for contract in CONTRACTS
        for key in ("modules", "source_modules", "forbidden_modules")
        for module in contract.get(key, [])
    }

    assert set() == ROOMS - named


def test_every_room_stands_on_the_map():
    architecture = (ROOT / "ARCHITECTURE.md").read_text()

    assert set() == {room for room in ROOMS if f"`{room}/`" not in architecture}
