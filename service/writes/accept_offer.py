"""Accept a pending incoming offer."""

from __future__ import annotations

from typing import Final

from service.credex.endpoints import Endpoint
from service.credex.values import CredexKind
from service.writes.resolve_offer import ResolveOffer, ResolveOfferOperation


class AcceptOffer(ResolveOffer, frozen=True, tag="accept-offer"):
    """Accept a pending incoming offer."""


class _AcceptOffer(ResolveOfferOperation[AcceptOffer]):
    command = AcceptOffer
    endpoint = Endpoint("acceptCredex", frozenset({"CREDEX_ACCEPTED"}), "credex", frozenset({"acceptCredexData"}))
    resolved_as = (
        CredexKind.OWES,
        CredexKind.CLEARED,
    )


OPERATION: Final = _AcceptOffer()
