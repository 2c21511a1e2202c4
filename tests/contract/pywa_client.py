"""pywa, an independent client of Meta's API: it sends through our Cloud API, and reads what ours delivers."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Any

import httpx
import pywa
import pywa_async
from pywa import errors as _errors
from pywa import handlers as _handlers
from pywa import types as _types
from pywa.types import flows as _flows
from pywa.types import templates as _templates

from simulator.whatsapp_cloud import graph_app
from tests.contract.cloud_bot import BUSINESS, World

__all__ = ("HANDLERS", "Reader", "WhatsApp", "errors", "flows", "sender", "templates", "types")

# pywa does not say what of its modules is for others, so the type checker will not have it.
WhatsApp: Any = pywa.client.WhatsApp
errors: Any = _errors
flows: Any = _flows
handlers: Any = _handlers
templates: Any = _templates
types: Any = _types

HANDLERS = (
    handlers.MessageHandler,
    handlers.CallbackButtonHandler,
    handlers.CallbackSelectionHandler,
    handlers.FlowCompletionHandler,
    handlers.MessageStatusHandler,
    handlers.PhoneNumberChangeHandler,
    handlers.IdentityChangeHandler,
    handlers.EditedMessageHandler,
    handlers.DeletedMessageHandler,
    handlers.TemplateStatusUpdateHandler,
    handlers.AccountUpdateHandler,
    handlers.UserMarketingPreferencesHandler,
)


def sender(world: World) -> Any:
    """Pywa's client, which believes that it talks to graph.facebook.com."""
    app: Any = graph_app(world.cloud)
    session = httpx.AsyncClient(transport=httpx.ASGITransport(app=app))
    client: Any = pywa_async.client.WhatsApp
    return client(
        phone_id=BUSINESS.phone_number_id,
        token=BUSINESS.access_token,
        session=session,
        waba_id=BUSINESS.business_id,
    )


class _Complaints(logging.Handler):
    """Whatever pywa logs as a warning or worse: it swallows the exceptions of its own parser."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep what was said, with the exception."""
        self.said.append(f"{record.getMessage()} {record.exc_info[1]!r}" if record.exc_info else record.getMessage())


@dataclass
class Reader:
    """pywa's webhook handler, fed with the bytes of webhooks.

    Attributes:
        read: what it made of them.
        complaints: what it could not read, and why.
    """

    phone_number_id: str = BUSINESS.phone_number_id
    read: list[Any] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Register a handler for everything."""
        self._bot = WhatsApp(
            phone_id=self.phone_number_id,
            token="a-token",
            server=None,
            session=httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(500))),
            filter_updates=False,
        )
        for one in HANDLERS:
            self._bot.add_handlers(one(self._take))

    def _take(self, _: object, update: Any) -> None:
        self.read.append(update)

    def feed(self, body: bytes) -> None:
        """Have it read the body of a webhook."""
        logger, handler, disabled = logging.getLogger("pywa"), _Complaints(), logging.root.manager.disable
        logger.addHandler(handler)
        # A command that ran before in this process may have silenced all logs.
        logging.disable(logging.NOTSET)
        try:
            answer = self._bot.webhook_update_handler(body)
        finally:
            logging.disable(disabled)
            logger.removeHandler(handler)
        self.complaints += handler.said
        if answer[1] != 200:
            self.complaints.append(f"answered {answer}")
