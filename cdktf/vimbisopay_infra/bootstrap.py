"""The prerequisites of every deployment: state bucket, deployer role, permissions boundary.

An administrator applies them once per account, from their own machine (see README).
"""

from __future__ import annotations

import json
from typing import Final

from vimbisopay_infra.buckets import Bucket
from vimbisopay_infra.deployer_policies import deployer_policies
from vimbisopay_infra.environment import REGION, Environment
from vimbisopay_infra.findings import accept
from vimbisopay_infra.keys import Key
from vimbisopay_infra.policy import PolicyStatement, policy
from vimbisopay_infra.tf import (
    Construct,
    iam_openid_connect_provider,
    iam_policy,
    iam_role,
    iam_role_policy_attachment,
)

__all__ = ("Boundary", "Deployer", "StateBucket")

GITHUB_ISSUER: Final = "token.actions.githubusercontent.com"


class StateBucket(Construct):
    """The bucket of Terraform's state: versioned, with its own key; Terraform locks the state by a lock file in it."""

    def __init__(self, scope: Construct, name: str, environment: Environment, *, account: str) -> None:
        """Create the key and the bucket."""
        super().__init__(scope, name)
        self.key = Key(self, "key", environment, account=account, purpose="terraform-state")
        self.bucket = Bucket(
            self,
            "state",
            name=environment.state_bucket,
            key_arn=self.key.arn,
            force_destroy=False,
        )
        created = self.bucket.bucket
        accept(created, "CKV_AWS_144", reason="the state can be rebuilt by importing the deployed resources")
        accept(created, "CKV2_AWS_62", reason="no notification per change is needed; the workflow shows the changes")


class Boundary(Construct):
    """The permissions boundary: the maximum permissions of every role of the environment."""

    def __init__(self, scope: Construct, name: str, environment: Environment, *, account: str) -> None:
        """Create the policy that all roles must use as their permissions boundary."""
        super().__init__(scope, name)
        prefix = environment.prefix
        created = iam_policy.IamPolicy(
            self,
            "boundary",
            name=f"{prefix}-boundary",
            description=f"The most that a role of {prefix} may do",
            policy=_boundary_policy(prefix, account),
        )
        accept(
            created,
            "CKV_AWS_290",
            "CKV_AWS_355",
            reason="a boundary grants nothing; these actions support no resource-level limits, "
            "and the roles name their resources",
        )


def _boundary_policy(prefix: str, account: str) -> str:
    logs = f"arn:aws:logs:{REGION}:{account}:log-group"
    return policy(
        PolicyStatement(["ecr:GetAuthorizationToken"], ["*"], sid="RegistryLogin"),
        PolicyStatement(
            ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            [f"arn:aws:ecr:{REGION}:{account}:repository/{prefix}*"],
            sid="Images",
        ),
        PolicyStatement(
            ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
            [f"{logs}:/ecs/{prefix}*", f"{logs}:/vpc/{prefix}*"],
            sid="Logs",
        ),
        PolicyStatement(
            ["secretsmanager:GetSecretValue"],
            [f"arn:aws:secretsmanager:{REGION}:{account}:secret:{prefix}/*"],
            sid="Secrets",
        ),
        PolicyStatement(
            [
                *("kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"),
                *("kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncryptFrom", "kms:ReEncryptTo"),
            ],
            [f"arn:aws:kms:{REGION}:{account}:key/*"],
            sid="Keys",
            conditions={"StringLike": {"kms:ViaService": f"*.{REGION}.amazonaws.com"}},
        ),
        PolicyStatement(
            [
                *("elasticfilesystem:Backup", "elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"),
                *("elasticfilesystem:DeleteFileSystem", "elasticfilesystem:DescribeFileSystems"),
                "elasticfilesystem:DescribeTags",
                *("elasticfilesystem:Restore", "elasticfilesystem:TagResource"),
            ],
            [f"arn:aws:elasticfilesystem:{REGION}:{account}:file-system/*"],
            sid="Files",
        ),
        PolicyStatement(
            [
                *("backup:CopyFromBackupVault", "backup:DescribeBackupVault", "backup:StartRestoreJob"),
                *("backup:ListRecoveryPointsByBackupVault", "backup-storage:StartObject"),
                *("backup-storage:MountCapsule", "elasticfilesystem:CreateFileSystem"),
                "tag:GetResources",
            ],
            ["*"],
            sid="Backups",
        ),
    )


class Deployer(Construct):
    """The role that the GitHub workflow assumes by OpenID Connect, limited to one repository and one environment."""

    def __init__(self, scope: Construct, name: str, environment: Environment, *, account: str, repository: str) -> None:
        """Create the identity provider, the role and its policies; `repository` is owner/name."""
        super().__init__(scope, name)
        provider = iam_openid_connect_provider.IamOpenidConnectProvider(
            self, "github", url=f"https://{GITHUB_ISSUER}", client_id_list=["sts.amazonaws.com"]
        )
        self.role = iam_role.IamRole(
            self,
            "role",
            name=f"{environment.prefix}-deployer",
            max_session_duration=7_200,
            assume_role_policy=policy(
                PolicyStatement(
                    ["sts:AssumeRoleWithWebIdentity"],
                    principal={"Federated": provider.arn},
                    conditions={
                        "StringEquals": {
                            f"{GITHUB_ISSUER}:aud": "sts.amazonaws.com",
                            f"{GITHUB_ISSUER}:sub": f"repo:{repository}:environment:{environment.name}",
                        }
                    },
                )
            ),
        )
        for index, document in enumerate(deployer_policies(environment, account)):
            created = iam_policy.IamPolicy(
                self, f"may-{index}", name=f"{environment.prefix}-deployer-{index}", policy=document
            )
            statements = json.loads(document)["Statement"]
            if "Names" in {each["Sid"] for each in statements}:
                accept(
                    created,
                    "CKV_AWS_290",
                    "CKV_AWS_355",
                    reason="the ids of hosted zones are not known in advance, and Route 53 has no region",
                )
            iam_role_policy_attachment.IamRolePolicyAttachment(
                self, f"may-{index}-given", role=self.role.name, policy_arn=created.arn
            )
