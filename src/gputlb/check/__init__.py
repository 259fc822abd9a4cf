"""GPU scenarios, properties and witnesses for `gputlb check`."""
