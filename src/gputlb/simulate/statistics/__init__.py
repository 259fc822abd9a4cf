"""How sure a figure is: intervals, warm-up, paired differences, and when to stop."""

from gputlb.simulate.statistics._batches import BatchMeans, batch_means
from gputlb.simulate.statistics._errors import StatisticsError
from gputlb.simulate.statistics._interval import Interval, interval
from gputlb.simulate.statistics._paired import PairedDifference, paired
from gputlb.simulate.statistics._stopping import Precision
from gputlb.simulate.statistics._student import student_t_quantile, t_factor
from gputlb.simulate.statistics._warm_up import WarmUp, mser5

__all__ = [
    "BatchMeans",
    "Interval",
    "PairedDifference",
    "Precision",
    "StatisticsError",
    "WarmUp",
    "batch_means",
    "interval",
    "mser5",
    "paired",
    "student_t_quantile",
    "t_factor",
]
