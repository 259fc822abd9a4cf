"""Lines cut by hand are cut as the format's pattern cuts them, whatever stands in them."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from gputlb.diagnose.traces._text import TraceParser

COMMS = ["kworker/1:2", "<idle>", "Xorg", "a-1 [000] b", "x: y", "app-12 z", "tab\tin it", "1.5", "a-1 [001] 2.5:\t"]
FIELDS = [
    "",
    "dev=0000:03:00.0, fence=0000beef, seqno=7",
    "a: b: c",
    "  two blanks",
    "x-7 [001] 3.5: y: z",
    "\t",
]
EVENTS = [
    "xe_tlb_inval_fence_send",
    "xe:xe_guc_ctb_h2g",
    "i915:i915_reg_rw",
    "(+1.5) sched_switch",
    "12  cycles",
    "9bad",
]
TIMES = ["1.000001", "22.5", "1e5", "7", "7.", ".5", "-1.5", "1_0.0", "nan", "\u0663.\u0664"]
SHAPES = [
    lambda comm, pid, cpu: f"{comm:>16}-{pid:<7} [{cpu:03}] d..1. ",
    lambda comm, pid, cpu: f"{comm:>16}-{pid:<5} [{cpu:03}] ",
    lambda comm, pid, cpu: f"{comm:>8}-{pid:<5} {cpu:3}d..1. ",
    lambda comm, pid, cpu: f"{comm:>16} {pid:6} [{cpu:03}] ",
    lambda comm, pid, cpu: f"{comm}-{pid} (  {pid}) [{cpu:03}] .....  ",
]
LINES = st.builds(
    lambda shape, comm, pid, cpu, time, colon, event, fields: f"{shape(comm, pid, cpu)}{time}{colon}{event}: {fields}",
    st.sampled_from(SHAPES), st.sampled_from(COMMS), st.sampled_from([0, 7]), st.sampled_from([0, 1]),
    st.sampled_from(TIMES) | st.sampled_from(TIMES[:2]), st.sampled_from([": ", ":   ", ":\t", ":"]),
    st.sampled_from(EVENTS), st.sampled_from(FIELDS),
)  # fmt: skip


class Plain(TraceParser):
    """A parser that learns nothing: every line goes through its pattern."""

    def _learn(self, *_parts):
        pass


@settings(max_examples=300, deadline=None)
@given(
    few=st.lists(LINES | st.text(max_size=40), min_size=1, max_size=8), order=st.lists(st.integers(0, 7), max_size=60)
)
def test_a_known_line_is_cut_as_the_pattern_cuts_it(few, order):
    lines = [few[at % len(few)] for at in order]
    quick, plain = TraceParser(), Plain()

    for number, line in enumerate(lines, 1):
        assert repr(plain.parse(line, number)) == repr(quick.parse(line, number))
        assert plain.format == quick.format


@settings(max_examples=200, deadline=None)
@given(first=LINES, times=st.lists(st.sampled_from(TIMES), max_size=12), fields=st.sampled_from(FIELDS))
def test_another_time_in_a_known_line_changes_nothing_else(first, times, fields):
    quick, plain = TraceParser(), Plain()
    lines = [first.replace("1.000001", time).replace("22.5", time).replace("a: b: c", fields) for time in times]

    for number, line in enumerate([first, first, *lines], 1):
        assert repr(plain.parse(line, number)) == repr(quick.parse(line, number))
