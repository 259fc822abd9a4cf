"""Raises at its first flush."""

from gputlb.driver import Scheme


class Raises(Scheme):
    async def flush(self) -> None:
        engines = {engine.name: engine for engine in self.gt.engines}
        await engines["no such engine"].wakerefs()
