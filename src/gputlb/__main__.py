"""`python -m gputlb`: the same as `gputlb`."""

from gputlb.cli import main

main()
