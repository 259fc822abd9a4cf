"""Where in the packed words of a state each agent's local state and each cell's value lies."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from gputlb.explore._errors import BadQuestion

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gputlb.explore._system import State, System

_WORD = 64
_FIRST_WORD = 63
_MOST_WORDS = 16
_SPARES = (
    (3, 2, 1, 1),
    (2, 2, 1, 1),
    (1, 2, 1, 1),
    (1, 1, 1, 1),
    (1, 1, 1, 0),
    (1, 1, 0, 0),
    (1, 0, 0, 0),
    (0, 0, 0, 0),
)
"""Spare bits of an agent, and of a cell that has had more than two values, two, or one; the more the better."""

OCCUPIED = 1 << _FIRST_WORD
"""Set in the first word of every state, so that an empty place in a table is told from a state."""


class Field(NamedTuple):
    """A run of bits within one word."""

    word: int
    shift: int
    bits: int

    @property
    def mask(self) -> int:
        """The field's bits, at the low end."""
        return (1 << self.bits) - 1


class Layout:
    """Fields for all agents and cells, wide enough for the local states and values that are known now.

    A cell's field holds the index of its value among those met: nothing, where it never changes. Members that are
    folded have their fields side by side in one word each, in the same order, the local state highest: their packed
    fields compare as tuples. A `roomy` layout has all spare bits, and a word more if need be; others only those that
    cost no word.
    """

    def __init__(self, system: System, *, roomy: bool = False) -> None:
        self.system = system
        self._blocks = system.blocks()
        self._lay_out(*_SPARES[-1])
        words = self.words
        # Learning goes on, and packing anew costs a pass over all states.
        for spares in _SPARES:
            with suppress(BadQuestion):  # it is the spare bits that are too many
                self._lay_out(*spares)
                if roomy or self.words == words:
                    break

    def _lay_out(self, for_agents: int, *for_cells: int) -> None:
        system, blocks = self.system, self._blocks
        self.bits = [max(1, (len(automaton.nodes) - 1).bit_length() + for_agents) for automaton in system.automata]
        for cell, values in zip(system.runtime.cells, system.values, strict=True):
            spare = for_cells[max(0, 3 - len(values))]
            self.bits.append(min(cell.bits, (len(values) - 1).bit_length() + spare))
        for block in blocks:
            for alike in zip(*block, strict=True):
                widest = max(self.bits[i] for i in alike)
                for i in alike:
                    self.bits[i] = widest
        self.fields: list[Field] = [Field(0, 0, 0)] * len(self.bits)
        self._used: list[int] = []
        members = [member for block in blocks for member in block]
        folded = {i for member in members for i in member}
        runs = [list(member) for member in members] + [[i] for i in range(len(self.bits)) if i not in folded]
        runs.sort(key=lambda run: -sum(self.bits[i] for i in run))
        for run in runs:
            self._put(run)
        self.words = len(self._used)
        if self.words > _MOST_WORDS:
            raise BadQuestion(
                f"a state needs {self.words} words of 64 bits, and the compiled engine takes {_MOST_WORDS}; explore "
                "with engine='plain', or fewer agents and cells at a time"
            )
        self.folds = self._folds(blocks)

    def _put(self, run: list[int]) -> None:
        need = sum(self.bits[i] for i in run)
        if need > _WORD:
            names = ", ".join(self.system.runtime.agents[i].name for i in run if i < self.system.agents)
            raise BadQuestion(
                f"what belongs to {names} needs {need} bits, and alike members are folded by one word of 64; explore "
                "with symmetry=False, or declare smaller members alike"
            )
        for word, used in enumerate(self._used):
            if used + need <= (_WORD if word else _FIRST_WORD):
                break
        else:
            word, used = len(self._used), 0
            self._used.append(0)
            if not word and need > _FIRST_WORD:
                self._used.append(0)
                word = 1
        self._used[word] = used + need
        shift = used
        for i in reversed(run):
            self.fields[i] = Field(word, min(shift, _WORD - 1), self.bits[i])
            shift += self.bits[i]

    def _folds(self, blocks: list[list[tuple[int, ...]]]) -> NDArray[np.uint64]:
        most = max((len(block) for block in blocks), default=0)
        folds = np.zeros((len(blocks), 2 + 2 * most), np.uint64)
        for g, block in enumerate(blocks):
            folds[g, 0] = len(block)
            folds[g, 1] = (1 << sum(self.bits[i] for i in block[0])) - 1
            for m, member in enumerate(block):
                folds[g, 2 + 2 * m] = self.fields[member[-1]].word
                folds[g, 3 + 2 * m] = self.fields[member[-1]].shift
        return folds

    @property
    def agents(self) -> int:
        """Number of agents."""
        return self.system.agents

    def reads(self) -> NDArray[np.uint64]:
        """Return what each agent looks at in each of its local states, as bits of a state: itself, to begin with."""
        rows = []
        for field in self.fields[: self.agents]:
            own = np.zeros((1 << field.bits, self.words), np.uint64)
            own[:, field.word] = field.mask << field.shift
            own[:, 0] |= np.uint64(OCCUPIED)
            rows.append(own)
        return np.concatenate(rows).ravel()

    def holds_all(self) -> bool:
        """Whether everything known now still fits."""
        system = self.system
        agents = system.agents
        return all(len(automaton.nodes) <= 1 << self.bits[i] for i, automaton in enumerate(system.automata)) and all(
            len(system.values[c]) <= 1 << self.bits[agents + c] for c in range(len(system.runtime.cells))
        )

    def pack(self, state: State) -> list[int]:
        """Return the words of a state."""
        words = [0] * self.words
        agents = self.system.agents
        for i, (value, field) in enumerate(zip(state, self.fields, strict=True)):
            index = value if i < agents else self.system.index(i - agents, value)
            words[field.word] |= index << field.shift
        words[0] |= OCCUPIED
        return words

    def unpack(self, words: list[int]) -> State:
        """Return the state that some words stand for."""
        agents = self.system.agents
        state = []
        for i, field in enumerate(self.fields):
            index = (words[field.word] >> field.shift) & field.mask
            state.append(index if i < agents else self.system.values[i - agents][index])
        return tuple(state)

    def column(self, states: NDArray[np.uint64], i: int) -> NDArray[np.uint64]:
        """Return one field of many states, given as an array with a row for each."""
        field = self.fields[i]
        return (states[:, field.word] >> np.uint64(field.shift)) & np.uint64(field.mask)

    def repack(self, states: NDArray[np.uint64], before: Layout) -> NDArray[np.uint64]:
        """Return states that were packed by `before` as this layout packs them."""
        # What goes the same way goes together; and words that lie side by side are shifted several times faster.
        ways: dict[tuple[int, int, int], int] = {}
        for field, was in zip(self.fields, before.fields, strict=True):
            way = was.word, field.word, field.shift - was.shift
            ways[way] = ways.get(way, 0) | was.mask << was.shift
        old = np.ascontiguousarray(states.T)
        packed = np.zeros((self.words, len(states)), np.uint64)
        packed[0] = OCCUPIED
        for (source, target, left), mask in ways.items():
            value = old[source] & np.uint64(mask)
            packed[target] |= value << np.uint64(left) if left >= 0 else value >> np.uint64(-left)
        return np.ascontiguousarray(packed.T)
