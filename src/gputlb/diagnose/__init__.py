"""Log and trace readers, incidents and advice for `gputlb diagnose`."""
