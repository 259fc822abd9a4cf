"""Objects: stamped after unbinding, flushed before their pages go back, stamps cleared in every case."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from gputlb import facts
from gputlb.driver import AddressSpaceFull, GemObject, Gt, GtDescription, PageTable, Tlb, Vma, scheme, wedge_gt
from gputlb.driver.schemes import NoFlush
from gputlb.runtime import PlainRegisters
from tests.driver.parts import Bench

if TYPE_CHECKING:
    from collections.abc import Sequence


class Pages:
    """A system that lends pages 100, 101, … and notes on the event stream when it gets them back."""

    pages = 128

    def __init__(self, bench: Bench) -> None:
        self.bench = bench

    async def lend(self, count: int, tenant: int) -> tuple[int, ...]:
        del tenant
        return tuple(range(100, 100 + count))

    async def take_back(self, pages: Sequence[int]) -> None:
        self.bench.runtime.emit("pages_back", *pages)


class Bound:
    """An object of two pages, bound at virtual page 4."""

    def __init__(self, bench: Bench, *more: Tlb) -> None:
        self.bench = bench
        self.table = PageTable(bench.runtime, "ppgtt", 8)
        self.gem = GemObject(bench.runtime, [bench.tlb, *more], Pages(bench), page_count=2, name="object")
        self.vma = Vma(self.gem, self.table, 4)
        bench.run(self.gem.get_pages(7))
        bench.run(self.vma.bind())

    def entries(self) -> list[int]:
        return [self.bench.run(entry.load()) for entry in self.table.entries]

    def stamps(self) -> list[int]:
        return [self.bench.run(stamp.load()) for stamp in self.gem.stamps]

    def release(self) -> list[tuple[Any, ...]]:
        self.bench.recorder.events.clear()
        self.bench.run(self.vma.unbind())
        assert self.stamps()[0] & 1
        self.bench.run(self.gem.release_pages())
        assert [0] * len(self.gem.stamps) == self.stamps()
        return self.bench.events("skip", "seqno", "pages_back")


def test_binding_writes_the_entries_and_unbinding_clears_them():
    bound = Bound(Bench().set_up())
    assert [False] * 4 + [True] * 2 + [False] * 2 == [entry != 0 for entry in bound.entries()]
    bound.bench.run(bound.vma.unbind())
    assert [0] * 8 == bound.entries()


class ToldTable(PageTable):
    """A page table that says when it has cleared entries."""

    async def clear(self, first: int, count: int) -> None:
        await super().clear(first, count)
        told.append("cleared")


class ToldScheme(NoFlush):
    """A scheme that says when a stamp is taken."""

    def stamp(self, seqno: int) -> int:
        told.append("stamped")
        return super().stamp(seqno)


told: list[str] = []


def test_the_stamp_is_taken_after_the_entries_are_cleared():
    """A stamp from before would count a flush that ran between the two."""
    bench = Bench()
    gem = GemObject(bench.runtime, [Tlb(bench.gt, ToldScheme(bench.gt))], Pages(bench), page_count=2, name="object")
    told.clear()
    bench.run(Vma(gem, ToldTable(bench.runtime, "ppgtt", 8), 4).unbind())

    assert ["cleared", "stamped"] == told


def test_pages_go_back_after_the_flush():
    assert [("seqno", 2), ("pages_back", 100, 101)] == Bound(Bench().set_up()).release()


def test_pages_of_an_object_that_was_never_unbound_need_no_flush():
    bound = Bound(Bench().set_up())
    bound.bench.recorder.events.clear()
    bound.bench.run(bound.gem.release_pages())

    assert [("pages_back", 100, 101)] == bound.bench.events("skip", "seqno", "pages_back")


@pytest.mark.parametrize(
    ("gt", "why"), [({"mock": True}, "mock"), ({"wedged": True}, "wedged"), ({"pm_references": 0}, "asleep")]
)
def test_the_stamp_is_cleared_even_if_nothing_was_flushed(gt: dict[str, Any], why: str):
    assert [("skip", why), ("pages_back", 100, 101)] == Bound(Bench(**gt).set_up()).release()


def test_the_stamp_is_cleared_when_two_other_flushes_have_passed():
    bound = Bound(Bench().set_up())
    bound.bench.run(bound.vma.unbind())
    for seqno in (0, 2):
        bound.bench.run(bound.bench.tlb.invalidate_full(seqno))
    bound.bench.recorder.events.clear()
    bound.bench.run(bound.gem.release_pages())

    assert [("skip", "passed"), ("pages_back", 100, 101)] == bound.bench.events("skip", "seqno", "pages_back")
    assert [0] == bound.stamps()


def test_each_gt_has_a_stamp_and_a_flush_of_its_own():
    bench = Bench("MTL").set_up()
    media = GtDescription.of(facts.platform("MTL"), "media")
    bench.bar.ack_of |= {domain.request_offset: domain.ack_offset for domain in media.forcewake}
    gt1 = Gt(bench.runtime, PlainRegisters(bench.runtime, bench.bar), media, awake=["vcs0"])
    tlb1 = Tlb(gt1, scheme("mmio")(gt1), seqno=40)
    bench.run(tlb1.scheme.set_up())
    bound = Bound(bench, tlb1)
    bench.run(bound.vma.unbind())

    assert [1, 41] == bound.stamps()
    assert [("seqno", 2), ("seqno", 42), ("pages_back", 100, 101)] == bound.release()


def test_more_pages_than_the_address_space_has_are_refused():
    bench = Bench()
    table = PageTable(bench.runtime, "ppgtt", 8)

    with pytest.raises(AddressSpaceFull) as caught:
        bench.run(table.map(7, [1, 2], 1))

    assert "virtual page 8 does not exist: the address space has 8" == str(caught.value)


def test_a_gt_is_reset_before_it_is_marked_as_given_up():
    bench = Bench().set_up()
    bench.run(wedge_gt(bench.gt))

    assert [("reset", "begin"), ("write", 0x941C, 1), ("write", 0x941C, 1), ("reset", "done"), ("wedged",)] == (
        bench.events("reset", "write", "wedged")
    )
    assert bench.run(bench.gt.is_wedged())
    assert [("skip", "wedged")] == [event for event in Bound(bench).release() if event[0] == "skip"]


def test_from_12_70_on_a_reset_is_done_once():
    bench = Bench("MTL").set_up()
    bench.run(wedge_gt(bench.gt))

    assert [("write", 0x941C, 1)] == bench.events("write")


def test_a_reset_that_does_not_end_in_2_ms_has_failed():
    bench = Bench().set_up()
    bench.bar.words[0x941C] = 1
    bench.run(wedge_gt(bench.gt))

    assert [("reset", "begin"), ("reset", "failed"), ("wedged",)] == bench.events("reset", "wedged")
    assert 2_000_000 <= bench.runtime.now_ns < 3_000_000


def test_a_reset_holds_the_uncore_lock_and_all_forcewake():
    bench = Bench().set_up()
    bench.run(wedge_gt(bench.gt))
    kinds = [event[0] for event in bench.events()]

    assert ["lock", "write", "write", "unlock"] == kinds[kinds.index("reset") + 1 : kinds.index("write") + 3]
    assert ("fw_get", "ALL") == bench.events()[0]
