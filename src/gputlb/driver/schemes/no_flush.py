"""Never flushing: Linux before CVE-2022-0330 was fixed."""

from __future__ import annotations

from gputlb.driver.schemes._scheme import Scheme


class NoFlush(Scheme):
    """Pages go back without any flush; engines go on reaching them."""

    name = "none"
    summary = "no flush at all: before CVE-2022-0330 was fixed"
    treats_engines_alike = True

    def passed(self, current: int, wanted: int) -> bool:
        """Believe, always, that a flush has passed."""
        return True

    async def flush(self) -> None:
        """Do nothing; nobody ever asks for it."""
