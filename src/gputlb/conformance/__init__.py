"""Replaying recorded vectors against the driver."""
