"""Writes plain values as YAML in flow style, on one line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import yaml

__all__ = ("YamlEntry", "YamlValue", "write_entry", "write_scalar", "write_value")

YamlValue = str | int | bool | Mapping[str, "YamlValue"] | Sequence["YamlValue"] | None

YamlEntry = tuple[str, YamlValue]
"""A key and its value; None is a key that stands alone."""


def write_entry(entry: YamlEntry) -> str:
    """``key: value`` on one line, or only the key where the value is None."""
    key, value = entry
    return key if value is None else f"{write_scalar(key)}: {write_value(value)}"


def write_value(value: YamlValue) -> str:
    """A value in flow style."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{write_scalar(key)}: {write_value(each)}" for key, each in value.items()) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(write_value(each) for each in value) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return write_scalar(str(value))


def write_scalar(text: str) -> str:
    """A text on one line, quoted if YAML could read any of it as something else."""
    if text and text.replace(" ", "").replace("_", "").isalnum() and text.isascii() and text == text.strip():
        return text
    dumped = yaml.safe_dump(text, allow_unicode=True, width=1_000_000, default_style='"')
    return str(dumped).removesuffix("\n")
