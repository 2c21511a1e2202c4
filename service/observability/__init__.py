"""Logs, metrics and what collects them."""
