"""What a question about figures can be wrong with."""

from __future__ import annotations

from gputlb.errors import GputlbError


class StatisticsError(GputlbError):
    """The values, or what is asked of them, allow no answer."""
