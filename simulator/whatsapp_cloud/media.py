"""Media files: uploads of the business, files that people sent, and download URLs that expire.

Lifetimes, sizes and types: Meta's reference of media, September 2026. The error text for a refused type was observed
in answers of the real API; the text for a file that is too large follows its pattern.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from .errors import RefusedError
from .limits import DAY_MS, LIMITS
from .schema import violation
from .values import Json
from .wire import IdFactory

__all__ = ("KINDS", "File", "Media")

UPLOADED_MS: Final = 30 * DAY_MS
RECEIVED_MS: Final = 7 * DAY_MS
ADDRESS_MS: Final = 5 * 60 * 1000
"""The lifetimes of an uploaded file, of a file that a person sent, and of a download URL."""

_OFFICE: Final = "application/vnd.openxmlformats-officedocument"
KINDS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "audio": ("audio/aac", "audio/mp4", "audio/mpeg", "audio/amr", "audio/ogg", "audio/opus"),
        "document": (
            "application/vnd.ms-powerpoint",
            "application/msword",
            f"{_OFFICE}.wordprocessingml.document",
            f"{_OFFICE}.presentationml.presentation",
            f"{_OFFICE}.spreadsheetml.sheet",
            "application/pdf",
            "text/plain",
            "application/vnd.ms-excel",
        ),
        "image": ("image/jpeg", "image/png"),
        "sticker": ("image/webp",),
        "video": ("video/mp4", "video/3gpp"),
    }
)
_ANIMATION: Final = 0x02
_FLAGS_AT: Final = 20


@dataclass(frozen=True, slots=True)
class File:
    """A file; ``uploaded`` by the business, or sent by a person.

    Attributes:
        kind: the kind of message that it can be sent as.
        ends_ms: when it expires.
    """

    id: str
    kind: str
    mime_type: str
    content: bytes
    ends_ms: int
    uploaded: bool

    @property
    def sha256(self) -> str:
        """Its digest, as reported along with the URL."""
        return hashlib.sha256(self.content).hexdigest()


class Media:
    """The files of an account.

    Attributes:
        files: by id, including expired ones.
        addresses: file id and expiry of each download URL, by the secret in the URL.
        base_url: the address of this API. If set, webhooks with files carry a download URL, as since November 2025;
            empty for webhooks without it.
    """

    def __init__(self, ids: IdFactory, clock_ms: Callable[[], int]) -> None:
        self.files: dict[str, File] = {}
        self.addresses: dict[str, tuple[str, int]] = {}
        self.base_url = ""
        self._ids = ids
        self._clock_ms = clock_ms

    def upload(self, fields: Mapping[str, Any], content: bytes | None, mime_type: str) -> Json:
        """Store an upload; ``fields`` are those of the multipart form.

        Raises:
            RefusedError: there is no file, or its type or size is not accepted.
        """
        if str(fields.get("messaging_product", "")).lower() != "whatsapp":
            raise RefusedError(100, message="The parameter messaging_product is required.")
        if content is None:
            raise RefusedError(100, message="The parameter file is required.")
        given = (mime_type or str(fields.get("type", ""))).partition(";")[0].strip().lower()
        kind = next((kind for kind, types in KINDS.items() if given in types), None)
        if kind is None:
            known = ", ".join(one for types in KINDS.values() for one in types)
            said = (
                f"Param file must be a file with one of the following types: {known}. Received file of type '{given}'."
            )
            raise RefusedError(100, message=said)
        limit = LIMITS[f"media.{'animated_' if kind == 'sticker' and _moves(content) else ''}{kind}"]
        if not limit.keeps(len(content)):
            raise violation(limit)
        media_id = self._ids.number("upload")
        self.files[media_id] = File(media_id, kind, given, content, self._clock_ms() + UPLOADED_MS, uploaded=True)
        return {"id": media_id}

    def receive(self, message: Json) -> None:
        """Store the file of a person's message; its content is invented: the bytes of its id."""
        content = message.get(str(message.get("type")))
        if not isinstance(content, dict) or not isinstance(content.get("mime_type"), str):
            return
        media_id, kind = str(content.get("id", "")), str(message["type"])
        ends_ms = self._clock_ms() + RECEIVED_MS
        file = File(media_id, kind, content["mime_type"], media_id.encode(), ends_ms, uploaded=False)
        self.files[media_id] = file
        if self.base_url:
            content.setdefault("url", self._address(file, self.base_url))

    def find(self, media_id: str) -> File | None:
        """The file, unless there is none or it has expired."""
        file = self.files.get(media_id)
        return None if file is None or self._clock_ms() >= file.ends_ms else file

    def to_json(self, file: File, base_url: str) -> Json:
        """The JSON of a file, with a new download URL."""
        return {
            "messaging_product": "whatsapp",
            "url": self._address(file, base_url),
            "mime_type": file.mime_type,
            "sha256": file.sha256,
            "file_size": len(file.content),
            "id": file.id,
        }

    def _address(self, file: File, base_url: str) -> str:
        """A URL from which the file can be downloaded for five minutes."""
        now_ms = self._clock_ms()
        self.addresses = {key: held for key, held in self.addresses.items() if held[1] > now_ms}
        secret, ends_ms = self._ids.text(f"address {file.id}"), now_ms + ADDRESS_MS
        self.addresses[secret] = (file.id, ends_ms)
        return f"{base_url}/whatsapp_business/attachments/?mid={file.id}&ext={ends_ms // 1000}&hash={secret}"

    def download(self, media_id: str, secret: str) -> File | None:
        """The file at a URL; None if either has expired or does not exist."""
        named, ends_ms = self.addresses.get(secret, ("", 0))
        return self.find(media_id) if named == media_id and self._clock_ms() < ends_ms else None

    def delete(self, file: File) -> Json:
        """Delete a file."""
        del self.files[file.id]
        return {"success": True}


def _moves(content: bytes) -> bool:
    """Whether a WebP image is animated, according to its extended header."""
    extended = content[:4] == b"RIFF" and content[8:16] == b"WEBPVP8X"
    return extended and len(content) > _FLAGS_AT and bool(content[_FLAGS_AT] & _ANIMATION)
