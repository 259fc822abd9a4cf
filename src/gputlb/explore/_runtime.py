"""The vocabulary, where every order of the agents is tried."""

from __future__ import annotations

from types import coroutine
from typing import TYPE_CHECKING, Any, Literal

from gputlb.explore._errors import BadQuestion
from gputlb.explore._operations import Kind, Operation, place
from gputlb.explore._relative import Relation
from gputlb.runtime import (
    ASLEEP,
    SPINNING,
    AgentError,
    Cell,
    CellOverflow,
    Event,
    Lock,
    LockNotHeld,
    LockReentered,
    Mutex,
    NeverPausing,
    Runtime,
    SleepInAtomic,
    SleepUnderSpinLock,
    SpinLock,
    Violation,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Generator, Sequence
    from contextlib import AbstractAsyncContextManager

    from gputlb.explore._run import Run
    from gputlb.explore._search import Progress
    from gputlb.explore._system import System
    from gputlb.explore._verdict import Verdict, Witness
    from gputlb.runtime._vocabulary import Body
    from gputlb.runtime._waiting import Duration, How

    Yields = Generator[Operation, Any, Any]

_SLEEPS_WITHOUT_A_STEP = 10_000


class Actor:
    """One run of an agent's coroutine: what the rules need to know about it beside its locals."""

    __slots__ = (
        "atomic",
        "broken",
        "closing",
        "even_handed",
        "held",
        "name",
        "notes",
        "requirements",
        "section_steps",
        "section_stores",
        "sleeps",
    )

    def __init__(self, name: str) -> None:
        self.name = name
        self.held: tuple[ExploredLock, ...] = ()
        self.atomic = 0
        self.section_steps = 0  # operations so far in the atomic section it is in
        self.section_stores: dict[int, int] = {}  # what that section has stored so far, by cell
        self.even_handed: dict[int, int] = {}  # what ended sections have stored, to be checked for favouritism
        self.sleeps = 0
        self.closing = False
        self.notes: list[str] = []
        self.requirements: set[str] = set()
        self.broken: AgentError | Violation | None = None

    def breaks(self, rule: AgentError | Violation) -> AgentError | Violation:
        """Remember the first rule that was broken: what the agent does after it, on its way out, does not count."""
        self.broken = self.broken or rule
        return rule

    def step(self, operation: Operation) -> Operation:
        """Count an operation that is about to be handed over; ends the coroutine if it is being dismissed."""
        if self.closing:
            raise GeneratorExit
        if self.broken is not None:
            raise self.broken
        self.sleeps = 0
        if self.atomic:
            self.section_steps += 1
        return operation

    def might_sleep(self, what: str) -> None:
        """Raise if the agent is in an atomic section or holds a spin lock; `what` is what it was about to do."""
        if self.atomic:
            raise self.breaks(SleepInAtomic(self.name, str(place()), f"{what} inside runtime.atomic()"))
        for lock in self.held:
            if isinstance(lock, SpinLock):
                problem = f"{what} while it held spin lock {lock.name!r}"
                raise self.breaks(SleepUnderSpinLock(self.name, str(place()), problem))


class ExploredCell(Cell):
    """A shared word; `number` is its place in the runtime's list of cells."""

    __slots__ = ("initial", "number", "runtime")

    def __init__(self, runtime: ExploredRuntime, name: str, bits: int, initial: int, number: int) -> None:
        super().__init__(name, bits)
        self.runtime = runtime
        self.initial = initial
        self.number = number

    @coroutine
    def load(self) -> Yields:
        return (yield self.runtime.current.step(Operation(Kind.LOAD, self.number)))

    @coroutine
    def store(self, value: int) -> Yields:
        actor = self.runtime.current
        if value >> self.bits:
            problem = f"stored {value:#x} in cell {self.name!r} of {self.bits} bits"
            raise actor.breaks(CellOverflow(actor.name, str(place()), problem))
        if actor.atomic:
            actor.section_stores[self.number] = int(value)
        yield actor.step(Operation(Kind.STORE, self.number, int(value)))

    @coroutine
    def update(self, f: Callable[[int], int]) -> Yields:
        return (yield self.runtime.current.step(Operation(Kind.UPDATE, self.number, f)))

    @coroutine
    def until(self, predicate: Callable[[int], bool], timeout_us: float | None = None, how: How = ASLEEP) -> Yields:
        runtime = self.runtime
        actor = runtime.current
        if how is not SPINNING:
            actor.might_sleep(f"waited for cell {self.name!r}")
        may_time_out = timeout_us is not None and runtime.may_time_out(self.name)
        if timeout_us is None:
            runtime.waits_without_timeout.setdefault((actor.name, self.name), str(place()))
        return (yield actor.step(Operation(Kind.UNTIL, self.number, predicate, may_time_out)))

    def __repr__(self) -> str:
        return f"cell {self.name!r}"


class ExploredLock(Lock):
    """A lock: free or taken, in a hidden cell; who holds it is known to the holder."""

    __slots__ = ("cell", "runtime")

    def __init__(self, runtime: ExploredRuntime, name: str) -> None:
        super().__init__(name)
        self.runtime = runtime
        self.cell = runtime.new_cell(name, 1, 0)
        runtime.locks[self.cell.number] = self

    @coroutine
    def acquire(self) -> Yields:
        actor = self.runtime.current
        if isinstance(self, Mutex):
            actor.might_sleep(f"waited for mutex {self.name!r}")
        if self in actor.held:
            problem = f"asked for {self.name!r}, which it holds already"
            raise actor.breaks(LockReentered(actor.name, str(place()), problem))
        yield actor.step(Operation(Kind.ACQUIRE, self.cell.number))
        actor.held += (self,)
        self.runtime.emit("mutex_lock" if isinstance(self, Mutex) else "lock", self.name)

    @coroutine
    def release(self) -> Yields:
        actor = self.runtime.current
        if actor.closing:
            raise GeneratorExit
        if self not in actor.held:
            problem = f"released {self.name!r}, which it does not hold"
            raise actor.breaks(LockNotHeld(actor.name, str(place()), problem))
        yield actor.step(Operation(Kind.RELEASE, self.cell.number))
        actor.held = tuple(lock for lock in actor.held if lock is not self)
        self.runtime.emit("mutex_unlock" if isinstance(self, Mutex) else "unlock", self.name)

    def __repr__(self) -> str:
        return f"lock {self.name!r}"


class ExploredMutex(ExploredLock, Mutex):
    """A mutex in exploration."""

    __slots__ = ()


class ExploredSpinLock(ExploredLock, SpinLock):
    """A spin lock in exploration."""

    __slots__ = ()


class _Indivisible:
    def __init__(self, runtime: ExploredRuntime) -> None:
        self._runtime = runtime

    async def __aenter__(self) -> None:
        actor = self._runtime.current
        if not actor.atomic:
            actor.section_steps = 0
            actor.section_stores = {}
        actor.atomic += 1

    async def __aexit__(self, *exc: object) -> None:
        actor = self._runtime.current
        actor.atomic -= 1
        if not actor.atomic:
            actor.even_handed |= actor.section_stores
            actor.section_stores = {}


class AgentSpec:
    """An agent as it was added."""

    __slots__ = ("body", "forever", "name")

    def __init__(self, name: str, body: Body, forever: bool) -> None:
        self.name = name
        self.body = body
        self.forever = forever


class ExploredRuntime(Runtime):
    """Every order of the agents is tried, every choice taken, every wait given any length.

    Add cells and agents, then call `explore`. Agents run unchanged: what is explored is the code that runs in the
    other runtimes.

    What holds here and not in a simulation: `sleep` is no step, since any time may pass at any await; `now_ns` is
    always 0; `until` with a timeout returns False only where `may_time_out` says that the hardware may be slow,
    and waits otherwise; a lock goes to any of those who wait for it.

    Args:
        may_time_out: whether a wait with a timeout may also end by it: a claim about all cells, or a function of
            the cell's name.
        statistics: attributes outside cells that agents may change because nothing depends on them, as
            `Class.attribute`. Any other change is `NondeterministicAgent`.

    """

    def __init__(self, *, may_time_out: bool | Callable[[str], bool] = False, statistics: Container[str] = ()) -> None:
        super().__init__()
        self.statistics = statistics
        self._may_time_out = may_time_out
        self.cells: list[ExploredCell] = []
        self.locks: dict[int, ExploredLock] = {}
        self.agents: list[AgentSpec] = []
        self.invariants: list[tuple[str, tuple[int, ...], Callable[..., bool]]] = []
        self.goals: dict[str, tuple[tuple[int, ...], Callable[..., bool]] | None] = {}
        self.relations: list[Relation] = []
        self.groups: list[tuple[list[tuple[str, ...]], list[tuple[int, ...]]]] = []
        self.declared_requirements: list[str] = []
        self.waits_without_timeout: dict[tuple[str, str], str] = {}
        self.current = Actor("nobody")
        self.standing: set[Run] = set()
        self.replaying = False
        self.system: System | None = None
        self.last: Verdict | None = None
        self._atomic = _Indivisible(self)

    def may_time_out(self, cell_name: str) -> bool:
        """Whether a wait for this cell may end by its timeout."""
        claim = self._may_time_out
        return claim if isinstance(claim, bool) else claim(cell_name)

    def new_cell(self, name: str, bits: int, initial: int) -> ExploredCell:
        """Add a cell; for the locks of this room."""
        if initial >> bits:
            raise BadQuestion(f"cell {name!r} of {bits} bits cannot start with {initial:#x}; give it more bits")
        cell = ExploredCell(self, name, bits, initial, len(self.cells))
        self.cells.append(cell)
        return cell

    def cell(self, name: str, bits: int = 32, initial: int = 0) -> Cell:
        """Return a new shared word of `bits` bits."""
        return self.new_cell(name, bits, initial)

    def mutex(self, name: str) -> Mutex:
        """Return a new mutex."""
        return ExploredMutex(self, name)

    def spin_lock(self, name: str) -> SpinLock:
        """Return a new spin lock."""
        return ExploredSpinLock(self, name)

    async def sleep(self, duration_us: float | Duration) -> None:
        """Let any time pass, which it may at every await: no step of its own."""
        actor = self.current
        if actor.closing:
            raise GeneratorExit
        actor.might_sleep("slept")
        actor.sleeps += 1
        if actor.sleeps > _SLEEPS_WITHOUT_A_STEP:
            raise NeverPausing(actor.name, str(place()), "sleeps again and again and never looks at a cell")

    @coroutine
    def choose(self, n: int) -> Yields:
        """Try each of 0 … n - 1."""
        if n < 1:
            raise BadQuestion(f"{place()}: choose({n}) leaves nothing to choose; n must be at least 1")
        return (yield self.current.step(Operation(Kind.CHOOSE, -1, n)))

    def atomic(self) -> AbstractAsyncContextManager[None]:
        """Make the awaits inside one indivisible step; having to wait there is a finding."""
        return self._atomic

    def agent(self, name: str, body: Body, *, forever: bool = False) -> None:
        """Add an agent; `body` is called anew for each of the many times that its beginning is run."""
        if any(agent.name == name for agent in self.agents):
            raise BadQuestion(f"there are two agents {name!r}; give each a name of its own")
        self.agents.append(AgentSpec(name, body, forever))

    def require(self, condition: bool, text: str, **facts: object) -> None:
        """State a safety property: a false one ends the exploration with a shortest way to it."""
        actor = self.current
        if actor.closing:
            raise GeneratorExit
        actor.requirements.add(text)
        if not condition:
            raise actor.breaks(Violation(text, actor.name, 0, facts))

    def note(self, text: str) -> None:
        """Remark that the acting agent got here; what was remarked in some order stands in `Verdict.reached`."""
        self.current.notes.append(text)

    def sometimes(self, text: str, cells: Sequence[Cell] = (), predicate: Callable[..., bool] | None = None) -> None:
        """State what must be reachable: a `note(text)`, or cells whose values satisfy `predicate`.

        A verdict is never `safe` if it is not: a model in which nothing happens proves nothing.
        """
        self.goals[text] = None if predicate is None else (self._numbers(cells), predicate)

    def always(self, text: str, cells: Sequence[Cell], predicate: Callable[..., bool]) -> None:
        """State an invariant of cells: `predicate(*values)`, which must be pure, holds after every step."""
        self.invariants.append((text, self._numbers(cells), predicate))

    def symmetric(
        self, members: Sequence[str | Sequence[str]], cells_per_member: Sequence[Sequence[Cell | Lock]]
    ) -> None:
        """Say that some agents are alike, each with cells and locks of its own, so that who is who does not matter.

        States that differ only by a permutation of the members are explored once. A member is the name of an agent,
        or of several that belong together; `cells_per_member` lists what is each member's own, in the same order.
        What is shared by all is not listed.

        The claim is checked while agents are learned: every member must do the same as the first with its own cells
        in place of the first's, and nobody else may touch these, except to store the same to every member's in one
        atomic section. An agent that tells the members apart (by visiting
        them in order, by a number that it stores) raises `NotSymmetric`.
        """
        teams = [(member,) if isinstance(member, str) else tuple(member) for member in members]
        if len(teams) != len(cells_per_member) or len({len(team) for team in teams}) > 1:
            raise BadQuestion(
                f"symmetric() got {len(teams)} members with {len(cells_per_member)} lists of cells; give each member "
                "the same number of agents and one list of cells"
            )
        owned = [
            self._numbers([each.cell if isinstance(each, ExploredLock) else each for each in cells])  # type: ignore[misc]
            for cells in cells_per_member
        ]
        self.groups.append((teams, owned))

    def relative(
        self, counter: Cell, stamps: Sequence[Cell], *, step: int, window: int, none: Sequence[int] = (0,)
    ) -> None:
        """Say that of a counter only the distance to its stamps matters, so that it may go on for ever.

        States that differ by a shift of the counter, the stamps and what agents loaded from them are explored once.
        The shift itself loses nothing: it is checked for every agent that holds such values. Beyond that it is
        claimed that a stamp that lags by more than `window` is as good as one that lags any further, up to half of
        the counter's range.

        Args:
            counter: the cell that counts, modulo its width.
            stamps: the cells that hold values taken from it.
            step: by what the counter grows; shifts are multiples of it. A power of two.
            window: the largest lag that is told from longer ones.
            none: values of stamps that mean "no stamp" and are never shifted.

        """
        numbers = self._numbers([counter, *stamps])
        for cell in stamps:
            if cell.bits != counter.bits:
                raise BadQuestion(
                    f"stamp {cell.name!r} has {cell.bits} bits and its counter {counter.name!r} has {counter.bits}; "
                    "give both as many"
                )
        if step < 1 or step & step - 1 or step >> counter.bits - 1:
            raise BadQuestion(f"the step of counter {counter.name!r} must be a power of two within it, not {step}")
        if not 0 < window < 1 << counter.bits - 3:
            raise BadQuestion(
                f"the window of counter {counter.name!r} must be at least 1 and less than an eighth of its range, "
                f"not {window}"
            )
        self.relations.append(Relation(numbers[0], numbers[1:], counter.bits, step, window, frozenset(none)))

    def expect_required(self, *texts: str) -> None:
        """Name requirements that some order must come to; the others are in `Verdict.never_required`."""
        self.declared_requirements.extend(texts)

    def explore(
        self,
        *,
        max_states: int | None = None,
        max_memory_bytes: int | None = None,
        timeout_s: float | None = None,
        symmetry: bool = True,
        engine: Literal["auto", "plain", "compiled"] = "auto",
        workers: int = 1,
        merge: bool = True,
        lock_order: bool = True,
        partial_order: bool = True,
        progress: Callable[[Progress], None] | None = None,
    ) -> Verdict:
        """Try every order of the agents, breadth first, and tell a shortest way to what is wrong.

        Args:
            max_states: stop with `bounded` when this many distinct states are known.
            max_memory_bytes: stop with `bounded` before the search takes more; the default is half of what the
                machine has free.
            timeout_s: stop with `bounded` after this many seconds.
            symmetry: fold what `symmetric` and `relative` declared.
            engine: `compiled` needs numba (extra `check`); `auto` takes it where it is
                installed and the space is not small.
            workers: threads of the compiled engine, rounded down to a power of two. Verdict, states, transitions
                and depth stay the same; only which of several equally short witnesses is told may differ. (With
                `partial_order` and more than 100,000 states a few more or less are needed, by what was learned when.)
            merge: let different answers lead to one local state where nothing can tell them apart any more; False
                keeps every answer, which needs no look inside the coroutines.
            lock_order: whether locks taken in a cyclic order are a finding.
            partial_order: take a step alone, before all others, where nobody else can notice it. It finds all that
                is to be found in far fewer states; `Verdict.reduced` tells whether it was done. What is found is
                looked for again with all steps, to tell a shortest way; `Witness.shortest` is False where there are
                too many for that. Small spaces are met with all steps.
            progress: called now and then.

        Raises `NondeterministicAgent`, `AgentFailed` where an agent's code raises, `NeverPausing`, `NotSymmetric`
        and `BadQuestion`.

        """
        from gputlb.explore._explore import explore  # noqa: PLC0415 (it knows this module)
        from gputlb.explore._search import Limits  # noqa: PLC0415

        limits = Limits(max_states, max_memory_bytes, timeout_s, progress)
        return explore(self, limits, symmetry, engine, workers, merge, lock_order, partial_order)

    def dismiss(self) -> None:
        """End every run of an agent that still stands somewhere."""
        for run in [*self.standing]:
            run.dismiss()

    def replay(self, witness: Witness) -> Exception | None:
        """Run a witness again with the agents' own coroutines, publishing the events on the way.

        Returns the violation or broken rule that it ends with, None if it ends otherwise. Raises
        `NondeterministicAgent` if an agent does something else than in the search.
        """
        from gputlb.explore._witness import replay  # noqa: PLC0415

        return replay(self, witness)

    def _numbers(self, cells: Sequence[Cell]) -> tuple[int, ...]:
        for cell in cells:
            if not isinstance(cell, ExploredCell) or cell.runtime is not self:
                raise BadQuestion(f"cell {cell.name!r} belongs to another runtime; make it with this one's cell()")
        return tuple(cell.number for cell in cells)  # type: ignore[attr-defined]

    @property
    def now_ns(self) -> int:
        """Always 0: an agent cannot tell the time."""
        return 0

    @property
    def acting(self) -> str:
        """Name of the agent that acts now."""
        return self.current.name

    def emit(self, kind: str, *values: object) -> None:
        """Publish an event while a witness is replayed; in the search nobody listens."""
        if self.replaying and self.events.observers:
            self.events.publish(Event(self.now_ns, self.acting, kind, values))
