"""Rules about who may do what: every policy is read by an independent analyser, and the deployer's is not too wide."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Iterator
from typing import Any

import pytest

from tests.infrastructure.stacks import Stack
from vimbisopay_infra import permissions
from vimbisopay_infra.deployer_policies import MAX_POLICY_CHARACTERS, PERMISSIONS, deployer_policies
from vimbisopay_infra.environment import ENVIRONMENTS

with warnings.catch_warnings():
    # It leaves the files of AWS's actions open.
    warnings.simplefilter("ignore", ResourceWarning)
    from parliament import analyze_policy_string
    from parliament.misc import make_list

ACCOUNT = "123456789012"
Json = dict[str, Any]


def concrete(document: Json) -> Json:
    """With something in the place of Terraform's references, so that the analyser sees resources."""

    def replaced(value: str) -> str:
        value = value.replace("${account}", ACCOUNT).replace("${environment}", "staging")
        value = re.sub(r"\$\{data\.aws_caller_identity\.[^}]+\}", ACCOUNT, value)
        kinds = {
            "aws_ecr_repository": f"arn:aws:ecr:af-south-1:{ACCOUNT}:repository/some",
            "aws_kms_key": f"arn:aws:kms:af-south-1:{ACCOUNT}:key/some",
            "aws_secretsmanager_secret": f"arn:aws:secretsmanager:af-south-1:{ACCOUNT}:secret:some",
            "aws_efs_file_system": f"arn:aws:elasticfilesystem:af-south-1:{ACCOUNT}:file-system/fs-some",
            "aws_efs_access_point": f"arn:aws:elasticfilesystem:af-south-1:{ACCOUNT}:access-point/fsap-some",
            "aws_cloudwatch_log_group": f"arn:aws:logs:af-south-1:{ACCOUNT}:log-group:some",
            "aws_sns_topic": f"arn:aws:sns:af-south-1:{ACCOUNT}:some",
        }
        for kind, arn in kinds.items():
            value = re.sub(rf"\$\{{[^}}]*{kind}[^}}]*\}}", arn, value)
        return value

    text = json.dumps(document)
    made: Json = json.loads(re.sub(r'"(?:[^"\\]|\\.)*"', lambda found: replaced(found[0]), text))
    return made


def findings(document: Json) -> list[str]:
    """What the analyser minds. Trust policies and those of resources name principals, which it does not judge."""
    allowed = {
        # Actions on a service's resources that have none to be narrowed to are listed with what they need.
        *("RESOURCE_STAR", "PERMISSIONS_MANAGEMENT_ACTIONS"),
        # AWS's own examples compare ARNs of access points and boundaries as strings.
        "MISMATCHED_TYPE_BUT_USABLE",
    }
    plain = concrete(document)
    for statement in plain["Statement"]:
        statement.pop("Principal", None)
    analysed = analyze_policy_string(json.dumps(plain))
    found = [f"{each.issue} {each.detail} {each.location}" for each in analysed.findings if each.issue not in allowed]
    # Whoever writes the policy of the bucket of access logs, as Terraform must, could let themselves in: into that one.
    own = re.compile(r"RESOURCE_POLICY_PRIVILEGE_ESCALATION .* on arn:aws:s3:::vimbiso-pay-alb-logs-")
    return [each for each in found if not own.match(each)]


def of_roles(stack: Stack) -> Iterator[tuple[str, Json]]:
    """Policies that roles are given."""
    for where, document in stack.policies():
        if where.startswith(("aws_iam_role_policy", "aws_iam_policy")):
            yield where, document


def test_every_policy_of_a_role_names_actions_and_resources_that_fit(stack: Stack) -> None:
    """No misspelt action, no action on a resource of another kind."""
    checked = list(of_roles(stack))

    assert len(checked) >= 6
    assert {where: found for where, document in checked if (found := findings(document))} == {}


def test_the_analyser_would_see_a_mistake() -> None:
    """A misspelt action, and one that does not go with its resource."""
    for action, resource in (("s3:GetObjekt", "arn:aws:s3:::some/*"), ("s3:GetObject", "arn:aws:s3:::some")):
        statement = {"Effect": "Allow", "Action": [action], "Resource": [resource]}
        assert findings({"Version": "2012-10-17", "Statement": [statement]})


def test_no_role_may_do_everything(stack: Stack) -> None:
    """No action with a star; what keys and buckets deny or their owner keeps is no role's."""
    for where, document in of_roles(stack):
        for statement in document["Statement"]:
            assert not [action for action in make_list(statement["Action"]) if "*" in action], where


def test_a_task_may_do_nothing_but_its_own(stack: Stack) -> None:
    """The service's role has no policy at all; the state's may mount its directory."""
    running = {where: document for where, document in of_roles(stack) if "roles_running" in where}
    (state,) = running.values()

    assert [each["Action"] for each in state["Statement"]] == [
        ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"]
    ]


def test_tasks_read_only_their_own_secrets(stack: Stack) -> None:
    """The state Redis cannot read Meta's token, and the service cannot read the state's key."""
    read = {}
    for where, document in of_roles(stack):
        for statement in document["Statement"]:
            if statement["Action"] == ["secretsmanager:GetSecretValue"] and "roles_starting" in where:
                names = {re.search(r"secrets_([a-z-]+)_[0-9A-F]{8}", each)[1] for each in statement["Resource"]}  # type: ignore[index]
                read["state" if "state_" in where else "web"] = names

    assert read["state"] == {"redis-state-password", "redis-state-certificate", "redis-state-key"}
    assert read["web"].isdisjoint(read["state"])
    assert {"whatsapp-access-token", "redis-state-url", "redis-cache-url"} <= read["web"]


def test_every_role_is_within_the_boundary(stack: Stack) -> None:
    """But the deployer, whom only an administrator changes."""
    for role in stack.all("aws_iam_role"):
        bounded = f"policy/vimbiso-pay-{stack.environment}-boundary" in role.given.get("permissions_boundary", "")
        assert bounded or role.given["name"].endswith("-deployer")


def test_the_boundary_lets_roles_do_what_they_are_given(stack: Stack) -> None:
    """A permission that the boundary lacks would be given in vain."""
    (boundary,) = [document for where, document in stack.policies() if "aws_iam_policy.boundary" in where]
    within = {action for statement in boundary["Statement"] for action in statement["Action"]}
    given = {
        action
        for where, document in of_roles(stack)
        if where.startswith("aws_iam_role_policy")
        for statement in document["Statement"]
        for action in statement["Action"]
    }

    assert given - within == set()


def test_services_act_only_for_this_account(stack: Stack) -> None:
    """Trust in a service is no trust in its other customers."""
    for role in stack.all("aws_iam_role"):
        (trust,) = role.given["assume_role_policy"]["Statement"]
        service = trust["Principal"].get("Service")
        if service and service != "backup.amazonaws.com":
            assert "aws:SourceAccount" in trust["Condition"]["StringEquals"]


def test_the_workflow_deploys_without_stored_keys(stack: Stack) -> None:
    """Its role is taken with GitHub's word for repository and environment, exactly; there is no user with keys."""
    (role,) = [each.given for each in stack.all("aws_iam_role") if each.given["name"].endswith("-deployer")]
    (trust,) = role["assume_role_policy"]["Statement"]
    said = trust["Condition"]["StringEquals"]

    assert trust["Action"] == ["sts:AssumeRoleWithWebIdentity"]
    assert said["token.actions.githubusercontent.com:sub"] == (
        "repo:${var.github_repository}:environment:" + stack.environment
    )
    assert "StringLike" not in trust["Condition"]
    assert not [each for each in stack.all() if each.kind in {"aws_iam_user", "aws_iam_access_key"}]


# -- the deployer's permissions ---------------------------------------------------------------------------------------


def used(stacks: dict[str, Stack]) -> set[str]:
    """Types of resources, and of what is only read, in what the workflow deploys."""
    found = set()
    for stack in stacks.values():
        for part in ("base", "application"):
            found |= set(stack.parts[part]["resource"])
            found |= {f"data.{kind}" for kind in stack.parts[part]["data"] if kind.startswith("aws_")}
    return found


def test_the_deployers_permissions_cover_the_stacks_and_nothing_broader(both: dict[str, Stack]) -> None:
    """Each type of resource that is deployed is in the list, and nothing is for which there is no resource."""
    assert set(permissions.REQUIRED_ACTIONS) == used(both)
    assert json.loads(PERMISSIONS.read_text("utf-8")) == permissions.policy_document(used(both))


def test_the_deployers_actions_exist_and_fit_their_resources() -> None:
    """As the analyser sees them."""
    assert findings(json.loads(PERMISSIONS.read_text("utf-8"))) == []


def test_no_permission_of_the_deployer_has_a_star_for_an_action() -> None:
    """Each action is named."""
    statements = json.loads(PERMISSIONS.read_text("utf-8"))["Statement"]
    pairs = [(action, resource) for each in statements for action in each["Action"] for resource in each["Resource"]]

    assert not [action for action, _ in pairs if "*" in action]
    assert len(pairs) == len(set(pairs))


def test_what_the_deployer_may_do_anywhere_is_bound_to_the_region() -> None:
    """Where names cannot narrow it, the region does; but for names, who they are, and the login of the registry."""
    for statement in json.loads(PERMISSIONS.read_text("utf-8"))["Statement"]:
        if statement["Resource"] == ["*"] and statement["Sid"] not in {"Names", "WhoAmI", "RegistryLogin"}:
            assert "aws:RequestedRegion" in statement["Condition"]["StringEquals"], statement["Sid"]


@pytest.mark.parametrize("action", ["CreateRole", "PutRolePolicy", "AttachRolePolicy", "PutRolePermissionsBoundary"])
def test_the_deployer_cannot_give_more_than_the_boundary(action: str) -> None:
    """Roles that it makes or fills have the boundary; it may neither take it away nor change it."""
    statements = json.loads(PERMISSIONS.read_text("utf-8"))["Statement"]
    (granted,) = [each for each in statements if f"iam:{action}" in each["Action"]]
    every = {each for statement in statements for each in statement["Action"]}

    assert "iam:PermissionsBoundary" in granted["Condition"]["StringEquals"]
    assert every.isdisjoint(
        {"iam:DeleteRolePermissionsBoundary", "iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion"}
        | {"iam:CreateUser", "iam:CreateAccessKey", "iam:DeletePolicy", "iam:CreatePolicy"}
    )


def may(action: str) -> set[str]:
    """Where the deployer may do it."""
    statements = json.loads(PERMISSIONS.read_text("utf-8"))["Statement"]
    return {where for each in statements if action in each["Action"] for where in each["Resource"]}


def test_the_deployer_reads_no_secret_but_the_one_that_terraform_needs() -> None:
    """Neither Meta's token nor the key of all others: whoever takes the workflow over does not have them with it."""
    assert may("secretsmanager:GetSecretValue") == {
        "arn:aws:secretsmanager:af-south-1:${account}:secret:vimbiso-pay-${environment}/redis-cache-*"
    }


def test_the_deployer_cannot_undo_what_the_state_of_terraform_was() -> None:
    """It writes objects there; versions, encryption and policy of that bucket are the administrator's."""
    state = "arn:aws:s3:::vimbiso-pay-terraform-state-${environment}"
    statements = json.loads(PERMISSIONS.read_text("utf-8"))["Statement"]
    allowed = {action for each in statements if state in each["Resource"] for action in each["Action"]}

    assert allowed == {f"s3:{verb}" for verb in ("DeleteObject", "GetObject", "ListBucket", "PutObject")}


def test_the_deployer_touches_no_role_but_those_it_deploys(both: dict[str, Stack]) -> None:
    """By name, and its own is not among them: it cannot let anybody else in by changing whom that trusts."""
    deployed = {
        role.given["name"].replace(name, "${environment}")
        for name, stack in both.items()
        for part in ("base", "application")
        for role in stack.all("aws_iam_role", part=part)
    }
    for statement in json.loads(PERMISSIONS.read_text("utf-8"))["Statement"]:
        if statement["Sid"].startswith("Roles") and statement["Sid"] != "RolesOfServices":
            assert {each.split(":role/")[1] for each in statement["Resource"]} == deployed


def test_the_deployers_policies_fit_into_what_aws_takes() -> None:
    """At most ten, each within the limit of characters, together all statements of the file."""
    for environment in ENVIRONMENTS:
        made = deployer_policies(environment, ACCOUNT)
        together = [statement for each in made for statement in json.loads(each)["Statement"]]

        assert len(made) <= 10
        assert all(len(re.sub(r"\s", "", each)) <= MAX_POLICY_CHARACTERS for each in made)
        assert len(together) == len(json.loads(PERMISSIONS.read_text("utf-8"))["Statement"])
        assert "${" not in "".join(made)
