"""Replaying recorded vectors against the driver: what the reference C did, event for event."""

from gputlb.conformance._files import FileComparison
from gputlb.conformance._replay import Mismatch, compare, replay
from gputlb.conformance._vectors import Call, Scenario, Vector, VectorEngine, VectorError, read_vectors

__all__ = [
    "Call",
    "FileComparison",
    "Mismatch",
    "Scenario",
    "Vector",
    "VectorEngine",
    "VectorError",
    "compare",
    "read_vectors",
    "replay",
]
