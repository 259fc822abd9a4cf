"""Events become slices that nest and are balanced, on the track of whoever they are about."""

from __future__ import annotations

from gputlb.report.timeline import Timeline, Values
from gputlb.runtime import Event


class Written:
    """A trace writer that keeps what it is told."""

    def __init__(self) -> None:
        self.lines: list[tuple[object, ...]] = []

    def begin(self, track: str, time_ns: int, name: str) -> None:
        self.lines.append(("begin", track, time_ns, name))

    def end(self, track: str, time_ns: int) -> None:
        self.lines.append(("end", track, time_ns))

    def mark(self, track: str, time_ns: int, name: str, values: Values) -> None:
        self.lines.append(("mark", track, time_ns, name, values))


def lines_of(*events: tuple[int, str, str, tuple[object, ...]]) -> list[tuple[object, ...]]:
    written = Written()
    timeline = Timeline(written, {"gt0.tlb.invalidate_lock"})
    for time_ns, agent, kind, values in events:
        timeline(Event(time_ns, agent, kind, values))
    timeline.close()
    return written.lines


def test_a_flush_lies_within_its_release():
    assert [
        ("begin", "client0", 1, "release"),
        ("begin", "client0", 2, "under the invalidation mutex"),
        ("end", "client0", 3),
        ("end", "client0", 4),
    ] == lines_of(
        (1, "client0", "begin", ("release",)),
        (2, "client0", "mutex_lock", ("gt0.tlb.invalidate_lock",)),
        (3, "client0", "mutex_unlock", ("gt0.tlb.invalidate_lock",)),
        (4, "client0", "end", ("release",)),
    )


def test_other_mutexes_are_not_shown():
    assert [] == lines_of((1, "a", "mutex_lock", ("object.lock",)), (2, "a", "mutex_unlock", ("object.lock",)))


def test_contexts_that_overlap_are_one_slice():
    assert [("begin", "rcs0", 1, "running"), ("end", "rcs0", 4)] == lines_of(
        (1, "client0", "context", ("rcs0", "start")),
        (2, "client1", "context", ("rcs0", "start")),
        (3, "client0", "context", ("rcs0", "end")),
        (4, "client1", "context", ("rcs0", "end")),
    )


def test_units_and_domains_have_tracks_of_their_own():
    assert [
        ("begin", "render domain", 1, "powered"),
        ("begin", "rcs0 invalidation unit", 2, "invalidate"),
        ("end", "rcs0 invalidation unit", 3),
        ("end", "render domain", 4),
    ] == lines_of(
        (1, "render.power", "power", ("render", True)),
        (2, "rcs0.unit", "unit", ("rcs0", "begin")),
        (3, "rcs0.unit", "unit", ("rcs0", "end")),
        (4, "render.power", "power", ("render", False)),
    )


def test_what_is_open_at_the_end_ends_with_the_last_event():
    assert [("begin", "client0", 1, "use"), ("end", "client0", 9)] == lines_of(
        (1, "client0", "begin", ("use",)), (9, "nobody", "unknown", ())
    )


def test_an_end_that_never_began_is_left_out():
    assert [] == lines_of((1, "client0", "end", ("use",)))


def test_marks_name_registers_and_give_numbers_in_hexadecimal():
    assert [
        ("mark", "client0", 1, "write GEN12_GFX_TLB_INV_CR", {"offset": "0xced8", "value": "0x1"}),
        ("mark", "client0", 2, "GEN12_GFX_TLB_INV_CR cleared", {"offset": "0xced8", "mask": "0x1"}),
        ("mark", "client0", 3, "GEN12_GFX_TLB_INV_CR did not clear in time", {"offset": "0xced8", "mask": "0x1"}),
        ("mark", "client0", 4, "write to 0x4 lost", {"offset": "0x4", "value": "0x7", "why": "asleep"}),
        ("mark", "client0", 5, "no flush: passed", {}),
        ("mark", "client0", 6, "it did not complete", {}),
        ("mark", "vcs0", 7, "stale access: too late", {"engine": "vcs0", "page": 3}),
    ] == lines_of(
        (1, "client0", "write", (0xCED8, 1)),
        (2, "client0", "wait", (0xCED8, 1, 0, 100, 4, "ok")),
        (3, "client0", "wait", (0xCED8, 1, 0, 100, 4, "timeout")),
        (4, "client0", "write_lost", (4, 7, "asleep")),
        (5, "client0", "skip", ("passed",)),
        (6, "client0", "err", ("it did not complete",)),
        (7, "vcs0", "violation", ("too late", {"engine": "vcs0", "page": 3})),
    )
