"""Sweeps: many runs over a grid or a list of parameters, on all cores or a cluster, into one results file."""

from gputlb.simulate.sweep._axis import Axis, numeric_axis
from gputlb.simulate.sweep._errors import JournalError, ResultsError, RunFailed, SweepError, SweepFileError
from gputlb.simulate.sweep._estimate import estimated_s
from gputlb.simulate.sweep._file import read_sweep
from gputlb.simulate.sweep._plan import Plan, Run, canonical, files_read_by
from gputlb.simulate.sweep._points import Point, Points, read_points
from gputlb.simulate.sweep._pools import ClusterPool, LocalPool, Pool
from gputlb.simulate.sweep._reading import Value
from gputlb.simulate.sweep._results import CostMeaning, Provenance
from gputlb.simulate.sweep._runs import Results, read_results
from gputlb.simulate.sweep._sweep import Sweep

__all__ = [
    "Axis",
    "ClusterPool",
    "CostMeaning",
    "JournalError",
    "LocalPool",
    "Plan",
    "Point",
    "Points",
    "Pool",
    "Provenance",
    "Results",
    "ResultsError",
    "Run",
    "RunFailed",
    "Sweep",
    "SweepError",
    "SweepFileError",
    "Value",
    "canonical",
    "estimated_s",
    "files_read_by",
    "numeric_axis",
    "read_points",
    "read_results",
    "read_sweep",
]
