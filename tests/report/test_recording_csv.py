"""A recording made of a trace is one that `replay` reads, whatever the trace holds."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gputlb.diagnose.traces import VmaHistory
from gputlb.diagnose.traces._text import TraceLine
from gputlb.report.recording_csv import NothingToReplay, recording_csv
from gputlb.simulate.recording import MOST_PAGES, recording

events = st.tuples(
    st.sampled_from(["i915_vma_bind", "i915_vma_unbind", "i915_gem_object_destroy"]),
    st.integers(0, 5),
    st.sampled_from([1, 2, 3]),
    st.sampled_from([0x1000, 0x5123, 0x2000000, 1 << 40]),
    st.integers(0, 3000),
)


def history_of(happened):
    history = VmaHistory("trace.txt")
    time = 7.0
    for number, (name, obj, offset, size, gap_us) in enumerate(happened, 1):
        time += gap_us / 1e6
        fields = f"obj={obj:016x}, offset=0x{offset}000 size=0x{size:x} vm=c0ffee"
        history.read(TraceLine("Xorg", 812, 2, time, name, fields, number))
    return history


@given(st.lists(events, max_size=60))
def test_whatever_a_trace_holds_replay_takes_it(happened):
    history = history_of(happened)
    releases = sum(row.deed == "release" for row in history.rows())
    if not releases:
        with pytest.raises(NothingToReplay):
            recording_csv(history, "trace.txt")
        return
    text, remarks = recording_csv(history, "trace.txt")
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "recording.csv")
        path.write_text(text)
        read = recording(str(path))

    assert releases == read.releases
    assert read.pages <= MOST_PAGES
    assert remarks[0].startswith(f"{releases:,} releases; ")


BOUND = [("i915_vma_bind", 1, 1, 0x2000, 0), ("i915_vma_unbind", 1, 1, 0x2000, 850)]


def test_columns_and_remarks():
    large = [("i915_vma_bind", 2, 1, 1 << 25, 0), ("i915_vma_unbind", 3, 1, 1 << 25, 0)]
    text, remarks = recording_csv(history_of([*BOUND, *large]), "trace.txt")

    assert [
        "time_us,event,object,pages",
        "0.000,bind,vma0,1",
        "0.000,bind,vma2,4096",
        "850.000,unbind,vma0",
        "850.000,release,vma0",
        "850.000,bind,vma1,4096",
        "850.000,unbind,vma2",
        "850.000,release,vma2",
    ] == text.splitlines()
    assert [
        "2 releases; --duration-ms 1 replays all of it",
        "the trace does not say when objects are destroyed, so each is released as soon as it is unbound: "
        "record i915:i915_gem_object_destroy, too",
        "bound before the trace began, and taken as bound from its start: 1",
        "sizes are divided by 2, since replay holds 16,384 pages at once: multiply freed bytes",
    ] == remarks


def test_a_trace_in_which_nothing_is_released_says_what_to_record():
    with pytest.raises(NothingToReplay) as caught:
        recording_csv(history_of(BOUND[:1]), "trace.txt")

    assert (
        "trace.txt: no object of i915 is released in it; record with `trace-cmd record -e i915:i915_vma_bind "
        "-e i915:i915_vma_unbind -e i915:i915_gem_object_destroy`"
    ) == str(caught.value)


def test_more_objects_at_once_than_replay_can_hold_are_refused():
    many = [("i915_vma_bind", number, 1, 0x1000, 0) for number in range(MOST_PAGES + 1)]
    with pytest.raises(NothingToReplay) as caught:
        recording_csv(history_of([*many, ("i915_vma_unbind", 0, 1, 0x1000, 5)]), "trace.txt")

    assert (
        "trace.txt: more than 16,384 objects are bound at once, and replay holds no more; record for a shorter time"
    ) == str(caught.value)
