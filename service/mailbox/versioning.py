"""Reads stored records, which this release or another one wrote."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar, overload

import msgspec

Migration = Callable[[dict[str, Any]], dict[str, Any]]
"""Takes a record's decoded JSON object of one version, and returns it as the next version has it."""

RecordT = TypeVar("RecordT")


class NewerRecordError(Exception):
    """A newer release wrote this record. It runs beside this one during a deployment, and will handle the record."""


@dataclass(frozen=True, slots=True)
class RecordType(Generic[RecordT]):
    """A kind of stored record.

    Attributes:
        version: the newest version that this release reads. It writes the version that the struct's default says, which
            is one that the release before it reads as well.
        migrations: by version, what makes a record of it one of the next version.
    """

    struct: type[RecordT]
    version: int = 1
    migrations: Mapping[int, Migration] = field(default_factory=dict)


class _Versioned(msgspec.Struct):
    version: int = 1


@overload
def read_record(raw: None, record_type: RecordType[RecordT]) -> None: ...
@overload
def read_record(raw: bytes, record_type: RecordType[RecordT]) -> RecordT: ...
@overload
def read_record(raw: bytes | None, record_type: RecordType[RecordT]) -> RecordT | None: ...
def read_record(raw: bytes | None, record_type: RecordType[RecordT]) -> RecordT | None:
    """Reads a stored record, an older one by its migrations; None when there is none.

    Raises:
        NewerRecordError: its version is newer than this release knows.
        msgspec.MsgspecError: it cannot be decoded.
    """
    if raw is None:
        return None
    version = msgspec.json.decode(raw, type=_Versioned).version
    if version > record_type.version:
        raise NewerRecordError(f"{record_type.struct.__name__} of version {version}")
    if version < record_type.version:
        record: dict[str, Any] = msgspec.json.decode(raw)
        for each in range(version, record_type.version):
            record = {**record_type.migrations[each](record), "version": each + 1}
        raw = msgspec.json.encode(record)
    return msgspec.json.decode(raw, type=record_type.struct)
