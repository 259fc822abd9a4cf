"""The sequence number's arithmetic, by example and by law; the proof for all values is in test_seqno_proof.py."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gputlb.driver import SeqnoOutOfRange, after_flush, distance, round_up_to_even, seqno_passed, stamp
from gputlb.runtime import DirectRuntime, PlainRegisters
from tests.driver.parts import NoRegisters, bare_tlb

UINT32 = st.integers(0, 2**32 - 1)
EVEN = UINT32.map(lambda n: n & ~1)


@pytest.mark.parametrize(("seqno", "rounded"), [(0, 0), (1, 2), (2, 2), (0xFFFFFFFE, 0xFFFFFFFE), (0xFFFFFFFF, 0)])
def test_rounding_up_to_even_wraps(seqno: int, rounded: int):
    assert rounded == round_up_to_even(seqno)


@pytest.mark.parametrize(
    ("later", "earlier", "apart"),
    [(2, 0, 2), (0, 2, -2), (0, 0xFFFFFFFE, 2), (0xFFFFFFFE, 0, -2), (2**31, 0, -(2**31)), (2**31 - 1, 0, 2**31 - 1)],
)
def test_distance_is_signed_and_wraps(later: int, earlier: int, apart: int):
    assert apart == distance(later, earlier)


@pytest.mark.parametrize(
    ("current", "wanted", "passed"),
    [
        (0, 0, False),
        (2, 0, True),
        (0, 1, False),
        (2, 1, False),
        (4, 1, True),
        (0xFFFFFFFE, 0xFFFFFFFF, False),
        (0, 0xFFFFFFFF, False),
        (2, 0xFFFFFFFF, True),
        (0x80000000, 1, True),
        (0x80000002, 1, False),
    ],
)
def test_a_stamp_has_passed_two_flushes_later(current: int, wanted: int, passed: bool):
    assert passed is seqno_passed(current, wanted)


@given(EVEN)
def test_the_flush_that_may_be_running_does_not_count_and_the_next_one_does(counter: int):
    wanted = stamp(counter)

    assert not seqno_passed(counter, wanted)
    assert not seqno_passed(after_flush(counter), wanted)
    assert seqno_passed(after_flush(after_flush(counter)), wanted)


@given(UINT32)
def test_a_stamp_is_odd_and_so_never_0(counter: int):
    assert 1 == stamp(counter) % 2


@given(UINT32, UINT32)
def test_passed_is_a_positive_distance_from_the_rounded_stamp(current: int, wanted: int):
    assert seqno_passed(current, wanted) == (distance(current, round_up_to_even(wanted)) > 0)


@given(UINT32, UINT32, UINT32)
def test_everything_is_the_same_after_a_common_shift_by_an_even_number(current: int, wanted: int, shift: int):
    even = shift & ~1

    assert seqno_passed(current, wanted) == seqno_passed((current + even) % 2**32, (wanted + even) % 2**32)


@given(UINT32)
def test_a_flush_adds_two(counter: int):
    assert 2 == distance(after_flush(counter), counter)
    assert 0 <= after_flush(counter) < 2**32


@pytest.mark.parametrize("seqno", [-1, 2**32])
def test_a_seqno_outside_32_bits_is_refused(seqno: int):
    text = f"sequence number {seqno} is not in 0 … 4294967295; reduce it modulo 2**32"
    runtime = DirectRuntime()
    tlb = bare_tlb(runtime, PlainRegisters(runtime, NoRegisters()))

    with pytest.raises(SeqnoOutOfRange) as asked:
        runtime.run(tlb.invalidate_full(seqno))
    with pytest.raises(SeqnoOutOfRange) as begun:
        bare_tlb(runtime, PlainRegisters(runtime, NoRegisters()), seqno=seqno)

    assert (text, text) == (str(asked.value), str(begun.value))
