"""Files: images, videos, audios, documents and stickers, by the id of an upload or by a link."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from ..schema import Field, Schema
from ..values import Json
from .kind import Found, Kind

__all__ = ("FILES", "MEDIA", "file_in_header")

_FILE: Final[Mapping[str, Field]] = MappingProxyType({"id": Field(), "link": Field("url")})
_NAMED: Final[Mapping[str, Field]] = MappingProxyType({**_FILE, "filename": Field()})


def _captioned(kind: str) -> Mapping[str, Field]:
    return {"caption": Field(limit=f"{kind}.caption")}


FILES: Final[Mapping[str, Schema]] = MappingProxyType(
    {
        "image": Schema({**_FILE, **_captioned("image")}),
        "video": Schema({**_FILE, **_captioned("video")}),
        "audio": Schema({**_FILE, "voice": Field("boolean")}),
        "document": Schema({**_NAMED, **_captioned("document")}),
        "sticker": Schema(_FILE),
    }
)


def file_in_header(kind: str) -> Field:
    """The file of a header or a template parameter, which has no caption."""
    return Field("object", required=True, schema=Schema(_NAMED if kind == "document" else _FILE))


def _reader(kind: str) -> Callable[[Json, Found], None]:
    def read(content: Json, found: Found) -> None:
        found.file(kind, content, kind)
        named = content.get("filename")
        found.bubble.header = f"[{kind}: {named}]" if named else f"[{kind}]"
        found.bubble.body = content.get("caption") or ""

    return read


MEDIA: Final[Mapping[str, Kind]] = MappingProxyType(
    {kind: Kind(Field("object", required=True, schema=schema), _reader(kind)) for kind, schema in FILES.items()}
)
