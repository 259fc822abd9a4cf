"""The sweep files that the documentation shows are sweep files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gputlb.simulate.sweep import read_sweep

DOCS = Path(__file__).resolve().parents[3] / "docs"


def shown_in(page: str) -> list[str]:
    return re.findall(r"```toml\n(.*?)```", (DOCS / page).read_text(), flags=re.DOTALL)


def test_the_how_to_shows_the_file_that_it_runs():
    assert [(DOCS / "how-to" / "sweep-rates.toml").read_text()] == shown_in("how-to/sweep-a-parameter.md")


@pytest.mark.parametrize("page", ["how-to/sweep-a-parameter.md", "reference/sweep-file.md"])
def test_what_is_shown_can_be_run(page: str, tmp_path: Path):
    for text in shown_in(page):
        (tmp_path / "shown.toml").write_text(text)

        assert len(read_sweep(tmp_path / "shown.toml").points) > 1
