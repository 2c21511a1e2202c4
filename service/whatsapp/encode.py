"""Our messages as the Graph API wants them. Shapes: Meta's messages reference and OpenAPI file v23.0."""

from typing import Any

from service.messages import Buttons, Form, List, Message, Reaction, Section, Template, Text

_Json = dict[str, Any]


def encode(message: Message, *, to: str, callback_id: str) -> dict[str, object]:
    """The JSON of a request that sends a message; see `GraphClient.send`. ``callback_id``: at most 512 characters."""
    return {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        **_recipient(to),
        "biz_opaque_callback_data": callback_id,
        **_content(message),
    }


def _recipient(to: str) -> _Json:
    # Without the plus Meta may take the number for a national one and prefix the business's own country code.
    return {"to": f"+{to}"} if to.isdecimal() else {"recipient": to}


def _content(message: Message) -> _Json:
    match message:
        case Text():
            return {"type": "text", "text": {"preview_url": False, "body": message.body}}
        case Buttons():
            return _interactive("button", message, _buttons(message))
        case List():
            return _interactive("list", message, _list(message))
        case Form():
            return _interactive("flow", message, _form(message))
        case Template():
            return {"type": "template", "template": _template(message)}
        case Reaction():
            return {"type": "reaction", "reaction": {"message_id": message.message_id, "emoji": message.emoji}}


def _interactive(kind: str, message: Buttons | List | Form, action: _Json) -> _Json:
    interactive: _Json = {"type": kind}
    if message.header:
        interactive["header"] = {"type": "text", "text": message.header}
    interactive["body"] = {"text": message.body}
    if message.footer:
        interactive["footer"] = {"text": message.footer}
    interactive["action"] = action
    return {"type": "interactive", "interactive": interactive}


def _buttons(message: Buttons) -> _Json:
    return {"buttons": [{"type": "reply", "reply": {"id": each.id, "title": each.title}} for each in message.buttons]}


def _list(message: List) -> _Json:
    return {"button": message.button, "sections": [_section(section) for section in message.sections]}


def _section(section: Section) -> _Json:
    rows: list[_Json] = []
    for row in section.rows:
        rows.append({"id": row.id, "title": row.title})
        if row.description:
            rows[-1]["description"] = row.description
    return {"title": section.title, "rows": rows} if section.title else {"rows": rows}


def _form(message: Form) -> _Json:
    return {
        "name": "flow",
        "parameters": {
            "flow_message_version": "3",
            "flow_id": message.form_id,
            "flow_token": message.token,
            "flow_cta": message.button,
            "mode": "published",
            "flow_action": "navigate",
            "flow_action_payload": {"screen": message.screen},
        },
    }


def _template(message: Template) -> _Json:
    components: list[_Json] = []
    if message.body:
        components.append({"type": "body", "parameters": [{"type": "text", "text": value} for value in message.body]})
    components += [
        {
            "type": "button",
            "sub_type": "quick_reply",
            "index": str(index),
            "parameters": [{"type": "payload", "payload": payload}],
        }
        for index, payload in enumerate(message.quick_replies)
    ]
    template: _Json = {"name": message.name, "language": {"code": message.language}}
    return {**template, "components": components} if components else template
