"""What must be there before anything can be deployed: Terraform's bucket, the deployer, the boundary of all roles.

An administrator applies this once per account, from a machine of their own (see README).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from vimbisopay_infra.buckets import Bucket
from vimbisopay_infra.environment import REGION, Environment
from vimbisopay_infra.findings import accept
from vimbisopay_infra.keys import Key
from vimbisopay_infra.policy import Statement, policy
from vimbisopay_infra.tf import (
    Construct,
    iam_openid_connect_provider,
    iam_policy,
    iam_role,
    iam_role_policy_attachment,
)

__all__ = ("PERMISSIONS", "Boundary", "Deployer", "StateBucket", "parts")

PERMISSIONS: Final = Path(__file__).parents[1] / "vimbisopay-permissions.json"
GITHUB: Final = "token.actions.githubusercontent.com"
LARGEST_POLICY: Final = 6_144
"""Characters of a managed policy, white space not counted."""


class StateBucket(Construct):
    """Terraform's state: versioned, encrypted with a key of its own; Terraform locks it by an object beside it."""

    def __init__(self, scope: Construct, name: str, environment: Environment, *, account: str) -> None:
        """Create key and bucket."""
        super().__init__(scope, name)
        self.key = Key(self, "key", environment, account=account, purpose="terraform-state")
        self.bucket = Bucket(
            self,
            "state",
            name=environment.state_bucket,
            key_arn=self.key.arn,
            force_destroy=False,
        )
        made = self.bucket.bucket
        accept(made, "CKV_AWS_18", because="whoever reads or writes it is in CloudTrail; it has no other clients")
        accept(made, "CKV_AWS_144", because="all that it holds can be imported again from what is deployed")
        accept(made, "CKV2_AWS_62", because="nobody is to be told of each change; the workflow shows them")


class Boundary(Construct):
    """The most that any role of the environment may ever do, whatever its own policies say."""

    def __init__(self, scope: Construct, name: str, environment: Environment, *, account: str) -> None:
        """Create the policy that all roles must name as their boundary."""
        super().__init__(scope, name)
        prefix = environment.prefix
        logs = f"arn:aws:logs:{REGION}:{account}:log-group"
        made = iam_policy.IamPolicy(
            self,
            "boundary",
            name=f"{prefix}-boundary",
            description=f"The most that a role of {prefix} may do",
            policy=policy(
                Statement(["ecr:GetAuthorizationToken"], ["*"], sid="RegistryLogin"),
                Statement(
                    ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
                    [f"arn:aws:ecr:{REGION}:{account}:repository/{prefix}*"],
                    sid="Images",
                ),
                Statement(
                    ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
                    [f"{logs}:/ecs/{prefix}*", f"{logs}:/vpc/{prefix}*"],
                    sid="Logs",
                ),
                Statement(
                    ["secretsmanager:GetSecretValue"],
                    [f"arn:aws:secretsmanager:{REGION}:{account}:secret:{prefix}/*"],
                    sid="Secrets",
                ),
                Statement(
                    ["kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"]
                    + ["kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncryptFrom", "kms:ReEncryptTo"],
                    [f"arn:aws:kms:{REGION}:{account}:key/*"],
                    sid="Keys",
                    conditions={"StringLike": {"kms:ViaService": f"*.{REGION}.amazonaws.com"}},
                ),
                Statement(
                    [
                        *("elasticfilesystem:Backup", "elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"),
                        *("elasticfilesystem:CreateFileSystem", "elasticfilesystem:DeleteFileSystem"),
                        *("elasticfilesystem:DescribeFileSystems", "elasticfilesystem:DescribeTags"),
                        *("elasticfilesystem:Restore", "elasticfilesystem:TagResource"),
                    ],
                    [f"arn:aws:elasticfilesystem:{REGION}:{account}:file-system/*"],
                    sid="Files",
                ),
                Statement(
                    [
                        *("backup:CopyFromBackupVault", "backup:DescribeBackupVault", "backup:StartRestoreJob"),
                        *("backup:ListRecoveryPointsByBackupVault", "backup-storage:StartObject"),
                        *("backup-storage:MountCapsule", "tag:GetResources", "sts:AssumeRole"),
                    ],
                    ["*"],
                    sid="Backups",
                ),
            ),
        )
        accept(
            made,
            "CKV_AWS_355",
            "CKV_AWS_290",
            because="a boundary grants nothing; these have no resource to be narrowed to, and roles name theirs",
        )


class Deployer(Construct):
    """The role that GitHub's workflow takes, for this environment of this repository alone, without any stored key."""

    def __init__(
        self, scope: Construct, name: str, environment: Environment, *, account: str, repository: str
    ) -> None:
        """Create provider, role and policies; `repository` is owner/name."""
        super().__init__(scope, name)
        provider = iam_openid_connect_provider.IamOpenidConnectProvider(
            self, "github", url=f"https://{GITHUB}", client_id_list=["sts.amazonaws.com"]
        )
        self.role = iam_role.IamRole(
            self,
            "role",
            name=f"{environment.prefix}-deployer",
            max_session_duration=7_200,
            assume_role_policy=policy(
                Statement(
                    ["sts:AssumeRoleWithWebIdentity"],
                    principal={"Federated": provider.arn},
                    conditions={
                        "StringEquals": {
                            f"{GITHUB}:aud": "sts.amazonaws.com",
                            f"{GITHUB}:sub": f"repo:{repository}:environment:{environment.name}",
                        }
                    },
                )
            ),
        )
        for at, document in enumerate(parts(environment, account)):
            made = iam_policy.IamPolicy(self, f"may-{at}", name=f"{environment.prefix}-deployer-{at}", policy=document)
            self._accepted(made)
            iam_role_policy_attachment.IamRolePolicyAttachment(
                self, f"may-{at}-given", role=self.role.name, policy_arn=made.arn
            )

    @staticmethod
    def _accepted(made: iam_policy.IamPolicy) -> None:
        """Findings that the deployer's policies share are said in one place."""


def parts(environment: Environment, account: str) -> list[str]:
    """The deployer's permissions as policies that AWS takes, each shorter than its limit.

    Args:
        environment: fills in `${environment}`.
        account: fills in `${account}`.

    Raises:
        ValueError: one statement alone is longer than a policy may be.
    """
    text = PERMISSIONS.read_text("utf-8").replace("${environment}", environment.name)
    statements: list[dict[str, Any]] = json.loads(text)["Statement"]
    made: list[list[dict[str, Any]]] = [[]]
    for statement in statements:
        if len(_policy([statement], "0" * 12)) > LARGEST_POLICY:
            raise ValueError(f"the statement {statement['Sid']} is too long for a policy: split it")
        if len(_policy([*made[-1], statement], "0" * 12)) > LARGEST_POLICY:
            made.append([])
        made[-1].append(statement)
    return [_policy(each, account) for each in made]


def _policy(statements: list[dict[str, Any]], account: str) -> str:
    text = json.dumps({"Version": "2012-10-17", "Statement": statements}, separators=(",", ":"))
    return text.replace("${account}", account)
