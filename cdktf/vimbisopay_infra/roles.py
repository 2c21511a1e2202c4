"""The two IAM roles of an ECS task: the execution role (images, secrets, logs) and the task role."""

from __future__ import annotations

from vimbisopay_infra.environment import REGION, Environment
from vimbisopay_infra.policy import PolicyStatement, assume_role_policy_for, policy
from vimbisopay_infra.tf import Construct, TerraformResource, iam_role, iam_role_policy

__all__ = ("TaskRoles",)


class TaskRoles(Construct):
    """Roles `<prefix>-<task>-execution` and `<prefix>-<task>`, both within the environment's permission boundary."""

    def __init__(
        self,
        scope: Construct,
        name: str,
        environment: Environment,
        *,
        account: str,
        task: str,
        repository_arn: str,
        secret_arns: list[str],
        key_arn: str,
        task_statements: tuple[PolicyStatement, ...] = (),
    ) -> None:
        """Create both roles.

        Args:
            scope: the parent construct.
            name: the construct's id.
            environment: the environment of the task.
            account: the id of the AWS account.
            task: the last part of the roles' names.
            repository_arn: the image repository of the task.
            secret_arns: the secrets that ECS injects into the task.
            key_arn: the key that encrypts the secrets.
            task_statements: the permissions of the task role; by default it has none.
        """
        super().__init__(scope, name)
        boundary = f"arn:aws:iam::{account}:policy/{environment.prefix}-boundary"
        trust = assume_role_policy_for("ecs-tasks.amazonaws.com", account=account)
        self.execution = iam_role.IamRole(
            self,
            "execution",
            name=f"{environment.prefix}-{task}-execution",
            assume_role_policy=trust,
            permissions_boundary=boundary,
        )
        group = environment.log_group if task == "web" else environment.state_log_group
        execution_policy = iam_role_policy.IamRolePolicy(
            self,
            "starting",
            name="start",
            role=self.execution.id,
            policy=_execution_policy(account, group, repository_arn, secret_arns, key_arn),
        )
        self.task = iam_role.IamRole(
            self,
            "task",
            name=f"{environment.prefix}-{task}",
            assume_role_policy=trust,
            permissions_boundary=boundary,
        )
        self.policies: list[TerraformResource] = [execution_policy]
        """The policies that must exist before a task can start."""
        if task_statements:
            self.policies.append(
                iam_role_policy.IamRolePolicy(
                    self, "running", name="run", role=self.task.id, policy=policy(*task_statements)
                )
            )


def _execution_policy(account: str, group: str, repository_arn: str, secret_arns: list[str], key_arn: str) -> str:
    """What ECS needs to start a task: its image, its log group and its secrets."""
    return policy(
        PolicyStatement(["ecr:GetAuthorizationToken"], ["*"], sid="RegistryLogin"),
        PolicyStatement(
            ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            [repository_arn],
            sid="OneImage",
        ),
        PolicyStatement(
            ["logs:CreateLogStream", "logs:PutLogEvents"],
            [f"arn:aws:logs:{REGION}:{account}:log-group:{group}:log-stream:*"],
            sid="ItsLog",
        ),
        PolicyStatement(["secretsmanager:GetSecretValue"], secret_arns, sid="ItsSecrets"),
        PolicyStatement(
            ["kms:Decrypt"],
            [key_arn],
            sid="ItsSecretsKey",
            conditions={"StringEquals": {"kms:ViaService": f"secretsmanager.{REGION}.amazonaws.com"}},
        ),
    )
