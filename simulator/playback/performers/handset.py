"""Performs the rarer things that people do with their phones."""

from __future__ import annotations

from typing import Final

from simulator.playback.performers.performer import performer
from simulator.script.directives.handset import (
    BlockBusiness,
    ChangeDevice,
    ChangeUserId,
    DeleteMessage,
    EditMessage,
    ForwardText,
    Reply,
    SwitchPhone,
    TakeReactionBack,
    TapInVain,
    TapWithoutContext,
)
from simulator.units import FlawError
from simulator.whatsapp_cloud import Handset
from simulator.world.stage import Stage

__all__ = ("PERFORMERS",)


def _newest_written(handset: Handset) -> str:
    """The id of the newest message that the person wrote."""
    if not handset.sent:
        raise FlawError(f"{handset.name} has not written anything yet")
    return handset.sent[-1].wamid


def _newest_shown(handset: Handset) -> str:
    """The id of the newest message on the screen."""
    if not handset.screen:
        raise FlawError(f"{handset.name}'s screen is empty")
    return handset.screen[-1].wamid


async def reply(stage: Stage, step: Reply) -> None:
    handset = stage.world.handsets[step.who]
    handset.type(step.text, reply_to=_newest_shown(handset))


async def forward_text(stage: Stage, step: ForwardText) -> None:
    stage.world.handsets[step.who].type(step.text, forwarded=True)


async def edit_message(stage: Stage, step: EditMessage) -> None:
    stage.note(f"{step.who} corrects it to: {step.text}")
    handset = stage.world.handsets[step.who]
    handset.edit(_newest_written(handset), step.text)


async def delete_message(stage: Stage, step: DeleteMessage) -> None:
    stage.note(f"{step.who} deletes the last message")
    handset = stage.world.handsets[step.who]
    handset.revoke(_newest_written(handset))


async def take_reaction_back(stage: Stage, step: TakeReactionBack) -> None:
    handset = stage.world.handsets[step.who]
    handset.react(_newest_shown(handset), None)


async def tap_without_context(stage: Stage, step: TapWithoutContext) -> None:
    stage.world.handsets[step.who].tap(None, step.title, context=False)


async def tap_in_vain(stage: Stage, step: TapInVain) -> None:
    stage.note(f"{step.who} taps something that WhatsApp cannot tell")
    stage.world.handsets[step.who].garble()


async def switch_phone(stage: Stage, step: SwitchPhone) -> None:
    stage.note(f"{step.who}'s phone is {'on again' if step.on else 'off'}")
    handset = stage.world.handsets[step.who]
    if step.on:
        handset.switch_on()
    else:
        handset.switch_off()


async def block_business(stage: Stage, step: BlockBusiness) -> None:
    stage.note(f"{step.who} {'blocks' if step.blocked else 'unblocks'} the business")
    stage.world.handsets[step.who].blocked = step.blocked


async def change_user_id(stage: Stage, step: ChangeUserId) -> None:
    handset = stage.world.handsets[step.who]
    stage.note(f"{step.who} changes to another phone number, and has another user id")
    stage.world.transcript_recorder.moved(handset.phone, step.phone)
    handset.change_number(step.phone, form="user_id")


async def change_device(stage: Stage, step: ChangeDevice) -> None:
    stage.note(f"{step.who} moves to another device")
    stage.world.handsets[step.who].change_identity()


PERFORMERS: Final = (
    performer(Reply, reply),
    performer(ForwardText, forward_text),
    performer(EditMessage, edit_message),
    performer(DeleteMessage, delete_message),
    performer(TakeReactionBack, take_reaction_back),
    performer(TapWithoutContext, tap_without_context),
    performer(TapInVain, tap_in_vain),
    performer(SwitchPhone, switch_phone),
    performer(BlockBusiness, block_business),
    performer(ChangeUserId, change_user_id),
    performer(ChangeDevice, change_device),
)
