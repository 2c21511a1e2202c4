"""Secrets in Secrets Manager, and the references through which tasks receive them."""

from __future__ import annotations

from vimbisopay_infra.environment import Environment
from vimbisopay_infra.findings import accept
from vimbisopay_infra.secret_names import SECRETS
from vimbisopay_infra.tf import Construct, secretsmanager_secret

__all__ = ("Secrets",)


class Secrets(Construct):
    """The secrets without values: operators enter these (see README), so that they are never in the code."""

    def __init__(self, scope: Construct, name: str, environment: Environment, *, key_arn: str) -> None:
        """Create the secrets, encrypted with the environment's key."""
        super().__init__(scope, name)
        self._secrets = {}
        for secret in SECRETS:
            created = secretsmanager_secret.SecretsmanagerSecret(
                self,
                secret.name,
                name=f"{environment.prefix}/{secret.name}",
                description=secret.description,
                kms_key_id=key_arn,
                recovery_window_in_days=30 if environment.deletion_protection else 7,
            )
            accept(
                created,
                "CKV2_AWS_57",
                reason="Meta, Credex core and Redis hold these secrets too: rotation needs both sides, "
                "which a Lambda function cannot coordinate; the README describes it",
            )
            self._secrets[secret.name] = created

    def arn(self, name: str) -> str:
        """The ARN of a secret."""
        arn: str = self._secrets[name].arn
        return arn

    def arns_for(self, task: str) -> dict[str, str]:
        """ARNs of the secrets that `task` may read, by environment variable."""
        return {secret.environment_variable: self.arn(secret.name) for secret in SECRETS if task in secret.tasks}
