"""The flow framework: pure."""
