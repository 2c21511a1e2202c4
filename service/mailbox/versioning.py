"""Reading what a release, perhaps another one, has stored."""

from __future__ import annotations

from typing import Final, TypeVar

import msgspec

__all__ = ("RECORD_VERSION", "NewerRecord", "read")

RECORD_VERSION: Final = 1
"""The newest form of stored records that this release knows."""

_T = TypeVar("_T")


class NewerRecord(Exception):  # noqa: N818 - it is no error: two releases run side by side during a deployment
    """A newer release wrote this record, and runs beside this one: it is theirs to handle."""


class _Versioned(msgspec.Struct):
    version: int = 1


def read(raw: bytes | None, kind: type[_T]) -> _T | None:
    """Read a stored record; None when there is none.

    Raises:
        NewerRecord: a newer release wrote it.
        msgspec.MsgspecError: it cannot be read at all.
    """
    if raw is None:
        return None
    if msgspec.json.decode(raw, type=_Versioned).version > RECORD_VERSION:
        raise NewerRecord
    return msgspec.json.decode(raw, type=kind)
