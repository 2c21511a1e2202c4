"""A provider that knows AWS's schema and nothing of AWS: what Terraform starts instead of terraform-provider-aws.

It plans as any provider does (what is computed is not known yet), invents values when it applies, and keeps nothing:
Terraform's state does. Whatever the real provider checks in its own code, or AWS when it is asked, is not checked.
The schema is in the file that STAND_IN_SCHEMA names.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import msgpack
import tf.provider
import tf.runner
from tf.gen import tfplugin_pb2 as pb
from tf.gen import tfplugin_pb2_grpc as rpc

ADDRESS: Final = "registry.terraform.io/hashicorp/aws"
UNKNOWN: Final = msgpack.ExtType(0, b"\x00")
NESTING: Final = {"single": 1, "list": 2, "set": 3, "map": 4}
ACCOUNT: Final = "000000000000"

Json = dict[str, Any]
Invent = Callable[[str, Mapping[str, Any]], Any]


def _block(block: Json) -> Any:
    return pb.Schema.Block(
        attributes=[
            pb.Schema.Attribute(
                name=name,
                type=json.dumps(attribute["type"]).encode(),
                required=attribute.get("required", False),
                optional=attribute.get("optional", False),
                computed=attribute.get("computed", False),
            )
            for name, attribute in block["attributes"].items()
        ],
        block_types=[
            pb.Schema.NestedBlock(
                type_name=name,
                block=_block(nested["block"]),
                nesting=NESTING[nested["nesting_mode"]],
                min_items=nested.get("min_items", 0),
                max_items=nested.get("max_items", 0),
            )
            for name, nested in block["block_types"].items()
        ],
    )


def _schema(schema: Json) -> Any:
    return pb.Schema(version=schema["version"], block=_block(schema["block"]))


def _decoded(value: Any) -> Any:
    return msgpack.unpackb(value.msgpack, strict_map_key=False) if value.msgpack else None


def _encoded(value: Any) -> Any:
    return pb.DynamicValue(msgpack=msgpack.packb(value))


def _filled(value: Any, block: Json, invent: Invent, empty: Callable[[Any], bool]) -> Any:
    """`value` with every computed attribute that is `empty` invented, in nested blocks too."""
    if not isinstance(value, dict):
        return value
    for name, attribute in block["attributes"].items():
        if attribute.get("computed") and empty(value.get(name)):
            value[name] = invent(name, attribute)
    for name, nested in block["block_types"].items():
        inner = value.get(name)
        if isinstance(inner, list):
            value[name] = [_filled(each, nested["block"], invent, empty) for each in inner]
        elif isinstance(inner, dict):
            value[name] = _filled(inner, nested["block"], invent, empty)
    return value


def _inventing(type_name: str, seed: str) -> Invent:
    def of_type(name: str, type_: Any, *, filled: bool) -> Any:  # noqa: PLR0911 - one per kind
        scalars = {"number": 0, "bool": False, "dynamic": None}
        if type_ == "string":
            if name == "account_id":
                return ACCOUNT
            if name == "arn" or name.endswith("_arn"):
                return f"arn:aws:stand-in:af-south-1:{ACCOUNT}:{type_name}/{seed}"
            return f"invented-{name.replace('_', '-')}-{seed}"
        if isinstance(type_, str):
            return scalars[type_]
        if type_[0] == "object":
            return {member: of_type(member, inner, filled=filled) for member, inner in type_[1].items()}
        if type_[0] == "map":
            return {}
        return [of_type(name, type_[1], filled=filled)] if filled else []

    def invent(name: str, attribute: Mapping[str, Any]) -> Any:
        # A list that nobody may set has something in it when AWS has made the resource: name servers, records to prove.
        return of_type(name, attribute["type"], filled=not attribute.get("optional", False))

    return invent


class StandIn(rpc.ProviderServicer):  # type: ignore[misc]
    """Terraform's plugin protocol, version 6, as far as it is needed."""

    def __init__(self, _: object) -> None:
        """Read the schema."""
        self._known: Json = json.loads(Path(os.environ["STAND_IN_SCHEMA"]).read_text("utf-8"))

    def GetMetadata(self, *_: Any) -> Any:  # noqa: N802 - the protocol's names, here and below
        """What there is."""
        response = pb.GetMetadata
        return response.Response(
            resources=[response.ResourceMetadata(type_name=name) for name in self._known["resource_schemas"]],
            data_sources=[response.DataSourceMetadata(type_name=name) for name in self._known["data_source_schemas"]],
        )

    def GetProviderSchema(self, *_: Any) -> Any:  # noqa: N802
        """The schema."""
        known = self._known
        return pb.GetProviderSchema.Response(
            provider=_schema(known["provider"]),
            provider_meta=pb.Schema(block=pb.Schema.Block()),
            resource_schemas={name: _schema(each) for name, each in known["resource_schemas"].items()},
            data_source_schemas={name: _schema(each) for name, each in known["data_source_schemas"].items()},
        )

    def GetFunctions(self, *_: Any) -> Any:  # noqa: N802
        """None."""
        return pb.GetFunctions.Response()

    def ValidateProviderConfig(self, *_: Any) -> Any:  # noqa: N802
        """Terraform has checked it against the schema."""
        return pb.ValidateProviderConfig.Response()

    def ValidateResourceConfig(self, *_: Any) -> Any:  # noqa: N802
        """Likewise."""
        return pb.ValidateResourceConfig.Response()

    def ValidateDataResourceConfig(self, *_: Any) -> Any:  # noqa: N802
        """Likewise."""
        return pb.ValidateDataResourceConfig.Response()

    def ConfigureProvider(self, *_: Any) -> Any:  # noqa: N802
        """Nothing to open."""
        return pb.ConfigureProvider.Response()

    def UpgradeResourceState(self, request: Any, _: Any) -> Any:  # noqa: N802
        """The schema has one version."""
        return pb.UpgradeResourceState.Response(upgraded_state=pb.DynamicValue(json=request.raw_state.json))

    def ReadResource(self, request: Any, _: Any) -> Any:  # noqa: N802
        """It is as it was left."""
        return pb.ReadResource.Response(new_state=request.current_state)

    def PlanResourceChange(self, request: Any, _: Any) -> Any:  # noqa: N802
        """What is computed is not known before a resource exists."""
        planned = _decoded(request.proposed_new_state)
        if planned is not None and _decoded(request.prior_state) is None:
            block = self._known["resource_schemas"][request.type_name]["block"]
            planned = _filled(planned, block, lambda *_: UNKNOWN, lambda value: value is None)
        return pb.PlanResourceChange.Response(planned_state=_encoded(planned))

    def ApplyResourceChange(self, request: Any, _: Any) -> Any:  # noqa: N802
        """Invent what was not known."""
        made = _decoded(request.planned_state)
        if made is not None:
            seed = hashlib.sha256(request.planned_state.msgpack).hexdigest()[:8]
            block = self._known["resource_schemas"][request.type_name]["block"]
            made = _filled(
                made, block, _inventing(request.type_name, seed), lambda value: isinstance(value, msgpack.ExtType)
            )
        return pb.ApplyResourceChange.Response(new_state=_encoded(made))

    def ReadDataSource(self, request: Any, _: Any) -> Any:  # noqa: N802
        """Invented, and the same each time."""
        block = self._known["data_source_schemas"][request.type_name]["block"]
        invent = _inventing(request.type_name, "data")
        found = _filled(_decoded(request.config), block, invent, lambda value: value is None)
        return pb.ReadDataSource.Response(state=_encoded(found))

    def StopProvider(self, *_: Any) -> Any:  # noqa: N802
        """Nothing to stop."""
        return pb.StopProvider.Response()


class _Named:
    def full_name(self) -> str:
        return ADDRESS


if __name__ == "__main__":
    # The package serves providers written in its own manner; ours speaks the protocol itself.
    tf.provider.ProviderServicer = StandIn
    tf.runner.run_provider(_Named(), sys.argv)
