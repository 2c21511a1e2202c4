"""The invariants of every explored world."""
