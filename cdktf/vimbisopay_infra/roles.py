"""The two roles of a task: one that starts it (images, secrets, logs), and the one that it has while it runs."""

from __future__ import annotations

from vimbisopay_infra.environment import REGION, Environment
from vimbisopay_infra.policy import Statement, assumed_by, policy
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
        may: tuple[Statement, ...] = (),
    ) -> None:
        """Create both.

        Args:
            scope: where they belong.
            name: within that.
            environment: whose they are.
            account: the account's number.
            task: what they are for.
            repository_arn: of the one image repository.
            secret_arns: of just the secrets that the task is given.
            key_arn: with which the secrets are encrypted.
            may: what the task itself may do; nothing, unless said.
        """
        super().__init__(scope, name)
        boundary = f"arn:aws:iam::{account}:policy/{environment.prefix}-boundary"
        trust = assumed_by("ecs-tasks.amazonaws.com", account=account)
        self.execution = iam_role.IamRole(
            self,
            "execution",
            name=f"{environment.prefix}-{task}-execution",
            assume_role_policy=trust,
            permissions_boundary=boundary,
        )
        group = environment.log_group if task == "web" else environment.state_log_group
        starting = iam_role_policy.IamRolePolicy(
            self,
            "starting",
            name="start",
            role=self.execution.id,
            policy=policy(
                Statement(["ecr:GetAuthorizationToken"], ["*"], sid="RegistryLogin"),
                Statement(
                    ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
                    [repository_arn],
                    sid="OneImage",
                ),
                Statement(
                    ["logs:CreateLogStream", "logs:PutLogEvents"],
                    [f"arn:aws:logs:{REGION}:{account}:log-group:{group}:log-stream:*"],
                    sid="ItsLog",
                ),
                Statement(["secretsmanager:GetSecretValue"], secret_arns, sid="ItsSecrets"),
                Statement(
                    ["kms:Decrypt"],
                    [key_arn],
                    sid="ItsSecretsKey",
                    conditions={"StringEquals": {"kms:ViaService": f"secretsmanager.{REGION}.amazonaws.com"}},
                ),
            ),
        )
        self.task = iam_role.IamRole(
            self,
            "task",
            name=f"{environment.prefix}-{task}",
            assume_role_policy=trust,
            permissions_boundary=boundary,
        )
        self.policies: list[TerraformResource] = [starting]
        """What must be there before a task can start."""
        if may:
            self.policies.append(
                iam_role_policy.IamRolePolicy(self, "running", name="run", role=self.task.id, policy=policy(*may))
            )
