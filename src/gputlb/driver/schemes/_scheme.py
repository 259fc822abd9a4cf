"""What a scheme is: how a flush is done, and when one may be skipped."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

from gputlb.driver.seqno import seqno_passed, stamp
from gputlb.errors import GputlbError

if TYPE_CHECKING:
    from gputlb.driver.gt import Gt


class ProbeFailed(GputlbError):
    """The driver does not load on this GT; `errno` is the negative number that Linux would return."""

    def __init__(self, text: str, errno: int) -> None:
        super().__init__(text)
        self.errno = errno


class NotSetUp(GputlbError):
    """A flush was asked of a scheme whose engines were not set up; use `async with tlb:` or await `set_up` first."""

    def __init__(self, scheme: str, gt: str) -> None:
        super().__init__(
            f"scheme {scheme!r} was asked to flush {gt} before it was set up; "
            "use `async with tlb:`, or await `tlb.scheme.set_up()` first"
        )


class Scheme(ABC):
    """How a full flush is done. One object serves one GT; the caller holds the invalidation lock and a GT reference.

    A scheme of one's own overrides `flush`, and `stamp` and `passed` where it numbers flushes differently. All
    state that two callers share must be in cells, so that every interleaving can be explored.
    """

    name: ClassVar[str] = ""
    """What `--scheme` calls it."""
    summary: ClassVar[str] = ""
    """One line for listings."""

    compares_by_distance: ClassVar[bool] = True
    """Whether only the distance from stamp to counter matters, and no stamp is ever 0, which says that none is pending.

    An exploration may then divide the counter out and follow clients for ever; else they are followed for two rounds.
    """

    batches: ClassVar[bool] = True
    """Whether a caller may be served by another's flush. Only of a scheme that batches is an exploration to show it."""

    treats_engines_alike: ClassVar[bool] = False
    """Whether a flush never tells one engine from another: not by visiting them in turn, nor by a number of theirs.

    An exploration of several engines together may then fold those that the hardware makes alike. The claim is checked.
    """

    def __init__(self, gt: Gt) -> None:
        self.gt = gt

    async def set_up(self) -> None:  # noqa: B027 - most schemes have nothing to prepare
        """Prepare the engines when the driver loads; raises `ProbeFailed` where Linux would not load."""

    def stamp(self, seqno: int) -> int:
        """Return the stamp for an object whose entries have just been cleared; pure."""
        return stamp(seqno)

    def passed(self, current: int, wanted: int) -> bool:
        """Tell whether the flush that the stamp `wanted` asks for has passed; pure."""
        return seqno_passed(current, wanted)

    @abstractmethod
    async def flush(self) -> None:
        """Drop every translation of every engine that may hold one, and wait until that is done."""
