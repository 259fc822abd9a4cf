"""Raises wherever a scheme can."""

from gputlb.driver import Gt, Scheme


class Raises(Scheme):
    async def flush(self) -> None:
        engines = {engine.name: engine for engine in self.gt.engines}
        await engines["no such engine"].wakerefs()


class RaisesWhenMade(Scheme):
    def __init__(self, gt: Gt) -> None:
        super().__init__(gt)
        self.first_media_engine = next(engine for engine in gt.engines if engine.name == "no such engine")

    async def flush(self) -> None:
        """Never comes to it."""


class RaisesInSetUp(Scheme):
    async def set_up(self) -> None:
        raise KeyError("no such engine")

    async def flush(self) -> None:
        """Never comes to it."""


class Exits(Scheme):
    async def flush(self) -> None:
        raise SystemExit(0)


class StampsInWords(Scheme):
    def stamp(self, seqno: int) -> int:
        return f"the flush after {seqno}"  # type: ignore[return-value]

    async def flush(self) -> None:
        """Never comes to it."""


class ClosesItself(Scheme):
    async def flush(self) -> None:
        raise GeneratorExit


class OfItsOwnKind(Scheme):
    async def flush(self) -> None:
        raise StopEverything


class StopEverything(BaseException):
    """Is no `Exception`."""
