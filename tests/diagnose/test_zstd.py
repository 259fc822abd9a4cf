"""zstd streams: whole, cut off, of several frames, and bombs; needs the package zstandard."""

from __future__ import annotations

import random
import tracemalloc

import pytest

from gputlb.diagnose import DecompressionBomb, diagnose, open_source
from tests.diagnose.log_samples import SAMPLES

zstandard = pytest.importorskip("zstandard")

SAMPLE = SAMPLES / "p02-xe-guest-dmesgT.log"


def zstd_stream(text):
    """Return text packed as a pipe packs it: without its size, hence nothing but the frame tells its end."""
    return zstandard.ZstdCompressor(write_content_size=False).compress(text)


SKIPPED = b"\x50\x2a\x4d\x18" + (3).to_bytes(4, "little") + b"abc"
NOISE = random.Random(5).randbytes(300_000).hex(" ", 40).encode()


@pytest.mark.parametrize("lost_bytes", [1, 4, 511, 512, 20_000])
def test_a_zstd_stream_without_its_size_that_broke_off_is_called_cut_off(lost_bytes, tmp_path):
    path = tmp_path / "log.zst"
    path.write_bytes(zstd_stream(SAMPLE.read_bytes() + NOISE)[:-lost_bytes])

    diagnosis = diagnose([open_source(str(path))])
    assert diagnosis.logs[0].cut_off
    assert diagnosis.n_tlb_events == 6


@pytest.mark.parametrize("behind", [b"", zstd_stream(b"and a second part\n"), SKIPPED], ids=["one", "two", "skipped"])
def test_a_whole_zstd_stream_is_not_called_cut_off(behind, tmp_path):
    path = tmp_path / "log.zst"
    path.write_bytes(zstd_stream(SAMPLE.read_bytes() + NOISE) + behind)

    (log,) = diagnose([open_source(str(path))]).logs
    assert not log.cut_off
    assert log.bytes_read == len(SAMPLE.read_bytes() + NOISE) + (18 if behind.startswith(b"\x28") else 0)


def test_a_zstd_bomb_is_unpacked_piece_by_piece(tmp_path):
    path = tmp_path / "bomb.zst"
    path.write_bytes(zstd_stream(bytes(300 << 20)))
    tracemalloc.start()

    with pytest.raises(DecompressionBomb):
        list(open_source(str(path)).blocks())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100 << 20
