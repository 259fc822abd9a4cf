"""How a flush is done: one class a scheme, ours and the user's."""

from gputlb.driver.schemes._find import UnknownScheme, scheme, schemes
from gputlb.driver.schemes._scheme import NotSetUp, ProbeFailed, Scheme
from gputlb.driver.schemes._unfit import (
    UnfitScheme,
    failed,
    failed_in_set_up,
    file_name,
    files_of,
    frame_of,
    made,
    not_async,
    shown_name,
    where_raised,
    where_written,
)
from gputlb.driver.schemes.guc import Guc
from gputlb.driver.schemes.mmio import Mmio
from gputlb.driver.schemes.mmio_2022 import Mmio2022
from gputlb.driver.schemes.no_flush import NoFlush
from gputlb.driver.schemes.requests import InvalidationRequest, request_6_12, request_2022
from gputlb.driver.schemes.unbatched import Unbatched

__all__ = [
    "Guc",
    "InvalidationRequest",
    "Mmio",
    "Mmio2022",
    "NoFlush",
    "NotSetUp",
    "ProbeFailed",
    "Scheme",
    "Unbatched",
    "UnfitScheme",
    "UnknownScheme",
    "failed",
    "failed_in_set_up",
    "file_name",
    "files_of",
    "frame_of",
    "made",
    "not_async",
    "request_6_12",
    "request_2022",
    "scheme",
    "schemes",
    "shown_name",
    "where_raised",
    "where_written",
]
