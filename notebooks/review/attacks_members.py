"""Attacks by members or on members, through phones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from notebooks.review.attack_world import DAY_MS, FARAI, MALLORY, TARIRO, AttackWorld, Attempt, usd
from simulator.whatsapp_cloud import Handset

__all__ = ("confusables", "contact_cards", "form_tokens", "injected", "other_members_ids", "stale_buttons")

ANNA, BEN = "263775000111", "263775000222"
"""Two strangers who are shown the form at the same moment."""

RLO, ISOLATE, ZERO_WIDTH = "\u202e", "\u2066", "\u200b"


async def other_members_ids(place: AttackWorld) -> list[Attempt]:
    """Mallory's modified WhatsApp sends taps with ids from Tariro's screens."""
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
        await place.member_attempt(what, place.forge_tap("Mallory", identifier), shows)
        for what, (identifier, shows) in forged.items()
    ]


async def stale_buttons(place: AttackWorld) -> list[Attempt]:
    """Buttons that were valid once: tapped twice, too late, or delivered after a newer screen."""
    await place.say("Tariro", "5=>farai_shop")
    confirm = place.id_of("Tariro", "Confirm")
    await place.tap("Tariro", "Confirm")
    attempts = [await place.member_attempt("Confirm once more", place.tap("Tariro", "Confirm"), "an earlier message")]
    await place.say("Tariro", "7=>farai_shop")
    attempts.append(
        await place.member_attempt("the Confirm of the offer before", place.forge_tap("Tariro", confirm), "an earlier")
    )
    earlier = str(place.world.clock_ms() // 1000 - 60)
    late = place.forge_message("Tariro", {"type": "text", "text": {"body": "yes"}, "timestamp": earlier})
    attempts.append(
        await place.member_attempt("a “yes” that was written before the question", late, "given before this question")
    )
    current = place.id_of("Tariro", "Confirm")
    early = {**_button(current, "Confirm"), "timestamp": earlier}
    again = place.forge_message("Tariro", early)
    attempts.append(
        await place.member_attempt("a Confirm dated before its question", again, "given before this question")
    )
    await place.world.pass_time(6 * 60_000)
    late = place.tap("Tariro", "Confirm")
    attempts.append(await place.member_attempt("Confirm after six minutes", late, "left for more than five minutes"))
    await place.world.pass_time(DAY_MS // 2)
    late = place.forge_tap("Tariro", current)
    return [*attempts, await place.member_attempt("the same twelve hours later", late, "an earlier message")]


def _button(identifier: str, title: str) -> dict[str, Any]:
    reply = {"type": "button_reply", "button_reply": {"id": identifier, "title": title}}
    return {"type": "interactive", "interactive": reply}


async def form_tokens(place: AttackWorld) -> list[Attempt]:
    """Two strangers are shown the form; one uses the other's token or an expired one."""
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
    attempts = [
        await place.member_attempt(what, place.forge_form(BEN, answers), void) for what, answers in forged.items()
    ]
    earlier = place.forge_form(BEN, {**names, "flow_token": mine})
    attempts.append(await place.member_attempt("the token of an earlier turn", earlier, void))
    now = _token(place.world.handsets[BEN])
    odd = {**names, "flow_token": now, "first_name": "*Ma_llo~ry*" + RLO, "tier": "5", "memberID": "1"}
    what = "the right token, markup in a name, and fields that were not asked for"
    attempts.append(await place.member_attempt(what, place.forge_form(BEN, odd), "Mallory Dube"))
    return attempts


def _token(handset: Handset) -> str:
    forms = [bubble for bubble in handset.screen if bubble.kind == "flow"]
    token: str = forms[-1].payload["interactive"]["action"]["parameters"]["flow_token"]
    return token


async def injected(place: AttackWorld) -> list[Attempt]:
    """Markup, control characters and right-to-left overrides, typed by members or returned by Credex core."""
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
    attempts = []
    for what, name in names.items():
        account.name = name
        said = await place.say("Tariro", "5=>farai_shop")
        line = next(each for each in said.split("\n") if each.startswith("Offer "))
        clean = line.startswith("Offer *5.00 USD* to *") and line.endswith("* (farai_shop)?") and _harmless(line)
        effect = "the name stays within its place, amount and handle stand beside it"
        attempts.append(Attempt(f"a name in core with {what}", f"“{line}”", effect, held=clean))
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
        attempts.append(await place.member_attempt(what, place.say("Tariro", text), shows))
    return attempts


def _harmless(line: str) -> bool:
    """Whether the only markup is the bot's own, around amount and name, without invisible characters."""
    return line.count("*") == len("****") and line.isprintable() and not set(line) & set("~`")


async def confusables(place: AttackWorld) -> list[Attempt]:
    """Look-alike digits and letters."""
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
    attempts = [
        await place.member_attempt(what, place.say("Tariro", text), shows) for what, (text, shows) in typed.items()
    ]
    await place.say("Tariro", "5=>farai_shop")
    for what, text in {"a full-width 1 for Confirm": "１", "an Arabic 1 for Confirm": "١"}.items():
        attempts.append(await place.member_attempt(what, place.say("Tariro", text), "Offer *5.00 USD*"))
    await place.say("Tariro", "cancel")
    core = place.world.core
    core.add_account(core.member(MALLORY), "Farai Ncube Personal", "farai_sh0p")
    said = await place.say("Tariro", "5=>farai_sh0p")
    line = said.split("\n")[0]
    what = "an account with Farai's name and a handle that looks like his"
    effect = "the handle stands beside the name, as the member typed it"
    return [*attempts, Attempt(what, f"“{line}”", effect, held="(farai_sh0p)" in line)]


async def contact_cards(place: AttackWorld) -> list[Attempt]:
    """A sender poses as another member, by a contact card or by that member's number in other fields."""
    phones = [{"phone": f"+{TARIRO}", "wa_id": TARIRO}]
    card = {"type": "contacts", "contacts": [{"name": {"formatted_name": "Tariro Moyo"}, "phones": phones}]}
    attempts = []
    for who, shows in (("Hidden", "phone number"), ("Mallory", "contact cards")):
        hello = await place.say(who, "hi")
        assert "Tariro" not in hello
        what = f"Tariro's card, from {'somebody who hides their number' if who == 'Hidden' else 'Mallory'}"
        attempts.append(await _not_tariro(place, who, what, card, shows))
    for what, message in {
        "a text with Tariro's number": {"type": "text", "text": {"body": f"+{TARIRO}"}},
        "a tap on a member's menu": _button("n:menu", "Menu"),
        "a tap that would offer": _button("n:offer", "Offer a credex"),
    }.items():
        attempts.append(await _not_tariro(place, "Hidden", f"{what}, from a hidden number", message, "phone number"))
    body = place.envelope({**place.text("hi", sender=MALLORY), "context": {"from": TARIRO, "id": "wamid.x"}})
    contacts = b'"contacts": [{"wa_id": "%s", "profile": {"name": "Tariro"}}], "messages"' % TARIRO.encode()
    before = len(place.world.handsets["Tariro"].bubbles)
    answer = await place.deliver(body.replace(b'"messages": [', contacts + b": ["))
    await place.world.settle()
    said = place.screen("Mallory").body
    alone = len(place.world.handsets["Tariro"].bubbles) == before and "Mallory" in said and "Tariro" not in said
    what = "Tariro named in context and contacts, Mallory as the sender"
    return [*attempts, Attempt(what, str(answer), "the sender alone counts: Mallory sees Mallory's", held=alone)]


async def _not_tariro(place: AttackWorld, who: str, what: str, message: Mapping[str, Any], shows: str) -> Attempt:
    done = await place.member_attempt(what, place.forge_message(who, message), shows)
    said = " ".join(bubble.body for bubble in place.world.handsets[who].bubbles)
    private = "50.00" not in said and "Tariro Moyo Personal" not in said
    return Attempt(done.what, done.answer, done.effect, held=done.held and private)
