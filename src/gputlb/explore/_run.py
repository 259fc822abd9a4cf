"""One run of an agent's coroutine, stepped by hand."""

from __future__ import annotations

from contextlib import suppress
from types import CoroutineType
from typing import TYPE_CHECKING, Any

from gputlb.explore._errors import NondeterministicAgent, Standing, StoppedFromOutside
from gputlb.explore._operations import Operation
from gputlb.explore._runtime import Actor
from gputlb.runtime import AgentError, AgentFailed, LockLeftHeld, NeverPausing, Violation

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from gputlb.explore._runtime import AgentSpec, ExploredRuntime


class Run:
    """One coroutine of an agent, stepped by hand."""

    __slots__ = ("actor", "coroutine", "ended", "failure", "operation", "runtime", "spec")

    def __init__(self, runtime: ExploredRuntime, spec: AgentSpec) -> None:
        self.runtime = runtime
        self.spec = spec
        self.actor = Actor(spec.name)
        self.operation: Operation | None = None
        self.failure: AgentError | Violation | None = None
        self.ended = False
        self.coroutine: Coroutine[Operation, Any, None] = spec.body()  # type: ignore[assignment]
        runtime.standing.add(self)
        self.step(None)

    def step(self, answer: int | bool | None) -> None:
        """Let the coroutine run to its next operation, its end or its failure."""
        actor = self.actor
        before, self.runtime.current = self.runtime.current, actor
        try:
            self.operation = self.coroutine.send(answer)
            if not isinstance(self.operation, Operation):
                raise AgentFailed(
                    self.spec.name, self.where(), f"awaited {self.operation!r}, which is not of its runtime"
                )
        except StopIteration:
            self.operation, self.ended = None, True
            self.runtime.standing.discard(self)
            if actor.held:
                self.failure = LockLeftHeld(
                    self.spec.name, self.where(), f"ended while it still held {actor.held[-1].name!r}"
                )
        except (AgentFailed, NeverPausing, NondeterministicAgent, KeyboardInterrupt, StoppedFromOutside):
            raise
        except (AgentError, Violation) as failure:
            self.operation, self.ended, self.failure = None, True, failure
        except BaseException as error:
            if actor.broken is None:
                raise AgentFailed(self.spec.name, _raised_at(error) or self.where(), f"raised {error!r}") from error
        finally:
            self.runtime.current = before
        if StoppedFromOutside.standing is not None:
            raise StoppedFromOutside.standing
        if actor.broken is not None:
            # Even if the agent caught it, or met something else on its way out.
            self.dismiss()
            self.operation, self.ended, self.failure = None, True, actor.broken

    def dismiss(self) -> None:
        """End the coroutine wherever it stands; what it awaits on its way out is not done."""
        before, self.runtime.current = self.runtime.current, self.actor
        self.actor.closing = True
        try:
            with suppress(Exception):  # what a dismissed run says is of no interest
                self.coroutine.close()
        finally:
            self.runtime.current = before
            self.runtime.standing.discard(self)

    def stack(self) -> tuple[Standing, ...]:
        """Return the frames in which the agent waits, outermost first."""
        stack: list[Standing] = []
        awaiting: object = self.coroutine
        while isinstance(awaiting, CoroutineType) and awaiting.cr_frame is not None:
            code = awaiting.cr_code
            stack.append(Standing(code.co_filename, awaiting.cr_frame.f_lineno, code.co_qualname))
            awaiting = awaiting.cr_await
        return tuple(stack)

    def where(self) -> str:
        """Return where the agent's body is written."""
        return body_place(self.spec.body)


def body_place(body: object) -> str:
    """Return `file:line in function` of an agent's body, however it was wrapped."""
    inner = body
    while (deeper := getattr(inner, "func", None) or getattr(inner, "__func__", None)) is not None:
        inner = deeper
    code = getattr(inner, "__code__", None)
    if code is None:
        return repr(body)
    return f"{code.co_filename.rsplit('/', 1)[-1]}:{code.co_firstlineno} in {code.co_qualname}"


def _raised_at(error: BaseException) -> str | None:
    trace = error.__traceback__
    if trace is None:
        return None
    while trace.tb_next is not None:
        trace = trace.tb_next
    code = trace.tb_frame.f_code
    return f"{code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno} in {code.co_qualname}"
