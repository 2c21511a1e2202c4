"""The deployer's permissions: the actions that Terraform needs for the resource types of the stacks, and no others.

`python -m vimbisopay_infra.permissions`, run in `cdktf/`, writes them to `vimbisopay-permissions.json`. A test verifies
that the file is current and that it covers exactly the resource types of the stacks.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from vimbisopay_infra.required_actions import REQUIRED_ACTIONS, STATE_BACKEND_ACTIONS, WORKFLOW_ACTIONS, actions

__all__ = ("REQUIRED_ACTIONS", "file_content", "policy_document")

REGION: Final = "af-south-1"
ACCOUNT: Final = "${account}"
PREFIX: Final = "vimbiso-pay-${environment}"


@dataclass(frozen=True, slots=True)
class Scope:
    """The resources and conditions to which a statement limits its actions; `sid` is the statement's id."""

    sid: str
    resources: tuple[str, ...]
    conditions: tuple[tuple[str, str, tuple[str, ...]], ...] = ()


def _arn(service: str, rest: str, *, region: str = REGION) -> str:
    return f"arn:aws:{service}:{region}:{ACCOUNT}:{rest}"


def _bucket(name: str) -> tuple[str, ...]:
    return (f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*")


_IN_REGION: Final = (("StringEquals", "aws:RequestedRegion", (REGION,)),)
_TWO_REGIONS: Final = (("StringEquals", "aws:RequestedRegion", (REGION, "us-east-1")),)
_ROLES: Final = tuple(
    f"arn:aws:iam::{ACCOUNT}:role/{PREFIX}-{role}"
    for role in ("backup", "flow-logs", "state", "state-execution", "web", "web-execution")
)
"""Listed by name: a wildcard would include the deployer's own role, which it must not be able to change."""
_BOUNDED: Final = (("StringEquals", "iam:PermissionsBoundary", (f"arn:aws:iam::{ACCOUNT}:policy/{PREFIX}-boundary",)),)
_PASSED: Final = (
    (
        "StringEquals",
        "iam:PassedToService",
        ("backup.amazonaws.com", "ecs-tasks.amazonaws.com", "vpc-flow-logs.amazonaws.com"),
    ),
)
_LINKED: Final = tuple(
    f"{name}.amazonaws.com"
    for name in (
        *("ecs", "ecs.application-autoscaling", "elasticache", "elasticache.application-autoscaling"),
        *("elasticloadbalancing", "restore-testing.backup", "wafv2"),
    )
)
_SPECIAL: Final[dict[str, Scope]] = {
    **dict.fromkeys(
        actions("iam", "CreateRole", "PutRolePermissionsBoundary", "PutRolePolicy", "AttachRolePolicy"),
        Scope("RolesWithinTheBoundary", _ROLES, _BOUNDED),
    ),
    "iam:PassRole": Scope("RolesToServices", _ROLES, _PASSED),
    "iam:CreateServiceLinkedRole": Scope(
        "RolesOfServices",
        (f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/*",),
        (("StringEquals", "iam:AWSServiceName", _LINKED),),
    ),
    "ecr:GetAuthorizationToken": Scope("RegistryLogin", ("*",)),
    "kms:CreateKey": Scope("NewKeys", ("*",), _TWO_REGIONS),
    "kms:ListAliases": Scope("NewKeys", ("*",), _TWO_REGIONS),
    "logs:DescribeLogGroups": Scope("LogsOfTheRegion", ("*",), _IN_REGION),
    **dict.fromkeys(
        actions("logs", "CreateLogDelivery", "DeleteLogDelivery", "DescribeResourcePolicies", "PutResourcePolicy"),
        Scope("LogsOfTheRegion", ("*",), _IN_REGION),
    ),
    **dict.fromkeys(
        actions("ecs", "DeregisterTaskDefinition", "DescribeTaskDefinition", "ListTasks", "RegisterTaskDefinition"),
        Scope("ContainersOfTheRegion", ("*",), _IN_REGION),
    ),
    **dict.fromkeys(
        actions("sns", "GetSubscriptionAttributes", "SetSubscriptionAttributes", "Unsubscribe"),
        Scope("AlertSubscriptions", ("*",), _TWO_REGIONS),
    ),
    # Terraform reads one secret value, the cache's password, and writes the cache's URL, which contains it.
    **dict.fromkeys(
        actions("secretsmanager", "GetSecretValue", "PutSecretValue", "UpdateSecretVersionStage"),
        Scope("SecretOfTheCache", (_arn("secretsmanager", f"secret:{PREFIX}/redis-cache-*"),)),
    ),
    "sts:GetCallerIdentity": Scope("WhoAmI", ("*",)),
}
_STATE: Final = Scope("StateOfTerraform", _bucket("vimbiso-pay-terraform-state-${environment}"))
"""The deployer may read and write the objects; the bucket and older versions belong to the bootstrap stack."""
_BY_SERVICE: Final[dict[str, Scope]] = {
    "acm": Scope("Certificates", ("*",), _IN_REGION),
    "application-autoscaling": Scope("Scaling", ("*",), _IN_REGION),
    "backup": Scope("Backups", ("*",), _IN_REGION),
    "backup-storage": Scope("Backups", ("*",), _IN_REGION),
    "cloudwatch": Scope("Watching", ("*",), _TWO_REGIONS),
    "ec2": Scope("Network", ("*",), _IN_REGION),
    "ecr": Scope("Images", (_arn("ecr", f"repository/{PREFIX}*"),)),
    "ecs": Scope(
        "Containers",
        tuple(
            _arn("ecs", f"{kind}/{PREFIX}*")
            for kind in ("cluster", "service", "service-deployment", "task", "task-definition")
        ),
    ),
    "elasticache": Scope(
        "Cache",
        tuple(
            _arn("elasticache", f"{kind}:*")
            for kind in ("cluster", "parametergroup", "replicationgroup", "subnetgroup")
        ),
    ),
    "elasticfilesystem": Scope("Files", ("*",), _IN_REGION),
    "elasticloadbalancing": Scope("LoadBalancers", ("*",), _IN_REGION),
    "events": Scope("Events", (_arn("events", f"rule/{PREFIX}-*"),)),
    "iam": Scope("Roles", _ROLES),
    "kms": Scope("Keys", ("*",), (("StringEquals", "aws:ResourceAccount", (ACCOUNT,)), *_TWO_REGIONS)),
    "logs": Scope(
        "Logs",
        tuple(
            _arn("logs", f"log-group:{group}")
            for group in (
                f"/ecs/{PREFIX}*", f"/vpc/{PREFIX}*", f"/aws/ecs/containerinsights/{PREFIX}/*",
                f"aws-waf-logs-{PREFIX}*",
            )
        ),
    ),
    "route53": Scope("Names", ("*",)),
    "s3": Scope("Buckets", _bucket(f"vimbiso-pay-alb-logs-${{environment}}-{ACCOUNT}")),
    "secretsmanager": Scope("Secrets", (_arn("secretsmanager", f"secret:{PREFIX}/*"),)),
    "servicediscovery": Scope("PrivateNames", ("*",), _IN_REGION),
    "sns": Scope("Alerts", tuple(_arn("sns", f"{PREFIX}-alerts", region=region) for region in (REGION, "us-east-1"))),
    "wafv2": Scope("Firewall", ("*",), _IN_REGION),
}  # fmt: skip


def _scope(action: str) -> Scope:
    return _SPECIAL.get(action) or _BY_SERVICE[action.split(":", maxsplit=1)[0]]


def policy_document(kinds: Iterable[str]) -> dict[str, Any]:
    """The policy for these resource types and for the workflow.

    Raises:
        KeyError: `REQUIRED_ACTIONS` does not list one of the types.
    """
    needed = frozenset().union(*(REQUIRED_ACTIONS[kind] for kind in kinds), *WORKFLOW_ACTIONS.values())
    scopes: dict[str, tuple[Scope, set[str]]] = {}
    for action in needed:
        scope = _scope(action)
        scopes.setdefault(scope.sid, (scope, set()))[1].add(action)
    scopes[_STATE.sid] = (_STATE, set(STATE_BACKEND_ACTIONS))
    return {
        "Version": "2012-10-17",
        "Statement": [_statement(scope, allowed) for _, (scope, allowed) in sorted(scopes.items())],
    }


def _statement(scope: Scope, allowed: set[str]) -> dict[str, Any]:
    statement: dict[str, Any] = {
        "Sid": scope.sid,
        "Effect": "Allow",
        "Action": sorted(allowed),
        "Resource": sorted(scope.resources),
    }
    conditions: dict[str, dict[str, list[str]]] = {}
    for operator, key, values in scope.conditions:
        conditions.setdefault(operator, {})[key] = list(values)
    if conditions:
        statement["Condition"] = conditions
    return statement


def file_content() -> str:
    """The content of `vimbisopay-permissions.json`."""
    return json.dumps(policy_document(REQUIRED_ACTIONS), indent=2) + "\n"


if __name__ == "__main__":
    Path(__file__).parents[1].joinpath("vimbisopay-permissions.json").write_text(file_content(), "utf-8")
