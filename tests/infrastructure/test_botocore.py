"""What Terraform passes on as text or without a type, checked against AWS's own description of its interfaces."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator

from tests.infrastructure.stacks import Stack

SPELT = {"arn": "ARN", "search_string": "SearchString"}
"""Members whose name is not the words with capitals."""


@pytest.fixture(scope="session")
def session() -> Any:
    """AWS's interfaces, as botocore knows them."""
    return botocore.session.get_session()


def problems(session: Any, service: str, operation: str, given: dict[str, Any]) -> str:
    """What AWS would not take, or nothing."""
    shape = session.get_service_model(service).operation_model(operation).input_shape
    report: str = ParamValidator().validate(given, shape).generate_report()
    return report


def as_members(value: Any) -> Any:
    """Terraform's names of the firewall's parts as AWS's members."""
    if isinstance(value, dict):
        renamed = {
            "cloudwatch_metrics_enabled": "CloudWatchMetricsEnabled",
            "text_transformation": "TextTransformations",
        }
        return {
            renamed.get(key) or SPELT.get(key) or "".join(word.capitalize() for word in key.split("_")): (
                each.encode() if key == "search_string" else as_members(each)
            )
            for key, each in value.items()
        }
    if isinstance(value, list):
        return [as_members(each) for each in value]
    return value


def rules(stack: Stack) -> list[dict[str, Any]]:
    """The firewall's, as CreateWebACL takes them."""
    made = []
    for rule in stack.one("aws_wafv2_web_acl")["rule"]:
        member = as_members(rule)
        for statement in _statements(member["Statement"]):
            # The only lists of statements that AWS calls otherwise.
            if "Statement" in statement.get("NotStatement", {}):
                (inner,) = statement["NotStatement"].pop("Statement")
                statement["NotStatement"]["Statement"] = inner
            for kind in ("AndStatement", "OrStatement"):
                if kind in statement:
                    statement[kind]["Statements"] = statement[kind].pop("Statement")
        made.append(member)
    return made


def _statements(statement: dict[str, Any]) -> list[dict[str, Any]]:
    """Innermost first."""
    found = []
    for body in statement.values():
        inner = body.get("Statement", []) if isinstance(body, dict) else []
        for each in inner if isinstance(inner, list) else [inner]:
            found += _statements(each)
        if isinstance(body, dict) and "ScopeDownStatement" in body:
            found += _statements(body["ScopeDownStatement"])
    return [*found, statement]


def acl(stack: Stack, of: list[dict[str, Any]]) -> dict[str, Any]:
    """A request that creates the firewall with rules `of` ours."""
    given = stack.one("aws_wafv2_web_acl")
    visible = as_members(given["visibility_config"])
    action = as_members(given["default_action"])
    return {
        "Name": given["name"],
        "Scope": given["scope"],
        "DefaultAction": action,
        "VisibilityConfig": visible,
        "Rules": of,
    }


def test_containers_are_what_ecs_takes(stack: Stack, session: Any) -> None:
    """Every member of a container definition is known and of the right type."""
    for task in stack.all("aws_ecs_task_definition"):
        request = {"family": "any", "containerDefinitions": task.given["container_definitions"]}
        assert problems(session, "ecs", "RegisterTaskDefinition", request) == ""


@pytest.mark.parametrize(
    "spoil",
    [
        lambda container: container.update(portMapping=container.pop("portMappings")),
        lambda container: container.update(stopTimeout="60"),
        lambda container: container["healthCheck"].update(commands=[]),
    ],
    ids=["unknown member", "number as text", "unknown member within"],
)
def test_a_wrong_container_would_be_seen(stack: Stack, session: Any, spoil: Callable[[dict[str, Any]], None]) -> None:
    """The check above can fail."""
    containers = copy.deepcopy(stack.all("aws_ecs_task_definition")[0].given["container_definitions"])
    spoil(containers[0])

    assert problems(session, "ecs", "RegisterTaskDefinition", {"family": "any", "containerDefinitions": containers})


def test_the_firewalls_rules_are_what_waf_takes(stack: Stack, session: Any) -> None:
    """Statements have no type in the provider: AWS's description is what they are held to."""
    assert problems(session, "wafv2", "CreateWebACL", acl(stack, rules(stack))) == ""


def test_a_wrong_statement_would_be_seen(stack: Stack, session: Any) -> None:
    """As when a name is written in camel case, which reaches Terraform unchanged."""
    spoilt = rules(stack)
    spoilt[-1]["Statement"] = {"managedRuleGroupStatement": spoilt[-1]["Statement"]["ManagedRuleGroupStatement"]}

    assert "managedRuleGroupStatement" in problems(session, "wafv2", "CreateWebACL", acl(stack, spoilt))


def test_alarms_are_what_cloudwatch_takes(stack: Stack, session: Any) -> None:
    """Statistics of alarms are of the kinds that CloudWatch has, in the member that takes them."""
    for alarm in stack.all("aws_cloudwatch_metric_alarm"):
        given = alarm.given
        request = {
            "AlarmName": given["alarm_name"],
            "ComparisonOperator": given["comparison_operator"],
            "EvaluationPeriods": given["evaluation_periods"],
            "Threshold": float(given["threshold"]),
        }
        if "statistic" in given:
            request["Statistic"] = given["statistic"]
            model = session.get_service_model("cloudwatch").shape_for("Statistic")
            assert given["statistic"] in model.enum
        assert (
            given["comparison_operator"] in session.get_service_model("cloudwatch").shape_for("ComparisonOperator").enum
        )
        assert problems(session, "cloudwatch", "PutMetricAlarm", request) == ""
