"""Runs the bot as real processes: soak test, benchmark and load."""
