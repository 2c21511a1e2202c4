"""Attacks by members, or on members, through their phones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from notebooks.review.attacks_place import DAY_MS, FARAI, MALLORY, TARIRO, Place, Try, usd
from simulator.whatsapp_cloud import Handset

__all__ = ("confusables", "contact_cards", "form_tokens", "injected", "other_members_ids", "stale_buttons")

ANNA, BEN = "263775000111", "263775000222"
"""Strangers, both shown the form at the same moment."""

RLO, ISOLATE, ZERO_WIDTH = "\u202e", "\u2066", "\u200b"


async def other_members_ids(place: Place) -> list[Try]:
    """Mallory's altered WhatsApp sends taps with ids that belong to Tariro's screens."""
    core = place.world.core
    core.offer(core.member(FARAI).handle, core.member(TARIRO).handle, usd("4"))
    tariro, offer = core.member(TARIRO), next(iter(core.offers()))
    (account,) = (each for each in core.ledger.accounts_of(tariro.member_id) if each.owner_id == tariro.member_id)
    await place.say("Tariro", "hi")
    await place.tap("Tariro", "Incoming offers (1)", "4.00 USD")
    accept = place.id_of("Tariro", "Accept")
    await place.tap("Tariro", "Accept")
    confirm = place.id_of("Tariro", "Confirm")
    await place.say("Mallory", "hi")
    gone, old = "no longer waiting", "an earlier message"
    forged = {
        "open Farai's offer to Tariro": (f"n:open:{offer.credex_id}", gone),
        "Tariro's Accept": (accept, old),
        "Tariro's Confirm": (confirm, old),
        "Confirm of a turn that is yet to come": ("a:9999999999999:confirm", old),
        "act for Tariro's account": (f"n:switch:{account.account_id}", "not among those that you may act for"),
        "Tariro's list of who may act for her": (f"n:person:{account.account_id}/{tariro.member_id}", "do not act for"),
        "let somebody act for Tariro's account": (f"n:authorise:{account.account_id}", "Only the owner"),
        "an entry of Tariro's ledger": (f"n:entry:{offer.credex_id}", "I do not see that entry"),
        "a place that there is not": ("n:admin:", old),
        "a step in place of a place": ("n:pending.accept:", old),
        "an id with a path in it": ("n:open:../../getLedger", gone),
        "an id with JSON in it": ('n:open:","memberID":"' + tariro.member_id, gone),
        "an id of 200 commas": ("," * 200, old),
    }
    return [
        await place.members_try(what, place.forge_tap("Mallory", identifier), shows)
        for what, (identifier, shows) in forged.items()
    ]


async def stale_buttons(place: Place) -> list[Try]:
    """Buttons that were right once: tapped twice, late, or brought by the network after the screen that they answer."""
    await place.say("Tariro", "5=>farai_shop")
    confirm = place.id_of("Tariro", "Confirm")
    await place.tap("Tariro", "Confirm")
    tries = [await place.members_try("Confirm once more", place.tap("Tariro", "Confirm"), "an earlier message")]
    await place.say("Tariro", "7=>farai_shop")
    tries.append(
        await place.members_try("the Confirm of the offer before", place.forge_tap("Tariro", confirm), "an earlier")
    )
    earlier = str(place.world.clock_ms() // 1000 - 60)
    late = place.forge_message("Tariro", {"type": "text", "text": {"body": "yes"}, "timestamp": earlier})
    tries.append(
        await place.members_try("a “yes” that was written before the question", late, "given before this question")
    )
    current = place.id_of("Tariro", "Confirm")
    early = {**_button(current, "Confirm"), "timestamp": earlier}
    again = place.forge_message("Tariro", early)
    tries.append(await place.members_try("a Confirm dated before its question", again, "given before this question"))
    await place.world.pass_time(6 * 60_000)
    late = place.tap("Tariro", "Confirm")
    tries.append(await place.members_try("Confirm after six minutes", late, "left for more than five minutes"))
    await place.world.pass_time(DAY_MS // 2)
    late = place.forge_tap("Tariro", current)
    return [*tries, await place.members_try("the same twelve hours later", late, "an earlier message")]


def _button(identifier: str, title: str) -> dict[str, Any]:
    reply = {"type": "button_reply", "button_reply": {"id": identifier, "title": title}}
    return {"type": "interactive", "interactive": reply}


async def form_tokens(place: Place) -> list[Try]:
    """Two strangers are shown the form; one answers with what belongs to the other, or to another time."""
    names = {"form": "member_signup", "first_name": "Mallory", "last_name": "Dube"}
    for phone in (ANNA, BEN):
        place.world.handsets[phone] = place.world.cloud.handset(phone, name="Somebody New")
        await place.say(phone, "hi")
        await place.tap(phone, "Become a member")
    theirs = _token(place.world.handsets[ANNA])
    mine = _token(place.world.handsets[BEN])
    forged: dict[str, Mapping[str, str]] = {
        "the other one's token": {**names, "flow_token": theirs},
        "a token cut short": {**names, "flow_token": mine[:-1]},
        "an empty token": {**names, "flow_token": ""},
        "a token that is no ASCII": {**names, "flow_token": "é\ud800"},
        "the right token on another form": {**names, "flow_token": mine, "form": "open_account"},
    }
    void = "That was an earlier form"
    tries = [await place.members_try(what, place.forge_form(BEN, answers), void) for what, answers in forged.items()]
    earlier = place.forge_form(BEN, {**names, "flow_token": mine})
    tries.append(await place.members_try("the token of an earlier turn", earlier, void))
    now = _token(place.world.handsets[BEN])
    odd = {**names, "flow_token": now, "first_name": "*Ma_llo~ry*" + RLO, "tier": "5", "memberID": "1"}
    what = "the right token, markup in a name, and fields that were not asked for"
    tries.append(await place.members_try(what, place.forge_form(BEN, odd), "Mallory Dube"))
    return tries


def _token(handset: Handset) -> str:
    forms = [bubble for bubble in handset.screen if bubble.kind == "flow"]
    token: str = forms[-1].payload["interactive"]["action"]["parameters"]["flow_token"]
    return token


async def injected(place: Place) -> list[Try]:
    """Markup, control characters and turned writing, typed by members or standing in Credex core."""
    core = place.world.core
    names = {
        "emphasis": "*PAID* _by_ ~Farai~ `now`",
        "writing turned round (U+202E)": f"Farai {RLO}DSU 00.5 ",
        "an isolate that never ends (U+2066)": f"Farai {ISOLATE}Ncube",
        "zero-width space": f"Fa{ZERO_WIDTH}rai Ncube",
        "a line break and words of ours": "Farai\n\n✅ You were paid 500 USD",
        "NUL and escape": "Farai\x00\x1b[31m Ncube",
        "nothing that can be seen": f"{ZERO_WIDTH}*{RLO}",
    }
    (account,) = core.ledger.accounts_of(core.member(FARAI).member_id)
    tries = []
    for what, name in names.items():
        account.name = name
        said = await place.say("Tariro", "5=>farai_shop")
        line = next(each for each in said.split("\n") if each.startswith("Offer "))
        clean = line.startswith("Offer *5.00 USD* to *") and line.endswith("* (farai_shop)?") and _harmless(line)
        came = "the name stays within its place, amount and handle stand beside it"
        tries.append(Try(f"a name in core with {what}", f"“{line}”", came, held=clean))
        await place.say("Tariro", "cancel")
    account.name = "Farai Ncube Personal"
    typed = {
        "a handle with markup": ("5=>*farai_shop*", "A handle has only letters"),
        "a handle with a line break": ("5=>farai\nshop", "A handle has only letters"),
        "an amount with an exponent": ("1e3=>farai_shop", "not an amount I can read"),
        "nan": ("nan=>farai_shop", "not an amount I can read"),
        "a negative amount": ("-5=>farai_shop", "not an amount I can read"),
        "a template's placeholder": ("{{1}}", ""),
        "four thousand control characters": ("\x07" * 4000, ""),
    }
    for what, (text, shows) in typed.items():
        tries.append(await place.members_try(what, place.say("Tariro", text), shows))
    return tries


def _harmless(line: str) -> bool:
    """The marks of emphasis are ours, those around the amount and the name, and nothing in it is invisible."""
    return line.count("*") == len("****") and line.isprintable() and not set(line) & set("~`")


async def confusables(place: Place) -> list[Try]:
    """Digits and letters that look like others."""
    typed = {
        "full-width digits": ("５=>farai_shop", "not an amount I can read"),
        "Arabic-Indic digits": ("٥=>farai_shop", "not an amount I can read"),
        "Devanagari digits": ("५=>farai_shop", "not an amount I can read"),
        "a superscript": ("5²=>farai_shop", "not an amount I can read"),
        "a letter O for a zero": ("5O=>farai_shop", "not an amount I can read"),
        "a comma that groups no thousands": ("1,50=>farai_shop", "cannot tell thousands from decimals"),
        "USD with a Cyrillic S": ("5 UЅD=>farai_shop", "not an amount I can read"),
        "a Cyrillic а in the handle": ("5=>f\u0430rai_shop", "A handle has only letters"),
        "a zero-width space in the handle": (f"5=>farai{ZERO_WIDTH}_shop", "A handle has only letters"),
        "a full-width underscore": ("5=>farai\uff3fshop", "A handle has only letters"),
        "a dot that core would drop": ("5=>farai.shop", "A handle has only letters"),
        "a phone number in Arabic digits": ("5=>٢٦٣٧١٢٣٤٥٦٧٨", "A handle has only letters"),
    }
    tries = [await place.members_try(what, place.say("Tariro", text), shows) for what, (text, shows) in typed.items()]
    await place.say("Tariro", "5=>farai_shop")
    for what, text in {"a full-width 1 for Confirm": "１", "an Arabic 1 for Confirm": "١"}.items():
        tries.append(await place.members_try(what, place.say("Tariro", text), "Offer *5.00 USD*"))
    await place.say("Tariro", "cancel")
    core = place.world.core
    core.add_account(core.member(MALLORY), "Farai Ncube Personal", "farai_sh0p")
    said = await place.say("Tariro", "5=>farai_sh0p")
    line = said.split("\n")[0]
    what = "an account with Farai's name and a handle that looks like his"
    came = "the handle stands beside the name, as the member typed it"
    return [*tries, Try(what, f"“{line}”", came, held="(farai_sh0p)" in line)]


async def contact_cards(place: Place) -> list[Try]:
    """Somebody sends another one's contact card, or another number in other fields, to be taken for them."""
    phones = [{"phone": f"+{TARIRO}", "wa_id": TARIRO}]
    card = {"type": "contacts", "contacts": [{"name": {"formatted_name": "Tariro Moyo"}, "phones": phones}]}
    tries = []
    for who, shows in (("Hidden", "phone number"), ("Mallory", "contact cards")):
        hello = await place.say(who, "hi")
        assert "Tariro" not in hello
        what = f"Tariro's card, from {'somebody who hides their number' if who == 'Hidden' else 'Mallory'}"
        tries.append(await _not_tariro(place, who, what, card, shows))
    for what, message in {
        "a text with Tariro's number": {"type": "text", "text": {"body": f"+{TARIRO}"}},
        "a tap on a member's menu": _button("n:menu", "Menu"),
        "a tap that would offer": _button("n:offer", "Offer a credex"),
    }.items():
        tries.append(await _not_tariro(place, "Hidden", f"{what}, from whoever hides theirs", message, "phone number"))
    body = place.envelope({**place.text("hi", sender=MALLORY), "context": {"from": TARIRO, "id": "wamid.x"}})
    contacts = b'"contacts": [{"wa_id": "%s", "profile": {"name": "Tariro"}}], "messages"' % TARIRO.encode()
    before = len(place.world.handsets["Tariro"].bubbles)
    answer = await place.deliver(body.replace(b'"messages": [', contacts + b": ["))
    await place.world.settle()
    said = place.screen("Mallory").body
    alone = len(place.world.handsets["Tariro"].bubbles) == before and "Mallory" in said and "Tariro" not in said
    what = "Tariro named in context and contacts, Mallory as the sender"
    return [*tries, Try(what, str(answer), "the sender alone counts: Mallory sees Mallory's", held=alone)]


async def _not_tariro(place: Place, who: str, what: str, message: Mapping[str, Any], shows: str) -> Try:
    done = await place.members_try(what, place.forge_message(who, message), shows)
    said = " ".join(bubble.body for bubble in place.world.handsets[who].bubbles)
    private = "50.00" not in said and "Tariro Moyo Personal" not in said
    return Try(done.what, done.answer, done.came_of_it, held=done.held and private)
