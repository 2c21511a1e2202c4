"""Take back a pending outgoing offer."""

from __future__ import annotations

from typing import Final

from service.credex.endpoints import Endpoint
from service.credex.values import CredexKind
from service.writes.resolve_offer import ResolveOffer, ResolveOfferOperation


class CancelOffer(ResolveOffer, frozen=True, tag="cancel-offer"):
    """Take back a pending outgoing offer."""


class _CancelOffer(ResolveOfferOperation[CancelOffer]):
    command = CancelOffer
    endpoint = Endpoint("cancelCredex", frozenset({"CREDEX_CANCELLED"}), "credex")
    resolved_as = (CredexKind.CANCELLED,)
    incoming = False


OPERATION: Final = _CancelOffer()
