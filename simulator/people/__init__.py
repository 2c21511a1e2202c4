"""Invented people: Zimbabwean names and numbers, and how each of them uses a phone."""

from __future__ import annotations

from simulator.people.personas import Persona, Temperament, persona
from simulator.people.wander import Move, choose

__all__ = ("Move", "Persona", "Temperament", "choose", "persona")
