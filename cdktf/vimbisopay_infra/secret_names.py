"""The secrets: their names, the tasks that read them, and the environment variables that hold them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ("SECRETS", "Secret")


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret in Secrets Manager.

    Attributes:
        name: the last part of the secret's name.
        environment_variable: the variable through which the tasks receive the value.
        tasks: the tasks that may read it.
        description: as Secrets Manager shows it.
    """

    name: str
    environment_variable: str
    tasks: tuple[str, ...]
    description: str


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
