"""Logs come from files, compressed files and pipes; what cannot be read is refused in one sentence."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import random
import shutil
import subprocess
import tarfile
import tracemalloc
import zlib

import pytest

from gputlb.diagnose import DecompressionBomb, Source, UnreadableInput, diagnose, open_source
from tests.diagnose.log_samples import SAMPLES

SAMPLE = SAMPLES / "p02-xe-guest-dmesgT.log"


def refused(path):
    with pytest.raises(UnreadableInput) as caught:
        diagnose([open_source(str(path))])
    return str(caught.value).replace(str(path), "LOG")


@pytest.mark.parametrize(("suffix", "packed"), [("gz", gzip.compress), ("xz", lzma.compress), ("bz2", bz2.compress)])
def test_compressed_logs_are_read(suffix, packed, tmp_path):
    path = tmp_path / f"log.{suffix}"
    path.write_bytes(packed(SAMPLE.read_bytes()))

    assert diagnose([open_source(str(path))]).n_tlb_events == 6


@pytest.mark.skipif(shutil.which("zstd") is None, reason="the program zstd is not installed")
def test_zstd_is_read_through_its_program(tmp_path):
    path = tmp_path / "log.zst"
    subprocess.run(["zstd", "-q", str(SAMPLE), "-o", str(path)], check=True)

    assert diagnose([open_source(str(path))]).n_tlb_events == 6


def test_zstd_without_program_and_package_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "log.zst"
    path.write_bytes(b"\x28\xb5\x2f\xfd rest")
    monkeypatch.setattr("shutil.which", lambda name: None)
    monkeypatch.setitem(__import__("sys").modules, "zstandard", None)

    assert refused(path) == (
        "LOG: is compressed with zstd, which needs the program zstd or the Python package zstandard; "
        "install one (`pip install zstandard`)"
    )


def test_a_gzip_file_that_broke_off_is_read_as_far_as_it_goes(tmp_path):
    path = tmp_path / "log.gz"
    lines = SAMPLE.read_bytes() + bytes(range(32, 127)) * 500
    path.write_bytes(gzip.compress(lines)[:-12])

    diagnosis = diagnose([open_source(str(path))])
    assert diagnosis.n_tlb_events == 6
    assert diagnosis.logs[0].cut_off


@pytest.mark.parametrize("packed", [gzip.compress, lzma.compress, bz2.compress])
def test_a_whole_compressed_file_is_not_called_cut_off(packed, tmp_path):
    path = tmp_path / "log"
    path.write_bytes(packed(SAMPLE.read_bytes()) + packed(b"and a second part\n"))

    assert not diagnose([open_source(str(path))]).logs[0].cut_off


@pytest.mark.skipif(shutil.which("zstd") is None, reason="the program zstd is not installed")
def test_a_zstd_file_that_broke_off_is_called_cut_off(tmp_path):
    path = tmp_path / "log.zst"
    whole = tmp_path / "log"
    whole.write_bytes(SAMPLE.read_bytes() + random.Random(5).randbytes(300_000).hex(" ", 40).encode())
    subprocess.run(["zstd", "-q", str(whole), "-o", str(path)], check=True)
    path.write_bytes(path.read_bytes()[:-20_000])

    assert diagnose([open_source(str(path))]).logs[0].cut_off


@pytest.mark.parametrize(("kind", "packed"), [("gzip", gzip.compress), ("xz", lzma.compress)])
def test_a_compressed_file_that_ends_before_any_text_is_said_to_be_cut_off(kind, packed, tmp_path):
    path = tmp_path / "log"
    path.write_bytes(packed(SAMPLE.read_bytes())[:30])

    assert refused(path) == f"LOG: is cut off: {kind} ends before any text; fetch it again"


@pytest.mark.parametrize(("kind", "packed"), [("gzip", gzip.compress), ("xz", lzma.compress)])
def test_an_archive_within_a_compressed_file_is_refused(kind, packed, tmp_path):
    path = tmp_path / "logs.tgz"
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        tar.add(SAMPLE, "kern.log")
    path.write_bytes(packed(archive.getvalue()))

    assert refused(path) == f"LOG: is a tar archive inside {kind}; unpack it and give the log inside"


def test_a_damaged_xz_file_is_refused(tmp_path):
    path = tmp_path / "log.xz"
    damaged = bytearray(lzma.compress(SAMPLE.read_bytes()))
    damaged[20:40] = b"\0" * 20
    path.write_bytes(bytes(damaged))

    assert refused(path) == "LOG: is damaged: xz says “Corrupt input data”; fetch it again"


def test_a_decompression_bomb_is_refused_in_bounded_memory(tmp_path):
    path = tmp_path / "bomb.xz"
    packer = lzma.LZMACompressor(preset=0)
    block = b"a" * 79 + b"\n"
    with path.open("wb") as file:
        for _ in range(66):
            file.write(packer.compress(block * 13107))
        file.write(packer.flush())
    tracemalloc.start()

    with pytest.raises(DecompressionBomb) as caught:
        diagnose([open_source(str(path))])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert "would; if the file is honest, decompress it yourself and give the result" in str(caught.value)
    assert peak < 100 << 20


def test_a_decompression_bomb_in_a_pipe_is_refused():
    packer = zlib.compressobj(9, wbits=31)
    bomb = b"".join(packer.compress(b"a" * (1 << 20)) for _ in range(70)) + packer.flush()

    with pytest.raises(DecompressionBomb):
        diagnose([Source("a pipe", None, io.BytesIO(bomb))])


def test_a_missing_file_is_refused(tmp_path):
    assert refused(tmp_path / "no") == "LOG: no such file; check its name, or give - for standard input"


def test_a_directory_is_refused(tmp_path):
    assert refused(tmp_path) == "LOG: is a directory; name the log file inside it"


@pytest.mark.parametrize(
    ("contents", "sentence"),
    [
        (b"", "LOG: is empty; expected a kernel log, such as `dmesg` prints"),
        (b"\0" * 5000, "LOG: holds no text; expected a kernel log, such as `dmesg` prints"),
        (b"   \n\n", "LOG: holds no text; expected a kernel log, such as `dmesg` prints"),
        (bytes(range(256)) * 40, "LOG: is binary, not text; expected a kernel log, such as `dmesg` prints"),
        (b"\x17\x08\x44tracing6\0", "LOG: is a trace-cmd capture; give it to `gputlb trace`"),
        (b"\x7fELF....", "LOG: is a program, not a log"),
        (b"PK\x03\x04....", "LOG: is a zip archive; unpack it and give the log inside"),
    ],
)
def test_what_is_no_log_is_refused_in_one_sentence(contents, sentence, tmp_path):
    path = tmp_path / "contents"
    path.write_bytes(contents)

    assert refused(path) == sentence


def test_invalid_utf8_and_holes_of_zeroes_do_not_hide_events(tmp_path):
    path = tmp_path / "log"
    path.write_bytes(b"\xff\xfe\xfd caf\xe9\n".replace(b"\xff\xfe", b"") + b"\0" * 300 + SAMPLE.read_bytes())

    assert diagnose([open_source(str(path))]).n_tlb_events == 6


def test_utf16_as_some_editors_write_it_is_read(tmp_path):
    path = tmp_path / "log"
    path.write_bytes(SAMPLE.read_text(encoding="utf-8").encode("utf-16"))

    assert diagnose([open_source(str(path))]).n_tlb_events == 6


def test_a_line_of_many_megabytes_is_survived_in_bounded_memory(tmp_path):
    path = tmp_path / "log"
    with path.open("wb") as file:
        for _ in range(30):
            file.write(b"x" * (1 << 20))
        file.write(b"\n" + SAMPLE.read_bytes())
    tracemalloc.start()

    diagnosis = diagnose([open_source(str(path))])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert diagnosis.n_tlb_events == 6
    assert diagnosis.events[0].line == 1 + diagnose([open_source(str(SAMPLE))]).events[0].line
    assert peak < 60 << 20


def test_a_log_in_an_unknown_shape_is_reported_with_how_much_was_understood(tmp_path):
    path = tmp_path / "log"
    path.write_text("lorem ipsum\ndolor sit amet\n", encoding="utf-8")

    diagnosis = diagnose([open_source(str(path))])
    assert (diagnosis.logs[0].lines, diagnosis.logs[0].lines_with_stamp) == (2, 0)
    assert diagnosis.verdict == "No TLB invalidation trouble in 2 lines."
