"""The schema that is rebuilt, where we know what it must be."""

from __future__ import annotations

from typing import Any

import pytest

from tests.infrastructure.provider_schema import rebuilt, version


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    """Of a few well-known types."""
    return rebuilt([("resource", "aws_ecs_service"), ("resource", "aws_vpc"), ("data", "aws_caller_identity")])


def test_attributes_are_required_optional_or_computed_as_documented(schema: dict[str, Any]) -> None:
    """Flags and types come from the generated source."""
    service = schema["resource_schemas"]["aws_ecs_service"]["block"]["attributes"]
    network = schema["resource_schemas"]["aws_vpc"]["block"]["attributes"]

    assert service["name"] == {"type": "string", "required": True}
    assert service["desired_count"] == {"type": "number", "optional": True}
    assert network["arn"] == {"type": "string", "computed": True}
    assert network["tags"] == {"type": ["map", "string"], "optional": True}


def test_blocks_are_blocks_with_their_shape_and_limit(schema: dict[str, Any]) -> None:
    """A block that may be given once has that limit, so that two of it are an error."""
    blocks = schema["resource_schemas"]["aws_ecs_service"]["block"]["block_types"]
    once = blocks["network_configuration"]

    assert (once["nesting_mode"], once["max_items"]) == ("list", 1)
    assert once["block"]["attributes"]["subnets"] == {"type": ["set", "string"], "required": True}
    assert blocks["load_balancer"]["nesting_mode"] == "set"


def test_data_sources_and_the_provider_are_there(schema: dict[str, Any]) -> None:
    """Their attributes, too."""
    account = schema["data_source_schemas"]["aws_caller_identity"]["block"]["attributes"]

    assert account["account_id"] == {"type": "string", "computed": True}
    assert schema["provider"]["block"]["attributes"]["region"] == {"type": "string", "optional": True}


def test_what_the_bindings_do_not_have_is_said() -> None:
    """A misspelt type is no empty schema."""
    with pytest.raises(LookupError, match="aws_no_such_thing"):
        rebuilt([("resource", "aws_no_such_thing")])


def test_the_version_is_that_of_the_bindings() -> None:
    """As the stacks require it."""
    assert version() == "6.25.0"
