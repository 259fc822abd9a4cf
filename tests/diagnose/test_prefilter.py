"""The first look at a large log misses no word, wherever it stands."""

from __future__ import annotations

import ctypes

import pytest

from gputlb.diagnose import _prefilter
from gputlb.diagnose._prefilter import blocks_may_hold, file_may_hold
from gputlb.facts.messages import PREFILTER_LITERALS

MESSAGE = b"[drm] *ERROR* GT0: rcs0 TLB invalidation did not complete in 4ms!"


@pytest.mark.parametrize("cut", range(len(MESSAGE) + 1))
def test_a_message_is_found_however_the_blocks_cut_it(cut):
    blocks = [b"quiet\n" * 50 + MESSAGE[:cut], MESSAGE[cut:] + b"\nquiet\n" * 50]

    assert blocks_may_hold(blocks, PREFILTER_LITERALS)


def test_a_message_behind_zeroes_is_found(tmp_path):
    path = tmp_path / "log"
    path.write_bytes(b"\0" * 5000 + MESSAGE)

    assert file_may_hold(str(path), PREFILTER_LITERALS)


def test_the_flush_of_a_file_system_is_no_tlb_message():
    assert not blocks_may_hold([b"EXT4-fs: flush of the journal took long\n"], PREFILTER_LITERALS)


def test_a_system_whose_c_library_lacks_the_search_gives_the_same_answer(monkeypatch):
    monkeypatch.setattr(ctypes, "CDLL", lambda name: object())
    monkeypatch.setattr(_prefilter, "_holds", _prefilter._search())

    assert blocks_may_hold([MESSAGE], PREFILTER_LITERALS)
    assert not blocks_may_hold([b"quiet\n"], PREFILTER_LITERALS)
