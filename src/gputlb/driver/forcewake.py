"""Forcewake references: which domains somebody needs awake, all in one word."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from gputlb.errors import GputlbError

if TYPE_CHECKING:
    from collections.abc import Callable

    from gputlb.facts import ForcewakeDomain

FIELD_BITS = 10
"""Each domain's share of the word: bits 0-7 references, 8 the delayed release is armed, 9 used since then."""

COUNT = 0xFF
ARMED = 1 << 8
TOUCHED = 1 << 9
_FIELD = (1 << FIELD_BITS) - 1
_REMEMBERED = 4096


class ForcewakeNotHeld(GputlbError):
    """Forcewake was given back by somebody who had not taken it; pair every get with one put."""


def take(field: int) -> int:
    """Return a domain's field with one reference more."""
    return (field + 1) | (TOUCHED if field & COUNT else 0)


def give_back(field: int) -> int:
    """Return a domain's field with one reference less."""
    _require_held(field)
    return (field - 1) | (TOUCHED if field & COUNT > 1 else 0)


def give_back_later(field: int) -> int:
    """Return a domain's field after a delayed put: the timer takes the last reference over and is armed."""
    _require_held(field)
    if field & COUNT > 1:
        return (field - 1) | TOUCHED
    if field & ARMED:
        return field - 1
    return field | ARMED


def expire(field: int) -> int:
    """Return a domain's field after its time is up: once more if it was used meanwhile, else one reference less."""
    if field & TOUCHED:
        return field & ~TOUCHED
    return (field & ~ARMED) - 1


class Domain:
    """A forcewake domain: its registers, and its place in the word."""

    __slots__ = ("ack_offset", "expire", "name", "request_offset", "shift")

    def __init__(self, row: ForcewakeDomain, index: int) -> None:
        self.name = row.name
        self.request_offset = row.request_offset
        self.ack_offset = row.ack_offset
        self.shift = index * FIELD_BITS
        self.expire = _on_each(expire, (self,))

    def field(self, word: int) -> int:
        """Return this domain's field of the word."""
        return word >> self.shift & _FIELD

    def is_armed(self, word: int) -> bool:
        """Tell whether the delayed release is armed."""
        return self.field(word) & ARMED != 0


class DomainSet:
    """Domains that are taken and given back together: changes of the word, and whom a change put to sleep or woke.

    All are pure functions of the word and remember what they have computed: a flush asks for the same two or three
    words again and again.
    """

    def __init__(self, domains: tuple[Domain, ...]) -> None:
        self.domains = domains
        self.take = _on_each(take, domains)
        self.give_back = _on_each(give_back, domains)
        self.give_back_later = _on_each(give_back_later, domains)
        self.unreferenced = _those(lambda field: not field & COUNT, domains)
        """Domains that have no reference: a get must wake them."""
        self.on_last_reference = _those(lambda field: field & COUNT == 1, domains)
        """Domains that sleep after one more put."""
        self.on_last_reference_while_armed = _those(lambda field: field & COUNT == 1 and field & ARMED != 0, domains)
        """Domains that sleep after one more delayed put, since their timer already runs."""


def _require_held(field: int) -> None:
    if not field & COUNT:
        raise ForcewakeNotHeld("forcewake was given back once more than it was taken; pair every get with one put")


def _on_each(change: Callable[[int], int], domains: tuple[Domain, ...]) -> Callable[[int], int]:
    @lru_cache(maxsize=_REMEMBERED)
    def changed(word: int) -> int:
        for domain in domains:
            field = domain.field(word)
            word += (change(field) - field) << domain.shift
        return word

    return changed


def _those(holds: Callable[[int], bool], domains: tuple[Domain, ...]) -> Callable[[int], tuple[Domain, ...]]:
    @lru_cache(maxsize=_REMEMBERED)
    def found(word: int) -> tuple[Domain, ...]:
        return tuple(domain for domain in domains if holds(domain.field(word)))

    return found
