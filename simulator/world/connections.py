"""The connections of a bot in a simulated world, and how the service is started on them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import httpx
import redis.asyncio
from pydantic import SecretStr

from service.app import Dependencies, Service
from service.mailbox import Mailbox
from service.runtime.inbox_worker import Finished
from service.settings import EMBEDDED, Settings
from service.whatsapp.forms import DEFINITIONS
from simulator.whatsapp_cloud import Business
from simulator.world.next_release import NextMailbox
from simulator.world.process import Bot

__all__ = (
    "API_KEY",
    "BOT_URL",
    "BUSINESS",
    "CORE_URL",
    "FORMS",
    "GRAPH_URL",
    "WEBHOOK_SECRET",
    "Connections",
    "run_service",
)

API_KEY: Final = "simulated-api-key"
WEBHOOK_SECRET: Final = "simulated-webhook-secret"  # noqa: S105 - invented, like all here
REGISTRATION_FORM: Final = "1700000000000001"
BUSINESS_FORM: Final = "1700000000000002"
FORMS: Final = dict(zip((REGISTRATION_FORM, BUSINESS_FORM), DEFINITIONS, strict=True))
"""The forms of the business account, by the ids in the bot's settings."""
BOT_URL: Final = "https://bot.simulated"
GRAPH_URL: Final = "https://graph.simulated/v25.0/"
CORE_URL: Final = "https://core.simulated/v1/"
BUSINESS: Final = Business(
    phone_number_id="506914307656634",
    business_id="215589313241560883",
    display_phone_number="263242700100",
    access_token="simulated-access-token",  # noqa: S106 - invented, like all here
    app_secret="simulated-app-secret",  # noqa: S106
    verify_token="simulated-verify-token",  # noqa: S106
    callback_url=f"{BOT_URL}/bot/webhook",
)


@dataclass(frozen=True, slots=True)
class Connections:
    """What one run of the bot's process is connected to.

    Attributes:
        forms: the bot is configured to ask by WhatsApp forms.
        next_release: the process runs the next release, whose records this release cannot read.
    """

    clock_ms: Callable[[], int]
    state: redis.asyncio.Redis
    cache: redis.asyncio.Redis
    core: httpx.AsyncBaseTransport
    graph: httpx.AsyncBaseTransport
    random_bytes: Callable[[int], bytes]
    forms: bool = False
    next_release: bool = False


def run_service(connections: Connections, *, finished: Callable[[Finished], None] = lambda _: None) -> Bot:
    """The service on these connections. It sleeps until it is woken or work is due; ``finished`` gets every turn."""
    # Constructed, not read from the environment, which must not change transcripts.
    settings = Settings.model_construct(
        redis_url=EMBEDDED,
        redis_state_url=EMBEDDED,
        mycredex_app_url=CORE_URL,
        client_api_key=SecretStr(API_KEY),
        credex_webhook_secret=SecretStr(WEBHOOK_SECRET),
        whatsapp_api_url=GRAPH_URL,
        whatsapp_access_token=SecretStr(BUSINESS.access_token),
        whatsapp_phone_number_id=BUSINESS.phone_number_id,
        whatsapp_business_id=BUSINESS.business_id,
        whatsapp_app_secret=SecretStr(BUSINESS.app_secret),
        whatsapp_verify_token=SecretStr(BUSINESS.verify_token),
        use_progressive_flow=not connections.forms,
        whatsapp_registration_flow_id=REGISTRATION_FORM,
        whatsapp_company_registration_flow_id=BUSINESS_FORM,
    )
    parts = Dependencies(
        clock_ms=connections.clock_ms,
        state=connections.state,
        cache=connections.cache,
        core_transport=connections.core,
        graph_transport=connections.graph,
        random_bytes=connections.random_bytes,
        poll_ms=None,
        finished=finished,
        mailbox=NextMailbox if connections.next_release else Mailbox,
    )
    return Service(settings, dependencies=parts)
