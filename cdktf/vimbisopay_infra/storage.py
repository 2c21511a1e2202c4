"""The file system of the state Redis, and its backups."""

from __future__ import annotations

from typing import Final

from vimbisopay_infra.environment import Environment
from vimbisopay_infra.keys import prevent_destroy
from vimbisopay_infra.policy import PolicyStatement, assume_role_policy_for, policy
from vimbisopay_infra.tf import (
    Construct,
    backup_plan,
    backup_restore_testing_plan,
    backup_restore_testing_selection,
    backup_selection,
    backup_vault,
    efs_access_point,
    efs_file_system,
    efs_file_system_policy,
    efs_mount_target,
    iam_role,
    iam_role_policy_attachment,
)

__all__ = ("REDIS_UID", "Storage")

REDIS_UID: Final = 999
"""The uid and gid of Redis in the image (cdktf/redis-state/Dockerfile)."""
BACKUP_RETENTION_DAYS: Final = 30
AWS_MANAGED_POLICIES: Final = "arn:aws:iam::aws:policy/service-role"


class Storage(Construct):
    """An encrypted file system with an access point for the state Redis, and daily backups kept for 30 days."""

    def __init__(
        self,
        scope: Construct,
        name: str,
        environment: Environment,
        *,
        account: str,
        key_arn: str,
        subnet_ids: list[str],
        security_group_id: str,
    ) -> None:
        """Create the file system, the access point, the backups and the restore tests."""
        super().__init__(scope, name)
        self._environment = environment
        self.file_system = efs_file_system.EfsFileSystem(
            self,
            "files",
            creation_token=f"{environment.prefix}-state",
            encrypted=True,
            kms_key_id=key_arn,
            performance_mode="generalPurpose",
            # Elastic: every write waits for the disk (appendfsync always), so burst credits must not run out.
            throughput_mode="elastic",
            lifecycle=prevent_destroy(environment),
            tags={"Name": f"{environment.prefix}-state"},
        )
        for zone, subnet_id in zip(environment.zones, subnet_ids, strict=True):
            efs_mount_target.EfsMountTarget(
                self,
                f"mount-{zone}",
                file_system_id=self.file_system.id,
                subnet_id=subnet_id,
                security_groups=[security_group_id],
            )
        self.access_point = efs_access_point.EfsAccessPoint(
            self,
            "access",
            file_system_id=self.file_system.id,
            posix_user=efs_access_point.EfsAccessPointPosixUser(uid=REDIS_UID, gid=REDIS_UID),
            root_directory=efs_access_point.EfsAccessPointRootDirectory(
                path="/redis-state",
                creation_info=efs_access_point.EfsAccessPointRootDirectoryCreationInfo(
                    owner_uid=REDIS_UID, owner_gid=REDIS_UID, permissions="0750"
                ),
            ),
        )
        self._file_policy(account)
        self._backups(account, key_arn)

    def _file_policy(self, account: str) -> None:
        role = f"arn:aws:iam::{account}:role/{self._environment.prefix}-state"
        efs_file_system_policy.EfsFileSystemPolicy(
            self,
            "policy",
            file_system_id=self.file_system.id,
            policy=policy(
                PolicyStatement(
                    ["*"],
                    [self.file_system.arn],
                    effect="Deny",
                    sid="OnlyOverTls",
                    principal={"AWS": "*"},
                    conditions={"Bool": {"aws:SecureTransport": "false"}},
                ),
                PolicyStatement(
                    ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"],
                    [self.file_system.arn],
                    sid="OnlyStateThroughItsDirectory",
                    principal={"AWS": f"arn:aws:iam::{account}:root"},
                    conditions={
                        "StringEquals": {"elasticfilesystem:AccessPointArn": self.access_point.arn},
                        "ArnEquals": {"aws:PrincipalArn": role},
                    },
                ),
            ),
        )

    def _backups(self, account: str, key_arn: str) -> None:
        prefix = self._environment.prefix
        vault = backup_vault.BackupVault(
            self,
            "vault",
            name=prefix,
            kms_key_arn=key_arn,
            force_destroy=not self._environment.deletion_protection,
        )
        plan = backup_plan.BackupPlan(
            self,
            "plan",
            name=f"{prefix}-daily",
            rule=[
                backup_plan.BackupPlanRule(
                    rule_name="daily",
                    target_vault_name=vault.name,
                    schedule="cron(0 1 * * ? *)",
                    start_window=60,
                    completion_window=360,
                    lifecycle=backup_plan.BackupPlanRuleLifecycle(delete_after=BACKUP_RETENTION_DAYS),
                )
            ],
        )
        role = iam_role.IamRole(
            self,
            "backup-role",
            name=f"{prefix}-backup",
            assume_role_policy=assume_role_policy_for("backup.amazonaws.com"),
            permissions_boundary=f"arn:aws:iam::{account}:policy/{prefix}-boundary",
        )
        for kind in ("Backup", "Restores"):
            iam_role_policy_attachment.IamRolePolicyAttachment(
                self,
                f"backup-role-{kind.lower()}",
                role=role.name,
                policy_arn=f"{AWS_MANAGED_POLICIES}/AWSBackupServiceRolePolicyFor{kind}",
            )
        backup_selection.BackupSelection(
            self, "selection", name="state", plan_id=plan.id, iam_role_arn=role.arn, resources=[self.file_system.arn]
        )
        self._restore_tests(vault.arn, role.arn)

    def _restore_tests(self, vault_arn: str, role_arn: str) -> None:
        # AWS allows only letters, digits and underscores in these names.
        name = f"{self._environment.prefix}_restore".replace("-", "_")
        plan = backup_restore_testing_plan.BackupRestoreTestingPlan(
            self,
            "restore-plan",
            name=name,
            schedule_expression="cron(0 5 ? * MON *)",
            start_window_hours=4,
            recovery_point_selection=[
                backup_restore_testing_plan.BackupRestoreTestingPlanRecoveryPointSelection(
                    algorithm="LATEST_WITHIN_WINDOW",
                    include_vaults=[vault_arn],
                    recovery_point_types=["SNAPSHOT"],
                    selection_window_days=7,
                )
            ],
        )
        backup_restore_testing_selection.BackupRestoreTestingSelection(
            self,
            "restore-selection",
            name="state",
            restore_testing_plan_name=plan.name,
            protected_resource_type="EFS",
            protected_resource_arns=[self.file_system.arn],
            iam_role_arn=role_arn,
            validation_window_hours=4,
        )
