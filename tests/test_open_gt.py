"""`import gputlb` offers what one types first, lazily, and `open_gt` a GT without a word of `async`."""

from __future__ import annotations

import subprocess
import sys

import pytest

import gputlb
from gputlb.driver import UnknownScheme
from gputlb.facts import UnknownEngine, UnknownPlatform


def test_every_public_name_is_there():
    assert [] == [name for name in gputlb.__all__ if not hasattr(gputlb, name)]
    assert set(gputlb.__all__) <= set(dir(gputlb))


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'gputlb' has no attribute 'open_gpu'"):
        gputlb.open_gpu  # noqa: B018


def test_importing_the_package_imports_none_of_its_rooms():
    program = "import sys, gputlb; print([name for name in sys.modules if name.startswith('gputlb.')])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert "[]\n" == done.stdout


def test_a_flush_on_registers_that_do_everything_at_once():
    with gputlb.open_gt("tigerlake") as gt:
        gt.invalidate_full(gt.next_invalidate_full())

        assert 2 == gt.seqno
        assert "seqno" in [event.kind for event in gt.events]
        assert isinstance(gt.registers, gputlb.PromptRegisters)
        assert (0xCEDC, 0x40004) in gt.registers.writes
    assert [(0xA278, 0x10000), (0xA188, 0x10000)] == gt.registers.writes[-5:-3]


def test_registers_of_one_s_own_are_read_and_written():
    class Mine:
        def __init__(self) -> None:
            self.written: list[tuple[str, str]] = []

        def read(self, offset: int) -> int:
            return 1 if offset in (0xD84, 0x130044, 0xD50, 0xD58, 0xD60, 0xD70) and self.written else 0

        def write(self, offset: int, value: int) -> None:
            self.written.append((f"{offset:#x}", f"{value:#x}"))

    mine = Mine()
    gt = gputlb.open_gt("9a49", mine, scheme="mmio-2022", awake=["vcs1"])
    gt.events.clear()
    gt.invalidate_full(0)

    assert [("0xcedc", "0x4"), ("0xceec", "0x1")] == mine.written[-2:]


@pytest.mark.parametrize("platform", ["BDW", "CHV", "SKL", "ICL", "TGL", "DG2", "MTL"])
def test_platforms_open(platform: str):
    gt = gputlb.open_gt(platform)
    gt.invalidate_full(gt.next_invalidate_full())

    assert [] == [event for event in gt.events if event.kind in ("err", "warn")]


def test_a_media_gt_opens():
    gt = gputlb.open_gt("MTL", gt_type="media")
    gt.invalidate_full(1)

    assert [] == [event for event in gt.events if event.kind in ("err", "warn")]


def test_a_gt_all_of_whose_engines_sleep_is_itself_awake():
    gt = gputlb.open_gt("TGL", awake=[])
    gt.invalidate_full(1)

    assert 2 == gt.seqno


def test_wrong_names_are_answered_with_the_nearest():
    with pytest.raises(UnknownPlatform, match='platform "tigerlak" is unknown; did you mean TIGERLAKE'):
        gputlb.open_gt("tigerlak")
    with pytest.raises(UnknownScheme, match="scheme 'mmoi' is unknown; did you mean mmio"):
        gputlb.open_gt("TGL", scheme="mmoi")
    with pytest.raises(UnknownEngine) as caught:
        gputlb.open_gt("TGL", awake=["vcs2"])

    assert (
        "TIGERLAKE has no engine 'vcs2'; did you mean vcs1, vcs0 or vecs0?; it has rcs0, bcs0, vcs0, vcs1, vecs0"
    ) == str(caught.value)
