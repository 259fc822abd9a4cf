"""Which register and bit asks an engine to drop its TLB: the patch's formula and mainline's."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from gputlb import facts

if TYPE_CHECKING:
    from gputlb.driver.description import GtDescription
    from gputlb.driver.engine import Engine

ENODEV = 19
ERANGE = 34

_VIDEO_DECODE, _OTHER = 1, 4
_MASKED_CLASSES = (1, 2, 4, 5)  # video decode, video enhance, other, compute: masked from graphics 12 on
_GSC_BIT = 1
_XEHP_VERSIONS = ((12, 55), (12, 70), (12, 71), (12, 74))
_GEN12_VERSIONS = ((12, 0), (12, 10))
_XELPMP_VERSION = (13, 0)


class InvalidationRequest(NamedTuple):
    """What to write, where, and which bits to wait for."""

    offset: int
    request: int
    """The value to write: with write-enable bits in its upper half where the register is masked."""
    done: int
    """The bits that read 0 once the unit has finished."""
    multicast: bool = False


class NoRequest(Exception):
    """There is no such request: the text is the kernel's warning, `errno` what it would return."""

    def __init__(self, warning: str, errno: int) -> None:
        super().__init__(warning)
        self.warning = warning
        self.errno = errno


NOT_IMPLEMENTED = NoRequest("Platform does not implement TLB invalidation!", ENODEV)


def table_2022(graphics_ver: int) -> str | None:
    """Return the register table of the July 2022 patch: `gen12` for any 12.x, `gen8` for 8 to 11, else None.

    Source: `mmio_invalidate_full`, July 2022 patch, intel_tlb.c.
    """
    if graphics_ver == 12:
        return "gen12"
    return "gen8" if 8 <= graphics_ver <= 11 else None


def request_2022(engine: Engine, table: str) -> InvalidationRequest:
    """Return the patch's request: unmasked everywhere, and decoders of gen8 by register.

    Both are its defects: masked registers ignore it (CVE-2022-4139), and instance 2 of gen8's decoders aliases
    to the copy engine's register. Raises `NoRequest` for a class that the table lacks.
    Source: `get_reg_and_bit`, July 2022 patch, intel_tlb.c.
    """
    registers = facts.invalidation_registers(table)
    if engine.engine_class not in registers:
        raise NoRequest("drm_WARN_ON_ONCE(class >= num || !regs[class].reg)", ERANGE)
    offset = registers[engine.engine_class]
    if table == "gen8" and engine.engine_class == _VIDEO_DECODE:
        return InvalidationRequest(offset + 4 * engine.instance, 1, 1)
    bit = 1 << engine.instance
    return InvalidationRequest(offset, bit, bit)


def table_6_12(gt: GtDescription) -> str | None:
    """Return mainline's register table; None where there is nothing to do (below version 8).

    Raises `NoRequest` for versions that nobody has looked at: new ones are added by hand, never by `>=`.
    Source: Linux 6.12 intel_engine_cs.c, `intel_engine_init_tlb_invalidation`.
    """
    if gt.gt_type == "media":
        if (gt.media or gt.graphics) == _XELPMP_VERSION:
            return "xelpmp"
    elif gt.graphics in _XEHP_VERSIONS:
        return "xehp"
    elif gt.graphics in _GEN12_VERSIONS:
        return "gen12"
    elif 8 <= gt.graphics[0] <= 11:
        return "gen8"
    elif gt.graphics[0] < 8:
        return None
    raise NOT_IMPLEMENTED


def request_6_12(engine: Engine, gt: GtDescription) -> InvalidationRequest | None:
    """Return mainline's request for an engine; None below version 8.

    Raises `NoRequest` for a version without a table and for a class that the table lacks.
    Source: Linux 6.12 intel_engine_cs.c, `intel_engine_init_tlb_invalidation`.
    """
    table = table_6_12(gt)
    if table is None:
        return None
    registers = facts.invalidation_registers(table)
    if engine.engine_class not in registers:
        raise NoRequest("gt_WARN_ONCE(class >= num || (!regs[class].reg.reg && !regs[class].mcr_reg.reg))", ERANGE)
    offset = registers[engine.engine_class]
    bit = 1 << engine.instance
    if engine.engine_class == _OTHER:
        bit = 1 << _GSC_BIT  # there is one GSC, and its bit is neither 0 nor its instance number
    elif table == "gen8" and engine.engine_class == _VIDEO_DECODE and engine.instance == 1:
        offset, bit = facts.register_named("GEN8_M2TCR").offset, 1
    masked = gt.graphics[0] >= 12 and engine.engine_class in _MASKED_CLASSES
    return InvalidationRequest(offset, bit << 16 | bit if masked else bit, bit, table == "xehp")
