"""A first look at a large log: can it hold any TLB message at all?

This module needs the standard library alone, as it is also run by itself: one process for each processor
looks at its part of a large file.
"""

from __future__ import annotations

import ctypes
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

WORTH_SHARING_BYTES = 128 << 20
MOST_PROCESSES = 4
_BLOCK_BYTES = 256 << 10
_AROUND_BYTES = 64
_TICK_S = 0.1
# Words around a literal that tell a GPU's TLB message from a cache flush of a file system.
_LIKELY = re.compile(
    rb"(?i:tlb) ?invalidat|invalidate (?:GGTT|timeout)|Global invalid|SyncFlush|_invalidate|mmio_inval"
    rb"|_ggtt error"
    rb"|VM flush|vmm?_flush|TLB flush (?:failed|idle)|AS_ACTIVE|wait reg"
)


def file_may_hold(path: str, literals: Sequence[str], tick: Callable[[], None] | None = None) -> bool:
    """Return whether a TLB message is likely in a plain file; every message must hold one of the literals.

    Where other processes look, `tick` is called about every tenth of a second.
    """
    size_bytes = os.stat(path).st_size  # noqa: PTH116  (nothing but the standard library's lightest)
    processes = min(MOST_PROCESSES, os.cpu_count() or 1)
    if size_bytes < WORTH_SHARING_BYTES or processes < 2 or not sys.executable:
        return _part_may_hold(path, 0, size_bytes, literals)
    share = size_bytes // processes + 1
    children = [
        subprocess.Popen(
            [sys.executable, "-I", "-S", __file__, path, str(at), str(at + share + _AROUND_BYTES), *literals],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for at in range(0, size_bytes, share)
    ]
    try:
        # A child that could not work at all counts as "likely": the thorough way then decides.
        return any(_status(child, tick) != 0 for child in children)
    finally:
        for child in children:
            child.kill()
            child.wait()


def _status(child: subprocess.Popen[bytes], tick: Callable[[], None] | None) -> int:
    if tick is None:
        return child.wait()
    while True:
        try:
            return child.wait(_TICK_S)
        except subprocess.TimeoutExpired:
            tick()


def blocks_may_hold(blocks: Iterable[bytes], literals: Sequence[str]) -> bool:
    """Return whether a TLB message is likely in a stream of bytes."""
    wanted = [literal.encode() for literal in literals]
    tail = b""
    for block in blocks:
        if _likely(tail + block[:_AROUND_BYTES], wanted) or _likely(block, wanted):
            return True
        tail = block[-_AROUND_BYTES:]
    return False


def _part_may_hold(path: str, start: int, end: int, literals: Sequence[str]) -> bool:
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123
        file.seek(start)

        def blocks() -> Iterable[bytes]:
            left = end - start
            while left > 0 and (block := file.read(min(_BLOCK_BYTES, left))):
                left -= len(block)
                yield block

        return blocks_may_hold(blocks(), literals)


def _search() -> Callable[[bytes, bytes], bool]:
    """Return whether bytes hold a word, asked of the C library where it can tell: twice as fast as `in`."""
    try:
        memmem = ctypes.CDLL(None).memmem
    except (OSError, TypeError, AttributeError):  # not every system has it
        return bytes.__contains__
    memmem.restype = ctypes.c_void_p
    memmem.argtypes = (ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t)
    return lambda block, word: memmem(block, len(block), word, len(word)) is not None


def _likely(block: bytes, literals: list[bytes]) -> bool:
    for literal in literals:
        if not _holds(block, literal):
            continue
        at = block.find(literal)
        while at >= 0:
            if _LIKELY.search(block, max(0, at - _AROUND_BYTES), at + _AROUND_BYTES):
                return True
            at = block.find(literal, at + 1)
    return False


_holds = _search()

if __name__ == "__main__":
    name, first, last, *words = sys.argv[1:]
    sys.exit(1 if _part_may_hold(name, int(first), int(last), words) else 0)
