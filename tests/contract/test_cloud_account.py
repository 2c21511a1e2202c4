"""The business account over HTTP: what its owner sees, what is refused and how."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from service.whatsapp.forms import DEFINITIONS
from tests.contract.cloud_bot import BUSINESS
from tests.contract.test_whatsapp_setup import Meta

HEADERS = {"Authorization": f"Bearer {BUSINESS.access_token}"}
ACCOUNT = f"http://graph/v25.0/{BUSINESS.business_id}"


class Owner:
    """Asks the Graph API."""

    def __init__(self) -> None:
        self.meta = Meta()

    async def get(self, url: str, **given: Any) -> Any:
        return (await self.meta.http.get(url, headers=HEADERS, **given)).json()

    async def post(self, url: str, **given: Any) -> Any:
        return (await self.meta.http.post(url, headers=HEADERS, **given)).json()

    async def refused(self, url: str, **given: Any) -> tuple[int, str]:
        """The code and what is said of it."""
        error = (await self.post(url, **given))["error"]
        return error["code"], error.get("error_data", {}).get("details") or error["message"]


@pytest.fixture
async def owner() -> AsyncIterator[Owner]:
    """The owner of an account where nothing was set up."""
    one = Owner()
    yield one
    await one.meta.http.aclose()


async def test_every_edge_asks_for_the_token_and_the_version_first(owner: Owner) -> None:
    """Whatever is named."""
    http = owner.meta.http
    assert (await http.get(f"{ACCOUNT}/flows")).json()["error"]["code"] == 104
    assert (await http.get("http://graph/25/1/flows", headers=HEADERS)).json()["error"]["code"] == 2500
    assert (await http.get(f"{ACCOUNT}/letters", headers=HEADERS)).json()["error"]["code"] == 2500


async def test_fields_asked_for_are_given_beside_the_id(owner: Owner) -> None:
    """And no others."""
    number = await owner.get(f"http://graph/v25.0/{BUSINESS.phone_number_id}", params={"fields": "verified_name,nope"})
    assert sorted(number) == ["id", "verified_name"]


@pytest.mark.parametrize("edge", ["flows", "subscribed_apps", "message_templates"])
async def test_an_account_that_is_not_ours_does_not_exist(owner: Owner, edge: str) -> None:
    """Neither to look at nor to change."""
    looked = await owner.get(f"http://graph/v25.0/1/{edge}")
    assert (looked["error"]["code"], looked["error"]["error_subcode"]) == (100, 33)
    assert (await owner.refused(f"http://graph/v25.0/1/{edge}", json={}))[0] == 100


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "(#100) The parameter name is required."),
        ({"name": "a", "categories": "[]"}, "Param categories must be an array of"),
        ({"name": "a", "categories": ["FUN"]}, "Param categories must be an array of"),
        ({"name": "taken", "categories": ["OTHER"]}, "Flow name is not unique"),
    ],
)
async def test_a_form_that_cannot_be_made_is_refused(owner: Owner, given: dict[str, Any], said: str) -> None:
    """With Meta's words."""
    await owner.post(f"{ACCOUNT}/flows", json={"name": "taken", "categories": ["OTHER"]})
    code, told = await owner.refused(f"{ACCOUNT}/flows", json=given)
    assert code == 100
    assert said in told


async def test_a_form_goes_from_draft_to_published_and_its_change_is_a_draft_again(owner: Owner) -> None:
    """With errors it stays a draft; parameters may come as a form as well as in JSON."""
    created = await owner.post(f"{ACCOUNT}/flows", data={"name": "f", "categories": '["SIGN_UP"]'})
    form = f"http://graph/v25.0/{created['id']}"
    assert (await owner.refused(f"{form}/publish"))[0] == 139002

    async def upload(source: str) -> Any:
        file = {"file": ("flow.json", source.encode(), "application/json")}
        return await owner.post(f"{form}/assets", data={"name": "flow.json", "asset_type": "FLOW_JSON"}, files=file)

    assert (await upload("{}"))["validation_errors"]
    assert (await owner.refused(f"{form}/publish")) == (139002, "Publishing failed: it has validation errors")
    assert (await upload(DEFINITIONS[0].source))["validation_errors"] == []
    assert (await owner.get(form))["status"] == "DRAFT"
    assert await owner.post(f"{form}/publish") == {"success": True}
    assert (await owner.get(form))["status"] == "PUBLISHED"
    await upload(DEFINITIONS[1].source)
    assert (await owner.get(form))["status"] == "DRAFT"
    (asset,) = (await owner.get(f"{form}/assets"))["data"]
    assert (await owner.meta.http.get(asset["download_url"])).json() == DEFINITIONS[1].content


async def test_lists_come_in_pages(owner: Owner) -> None:
    """The last one names no next; a cursor that is none is refused."""
    for number in range(3):
        await owner.post(f"{ACCOUNT}/flows", json={"name": str(number), "categories": ["OTHER"]})
    first = await owner.get(f"{ACCOUNT}/flows", params={"limit": 2})
    after = first["paging"]["cursors"]["after"]
    last = await owner.get(f"{ACCOUNT}/flows", params={"limit": 2, "after": after})
    assert ([form["name"] for form in first["data"]], [form["name"] for form in last["data"]]) == (["0", "1"], ["2"])
    assert ("next" in first["paging"], "next" in last["paging"]) == (True, False)
    assert (await owner.get(f"{ACCOUNT}/flows", params={"after": "x"}))["error"]["code"] == 131059


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"language": ""}, "(#100) The parameter language is required."),
        ({"category": "FUN"}, "Param category must be one of"),
        ({"components": [{"type": "BODY", "text": "{{1}} is here"}]}, "Variables can't be at the start or end"),
        ({"components": [{"type": "BODY", "text": "x" * 1025}]}, "1024"),
        ({"name": "taken"}, "Content in this language already exists"),
    ],
)
async def test_a_template_that_breaks_a_rule_is_refused(owner: Owner, changed: dict[str, Any], said: str) -> None:
    """At once, not by the reviewers."""
    given = {"language": "en_US", "category": "UTILITY", "components": [{"type": "BODY", "text": "Hello."}]}
    await owner.post(f"{ACCOUNT}/message_templates", json={**given, "name": "taken"})
    code, told = await owner.refused(f"{ACCOUNT}/message_templates", json={**given, "name": "a", **changed})
    assert code == 100
    assert said in told
