"""Bindings of a trace are followed from their first bind to the release of their pages."""

from __future__ import annotations

import pytest

from gputlb.diagnose import UnreadableInput
from gputlb.diagnose.traces import VmaHistory, _vmas, explain_trace, open_trace

START = 3120.5
TRACEFS = "  Xorg:cs0-812     [002] .....  {time:.6f}: {event}: {fields}"
TRACE_CMD = "         Xorg:cs0-812   [002]  {time:.6f}: {event}:   {fields}"
PERF = "Xorg:cs0   812 [002]  {time:.6f}: i915:{event}: {fields}"
SHAPES = [TRACEFS, TRACE_CMD, PERF]


def vma(what, at_us, obj="a", *, size=0x2000, offset=0x10000, shape=TRACEFS):
    fields = f"obj=00000000{obj:0>8}, offset=0x{offset:016x} size=0x{size:x} vm=00000000c0ffee00"
    return shape.format(time=START + at_us / 1e6, event=f"i915_vma_{what}", fields=fields)


def destroy(at_us, obj="a", shape=TRACEFS):
    return shape.format(time=START + at_us / 1e6, event="i915_gem_object_destroy", fields=f"obj=00000000{obj:0>8}")


def history_of(tmp_path, *lines):
    path = tmp_path / "trace.txt"
    path.write_text("# tracer: nop\n#\n" + "\n".join(lines) + "\n", encoding="utf-8")
    history = VmaHistory("trace.txt")
    explain_trace(open_trace(str(path)), vmas=history)
    return history


def deeds_of(history):
    return [(round(row.time_us), row.deed, row.number) for row in history.rows()]


@pytest.mark.parametrize("shape", SHAPES)
def test_an_object_is_released_when_it_is_destroyed(shape, tmp_path):
    lines = (vma("bind", 0, shape=shape), vma("unbind", 850, shape=shape), destroy(900, shape=shape))
    history = history_of(tmp_path, *lines)

    assert [(0, "bind", 0), (850, "unbind", 0), (900, "release", 0)] == deeds_of(history)
    assert {0x2000} == {row.size_bytes for row in history.rows()}
    assert (True, 0, 0) == (history.knows_destruction, history.bound_before, history.unread)


def test_only_the_last_unbind_before_destruction_counts(tmp_path):
    """What is bound again has kept its pages, and i915 waits only for the newest stamp."""
    history = history_of(
        tmp_path,
        vma("bind", 0),
        vma("unbind", 100),
        vma("bind", 200),
        vma("unbind", 300),
        destroy(400),
    )

    assert [(0, "bind", 0), (300, "unbind", 0), (400, "release", 0)] == deeds_of(history)


def test_what_is_not_destroyed_is_not_released(tmp_path):
    history = history_of(tmp_path, vma("bind", 0), vma("bind", 5, "b"), vma("unbind", 9, "b"), destroy(20, "f"))

    assert [(0, "bind", 0), (5, "bind", 1), (9, "unbind", 1)] == deeds_of(history)


def test_where_no_destruction_was_recorded_each_unbind_releases(tmp_path):
    history = history_of(tmp_path, vma("bind", 0), vma("unbind", 100), vma("bind", 200), vma("unbind", 300))

    first, second = [(0, "bind", 0), (100, "unbind", 0), (100, "release", 0)], [(200, "bind", 1)]
    assert [*first, *second, (300, "unbind", 1), (300, "release", 1)] == deeds_of(history)
    assert not history.knows_destruction


@pytest.mark.parametrize("end", [[], [destroy(70, "b")]])
def test_what_was_bound_before_the_trace_began_is_bound_at_its_start(end, tmp_path):
    history = history_of(tmp_path, vma("bind", 0), vma("unbind", 50, "b"), *end)

    assert (0, "bind", 1) in deeds_of(history)
    assert 1 == history.bound_before


def test_a_bind_for_another_use_is_no_second_one(tmp_path):
    """i915 reports a VMA again that gets another flavour of binding."""
    history = history_of(tmp_path, vma("bind", 0), vma("bind", 10), vma("unbind", 20))

    assert [(0, "bind", 0), (20, "unbind", 0), (20, "release", 0)] == deeds_of(history)


def test_the_same_address_after_destruction_is_another_object(tmp_path):
    history = history_of(tmp_path, vma("bind", 0), destroy(10), vma("bind", 10), vma("unbind", 30), destroy(40))

    assert [0, 0, 0, 1, 1, 1] == [number for _, _, number in sorted(deeds_of(history), key=lambda deed: deed[2])]


def test_fields_in_raw_order_are_read_and_strange_ones_counted(tmp_path):
    raw = "i915_vma_bind: obj=0xffff888101be7490 vm=0xffffc9000007fdf8 offset=65536 size=8192 flags=0x0"
    line = "  Xorg-812     [002] .....  3120.500000: "
    history = history_of(tmp_path, line + raw, line + "i915_vma_bind: obj=3, size=none", vma("unbind", 5))

    assert 8192 == next(history.rows()).size_bytes
    assert 1 == history.unread


def test_two_traces_in_one_are_refused(tmp_path):
    with pytest.raises(UnreadableInput) as caught:
        history_of(tmp_path, vma("bind", 2_000_000), vma("bind", 0))

    assert "trace.txt, line 4: 3120.500000 s comes after 3122.500000 s; give one trace at a time" == str(caught.value)


def test_events_of_two_processors_that_changed_places_are_not(tmp_path):
    history = history_of(tmp_path, vma("bind", 300), vma("unbind", 299))

    assert [0, 0, 0] == [time_us for time_us, _, _ in deeds_of(history)]


def test_what_is_kept_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(_vmas, "MOST_EVENTS", 3)
    with pytest.raises(UnreadableInput) as caught:
        history_of(tmp_path, *(vma("bind", at) for at in range(4)))

    assert ("trace.txt, line 6: more than 3 binds, unbinds and destructions; record for a shorter time") == str(
        caught.value
    )
