"""What each scheme does where it differs from the others."""

from __future__ import annotations

import pytest

from gputlb.driver import NotSetUp, ProbeFailed
from tests.driver.parts import Bench


class Firmware:
    def __init__(self, ready: bool) -> None:
        self.ready = ready
        self.asked = 0

    async def is_ready(self) -> bool:
        return self.ready

    async def invalidate_engines(self) -> None:
        self.asked += 1


def test_unbatched_flushes_however_many_have_passed():
    bench = Bench(scheme_name="unbatched").set_up()
    for _ in range(3):
        bench.run(bench.tlb.invalidate_full(1))

    assert [("seqno", 2), ("seqno", 4), ("seqno", 6)] == bench.events("seqno", "skip")


def test_none_never_flushes():
    bench = Bench(scheme_name="none").set_up()
    bench.run(bench.tlb.invalidate_full(1))

    assert [("skip", "passed")] == bench.events()


@pytest.mark.parametrize(("ready", "asked"), [(True, 1), (False, 0)])
def test_guc_asks_the_firmware_if_it_is_ready_and_counts_in_any_case(ready: bool, asked: int):
    firmware = Firmware(ready)
    bench = Bench("MTL", "guc", guc=firmware).set_up()
    bench.run(bench.tlb.invalidate_full(0))

    assert asked == firmware.asked
    assert [("seqno", 2)] == bench.events("seqno", "write", "mcr_write", "fw_get")


def test_guc_uses_registers_where_the_platform_does():
    firmware = Firmware(True)
    bench = Bench("TGL", "guc", guc=firmware).set_up()
    bench.run(bench.tlb.invalidate_full(0))

    assert 0 == firmware.asked
    assert 6 == len(bench.events("write"))


def test_guc_without_a_firmware_does_not_load():
    with pytest.raises(ProbeFailed) as caught:
        Bench("MTL", "guc").set_up()

    assert -19 == caught.value.errno
    assert "scheme 'guc' on METEORLAKE needs a GuC, which is not modelled here; use scheme 'mmio'" == str(caught.value)


@pytest.mark.parametrize(("platform", "name"), [("TGL", "mmio"), ("TGL", "unbatched"), ("TGL", "guc"), ("MTL", "guc")])
def test_a_scheme_that_was_not_set_up_does_not_flush_nothing_in_silence(platform: str, name: str):
    bench = Bench(platform, name)
    with pytest.raises(NotSetUp) as caught:
        bench.run(bench.tlb.invalidate_full(0))

    assert (
        f"scheme {name!r} was asked to flush gt0 before it was set up; "
        "use `async with tlb:`, or await `tlb.scheme.set_up()` first"
    ) == str(caught.value)
