"""Each oddity shows on the wire as the contract says, and shows nowhere as long as it is switched off."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from simulator.credex_core import DAY_MS, FORMAT_QUIRKS, QUIRK_NAMES, Quirks, State
from tests.contract.credex_scene import NOBODY, RUDO, TODAY, Scene
from tests.credex_world import FARAI, TARIRO, usd

Shows = Callable[[Scene], Awaitable[bool]]


async def own(scene: Scene, who: str = FARAI) -> dict[str, Any]:
    """Somebody's first account, as it is on the wire."""
    accounts = (await scene.dashboard(who))["accounts"]
    first: dict[str, Any] = accounts[0]
    return first


async def refused(scene: Scene) -> Any:
    """A refusal for want of money."""
    return await scene.ask(FARAI, "createCredex", scene.offer(InitialAmount="4.01"))


async def made(scene: Scene, endpoint: str, status: int, state: State) -> bool:
    """Whether a write was answered with this status and happened all the same."""
    credex_id = scene.incoming
    body = scene.offer() if endpoint == "createCredex" else {"credexID": credex_id}
    count = len(scene.core.offers())
    answer = await scene.ask(FARAI, endpoint, body)
    happened = len(scene.core.offers()) > count or scene.core.ledger.credexes[credex_id].state is state
    assert happened
    return answer.status_code == status


async def empty_as_object(scene: Scene) -> bool:
    return bool((await own(scene, RUDO))["pendingInData"] == {})


async def nested_envelopes(scene: Scene) -> bool:
    dashboard = await scene.dashboard(FARAI)
    account = dashboard["accounts"][0].get("data", {})
    return "memberTier" in dashboard and "data" in account.get("balanceData", {})


async def dashboard_left_out(scene: Scene) -> bool:
    answer = await scene.ask(FARAI, "acceptCredex", {"credexID": scene.incoming})
    assert answer.json()["data"]["action"]["type"] == "CREDEX_ACCEPTED"
    return bool(answer.json()["data"]["dashboard"] is None)


async def low_high_integers(scene: Scene) -> bool:
    return bool((await scene.dashboard(FARAI))["member"]["memberTier"] == {"low": 1, "high": 0})


async def duplicate_accounts(scene: Scene) -> bool:
    ids = [account["accountID"] for account in (await scene.dashboard(FARAI))["accounts"]]
    return len(ids) > len(set(ids))


async def negative_outgoing(scene: Scene) -> bool:
    return bool((await own(scene))["pendingOutData"][0]["formattedInitialAmount"] == "-1.00 USD")


async def negative_zero(scene: Scene) -> bool:
    figures = (await own(scene))["balanceData"]["unsecuredBalancesInDefaultDenom"]
    return bool(figures["totalPayables"] == "-0.00 USD")


async def no_separators(scene: Scene) -> bool:
    return "1000.00 ZWG" in (await own(scene))["balanceData"]["securedNetBalancesByDenom"]


async def reason_only(scene: Scene) -> bool:
    details = (await refused(scene)).json()["data"]["action"]["details"]
    return "reason" in details and "code" not in details


async def bare_refusals(scene: Scene) -> bool:
    answer = await refused(scene)
    looked = await scene.ask(FARAI, "getAccountByHandle", {"accountHandle": "nobody"})
    return (set(answer.json()), looked.json()) == ({"error"}, {"message": "Account not found"})


async def errors_as_200(scene: Scene) -> bool:
    answer = await refused(scene)
    return (answer.status_code, answer.json()["data"]["action"]["type"]) == (200, "ERROR_VALIDATION")


async def errors_as_400(scene: Scene) -> bool:
    answer = await scene.ask(FARAI, "acceptCredex", {"credexID": NOBODY})
    return (answer.status_code, answer.json()["data"]["action"]["type"]) == (400, "ERROR_NOT_FOUND")


async def raw_errors(scene: Scene) -> bool:
    answer = await scene.ask(FARAI, "acceptCredex", {})
    return answer.status_code == 400 and "undefined" in answer.json().get("error", "")


async def zero_row_refused(scene: Scene) -> bool:
    body = {"accountID": scene.account(FARAI)}
    assert (await scene.ask(FARAI, "getLedger", body)).status_code == 200
    return (await scene.ask(FARAI, "getLedger", body | {"startRow": 0})).status_code == 400


async def handles_rewritten(scene: Scene) -> bool:
    statuses = [
        (await scene.ask(FARAI, "getAccountByHandle", {"accountHandle": handle})).status_code
        for handle in ("moyo_.shop", "Moyo_shop")
    ]
    return statuses == [200, 400]


async def due_window_open(scene: Scene) -> bool:
    body = scene.offer(issuerAccountID=scene.account(RUDO), securedCredex=False, dueDate="2031-01-01")
    return (await scene.ask(RUDO, "createCredex", body)).status_code == 200


async def tokens_not_renewed(scene: Scene) -> bool:
    return "Authorization" not in (await scene.ask(FARAI, "getAccountByHandle", {"accountHandle": FARAI})).headers


async def owned_only(scene: Scene) -> bool:
    return [one["accountHandle"] for one in (await scene.dashboard(RUDO))["accounts"]] == [RUDO]


async def null_remaining(scene: Scene) -> bool:
    return (await scene.dashboard(FARAI))["member"]["remainingAvailableUSD"] is None


async def null_tier(scene: Scene) -> bool:
    return "memberTier" not in (await scene.dashboard(FARAI))["member"]


async def invalid_date(scene: Scene) -> bool:
    scene.core.offer(TARIRO, FARAI, usd("3"), due=TODAY.replace(day=20))
    return bool((await own(scene))["pendingInData"][1]["dueDate"] == "Invalid date")


async def expired_still_shown(scene: Scene) -> bool:
    scene.clock.at_ms += 3 * DAY_MS
    account = await own(scene)
    assert account["pendingOutData"] == []
    return "4.00 USD" in account["balanceData"]["securedNetBalancesByDenom"]


async def vanishing_offers(scene: Scene) -> bool:
    scene.clock.at_ms += DAY_MS
    return bool((await own(scene))["pendingInData"] == [])


async def lists_reversed(scene: Scene) -> bool:
    newest = scene.core.offer(TARIRO, FARAI, usd("3")).credex_id
    return [one["credexID"] for one in (await own(scene))["pendingInData"]] == [newest, scene.incoming]


async def ledger_without_ids(scene: Scene) -> bool:
    answer = await scene.ask(FARAI, "getLedger", {"accountID": scene.account(FARAI)})
    return "credexID" not in answer.json()["data"]["action"]["details"]["ledger"][0]


async def missing_as_500(scene: Scene) -> bool:
    gone = scene.ended("cancel")
    past = {"accountID": scene.account(FARAI), "startRow": 99}
    answers = [
        await scene.ask(FARAI, "acceptCredex", {"credexID": gone}),
        await scene.ask(FARAI, "getCredex", {"credexID": NOBODY, "accountID": scene.account(FARAI)}),
        await scene.ask(FARAI, "getLedger", past),
    ]
    assert (await scene.ask(FARAI, "acceptCredex", {"credexID": scene.ended("accept")})).status_code == 409
    return [answer.status_code for answer in answers] == [500] * 3


async def management_as_200(scene: Scene) -> bool:
    body = {"accountID": scene.account(FARAI), "memberHandleToBeAuthorized": RUDO}
    answer = await scene.ask(FARAI, "authorizeForAccount", body)
    return answer.status_code == 200 and answer.json().keys() == {"message"}


async def lenient_authority(scene: Scene) -> bool:
    answers = [
        await scene.ask(RUDO, "declineCredex", {"credexID": scene.incoming}),
        await scene.ask(RUDO, "cancelCredex", {"credexID": scene.outgoing}),
        await scene.ask(RUDO, "getLedger", {"accountID": scene.account(FARAI)}),
        await scene.ask(RUDO, "createCredex", scene.offer()),
    ]
    assert (await scene.ask(RUDO, "acceptCredex", {"credexID": scene.core.offers(FARAI)[-1].credex_id})).is_error
    return [answer.status_code for answer in answers] == [200] * 4


async def exact_balance_refused(scene: Scene) -> bool:
    answer = await scene.ask(FARAI, "createCredex", scene.offer(InitialAmount="4"))
    return answer.status_code == 400 and "requested 4.00 USD, maximum securable 4.00 USD" in answer.json()["message"]


async def exact_limit_refused(scene: Scene) -> bool:
    scene.core.fund(FARAI, usd("100"))
    answer = await scene.ask(FARAI, "createCredex", scene.offer(InitialAmount="9"))
    return answer.status_code == 403 and "9.00 USD remaining" in answer.json()["message"]


async def created_but_404(scene: Scene) -> bool:
    return await made(scene, "createCredex", 404, State.OFFERS)


async def created_but_400(scene: Scene) -> bool:
    return await made(scene, "createCredex", 400, State.OFFERS)


async def created_but_500(scene: Scene) -> bool:
    return await made(scene, "createCredex", 500, State.OFFERS)


async def declined_but_500(scene: Scene) -> bool:
    return await made(scene, "declineCredex", 500, State.DECLINED)


async def joined_but_400(scene: Scene) -> bool:
    body = {"firstname": "Nyasha", "lastname": "Banda", "phone": "263774567890", "defaultDenom": "USD"}
    answer = await scene.ask("", "onboardMember", body)
    accounts = (await scene.dashboard("263774567890"))["accounts"]
    return answer.status_code == 400 and accounts == []


SHOWS: dict[str, Shows] = {name: found for name, found in globals().items() if name in QUIRK_NAMES}


@pytest.mark.parametrize("way", QUIRK_NAMES)
async def test_an_oddity_shows_on_the_wire_when_it_is_on_and_only_then(way: str) -> None:
    """And no oddity brings the books out of balance."""
    shows = SHOWS[way]
    plain, odd = Scene(), Scene(Quirks.named([way]))
    assert [await shows(plain), await shows(odd)] == [False, True]
    odd.core.check_conserved()


@pytest.mark.parametrize("way", [way for way in QUIRK_NAMES if "_but_" in way])
def test_those_that_count_come_to_an_end(way: str) -> None:
    """So many times, and never again."""
    statuses = [status for each in Quirks.named([way], times=2).misreported_statuses().values() for status in each]
    assert statuses == [int(way.rsplit("_", 1)[1])] * 2


def test_oddities_add_up() -> None:
    """More of them leave the others on; all of form are among everything."""
    some = Quirks.named(["null_tier", "created_but_404"]).union(Quirks.named(["negative_zero"]))
    assert some == Quirks(null_tier=True, created_but_404=1, negative_zero=True)
    assert Quirks.format_only() == Quirks.named(FORMAT_QUIRKS)
    assert Quirks.everything().union(Quirks.format_only()) == Quirks.everything()
