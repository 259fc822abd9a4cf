"""A GT at hand: the driver of one GT on registers of one's own, without a word of `async`."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Literal

from gputlb import facts
from gputlb.driver import Gt, GtDescription, Tlb
from gputlb.driver import scheme as find_scheme
from gputlb.errors import did_you_mean
from gputlb.runtime import DirectRuntime, PlainRegisters

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gputlb.runtime import Event, ReadWrite


KEPT_EVENTS = 10_000


class PromptRegisters:
    """Registers of a GPU that does everything at once: no request is ever pending, forcewake is granted when asked.

    Every write is kept in `writes`, as (offset into the BAR, value).
    """

    def __init__(self, description: GtDescription) -> None:
        self.writes: list[tuple[int, int]] = []
        self._words: dict[int, int] = {}
        self._ack_of = {domain.request_offset: domain.ack_offset for domain in description.forcewake}
        if description.graphics >= (12, 70):
            # The steering semaphore reads 1 to whoever asks: nobody else steers.
            self._words[facts.register_named("MTL_STEER_SEMAPHORE").offset + description.gsi_offset] = 1

    def read(self, offset: int) -> int:
        """Return a register's value; 0 where nothing is pending."""
        return self._words.get(offset, 0)

    def write(self, offset: int, value: int) -> None:
        """Keep the write, and grant forcewake."""
        self.writes.append((offset, value))
        ack = self._ack_of.get(offset)
        if ack is not None:
            self._words[ack] = value & value >> 16


class OpenGt:
    """A GT whose engines are awake, with its TLB invalidation, to be called like any object.

    `gt`, `tlb` and `runtime` are the parts behind it, for everything that this does not offer.
    """

    def __init__(self, runtime: DirectRuntime, tlb: Tlb, registers: ReadWrite) -> None:
        self.runtime = runtime
        self.tlb = tlb
        self.gt = tlb.gt
        self.registers = registers
        self.events: deque[Event] = deque(maxlen=KEPT_EVENTS)
        """What has happened lately, oldest first; `events.clear()` forgets it."""
        runtime.events.listen(self.events.append)
        runtime.run(tlb.scheme.set_up())

    @property
    def seqno(self) -> int:
        """The sequence number: 32 bits, 2 more after each full flush."""
        return self.runtime.run(self.tlb.seqno())

    def next_invalidate_full(self) -> int:
        """Return the stamp by which a later flush is to be asked for."""
        return self.runtime.run(self.tlb.next_invalidate_full())

    def invalidate_full(self, seqno: int) -> None:
        """See to it that every engine has dropped its translations since the stamp `seqno` was taken.

        Raises: `SeqnoOutOfRange`.
        """
        self.runtime.run(self.tlb.invalidate_full(seqno))

    def close(self) -> None:
        """Let the GT's forcewake domains sleep."""
        self.runtime.run(self.tlb.close())
        self.runtime.run(self.gt.uncore.release_all())

    def __enter__(self) -> OpenGt:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def open_gt(
    platform: str,
    registers: ReadWrite | None = None,
    *,
    scheme: str = "mmio",
    gt_type: Literal["primary", "media"] = "primary",
    awake: Iterable[str] | None = None,
) -> OpenGt:
    """Return a GT of a platform, ready to be invalidated.

    Args:
        platform: name, codename or PCI id, as for `gputlb platforms`.
        registers: any object with `read(offset)` and `write(offset, value)`, offsets in bytes into the BAR; without
            it, `PromptRegisters`.
        scheme: how a flush is done: a name or `package.module:Class`.
        gt_type: which GT, where a platform has two.
        awake: names of the engines that are awake; all of them unless given.

    Raises: `UnknownPlatform`, `NotRecorded`, `UnknownScheme`, `UnknownEngine`, `ProbeFailed`.

    >>> gt = open_gt("tigerlake")
    >>> gt.invalidate_full(gt.next_invalidate_full())
    >>> gt.seqno
    2

    """
    description = GtDescription.of(facts.platform(platform), gt_type)
    names = [engine.name for engine in description.engines]
    chosen = names if awake is None else list(awake)
    for name in chosen:
        if name not in names:
            raise facts.UnknownEngine(
                f"{description.platform} has no engine {name!r}{did_you_mean(name, names)}; it has {', '.join(names)}"
            )
    runtime = DirectRuntime()
    target = PromptRegisters(description) if registers is None else registers
    gt = Gt(runtime, PlainRegisters(runtime, target), description, awake=chosen, pm_references=1)
    return OpenGt(runtime, Tlb(gt, find_scheme(scheme)(gt)), target)
