"""Register access: forcewake domains with their reference counts, the lock, and the wait in two phases."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from gputlb import facts
from gputlb.driver.forcewake import COUNT, FIELD_BITS, TOUCHED, Domain, DomainSet
from gputlb.runtime import SPINNING, Naps

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterable

    from gputlb.facts import ForcewakeDomain
    from gputlb.runtime import Registers, Runtime

GSI_RANGE_BYTES = 0x40000
"""Offsets below this move with the GT; those above are absolute (Linux 6.12 intel_uncore.c, `is_gsi_reg`)."""

_KERNEL = 1 << 0  # the driver's bit in a forcewake register; 1 and 15 belong to user space and the fallback


class Uncore:
    """A GT's way to its registers.

    Args:
        runtime: what an `await` means here.
        registers: where the BAR is.
        prefix: the GT's name, for the names of cells and locks.
        domains: the forcewake domains, in the order in which they are asked for.
        gsi_offset: added to offsets below 0x40000.

    """

    def __init__(
        self,
        runtime: Runtime,
        registers: Registers,
        *,
        prefix: str = "gt0",
        domains: Iterable[ForcewakeDomain] = (),
        gsi_offset: int = 0,
    ) -> None:
        timing = facts.timing()
        self._runtime = runtime
        self._observers = runtime.events.observers
        self.registers = registers
        self.prefix = prefix
        self.gsi_offset = gsi_offset
        self.lock = runtime.spin_lock("uncore")
        self.domains = tuple(Domain(row, index) for index, row in enumerate(domains))
        self._forcewake = runtime.cell(f"{prefix}.forcewake", max(1, FIELD_BITS * len(self.domains)))
        self._sets = {
            "ALL": DomainSet(self.domains),
            "GT": DomainSet(tuple(domain for domain in self.domains if domain.name == "gt")),
        }
        self.naps = Naps(timing.nap_first_us, timing.nap_longest_us)
        self._ack_us = timing.forcewake_ack_ms * 1000
        self._delay_us = timing.forcewake_delayed_put_us
        self._delay_slack_us = timing.forcewake_delayed_put_slack_us

    def absolute(self, offset: int) -> int:
        """Return where in the BAR the GT's register `offset` is."""
        return offset + self.gsi_offset if offset < GSI_RANGE_BYTES else offset

    async def references(self, domain_name: str) -> int:
        """Return how many references a forcewake domain has now, the delayed release's one included."""
        word = await self._forcewake.load()
        return next(domain.field(word) & COUNT for domain in self.domains if domain.name == domain_name)

    async def read_fw(self, offset: int) -> int:
        """Read a register; forcewake and, where several accesses belong together, the lock must be held."""
        return await self.registers.read(self.absolute(offset))

    def write_fw(self, offset: int, value: int) -> Awaitable[None]:
        """Write a register; forcewake and, where several accesses belong together, the lock must be held."""
        if self._observers:
            self._runtime.emit("write", offset, value)
        return self.registers.write(offset + self.gsi_offset if offset < GSI_RANGE_BYTES else offset, value)

    async def wait_for_register_fw(
        self, offset: int, mask: int, value: int, fast_us: int, slow_ms: int, *, kind: str = "wait"
    ) -> bool:
        """Wait until `register & mask == value`: spin for `fast_us`, then nap for `slow_ms`; return whether it came.

        Naps double from 10 µs until one is at least 1 ms, and there is one last look after the time is up.
        Forcewake must be held, no spin lock may be. Source: Linux 6.12 intel_uncore.c,
        `__intel_wait_for_register_fw`, and `wait_for` in i915_wait_util.h.
        """
        where = offset + self.gsi_offset if offset < GSI_RANGE_BYTES else offset
        arrived = await self.registers.until(where, mask, value, fast_us, SPINNING)
        if not arrived and slow_ms:
            arrived = await self.registers.until(where, mask, value, slow_ms * 1000, self.naps)
        if self._observers:
            self._runtime.emit(kind, offset, mask, value, fast_us, slow_ms, "ok" if arrived else "timeout")
        return arrived

    async def forcewake_get(self, which: str = "ALL") -> None:
        """Wake the domains `which` (`ALL`, or `GT` for one) and hold a reference on each.

        All sleeping ones are asked first, then all answers awaited, 50 ms each, spinning, under the lock.
        A domain that does not answer is reported with an `err` event and treated as awake, as Linux does.
        """
        if self._observers:
            self._runtime.emit("fw_get", which)
        if not self.domains:
            return
        chosen = self._sets[which]
        async with self.lock:
            asleep = chosen.unreferenced(await self._forcewake.update(chosen.take))
            for domain in asleep:
                await self._ask(domain)
            for domain in asleep:
                if not await self.registers.until(domain.ack_offset, _KERNEL, _KERNEL, self._ack_us, SPINNING):
                    await self._unanswered(domain, "ack request")
                self._runtime.emit("fw_awake", domain.name)

    async def forcewake_put(self, which: str = "ALL") -> None:
        """Give the references of `forcewake_get` back; a domain without any may sleep at once."""
        if self._observers:
            self._runtime.emit("fw_put", which)
        if not self.domains:
            return
        chosen = self._sets[which]
        async with self.lock:
            for domain in chosen.on_last_reference(await self._forcewake.update(chosen.give_back)):
                await self._let_sleep(domain)

    async def forcewake_put_delayed(self, which: str = "ALL") -> None:
        """Give the references back, but keep each domain awake for 1 to 2 ms after its last use.

        Flurries of flushes then do not pay for waking each time, and Ice Lake cannot cope with too rapid changes
        (comment in the July 2022 patch). The release itself is done by the agents of `delayed_release`.
        """
        if self._observers:
            self._runtime.emit("fw_put_delayed", which)
        if not self.domains:
            return
        chosen = self._sets[which]
        async with self.lock:
            word = await self._forcewake.update(chosen.give_back_later)
            for domain in chosen.on_last_reference_while_armed(word):
                await self._let_sleep(domain)

    def start_delayed_release(self) -> None:
        """Add, for each domain, the agent that is its timer; without them a delayed put never lets a domain sleep."""
        for domain in self.domains:
            self._runtime.agent(
                f"{self.prefix}.{domain.name}.timer", partial(self.delayed_release, domain), forever=True
            )

    async def delayed_release(self, domain: Domain) -> None:
        """Wait until a delayed put arms the timer of `domain`, let its time pass, release it unless it was used."""
        await self._forcewake.until(domain.is_armed)
        await self._runtime.sleep(self._delay_us + self._delay_slack_us // 2)
        async with self.lock:
            field = domain.field(await self._forcewake.update(domain.expire))
            if not field & TOUCHED and field & COUNT == 1:
                await self._let_sleep(domain)

    async def release_all(self) -> None:
        """Let every domain sleep whatever its references, when the driver goes."""
        async with self.lock:
            word = await self._forcewake.load()
            await self._forcewake.store(0)
            for domain in self.domains:
                if domain.field(word) & COUNT:
                    await self._let_sleep(domain)

    async def _ask(self, domain: Domain) -> None:
        # An answer that is still up from before would be taken for the new one.
        if not await self.registers.until(domain.ack_offset, _KERNEL, 0, self._ack_us, SPINNING):
            await self._unanswered(domain, "ack to clear")
        await self.registers.write(domain.request_offset, _KERNEL << 16 | _KERNEL)

    async def _let_sleep(self, domain: Domain) -> None:
        self._runtime.emit("fw_asleep", domain.name)
        await self.registers.write(domain.request_offset, _KERNEL << 16)

    async def _unanswered(self, domain: Domain, what: str) -> None:
        text = f"{domain.name}: timed out waiting for forcewake {what}."
        if await self.registers.read(domain.ack_offset) == 0xFFFFFFFF:
            text = f"{domain.name}: MMIO unreliable (forcewake register returns 0xFFFFFFFF)!"
        self._runtime.emit("err", text)
