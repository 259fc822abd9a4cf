"""A scenario built from the driver's and the device's own code, ready to be explored."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from gputlb.check.checked_runtime import CheckedRuntime
from gputlb.check.client_memory import TENANT, ClientMemory
from gputlb.check.defects import NO_DEFECT, Defect
from gputlb.check.goals import GIVEN_UP, GT_SLEEPS, PARKS, WAKES, noting, state_goals
from gputlb.check.posted_writes import PostedPageTable, PostedRegisters
from gputlb.check.reached_flush import FlushReaches
from gputlb.check.unfit_scheme import set_up
from gputlb.device import Behaviour, StuckBit, VirtualGpu
from gputlb.driver import GemObject, Gt, GtDescription, PageTable, reset_gt, wedge_gt
from gputlb.driver.schemes import made
from gputlb.driver.seqno import FLUSH_STEP

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from gputlb.check.groups import Group
    from gputlb.check.replayed_runtime import ReplayedRuntime
    from gputlb.check.scenario import Scenario
    from gputlb.device import Engine as HardwareEngine
    from gputlb.device import HardwareGt
    from gputlb.driver import Engine, Scheme, Tlb, Vma
    from gputlb.facts import Platform
    from gputlb.runtime import Cell, Lock, Runtime

R = TypeVar("R", bound="CheckedRuntime | ReplayedRuntime")

_LARGEST_LAG = 8
"""Beyond this distance behind the counter a stamp has passed by any rule that looks at a flush or two."""

_USES_WHERE_ONLY_WAITS_COUNT = 2
"""How often an engine is used where it is asked who waits for ever: nobody may count on its being used again."""

_ROUNDS_OF_OTHERS = 2
"""How often clients go round where the counter cannot be divided out."""


@dataclass(frozen=True, slots=True)
class Model(Generic[R]):
    """A scenario with its agents, and the parts that a story about it names."""

    runtime: R
    gpu: VirtualGpu
    gts: tuple[Gt, ...]
    tlbs: tuple[Tlb, ...]
    scheme: type[Scheme]
    platform: Platform
    scenario: Scenario
    group: Group
    defect: Defect
    reaching: frozenset[str] = frozenset()
    """The agents that reach for memory: what nobody else waits for."""


@overload
def build(
    platform: Platform,
    scheme: type[Scheme],
    scenario: Scenario,
    group: Group,
    defect: Defect = ...,
    *,
    waits_only: bool = ...,
) -> Model[CheckedRuntime]: ...
@overload
def build(
    platform: Platform,
    scheme: type[Scheme],
    scenario: Scenario,
    group: Group,
    defect: Defect,
    runtime: type[R],
    *,
    waits_only: bool = ...,
) -> Model[R]: ...
def build(
    platform: Platform,
    scheme: type[Scheme],
    scenario: Scenario,
    group: Group,
    defect: Defect = NO_DEFECT,
    runtime: type[Any] = CheckedRuntime,
    *,
    waits_only: bool = False,
) -> Model[Any]:
    """Put driver, virtual GPU and clients together, in a runtime that tries every order unless told otherwise.

    With `waits_only` nobody reaches for memory and engines are used a few times only. What the driver waits for is
    as it was, and it shows who waits for ever: an engine that could always go on would hide that.

    Raises: `ProbeFailed` where the scheme does not load; `UnfitScheme`.
    """
    return _build(platform, scheme, scenario, group, defect, runtime, waits_only)


def _build(
    platform: Platform,
    scheme: type[Scheme],
    scenario: Scenario,
    group: Group,
    defect: Defect,
    make_runtime: type[R],
    waits_only: bool,
) -> Model[R]:
    scheme = defect.scheme or scheme
    if scenario.rounds is None and not scheme.compares_by_distance:
        scenario = replace(scenario, rounds=_ROUNDS_OF_OTHERS)
    has = scenario.ingredients
    slow = "slow" in has or "stuck" in has
    running_out: set[str] = set()
    runtime = make_runtime(may_time_out=lambda cell: cell in running_out)
    clients = scenario.clients
    posted = PostedPageTable(runtime, "ppgtt", clients) if "posted" in has else None
    page_table = posted or PageTable(runtime, "ppgtt", clients)
    memory = ClientMemory(runtime, clients)
    only = [name for names in group for name in names]
    gpu = VirtualGpu(
        runtime,
        platform,
        page_table.entries,
        memory,
        behaviour=replace(Behaviour(strict_power="power" in has), **dict(defect.behaviour)),  # type: ignore[arg-type]
        faults=[StuckBit(name) for name in only] if "stuck" in has else (),
        tlb_slots=clients,
        only=only,
        power="power" in has,
    )
    if slow:
        running_out.update(unit.requests.name for unit in gpu.units)
    running_out.update(domain.demand.name for domain in gpu.domains.values())  # it sleeps when nobody needs it in time
    registers = PostedRegisters(gpu.registers, posted) if posted else gpu.registers
    gts = tuple(
        Gt(
            runtime,
            registers,
            _with_only(GtDescription.of(platform, gt.type), names, hardware),
            awake=() if "park" in has else names,
            pm_references=0 if "asleep" in has else 1,
        )
        for gt, names, hardware in zip(platform.gts, group, gpu.gts, strict=True)
        if names
    )
    numbering = noting(defect.tlb, runtime) if "two-gts" in has else defect.tlb
    tlbs = tuple(
        (FlushReaches(runtime, gt, gpu).watched(numbering) if "accounted" in has else numbering)(gt, made(scheme, gt))
        for gt in gts
    )
    for tlb in tlbs:
        set_up(tlb.scheme)
    reaching = frozenset(
        _reach_name(engine, page)
        for engine in ([] if waits_only else _reaching(gpu, scenario))
        for page in range(clients)
    )
    model = Model(runtime, gpu, gts, tlbs, scheme, platform, scenario, group, defect, reaching)
    _add_engines(model)
    _add_surroundings(model, uses=_USES_WHERE_ONLY_WAITS_COUNT if waits_only else None)
    stamped = tlbs[:1] if defect.first_gt_only else tlbs
    vmas = [
        defect.vma(
            GemObject(runtime, stamped, memory.page_of(client), page_count=1, name=f"object{client}"),
            page_table,
            client,
        )
        for client in range(clients)
    ]
    for client, vma in enumerate(vmas):
        rounds = None if waits_only else 1
        body = partial(_client, runtime, vma, scenario.rounds or rounds)
        runtime.agent(f"client{client}", body, forever=scenario.rounds is None and not waits_only)
    engines = _alike_engines(model)
    if len(engines) > (1 if posted else clients):
        _fold_engines(model, engines)
    elif not posted:
        _fold_clients(model, page_table, memory, vmas)
    if posted:
        posted.add_drains()
    for index, tlb in enumerate(stamped if scenario.rounds is None else ()):
        stamps = [vma.gem_object.stamps[index] for vma in vmas]
        runtime.relative(tlb.counter, stamps, step=FLUSH_STEP, window=_LARGEST_LAG)
    if not waits_only:
        state_goals(model, page_table)
    return model


def _fold_clients(model: Model[R], page_table: PageTable, memory: ClientMemory, vmas: list[Vma]) -> None:
    """Say that clients are alike: each with its page, its object, its entry, and each engine's reach for them."""
    hardware = _reaching(model.gpu, model.scenario)
    members: list[list[str]] = []
    owned: list[list[Cell | Lock]] = []
    for client, vma in enumerate(vmas):
        gem_object = vma.gem_object
        names = [_reach_name(engine, client) for engine in hardware]
        members.append([f"client{client}", *(name for name in names if name in model.reaching)])
        owned.append(
            [
                page_table.entries[client],
                memory.tenants[client],
                gem_object.pages,
                gem_object.tenant,
                *gem_object.stamps,
                gem_object.lock,
                *(cell for engine in hardware for cell in (engine.tlb.slots[client], engine.tlb.walking[client])),
            ]
        )
    model.runtime.symmetric(members, owned)


def _alike_engines(model: Model[R]) -> list[Engine]:
    """Return the engines that only their names tell apart; none where somebody visits them in turn.

    The driver does after a reset; who watches what a flush has reached does; and forcewake domains differ. Engines that
    share an invalidation register have a bit each there, and are left out.
    """
    if not model.tlbs[0].scheme.treats_engines_alike or len(model.gts) > 1:
        return []
    if model.scenario.ingredients & {"reset", "accounted", "power", "wedge"}:
        return []
    registers = {unit.name: unit.requests for unit in model.gpu.units}
    bits = {unit.name: unit.bit for unit in model.gpu.units}
    shared = list(registers.values())
    alone = [
        engine
        for engine in model.gts[0].engines
        if engine.name in registers and sum(registers[engine.name] is each for each in shared) == 1
    ]
    return [engine for engine in alone if bits[engine.name] == bits[alone[0].name]]


def _fold_engines(model: Model[R], engines: list[Engine]) -> None:
    """Say that engines are alike: each with its TLB, its contexts, its request, and the agents that act for it."""
    members: list[list[str]] = []
    owned: list[list[Cell | Lock]] = []
    requests = {unit.name: unit.requests for unit in model.gpu.units}
    for engine in engines:
        hardware = model.gpu.engines[engine.name]
        names = [_reach_name(hardware, page) for page in range(model.scenario.clients)]
        work = [f"{engine.name} work"] if "park" in model.scenario.ingredients else []
        members.append([*(name for name in names if name in model.reaching), f"{engine.name} unit", *work])
        tlb = hardware.tlb
        owned.append([*tlb.slots, *tlb.walking, hardware.contexts, engine.pm.count, requests[engine.name]])
    model.runtime.symmetric(members, owned)


def _reaching(gpu: VirtualGpu, scenario: Scenario) -> list[HardwareEngine]:
    """Return the units that reach for memory: the engines and, if it is examined, the OA unit."""
    oa = gpu.oa
    return [*gpu.engines.values(), *([oa] if oa is not None and "oa" in scenario.ingredients else [])]


def _reach_name(engine: HardwareEngine, page: int) -> str:
    return f"{engine.name} at page {page}"


async def _client(runtime: Runtime, vma: Vma, rounds: int | None) -> None:
    left = rounds
    while left != 0:
        # Getting pages and binding is not what is examined: one step, so that nothing is explored in vain.
        async with runtime.atomic():
            await vma.gem_object.get_pages(TENANT)
            await vma.bind()
        await vma.unbind()
        await vma.gem_object.release_pages()
        if left is not None:
            left -= 1


def _with_only(description: GtDescription, names: tuple[str, ...], hardware: HardwareGt) -> GtDescription:
    engines = tuple(engine for engine in description.engines if engine.name in names)
    domains = tuple(domain for domain in description.forcewake if domain.name in hardware.domains)
    return replace(description, engines=engines, forcewake=domains)


def _add_engines(model: Model[R]) -> None:
    runtime, gpu, has = model.runtime, model.gpu, model.scenario.ingredients
    for engine in _reaching(gpu, model.scenario):
        if "park" not in has or engine is gpu.oa:
            runtime.start_with(engine.contexts, 1)
        for page in range(model.scenario.clients):
            if _reach_name(engine, page) in model.reaching:
                runtime.agent(_reach_name(engine, page), partial(_reach, engine, page), forever=True)
    for unit in gpu.units:
        if unit.name in gpu.engines or ("oa" in has and gpu.oa is not None and unit.name == gpu.oa.name):
            runtime.agent(f"{unit.name} unit", unit.act, forever=True)
    for domain in gpu.domains.values():
        runtime.agent(f"{domain.name} power", domain.act, forever=True)


async def _reach(engine: HardwareEngine, page: int) -> None:
    await engine.contexts.until(lambda contexts: contexts > 0)
    await engine.touch(page)


def _add_surroundings(model: Model[R], *, uses: int | None) -> None:
    runtime, has = model.runtime, model.scenario.ingredients
    for gt in model.gts:
        submission = _Submission(runtime, gt.name) if {"wedge", "park"} <= has else None
        for engine in gt.engines:
            if "park" in has:
                hardware, with_gt = model.gpu.engines[engine.name], "asleep" in has
                body = partial(
                    _wake_and_park, runtime, gt, engine, hardware, submission, uses=uses or 1, with_gt=with_gt
                )
                runtime.agent(f"{engine.name} work", body, forever=uses is None)
        if "power" in has:
            gt.uncore.start_delayed_release()
        if "wedge" in has:
            wedging = partial(_wedge, runtime, gt, model.defect.wedge or wedge_gt, submission)
            runtime.agent(f"{gt.name} wedging", wedging)
        elif "reset" in has:
            runtime.agent(f"{gt.name} resetting", partial(_reset, gt, model.gpu, parks="park" in has))
    if has & {"reset", "wedge"}:
        for each in model.gpu.gts:
            runtime.agent(f"{each.name} reset unit", each.reset.act, forever=True)


async def _reset(gt: Gt, gpu: VirtualGpu, *, parks: bool) -> None:
    """Reset the GT, then put its contexts back on, as the driver resubmits the innocent ones.

    Engines that park put a context on over and over by themselves; what was lost of theirs is not missed.
    """
    await reset_gt(gt)
    for engine in () if parks else gt.engines:
        if await engine.wakerefs():
            await gpu.engines[engine.name].start_context()


class _Submission:
    """Whether contexts are still put on a GT's engines: no longer once it is being given up."""

    def __init__(self, runtime: Runtime, name: str) -> None:
        self.lock = runtime.mutex(f"{name}.submission")
        self.goes_on = runtime.cell(f"{name}.submits", 1, 1)


async def _wedge(
    runtime: CheckedRuntime | ReplayedRuntime,
    gt: Gt,
    wedge: Callable[[Gt], Awaitable[None]],
    submission: _Submission | None,
) -> None:
    """Give the GT up; before that nothing more is submitted to it, as in `__intel_gt_set_wedged` of Linux 6.12."""
    if submission is not None:
        async with submission.lock:
            await submission.goes_on.store(0)
    await wedge(gt)
    runtime.note(GIVEN_UP)


async def _wake_and_park(
    runtime: CheckedRuntime | ReplayedRuntime,
    gt: Gt,
    engine: Engine,
    hardware: HardwareEngine,
    submission: _Submission | None,
    *,
    uses: int,
    with_gt: bool,
) -> None:
    for _ in range(uses):
        if with_gt:
            await gt.pm.get()
        if await engine.pm.get():
            runtime.note(WAKES)
        if submission is None:
            await hardware.start_context()
        else:
            async with submission.lock:
                if await submission.goes_on.load():
                    await hardware.start_context()
        await hardware.end_context()
        if await engine.pm.put():
            runtime.note(PARKS)
        if with_gt and await gt.pm.put():
            runtime.note(GT_SLEEPS)
