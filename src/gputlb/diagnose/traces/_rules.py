"""The rules that MMIO invalidation must keep, checked on traces that contain its register accesses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

from gputlb import facts

if TYPE_CHECKING:
    from collections.abc import Collection

    from gputlb.diagnose.traces._registers import Access, Named

Rule = Literal[
    "request without mask bits",
    "awake engine not requested",
    "no wait",
    "write outside forcewake",
    "gave up waiting",
]

MOST_VIOLATIONS = 1_000
FLUSH_GAP_S = 200e-6
"""Requests of one flush are written back to back; a longer pause begins another flush."""


class Violation(msgspec.Struct, frozen=True):
    """A rule broken at a line."""

    rule: Rule
    line: int
    time: float
    register: str
    text: str


class _Asked(msgspec.Struct):
    access: tuple[int, float, int]
    """Offset, time and line of the write."""
    bits: int
    register: facts.Register
    seen_set: bool = False
    reads: int = 0


class RuleChecker:
    """Follows requests, waits and forcewake; keeps what broke a rule.

    Attributes:
        violations: at most 1000.
        left_out: how many more there were.
        checked: the rules that this trace allowed to check.
        not_checked: the others, with the reason.
    """

    def __init__(self, platform: facts.Platform | None, awake: Collection[str] = ()) -> None:
        self._platform = platform
        self._awake = {facts.engine_named(name) for name in awake}
        self.violations: list[Violation] = []
        self.left_out = 0
        self.flushes = 0
        self._asked: dict[int, _Asked] = {}
        self._flush: dict[int, int] = {}
        self._flush_last: tuple[float, int] | None = None
        self._held: dict[str, int] = {}
        self._saw_forcewake = False
        self._saw_reads = False
        self._late_waits: list[_Asked] = []

    def read(self, access: Access, what: Named) -> None:
        """Take an access."""
        register = what.register
        if register is None:
            return
        if register.kind == "forcewake_req" and access.write:
            self._forcewake(access, register)
        elif register.kind == "tlb_inv":
            if access.write:
                self._request(access, register)
            else:
                self._poll(access)

    def _forcewake(self, access: Access, register: facts.Register) -> None:
        self._saw_forcewake = True
        mask, value = access.value >> 16 & 0xFFFF, access.value & 0xFFFF
        domain = register.domain or register.name
        self._held[domain] = self._held.get(domain, 0) & ~mask | (value & mask)

    def _request(self, access: Access, register: facts.Register) -> None:
        if self._flush_last is not None and access.time - self._flush_last[0] > FLUSH_GAP_S:
            self._end_flush()
        bits = access.value & 0xFFFF
        if register.masked and bits & ~(access.value >> 16):
            self._broken(
                "request without mask bits", access, register,
                f"0x{access.value & 0xFFFFFFFF:x} leaves the upper half without bit {_bits(bits)}: the "
                "hardware ignores the "
                f"write, and the poll reads 0 at once; write 0x{bits << 16 | bits:x}",
            )  # fmt: skip
        self._check_forcewake(access, register)
        earlier = self._asked.pop(access.offset, None)
        if earlier is not None:
            self._not_waited(earlier)
        self._asked[access.offset] = _Asked((access.offset, access.time, access.line), bits, register)
        self._flush[access.offset] = self._flush.get(access.offset, 0) | bits
        self._flush_last = (access.time, access.line)

    def _check_forcewake(self, access: Access, register: facts.Register) -> None:
        if not self._saw_forcewake or self._platform is None:
            return
        try:
            needed = facts.domain_of(register.offset, self._platform)
        except facts.NotRecorded:
            return
        asleep = [domain for domain in needed if not self._held.get(domain)]
        if asleep:
            self._broken(
                "write outside forcewake", access, register,
                f"needs the {' and '.join(asleep)} domain awake, which the driver had not asked for: the "
                "write is lost",
            )  # fmt: skip

    def _poll(self, access: Access) -> None:
        self._saw_reads = True
        asked = self._asked.get(access.offset)
        if asked is None:
            return
        asked.reads += 1
        if access.value & asked.bits:
            asked.seen_set = True
        else:
            del self._asked[access.offset]

    def engines_invalidated(self, mask: int, time: float, line: int) -> None:
        """Take the driver's own word on which engines it flushed: the mask of `invalidated engines`."""
        if not self._flush:
            return
        for engine in _engines_of(mask):
            self._require(engine, time, line, "the driver says it was flushed")
        self._end_flush(check_awake=True)

    def _end_flush(self, *, check_awake: bool = True) -> None:
        if self._flush and self._flush_last is not None:
            self.flushes += 1
            if check_awake:
                for engine in self._awake:
                    self._require(engine, *self._flush_last, "it was awake")
        self._flush = {}
        self._flush_last = None

    def _require(self, engine: facts.Engine, time: float, line: int, why: str) -> None:
        wanted = _request_of(engine, self._platform)
        if wanted is None:
            return
        register, bit = wanted
        if not self._flush.get(register.offset, 0) & bit:
            self._keep(
                Violation(
                    "awake engine not requested", line, time, str(register),
                    f"{engine.name}: {why}, yet bit {_bits(bit)} of {register} was not written in this flush",
                )
            )  # fmt: skip

    def _not_waited(self, asked: _Asked) -> None:
        if not self._saw_reads and not asked.reads:
            self._late_waits.append(asked)
            del self._late_waits[MOST_VIOLATIONS:]
            return
        self._judge_wait(asked)

    def _judge_wait(self, asked: _Asked) -> None:
        _, time, line = asked.access
        if asked.seen_set:
            text = "the request bit was still set when it was last read: the driver gave up"
            self._keep(Violation("gave up waiting", line, time, str(asked.register), text))
        else:
            text = "the request was never read back: nobody knows whether the flush was done"
            self._keep(Violation("no wait", line, time, str(asked.register), text))

    def finish(self) -> None:
        """Judge what is open at the end of the trace."""
        self._end_flush()
        for asked in (*self._late_waits, *self._asked.values()):
            self._judge_wait(asked)
        self._asked.clear()
        self._late_waits.clear()
        self.violations.sort(key=lambda violation: violation.line)

    def not_checked(self) -> dict[str, str]:
        """Return the rules that could not be checked, with the reason."""
        reasons: dict[str, str] = {}
        if not self._saw_forcewake:
            reasons["write outside forcewake"] = "no forcewake request is in the trace"
        elif self._platform is None:
            reasons["write outside forcewake"] = "the platform is not known; give it with --platform"
        if not self._awake and self._platform is None:
            reasons["awake engine not requested"] = "which engines were awake is not known; give them with --awake"
        return reasons

    def _broken(self, rule: Rule, access: Access, register: facts.Register, text: str) -> None:
        self._keep(Violation(rule, access.line, access.time, str(register), text))

    def _keep(self, violation: Violation) -> None:
        if len(self.violations) < MOST_VIOLATIONS:
            self.violations.append(violation)
        else:
            self.left_out += 1


def _bits(mask: int) -> str:
    return ", ".join(str(bit) for bit in range(32) if mask >> bit & 1)


def _engines_of(mask: int) -> list[facts.Engine]:
    engines = []
    for kind in facts.engine_classes():
        for instance in range(kind.first_instance, kind.last_instance + 1):
            engine = facts.engine(kind.number, instance)
            if mask >> engine.id & 1:
                engines.append(engine)
    return engines


def engine_names(mask: int) -> list[str]:
    """Return the names of the engines in a mask such as `invalidated engines 00000011` prints."""
    return [engine.name for engine in _engines_of(mask)]


def _request_of(engine: facts.Engine, platform: facts.Platform | None) -> tuple[facts.Register, int] | None:
    rows = facts.registers() if platform is None else facts.registers_for(platform)
    for row in rows:
        if (
            row.kind == "tlb_inv"
            and row.engine_class == engine.engine_class
            and row.instance in (None, engine.instance)
        ):
            return row, row.done_mask(engine.instance) if row.instance is None else row.done_mask(0)
    return None
