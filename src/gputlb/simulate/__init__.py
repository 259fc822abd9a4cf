"""Workloads and metrics for `gputlb run`."""
