"""The compiled search in several threads: each owns the states whose hashes end in its number.

A level is done in turns. First every thread expands states of its own and sorts what it finds by owner; then every
thread enters what it was sent. Nobody writes where another reads, so there is nothing to lock, and the same number of
threads gives the same run each time. Levels are kept, so a witness is as short as with one thread; only which of
several equally short ones is told may differ.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from gputlb.explore import _exchange as exchange
from gputlb.explore import _kernel as kernel
from gputlb.explore._compiled import CHUNK, Compiled, warm_up
from gputlb.explore._store import Store

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gputlb.explore._search import Found, Limits
    from gputlb.explore._system import System

_OUTBOX_STATES = 1 << 17
_LEAST_CHUNK = 1 << 12


def search(system: System, limits: Limits, workers: int) -> Found:
    """Try every order in `workers` threads, rounded down to a power of two."""
    return warm_up(system, limits) or _Parallel(system, limits, workers.bit_length() - 1).run()


class _Outbox:
    """What one thread found, sorted by who owns it."""

    def __init__(self, parts: int, store: Store) -> None:
        room = _OUTBOX_STATES + store.room
        self.sent = np.zeros(parts, np.int64)
        self.words = np.empty((parts, room * store.layout.words), np.uint64)
        self.hashes = np.empty((parts, room), np.uint64)
        self.fathers = np.empty((parts, room), np.uint32)
        self.made_for = store.room, store.layout.words


class _Parallel(Compiled):
    def __init__(self, system: System, limits: Limits, bits: int) -> None:
        super().__init__(system, limits)
        self._bits = bits
        start = self.stores[0].rows(0, 1)
        part = int(self._owners(start)[0])
        nothing = np.empty((0, self.layout.words), np.uint64)
        self.stores = [Store(self.layout, start if each == part else nothing) for each in range(1 << bits)]
        self._first = (part, 0)
        self._ends = [0] * len(self.stores)
        self._outboxes = [_Outbox(1 << bits, store) for store in self.stores]

    def _owners(self, rows: NDArray[np.uint64]) -> NDArray[np.int64]:
        found = np.empty(len(rows), np.int64)
        exchange.owners((0,) * self.layout.words, np.ascontiguousarray(rows).ravel(), (1 << self._bits) - 1, found)
        return found

    def parent(self, where: tuple[int, int]) -> tuple[int, int]:
        packed = int(self.stores[where[0]].parents[where[1]])
        return packed & (1 << self._bits) - 1, packed >> self._bits

    @property
    def first(self) -> tuple[int, int]:
        return self._first

    def _run(self) -> Found:
        with ThreadPoolExecutor(len(self.stores), thread_name_prefix="explore") as pool:
            return self._run_in(pool)

    def _run_in(self, pool: ThreadPoolExecutor) -> Found:
        parts = range(len(self.stores))
        chunk = _LEAST_CHUNK
        while True:
            done = self.end_level()
            if done is not None:
                return done
            self._ends = [store.tail for store in self.stores]
            while any(store.head < end for store, end in zip(self.stores, self._ends, strict=True)):
                limit = self.limit()
                if limit is not None:
                    return self.found("bounded", limit=limit)
                for store, end in zip(self.stores, self._ends, strict=True):
                    store.control[kernel.LIMIT] = min(end, store.head + chunk)
                self._fit_outboxes()
                whys = list(pool.map(self._scatter, parts))
                list(pool.map(self._gather, parts))
                # While one learns the others wait: turns are short until there is little left to learn.
                learning = any(why in {kernel.MUST_LEARN, kernel.MUST_SETTLE, kernel.MUST_SHIFT} for why in whys)
                chunk = max(chunk // 4, _LEAST_CHUNK) if learning else min(2 * chunk, CHUNK)
                for part in parts:
                    # Once states have changed hands, what the others came back for is found by them again.
                    known = self.layout
                    done = self.attend(whys[part], self.stores[part])
                    if done is not None:
                        return done
                    if self.layout is not known:
                        break

    def _lay_out_anew(self) -> None:
        """Pack all states anew and give each to the part that owns it now, in the order of their levels."""
        super()._lay_out_anew()
        parts = range(len(self.stores))
        rows = np.concatenate([store.rows(0, store.tail) for store in self.stores])
        counts = np.array([store.tail for store in self.stores])
        offsets = np.concatenate([[0], np.cumsum(counts)])
        parents = np.concatenate([store.parents[: store.tail] for store in self.stores]).astype(np.int64)
        parents = offsets[parents & (1 << self._bits) - 1] + (parents >> self._bits)
        # 0: expanded, 1: to be expanded in this level, 2: of the next level.
        age = np.concatenate(
            [
                np.repeat([0, 1, 2], [store.head, max(end - store.head, 0), store.tail - max(end, store.head)])
                for store, end in zip(self.stores, self._ends, strict=True)
            ]
        )
        owned_by = self._owners(rows)
        places = np.empty(len(rows), np.int64)
        first = offsets[self._first[0]] + self._first[1]
        stores: list[Store] = []
        moved: list[NDArray[np.int64]] = []
        for part in parts:
            mine = np.flatnonzero(owned_by == part)
            mine = mine[np.argsort(age[mine], kind="stable")]
            places[mine] = np.arange(len(mine)) << self._bits | part
            moved.append(mine)
        for part, mine in enumerate(moved):
            old = self.stores[part]
            store = Store(self.layout, rows[mine], old.room)
            store.parents[: len(mine)] = places[parents[mine]]
            store.control[kernel.HEAD] = int((age[mine] == 0).sum())
            for count in (kernel.TRANSITIONS, kernel.UNSETTLED):
                store.control[count] = old.control[count]
            self._ends[part] = int((age[mine] <= 1).sum())
            store.checked = self._ends[part]
            stores.append(store)
        self.stores = stores
        self._first = int(places[first]) & (1 << self._bits) - 1, int(places[first]) >> self._bits

    def _fit_outboxes(self) -> None:
        for part, store in enumerate(self.stores):
            if self._outboxes[part].made_for != (store.room, store.layout.words):
                self._outboxes[part] = _Outbox(len(self.stores), store)

    def _scatter(self, part: int) -> int:
        store, outbox = self.stores[part], self._outboxes[part]
        outbox.sent[:] = 0
        return int(
            exchange.scatter(
                store.shape,
                store.control,
                store.order,
                store.table,
                outbox.sent,
                outbox.words,
                outbox.hashes,
                outbox.fathers,
                *store.arguments(self.tables, self.shifts),
            )
        )

    def _gather(self, part: int) -> None:
        store = self.stores[part]
        for sender, outbox in enumerate(self._outboxes):
            count = int(outbox.sent[part])
            if not count:
                continue
            store.make_room(count)
            exchange.gather(
                store.shape,
                store.control,
                store.order,
                store.parents,
                store.table,
                outbox.words[part],
                outbox.hashes[part],
                outbox.fathers[part],
                count,
                sender,
                self._bits,
            )
