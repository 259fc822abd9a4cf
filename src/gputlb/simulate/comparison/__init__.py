"""Comparing results: paired differences with intervals, and where two schemes change places."""

from gputlb.simulate.comparison._compare import DEFAULT_COSTS, Comparison, PointDifference, compare
from gputlb.simulate.comparison._crossing import Crossing
from gputlb.simulate.comparison._sides import CannotCompare, Match, Sides, by_column, two_files

__all__ = [
    "DEFAULT_COSTS",
    "CannotCompare",
    "Comparison",
    "Crossing",
    "Match",
    "PointDifference",
    "Sides",
    "by_column",
    "compare",
    "two_files",
]
