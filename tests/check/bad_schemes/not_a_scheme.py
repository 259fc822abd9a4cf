"""A class that flushes, but is no scheme."""


class Flusher:
    async def flush(self) -> None:
        """Do nothing."""
