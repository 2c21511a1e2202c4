"""Replays conversations, and compares, caches and measures what came of them."""
