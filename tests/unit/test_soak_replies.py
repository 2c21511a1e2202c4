"""The people of a soak know the answers to what they confirmed: here they read the flows' own screens."""

from __future__ import annotations

import pytest

from service.domain.commands import DidNotHappen, Done, Outcome, PossibleDuplicate, Unknown
from simulator.processes.soak.replies import classify
from simulator.whatsapp_cloud import Bubble
from tests.unit.test_invariant_claims import body, screen

PROVEN = Done(proven=True, as_of_ms=1_793_599_200_000)


@pytest.mark.parametrize(
    ("step", "outcome", "given", "kind"),
    [
        ("offer.sent", Done(), {}, "offered"),
        ("offer.sent", PROVEN, {}, "offered"),
        ("offer.refused", Unknown(), {}, "offered"),
        ("offer.not_done", DidNotHappen(), {}, "offered"),
        ("offer.not_done", DidNotHappen(), {"looked": ""}, "offered"),
        ("offer.unknown", Unknown(), {}, "offered"),
        ("offer.unknown", Unknown(), {"interrupted": "yes"}, "offered"),
        ("offer.doubt", PossibleDuplicate(), {}, "may be twice"),
        ("offer.doubt", PossibleDuplicate(), {"made": "yes"}, "may be twice"),
        ("offer.doubt", PossibleDuplicate(), {"elsewhere": "yes"}, "may be twice"),
        ("pending.accept_done", Done(), {}, "ended"),
        ("pending.not_done", DidNotHappen(), {}, "ended"),
        ("pending.not_done", DidNotHappen(), {"looked": ""}, "ended"),
        ("pending.unknown", Unknown(), {}, "ended"),
        ("pending.unknown", Unknown(), {"interrupted": "yes"}, "ended"),
        ("registration.not_done", DidNotHappen(), {}, "not joined"),
        ("registration.not_done", DidNotHappen(), {"looked": ""}, "not joined"),
        ("registration.unknown", Unknown(), {}, "joining unknown"),
        ("registration.unknown", Unknown(), {"interrupted": "yes"}, "joining unknown"),
    ],
)
def test_every_answer_to_a_confirmation_is_known(step: str, outcome: Outcome, given: dict[str, str], kind: str) -> None:
    """Whatever became of the write."""
    (message,) = screen(step, outcome, **given)

    assert classify(Bubble(0, "wamid.1", "263771234567", "button", {}, body(message))) == kind
