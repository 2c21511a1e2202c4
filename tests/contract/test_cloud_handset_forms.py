"""Forms on phones: what comes back of those that the account has, and of those of which only the id is known."""

from __future__ import annotations

import json
from typing import Any

import pytest

from service.whatsapp.forms import DEFINITIONS
from simulator.whatsapp_cloud import Acted, FlowForm, NotFilledInError
from tests.contract.cloud_bot import TARIRO, World, last, play, shown

FORM = {
    "type": "interactive",
    "interactive": {
        "type": "flow",
        "body": {"text": "Fill in your details"},
        "action": {
            "name": "flow",
            "parameters": {
                "flow_message_version": "3",
                "flow_id": "1234567890123456",
                "flow_token": "reg-7f3a",
                "flow_cta": "Register",
            },
        },
    },
}


def test_a_form_comes_back_with_its_token_and_answers() -> None:
    """As a JSON string; some old phones leave the token out."""

    async def scenario(world: World) -> list[dict[str, Any]]:
        (form,) = await shown(world, FORM)
        replies = []
        for with_token in (True, False):
            world.cloud.handsets[TARIRO].fill(form, {"first_name": "Tariro"}, with_token=with_token)
            await world.settle()
            replies.append(last(world)["interactive"])
        return replies

    first, second = play(scenario)
    assert (first["type"], first["nfm_reply"]["name"], first["nfm_reply"]["body"]) == ("nfm_reply", "flow", "Sent")
    assert json.loads(first["nfm_reply"]["response_json"]) == {"flow_token": "reg-7f3a", "first_name": "Tariro"}
    assert json.loads(second["nfm_reply"]["response_json"]) == {"first_name": "Tariro"}


def test_a_form_that_the_account_has_is_filled_in_as_it_says() -> None:
    """It adds what it always adds and takes what its fields take; whoever goes past it sends what they like."""

    async def scenario(world: World) -> tuple[list[Any], str, tuple[str, ...]]:
        form = DEFINITIONS[0]
        world.cloud.account.forms["1234567890123456"] = FlowForm(
            "1234567890123456", form.name, ["SIGN_UP"], published=form.source
        )
        await shown(world, FORM)
        tariro, replies = world.cloud.handsets[TARIRO], []
        with pytest.raises(NotFilledInError) as refused:
            tariro.fill(None, {"first_name": "T", "last_name": "Moyo"})
        for first_name, checked in (("Tariro", True), ("T", False)):
            tariro.fill(None, {"first_name": first_name, "last_name": "Moyo"}, checked=checked)
            await world.settle()
            replies.append(json.loads(last(world)["interactive"]["nfm_reply"]["response_json"]))
        looks = [event.form for event in world.events if isinstance(event, Acted) and event.form]
        assert [reply.pop("flow_token") for reply in replies] == ["reg-7f3a"] * 2
        return replies, str(refused.value), looks[0]

    replies, refused, look = play(scenario)
    assert replies == [
        {"form": "member_signup", "first_name": "Tariro", "last_name": "Moyo"},
        {"form": "member_signup", "first_name": "T", "last_name": "Moyo"},
    ]
    assert refused == "first_name (First name) takes 3 to 50 characters, not 1: 'T'"
    assert (look[0], look[3:5], look[-1]) == (
        "Become a member",
        ("First name: Tariro", "Last name: Moyo"),
        "[ Continue ]",
    )
