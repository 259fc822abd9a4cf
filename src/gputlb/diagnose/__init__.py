"""What went wrong on a machine: kernel logs and traces, read, ordered and explained."""

from gputlb.diagnose._advising import Advised
from gputlb.diagnose._diagnosis import SCHEMA, Diagnosis, LogRead, diagnose
from gputlb.diagnose._errors import DecompressionBomb, UnreadableInput
from gputlb.diagnose._events import Event
from gputlb.diagnose._follow import IncidentNews, follow
from gputlb.diagnose._incident import Incident
from gputlb.diagnose._machine import Machine
from gputlb.diagnose._sources import Source, open_live, open_source, open_sources
from gputlb.diagnose._tail import arriving_lines
from gputlb.diagnose._upstream import upstream_report

__all__ = [
    "SCHEMA",
    "Advised",
    "DecompressionBomb",
    "Diagnosis",
    "Event",
    "Incident",
    "IncidentNews",
    "LogRead",
    "Machine",
    "Source",
    "UnreadableInput",
    "arriving_lines",
    "diagnose",
    "follow",
    "open_live",
    "open_source",
    "open_sources",
    "upstream_report",
]
