"""Replays conversations, and compares, caches and measures the results."""
