"""How a page-table entry is laid out."""

from __future__ import annotations

from functools import cache

import msgspec

from gputlb.facts._read import read_records


class PteLayout(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The bits of a page-table entry of 4 KiB pages."""

    name: str
    bits: int
    present_bit: int
    page_low_bit: int
    page_high_bit: int
    tenant_low_bit: int
    """First of the ignored bits in which models note whom the page belonged to when it was mapped."""
    tenant_high_bit: int
    note: str
    source: str

    @property
    def tenants(self) -> int:
        """How many tenants can be told apart, the system (0) among them."""
        return 1 << (self.tenant_high_bit - self.tenant_low_bit + 1)

    def entry(self, page: int, tenant: int) -> int:
        """Return the entry that maps page number `page`, lent to `tenant`."""
        return tenant << self.tenant_low_bit | page << self.page_low_bit | 1 << self.present_bit

    def present(self, entry: int) -> bool:
        """Tell whether `entry` maps a page."""
        return bool(entry >> self.present_bit & 1)

    def page(self, entry: int) -> int:
        """Return the page number of `entry`."""
        return entry >> self.page_low_bit & ((1 << (self.page_high_bit - self.page_low_bit + 1)) - 1)

    def tenant(self, entry: int) -> int:
        """Return whom the page of `entry` belonged to when it was mapped."""
        return entry >> self.tenant_low_bit & ((1 << (self.tenant_high_bit - self.tenant_low_bit + 1)) - 1)


@cache
def pte_layout() -> PteLayout:
    """Return the layout that graphics version 8 and later use."""
    return read_records("pte.json", PteLayout)[0]
