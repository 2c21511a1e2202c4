"""Worlds in which everything breaks that can break, and the promises that they are held to."""
