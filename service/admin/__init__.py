"""Operators' commands: dead letters and the set-up of a WhatsApp account."""
