"""What must be there before anything can be deployed: Terraform's bucket, the deployer, the boundary of all roles.

An administrator applies this once per account, from a machine of their own (see README).
"""

from __future__ import annotations

import json
from typing import Final

from vimbisopay_infra.buckets import Bucket
from vimbisopay_infra.environment import REGION, Environment
from vimbisopay_infra.findings import accept
from vimbisopay_infra.keys import Key
from vimbisopay_infra.permission_parts import parts
from vimbisopay_infra.policy import Statement, policy
from vimbisopay_infra.tf import (
    Construct,
    iam_openid_connect_provider,
    iam_policy,
    iam_role,
    iam_role_policy_attachment,
)

__all__ = ("Boundary", "Deployer", "StateBucket")

GITHUB: Final = "token.actions.githubusercontent.com"


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
                    [
                        *("kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"),
                        *("kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncryptFrom", "kms:ReEncryptTo"),
                    ],
                    [f"arn:aws:kms:{REGION}:{account}:key/*"],
                    sid="Keys",
                    conditions={"StringLike": {"kms:ViaService": f"*.{REGION}.amazonaws.com"}},
                ),
                Statement(
                    [
                        *("elasticfilesystem:Backup", "elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"),
                        *("elasticfilesystem:DeleteFileSystem", "elasticfilesystem:DescribeFileSystems"),
                        "elasticfilesystem:DescribeTags",
                        *("elasticfilesystem:Restore", "elasticfilesystem:TagResource"),
                    ],
                    [f"arn:aws:elasticfilesystem:{REGION}:{account}:file-system/*"],
                    sid="Files",
                ),
                Statement(
                    [
                        *("backup:CopyFromBackupVault", "backup:DescribeBackupVault", "backup:StartRestoreJob"),
                        *("backup:ListRecoveryPointsByBackupVault", "backup-storage:StartObject"),
                        *("backup-storage:MountCapsule", "elasticfilesystem:CreateFileSystem"),
                        "tag:GetResources",
                    ],
                    ["*"],
                    sid="Backups",
                ),
            ),
        )
        accept(
            made,
            "CKV_AWS_290",
            "CKV_AWS_355",
            because="a boundary grants nothing; these have no resource to be narrowed to, and roles name theirs",
        )


class Deployer(Construct):
    """The role that GitHub's workflow takes, for this environment of this repository alone, without any stored key."""

    def __init__(self, scope: Construct, name: str, environment: Environment, *, account: str, repository: str) -> None:
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
            statements = json.loads(document)["Statement"]
            if "Names" in {each["Sid"] for each in statements}:
                accept(
                    made,
                    "CKV_AWS_290",
                    "CKV_AWS_355",
                    because="hosted zones have ids that are not known before they exist, and Route 53 has no region",
                )
            iam_role_policy_attachment.IamRolePolicyAttachment(
                self, f"may-{at}-given", role=self.role.name, policy_arn=made.arn
            )
