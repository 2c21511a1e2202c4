"""Register: the sender becomes a member of Credex."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from service.credex.endpoints import Endpoint
from service.credex.errors import CredexError, Refusal, RefusedError
from service.domain import Dashboard, Denomination
from service.domain.commands import Done, Outcome, Refused, Write
from service.writes.operation import Evidence, NotSeen, Observation, Operation


class Register(Write, frozen=True, tag="register"):
    """Make the sender a member, with one personal account."""

    first_name: str
    last_name: str
    denomination: Denomination = Denomination.USD


class _Register(Operation[Register]):
    command = Register
    endpoint = Endpoint(
        "onboardMember",
        frozenset({"MEMBER_ONBOARDED", "MEMBER_REGISTERED"}),
        "member",
        frozenset({"memberDashboard"}),
        conflict=Refusal.DUPLICATE_PHONE,
        needs_token=False,
    )

    def request(self, command: Register) -> Mapping[str, object]:
        return {
            "firstname": command.first_name,
            "lastname": command.last_name,
            "defaultDenom": str(command.denomination),
        }

    def precheck(self, command: Register, dashboard: Dashboard | None) -> Outcome | None:  # noqa: ARG002
        return Refused("duplicate_phone") if dashboard else None

    def evidence(self, command: Register, now: Observation) -> Evidence:  # noqa: ARG002
        return Done(now.dashboard, proven=True) if now.dashboard else NotSeen()

    def refusal(self, error: CredexError | None, not_seen: NotSeen) -> Outcome:
        if isinstance(error, RefusedError) and error.code is Refusal.DUPLICATE_PHONE:
            return Refused("unknown")  # nobody can log in with that number
        return super().refusal(error, not_seen)


OPERATION: Final = _Register()
