"""The AWS provider's schema, rebuilt from the installed Python package of its bindings.

No package index has the provider itself, and `terraform validate` and `plan` need its schema. The bindings were
generated from that schema, and their package carries the generated TypeScript: a comment over each attribute says
whether it is computed, optional or required, and a table says its type and whether it is a block. That is read here;
nothing is run.

Lost on the way: sensitivity, deprecations, limits of blocks above one, and the types of what the bindings call `any`
(the firewall's statements).
"""

from __future__ import annotations

import base64
import json
import re
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

__all__ = ("ADDRESS", "Kind", "rebuilt", "used_kinds", "version")

ADDRESS: Final = "registry.terraform.io/hashicorp/aws"
Json = dict[str, Any]
Kind = tuple[str, str]
"""`resource` or `data`, and the type's name."""

_CLASS: Final = re.compile(r"^export class (\w+) extends cdktf\.(\w+) \{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
_ATTRIBUTE: Final = re.compile(
    r"^  // (\w+) - computed: (true|false), optional: (true|false), required: (true|false)\n"
    r"(.*?)(?=^  // \w+ - computed|^  // =+|\Z)",
    re.MULTILINE | re.DOTALL,
)
_ROW: Final = re.compile(
    r"^\s+(\w+): \{\n\s+value: (.*?),\n\s+isBlock: (true|false),\n"
    r"\s+type: \"(\w+)\",\n\s+storageClassType: \"([^\"]+)\",",
    re.MULTILINE,
)
_TABLE: Final = re.compile(r"^export function (\w+)ToHclTerraform\(.*?\): any \{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
_NESTED: Final = re.compile(r"= new (?!cdktf)(\w+?)(List|OutputReference|Map)\(this, \"\w+\"(?:, (true|false))?\)")
_TOP: Final = re.compile(
    r"^export class (\w+) extends cdktf\.Terraform(?:Resource|DataSource|Provider) \{", re.MULTILINE
)
_SCALARS: Final = {"string": "string", "number": "number", "boolean": "bool", "any": "dynamic"}
_MAPS: Final = {"String": "string", "Number": "number", "Boolean": "bool", "Any": "dynamic"}


@dataclass(frozen=True, slots=True)
class Row:
    """What the table says of one argument: how it is written, its shape, and its elements' type."""

    value: str
    shape: str
    stored: str

    @property
    def is_attribute_of_objects(self) -> bool:
        """Whether objects are assigned to it, and it is no block."""
        return "Mapper" in self.value and ", false)" in self.value


Rows = dict[str, Row]


def version() -> str:
    """Of the provider that the bindings were generated from."""
    text = (_package() / "provider" / "__init__.py").read_text("utf-8")
    found = re.search(r"registry\.terraform\.io/providers/hashicorp/aws/([0-9.]+)/", text)
    assert found
    return found[1]


def used_kinds(stacks: Iterable[Path]) -> set[Kind]:
    """The resources and data sources of AWS that synthesised stacks use."""
    used: set[Kind] = set()
    for path in stacks:
        stack = json.loads(path.read_text("utf-8"))
        used |= {(part, name) for part in ("resource", "data") for name in stack.get(part, {})}
    return {kind for kind in used if kind[1].startswith("aws_")}


def rebuilt(kinds: Iterable[Kind]) -> Json:
    """The schema of provider and `kinds`, as `terraform providers schema -json` would show it.

    Raises:
        LookupError: the package knows nothing of one of them.
    """
    wanted = {*kinds, ("provider", "aws")}
    sources = _sources(wanted)
    if missing := wanted - set(sources):
        raise LookupError(f"the bindings do not have {sorted(missing)}")
    made: Json = {"provider": {}, "resource_schemas": {}, "data_source_schemas": {}}
    for (part, name), source in sorted(sources.items()):
        if part == "provider":
            made["provider"] = {"version": 0, "block": Source(source).provider()}
        else:
            made["resource_schemas" if part == "resource" else "data_source_schemas"][name] = {
                "version": 0,
                "block": Source(source).top(),
            }
    return made


def _package() -> Path:
    for name in ("cdktf_cdktf_provider_aws", "cdktn_provider_aws"):
        spec = find_spec(name)
        if spec and spec.origin:
            return Path(spec.origin).parent
    raise LookupError("the bindings of the AWS provider are not installed")


def _sources(wanted: set[Kind]) -> dict[Kind, str]:
    def folder(kind: Kind) -> str:
        if kind[0] == "provider":
            return "provider"
        slug = kind[1].removeprefix("aws_").replace("_", "-")
        return f"data-aws-{slug}" if kind[0] == "data" else slug

    files = {f"package/lib/{folder(kind)}/index.js": kind for kind in wanted}
    found = {}
    (archive,) = (_package() / "_jsii").glob("*.jsii.tgz")
    with tarfile.open(archive, "r|gz") as members:
        for member in members:
            if member.name not in files:
                continue
            content = members.extractfile(member)
            assert content
            map_ = json.loads(base64.b64decode(content.read().decode().rsplit("base64,", 1)[1]))
            found[files[member.name]] = map_["sourcesContent"][0].replace("cdktn.", "cdktf.")
            if len(found) == len(files):
                break
    return found


def _rows(body: str) -> Rows:
    return {name: Row(value, shape, stored) for name, value, _, shape, stored in _ROW.findall(body)}


def _lower_first(name: str) -> str:
    return name[0].lower() + name[1:]


def _typed(stored: str, shape: str) -> Any:
    """A type from the table, e.g. stringList with shape set."""
    for suffix, collection in (("List", shape if shape in {"list", "set"} else "list"), ("Map", "map")):
        if stored.endswith(suffix) and stored != suffix:
            return [collection, _typed(stored.removesuffix(suffix), "list")]
    return _SCALARS.get(stored, "dynamic")


def _typed_by_getter(body: str) -> Any:
    """A type from how its value is read: all that is known of what is only computed."""
    if found := re.search(r"new cdktf\.(String|Number|Boolean|Any)Map\(", body):
        return ["map", _MAPS[found[1]]]
    if found := re.search(r"new cdktf\.(String|Number|Boolean|Any)MapList\(", body):
        return ["list", ["map", _MAPS[found[1]]]]
    collection = "set" if "Fn.tolist(" in body else "list"
    getters = {
        "getStringAttribute": "string",
        "getNumberAttribute": "number",
        "getBooleanAttribute": "bool",
        "getListAttribute": [collection, "string"],
        "getNumberListAttribute": [collection, "number"],
        "getStringMapAttribute": ["map", "string"],
        "getNumberMapAttribute": ["map", "number"],
        "getBooleanMapAttribute": ["map", "bool"],
    }
    return next((type_ for getter, type_ in getters.items() if getter in body), "dynamic")


class Source:
    """The TypeScript of one resource, data source or provider."""

    def __init__(self, text: str) -> None:
        """Find its classes and tables."""
        self._text = text
        self._classes = {name: body for name, _, body in _CLASS.findall(text)}
        self._tables = {_lower_first(name): _rows(body) for name, body in _TABLE.findall(text)}

    def top(self) -> Json:
        """The block of the resource itself."""
        found = _TOP.search(self._text)
        assert found
        written = self._classes[found[1]].split("synthesizeHclAttributes", 1)[1]
        return self._block(found[1], _rows(written))

    def provider(self) -> Json:
        """The block of the provider's own settings; only its table describes them."""
        written = self._text.split("synthesizeHclAttributes", 1)[1]
        block = self._settings(_rows(written))
        # `alias` is Terraform's own.
        del block["attributes"]["alias"]
        return block

    def _settings(self, rows: Rows) -> Json:
        attributes, blocks = {}, {}
        for name, row in rows.items():
            named = re.search(r"\b(\w+)ToHclTerraform", row.value)
            if named and named[1] in self._tables:
                shape = "list" if row.shape == "struct" else row.shape
                blocks[name] = {"nesting_mode": shape, "block": self._settings(self._tables[named[1]])}
            else:
                attributes[name] = {"type": _typed(row.stored, row.shape), "optional": True}
        return {"attributes": attributes, "block_types": blocks}

    def _block(self, class_name: str, rows: Rows) -> Json:
        attributes, blocks = {}, {}
        for name, computed, optional, required, body in _ATTRIBUTE.findall(self._classes[class_name]):
            flags = {"computed": computed, "optional": optional, "required": required}
            said = {flag: True for flag, value in flags.items() if value == "true"}
            row, nested = rows.get(name), _NESTED.search(body)
            if nested is None:
                type_ = _typed(row.stored, row.shape) if row else _typed_by_getter(body)
                attributes[name] = {"type": type_, **said}
            elif row is None or not ({"optional", "required"} & set(said)) or row.is_attribute_of_objects:
                attributes[name] = {"type": [self._collection(nested, row), self._object(nested[1])], **said}
            else:
                blocks[name] = self._nested(nested, row, required="required" in said)
        return {"attributes": attributes, "block_types": blocks}

    @staticmethod
    def _collection(nested: re.Match[str], row: Row | None) -> str:
        if row:
            return row.shape if row.shape in {"list", "set", "map"} else "list"
        if nested[2] == "Map":
            return "map"
        return "set" if nested[3] == "true" else "list"

    def _nested(self, nested: re.Match[str], row: Row, *, required: bool) -> Json:
        inner = self._block(f"{nested[1]}OutputReference", self._tables.get(_lower_first(nested[1]), {}))
        mode = "single" if row.shape == "struct" else row.shape
        if mode == "set" and '"dynamic"' in json.dumps(inner):
            # Terraform forbids what has no type within a set.
            mode = "list"
        made: Json = {"nesting_mode": mode, "block": inner}
        if required:
            made["min_items"] = 1
        if nested[2] == "OutputReference" and mode != "single":
            made["max_items"] = 1
        return made

    def _object(self, name: str) -> Any:
        rows = self._tables.get(_lower_first(name), {})
        return _as_object(self._block(f"{name}OutputReference", rows))


def _as_object(block: Mapping[str, Any]) -> Any:
    members = {name: attribute["type"] for name, attribute in block["attributes"].items()}
    for name, nested in block["block_types"].items():
        mode = "list" if nested["nesting_mode"] == "single" else nested["nesting_mode"]
        members[name] = [mode, _as_object(nested["block"])]
    return ["object", members]
