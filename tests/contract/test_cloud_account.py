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

    async def delete(self, url: str, **given: Any) -> Any:
        return (await self.meta.http.delete(url, headers=HEADERS, **given)).json()

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


async def test_a_template_that_was_submitted_can_be_found_and_withdrawn(owner: Owner) -> None:
    """By its name, in all its languages; what is not there cannot be withdrawn."""
    given = {"category": "UTILITY", "components": [{"type": "BODY", "text": "Hello."}]}
    for name, language in (("a", "en"), ("a", "de"), ("b", "en")):
        await owner.post(f"{ACCOUNT}/message_templates", json={**given, "name": name, "language": language})
    found = await owner.get(f"{ACCOUNT}/message_templates", params={"name": "a", "status": "PENDING"})
    assert [(each["name"], each["language"]) for each in found["data"]] == [("a", "en"), ("a", "de")]
    assert await owner.delete(f"{ACCOUNT}/message_templates", params={"name": "a"}) == {"success": True}
    assert (await owner.delete(f"{ACCOUNT}/message_templates", params={"name": "a"}))["error"]["code"] == 100
    assert [each.name for each in owner.meta.cloud.account.templates] == ["b"]


async def test_the_app_can_be_unsubscribed(owner: Owner) -> None:
    """And subscribed again."""
    seen = []
    for ask in (owner.post, owner.delete, owner.post):
        await ask(f"{ACCOUNT}/subscribed_apps")
        seen.append(len((await owner.get(f"{ACCOUNT}/subscribed_apps"))["data"]))
    assert seen == [1, 0, 1]


async def test_a_form_can_be_renamed_deprecated_or_deleted_as_its_status_allows(owner: Owner) -> None:
    """A name belongs to one form; what was published stays, out of use; what is out of use cannot be changed."""
    ids = []
    for name in ("one", "two"):
        made = {"name": name, "categories": ["OTHER"], "flow_json": DEFINITIONS[0].source}
        ids.append((await owner.post(f"{ACCOUNT}/flows", json=made))["id"])
    first, second = (f"http://graph/v25.0/{form_id}" for form_id in ids)
    assert (await owner.refused(first, json={"name": "two"})) == (100, "Flow name is not unique")
    assert await owner.post(first, json={"name": "three"}) == {"success": True}
    told = await owner.get(first)
    assert (told["name"], told["json_version"], told["updated_at"][-5:]) == ("three", "7.3", "+0000")
    assert (await owner.refused(f"{first}/deprecate"))[0] == 139003
    await owner.post(f"{first}/publish")
    assert (await owner.delete(first))["error"]["code"] == 139004
    assert await owner.post(f"{first}/deprecate") == {"success": True}
    file = {"file": ("flow.json", b"{}", "application/json")}
    form = {"name": "flow.json", "asset_type": "FLOW_JSON"}
    assert (await owner.refused(f"{first}/assets", data=form, files=file))[0] == 139001
    assert (await owner.get(first))["status"] == "DEPRECATED"
    assert await owner.delete(second) == {"success": True}
    assert list(owner.meta.cloud.account.forms) == ids[:1]


async def test_files_are_found_by_those_who_may_see_them_only(owner: Owner) -> None:
    """The number that asks must be the one that they belong to, and the address needs its secret and the token."""
    number, files = BUSINESS.phone_number_id, {"file": ("a.png", b"a picture", "image/png")}
    product = {"messaging_product": "whatsapp"}
    uploaded = await owner.post(f"http://graph/v25.0/{number}/media", data=product, files=files)
    node = f"http://graph/v25.0/{uploaded['id']}"
    assert (await owner.get(node, params={"phone_number_id": "1"}))["error"]["error_subcode"] == 33
    told = await owner.get(node, params={"phone_number_id": number})
    assert (told["file_size"], told["mime_type"]) == (9, "image/png")
    http = owner.meta.http
    answers = [
        await http.get(told["url"], headers=HEADERS),
        await http.get(told["url"]),
        await http.get(told["url"][:-1], headers=HEADERS),
        await http.get(told["url"].replace(uploaded["id"], "1"), headers=HEADERS),
    ]
    assert [answer.status_code for answer in answers] == [200, 401, 404, 404]
    assert answers[0].content == b"a picture"
