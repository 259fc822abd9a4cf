"""Habits of the house that a machine can hold: small modules, locked packages, honest set-up, plain names."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LOCKS = ["requirements.lock", "requirements-dev.lock"]
SCRIPTS = ["run", "test", "scripts/set-up", "scripts/renew-locks", "scripts/test-in-a-browser"]
MOST_LINES = 500
NAMES_THAT_SAY_NOTHING = {"util", "utils", "helper", "helpers", "manager", "common", "data", "info", "misc"}


def modules() -> list[Path]:
    return sorted((ROOT / "src").rglob("*.py"))


def pins(lock: str) -> dict[tuple[str, str], list[str]]:
    """Return the hashes of each pin in a lock file, by (name and version, marker)."""
    text = (ROOT / lock).read_text().replace("\\\n", " ")
    found: dict[tuple[str, str], list[str]] = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            requirement, *hashes = line.split("--hash=")
            pin, _, marker = requirement.partition(";")
            found[pin.strip(), marker.strip()] = [digest.strip() for digest in hashes]
    return found


def test_no_module_is_longer_than_a_few_screens():
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in modules()}

    assert {} == {path: length for path, length in lengths.items() if length > MOST_LINES}


def test_a_module_s_name_says_what_it_holds():
    said = [path for path in modules() if path.stem.strip("_") in NAMES_THAT_SAY_NOTHING]

    assert [] == said


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_package_is_one_exact_version_with_hashes(lock: str):
    for (pin, _), hashes in pins(lock).items():
        assert re.fullmatch(r"[a-z0-9-]+==[0-9][0-9a-z.]*", pin), pin
        assert hashes, f"{pin} has no hash"
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", digest) for digest in hashes), pin


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_address_and_no_path(lock: str):
    text = (ROOT / lock).read_text()

    assert [] == re.findall(r"https?:|file:|--[a-z-]*index|--find-links|^-|@ ", text, flags=re.MULTILINE)


def test_what_is_tested_is_what_runs():
    """The developer's lock holds every pin of the base lock, at the same version."""
    assert {} == {pin: None for pin in pins("requirements.lock") if pin not in pins("requirements-dev.lock")}


def test_the_base_install_stays_light():
    locked = {pin.partition("==")[0] for pin, _ in pins("requirements.lock")}

    assert set() == locked & {"numpy", "numba", "llvmlite", "z3-solver", "pytest", "hypothesis"}


def test_locks_hold_what_pyproject_asks_for():
    """A dependency added without `scripts/renew-locks` would be missing on a fresh machine."""

    def names(requirements: list[str]) -> set[str]:
        words = (re.match(r"[A-Za-z0-9-]+", requirement) for requirement in requirements)
        return {word[0].lower() for word in words if word} - {"gputlb"}

    extras = [requirement for extra in PROJECT["optional-dependencies"].values() for requirement in extra]
    base = {pin.partition("==")[0] for pin, _ in pins("requirements.lock")}
    everything = {pin.partition("==")[0] for pin, _ in pins("requirements-dev.lock")}

    assert set() == names(PROJECT["dependencies"]) - base
    assert set() == names(extras) - everything


def test_no_lock_with_addresses_in_it_is_kept():
    if not (ROOT / ".git").exists() or not shutil.which("git"):
        pytest.skip("not a git checkout")
    listed = subprocess.run(
        ["git", "ls-files", "uv.lock", "pylock*.toml"], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert "" == listed.stdout


@pytest.mark.parametrize("script", [*SCRIPTS, ".ci/run"])
def test_scripts_are_executable_and_their_shell_can_read_them(script: str):
    path = ROOT / script
    shell = "bash" if path.read_text().startswith("#!/usr/bin/env bash\n") else "sh"

    assert path.stat().st_mode & 0o111
    assert 0 == subprocess.run([shell, "-n", str(path)], check=False).returncode


def test_set_up_asks_for_the_python_that_the_package_asks_for():
    low, high = re.findall(r"3\.(\d+)", PROJECT["requires-python"])
    script = (ROOT / "scripts" / "set-up").read_text()

    assert f"(3, {low}) <= sys.version_info[:2] < (3, {high})" in script
    assert f">=3.{low},<3.{high}" in script


def test_set_up_refuses_what_it_does_not_know():
    done = subprocess.run([str(ROOT / "scripts" / "set-up"), "devel"], capture_output=True, text=True, check=False)

    assert (2, "", 'gputlb: scripts/set-up "devel" is not a way to set up; write run or dev\n') == (
        done.returncode,
        done.stdout,
        done.stderr,
    )


def test_the_changelog_opens_with_the_package_s_version():
    version = re.search(r'__version__ = "(.+)"', (ROOT / "src" / "gputlb" / "__init__.py").read_text())
    heading = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), flags=re.MULTILINE)

    assert version
    assert heading
    assert version[1] == heading[1]
