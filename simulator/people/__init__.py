"""Invented people: Zimbabwean names and phone numbers, and their behaviour in a conversation."""

from __future__ import annotations

from simulator.people.personas import Persona, Temperament, persona
from simulator.people.wander import Move, choose

__all__ = ("Move", "Persona", "Temperament", "choose", "persona")
