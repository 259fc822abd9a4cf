"""What an `await` means: cells, locks, time, choice, agents and events."""
