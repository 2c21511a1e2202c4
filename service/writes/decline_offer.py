"""Decline a pending incoming offer."""

from __future__ import annotations

from typing import Final

from service.credex.endpoints import Endpoint
from service.credex.values import CredexKind
from service.writes.resolve_offer import ResolveOffer, ResolveOfferOperation


class DeclineOffer(ResolveOffer, frozen=True, tag="decline-offer"):
    """Decline a pending incoming offer."""


class _DeclineOffer(ResolveOfferOperation[DeclineOffer]):
    command = DeclineOffer
    endpoint = Endpoint("declineCredex", frozenset({"CREDEX_DECLINED"}), "credex")
    resolved_as = (CredexKind.DECLINED,)


OPERATION: Final = _DeclineOffer()
