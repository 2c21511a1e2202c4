"""Performs what people do on WhatsApp and in Credex core."""

from __future__ import annotations

from typing import Final

from simulator.playback.performers.performer import performer
from simulator.script.directives.people import (
    ActInCore,
    ChangeNumber,
    FillIn,
    React,
    SendMedia,
    ShowNumber,
    Tap,
    TypeText,
)
from simulator.world.stage import Stage

__all__ = ("PERFORMERS",)


async def type_text(stage: Stage, step: TypeText) -> None:
    await stage.type(step.who, step.text)


async def tap(stage: Stage, step: Tap) -> None:
    await stage.tap(step.who, step.title, older=step.older)


async def send_media(stage: Stage, step: SendMedia) -> None:
    await stage.send(step.who, step.kind)


async def react(stage: Stage, step: React) -> None:
    await stage.react(step.who, step.emoji)


async def fill_in(stage: Stage, step: FillIn) -> None:
    answers = dict(step.answers)
    await stage.fill(step.who, answers, older=step.older, with_token=step.with_token, checked=step.checked)


async def show_number(stage: Stage, step: ShowNumber) -> None:
    stage.note(f"{step.who} {'shows the phone number' if step.shown else 'hides the phone number'} on WhatsApp")
    stage.world.handsets[step.who].hides_number = not step.shown


async def change_number(stage: Stage, step: ChangeNumber) -> None:
    handset = stage.world.handsets[step.who]
    stage.note(f"{step.who} changes to another phone number")
    stage.world.transcript_recorder.moved(handset.phone, step.phone)
    handset.change_number(step.phone)


async def act_in_core(stage: Stage, step: ActInCore) -> None:
    stage.note(step.act.perform(stage.world.core, stage.world.people, step.who))


PERFORMERS: Final = (
    performer(TypeText, type_text),
    performer(Tap, tap),
    performer(SendMedia, send_media),
    performer(React, react),
    performer(FillIn, fill_in),
    performer(ShowNumber, show_number),
    performer(ChangeNumber, change_number),
    performer(ActInCore, act_in_core),
)
