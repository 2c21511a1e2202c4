"""Secrets: their names, where their values come from, and the references that tasks are given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from vimbisopay_infra.environment import Environment
from vimbisopay_infra.findings import accept
from vimbisopay_infra.tf import Construct, secretsmanager_secret

__all__ = ("SECRETS", "Secret", "Secrets")


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret: `variable` is the environment variable that receives it; `used_by` the tasks that may read it."""

    name: str
    variable: str
    used_by: tuple[str, ...]
    about: str


SECRETS: Final = (
    Secret("django-secret", "DJANGO_SECRET", ("web",), "other keys are derived from it"),
    Secret("client-api-key", "CLIENT_API_KEY", ("web",), "shown to Credex core, and by it"),
    Secret("credex-webhook-secret", "CREDEX_WEBHOOK_SECRET", ("web",), "core signs its events with it"),
    Secret("whatsapp-access-token", "WHATSAPP_ACCESS_TOKEN", ("web",), "of Meta's system user"),
    Secret("whatsapp-app-secret", "WHATSAPP_APP_SECRET", ("web",), "Meta signs its webhooks with it"),
    Secret("whatsapp-verify-token", "WHATSAPP_VERIFY_TOKEN", ("web",), "agreed with Meta for the handshake"),
    Secret("redis-cache-auth", "", (), "the password of the cache; 16 to 128 characters"),
    Secret("redis-cache-url", "REDIS_URL", ("web",), "made by the application stack from the above"),
    Secret("redis-state-url", "REDIS_STATE_URL", ("web",), "with password and certificate authority"),
    Secret("redis-state-password", "REDIS_PASSWORD", ("state",), "of the state Redis"),
    Secret("redis-state-certificate", "REDIS_TLS_CERTIFICATE", ("state",), "PEM; shown to clients"),
    Secret("redis-state-key", "REDIS_TLS_KEY", ("state",), "PEM; of the certificate"),
)


class Secrets(Construct):
    """The secrets without their values: operators put those in (see README), so that no code ever holds them."""

    def __init__(self, scope: Construct, name: str, environment: Environment, *, key_arn: str) -> None:
        """Create the secrets, encrypted with our own key."""
        super().__init__(scope, name)
        self._secrets = {}
        for secret in SECRETS:
            made = secretsmanager_secret.SecretsmanagerSecret(
                self,
                secret.name,
                name=f"{environment.prefix}/{secret.name}",
                description=secret.about,
                kms_key_id=key_arn,
                recovery_window_in_days=30 if environment.keeps_data else 7,
            )
            accept(
                made,
                "CKV2_AWS_57",
                because="Meta, Credex core and Redis know these too: rotation is a written procedure with both sides, "
                "which a Lambda function here cannot do",
            )
            self._secrets[secret.name] = made

    def arn(self, name: str) -> str:
        """Of the secret named so."""
        return self._secrets[name].arn

    def given_to(self, task: str) -> dict[str, str]:
        """ARNs of the secrets that `task` may read, by environment variable."""
        return {secret.variable: self.arn(secret.name) for secret in SECRETS if task in secret.used_by}
