"""Tests a deployed service through its public name: health, release, and acceptance of a member's message."""

from __future__ import annotations

import hashlib
import hmac
import json
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

__all__ = ("NotServingError", "TestNumber", "post_text_message", "wait_until_serving")

PAUSE_S: Final = 10.0
MAX_ATTEMPTS: Final = 30
CONSECUTIVE_SUCCESSES: Final = 5
"""Behind a load balancer the old release may answer between two answers of the new release."""
TIMEOUT_S: Final = 10
MAX_BODY: Final = 300


class NotServingError(RuntimeError):
    """The public name does not serve the deployed release; the text contains its last answer."""


@dataclass(frozen=True, slots=True)
class TestNumber:
    """The number of a test member, with Meta's ids and the secret that are needed to sign a delivery for it."""

    __test__ = False  # pytest must not collect it

    number: str
    phone_number_id: str
    business_id: str
    app_secret: str


def wait_until_serving(
    url: str, release: str, *, report: Callable[[str], None], sleep: Callable[[float], None]
) -> None:
    """Wait until the health check answers 200 with this release several times in succession.

    Raises:
        NotServingError: it did not happen within five minutes.
    """
    successes, last_report = 0, ""
    for _ in range(MAX_ATTEMPTS):
        status, body = _get(f"{url}/health/")
        current = f"{status} {body[:MAX_BODY]}"
        successes = successes + 1 if status == 200 and _release(body) == release else 0  # noqa: PLR2004
        if current != last_report:
            report(current)
            last_report = current
        if successes == CONSECUTIVE_SUCCESSES:
            return
        sleep(PAUSE_S if successes == 0 else 1.0)
    raise NotServingError(f"{url}/health/ does not answer 200 as {release}; it says: {last_report}")


def post_text_message(url: str, test_number: TestNumber, text: str, *, wamid: str, timestamp_s: int) -> None:
    """Post a text message of the test number to the webhook, as Meta does; the bot replies to that number.

    Raises:
        NotServingError: the answer was not 200, so the message is not stored.
    """
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "0", "phone_number_id": test_number.phone_number_id},
        "contacts": [{"profile": {"name": "Deployment"}, "wa_id": test_number.number}],
        "messages": [
            {
                "from": test_number.number,
                "id": wamid,
                "timestamp": str(timestamp_s),
                "type": "text",
                "text": {"body": text},
            }
        ],
    }
    entry = {"id": test_number.business_id, "changes": [{"field": "messages", "value": value}]}
    body = json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()
    signature = hmac.new(test_number.app_secret.encode(), body, hashlib.sha256).hexdigest()
    headers = {"Content-Type": "application/json", "X-Hub-Signature-256": f"sha256={signature}"}
    request = urllib.request.Request(f"{url}/bot/webhook", data=body, headers=headers, method="POST")  # noqa: S310
    status, last_report = _send(request)
    if status != 200:  # noqa: PLR2004
        raise NotServingError(f"the message of the test number was answered {status} {last_report[:MAX_BODY]}, not 200")


def _release(body: str) -> Any:
    try:
        return json.loads(body).get("release")
    except (ValueError, AttributeError):
        return None


def _get(url: str) -> tuple[int, str]:
    return _send(urllib.request.Request(url))  # noqa: S310 - the operator gives the address


def _send(request: urllib.request.Request) -> tuple[int, str]:
    """Status and body of the answer; 0 and the reason if there was no answer."""
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310
            return answer.status, answer.read().decode("utf-8", "replace")
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode("utf-8", "replace")
    except OSError as error:
        return 0, str(error)
