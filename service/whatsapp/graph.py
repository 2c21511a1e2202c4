"""The Graph API: sends messages and marks them as read."""

import asyncio
import re
from collections.abc import Generator
from typing import Any, Final

import aiohttp
import httpx

from service.http_client import certainly_not_sent, named
from service.messages import Message
from service.whatsapp.encode import encode
from service.whatsapp.errors import GraphError, NoAnswerError, NotSentError, graph_error
from service.whatsapp.json_text import integer, listed, parse, table, text

_LONGEST_DETAILS: Final = 300
_LONG_NUMBER: Final = re.compile(r"[0-9]{9,}")


class _Bearer(httpx.Auth):
    """Adds the token to requests, and keeps it out of representations."""

    def __init__(self, token: str) -> None:
        self._header = f"Bearer {token}"

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["Authorization"] = self._header
        yield request


class GraphClient:
    """Sends messages from one of our phone numbers."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        *,
        api_url: str,
        phone_number_id: str,
        access_token: str,
        deadline_s: float = 10,
    ) -> None:
        """Takes the client, the number and the token.

        Args:
            http: the HTTP client; the caller closes it.
            api_url: with version and closing slash, such as `https://graph.facebook.com/v25.0/`; else ValueError.
            phone_number_id: the number's id at Meta, not the number.
            access_token: of a system user with the permission `whatsapp_business_messaging`.
            deadline_s: for one call in all, from the wait for a connection to the last byte of the answer.
        """
        if not api_url.startswith(("http://", "https://")) or not api_url.endswith("/"):
            raise ValueError(f"The Graph API's URL must be http(s) and end with a version and '/': {api_url!r}")
        self._http = http
        self._url = httpx.URL(f"{api_url}{phone_number_id}/messages")
        self._number_id = phone_number_id
        self._bearer = _Bearer(access_token)
        self._secret = access_token
        self._deadline_s = deadline_s
        # Connecting has half of the deadline, so that a connection that was never made is known as that.
        self._timeout = httpx.Timeout(deadline_s, connect=deadline_s / 2, pool=deadline_s / 2)

    def __repr__(self) -> str:
        return f"GraphClient({str(self._url)!r})"

    async def send(self, message: Message, *, to: str, callback_id: str) -> str:
        """Sends a message and returns WhatsApp's id of it (wamid). Taken is not delivered: statuses tell.

        Args:
            message: what to send.
            to: the member: digits of a phone number, or WhatsApp's user id of someone who hides theirs.
            callback_id: comes back on every status of the message.

        Raises:
            GraphError: it was not taken, or nobody knows; the class says what to do.
        """
        status, answer = await self._post(encode(message, to=to, callback_id=callback_id))
        wamid = next((found for each in listed(answer, "messages") if (found := text(each, "id"))), None)
        if wamid is None:
            raise NoAnswerError("the answer names no message, which may have been taken", http_status=status)
        return wamid

    async def mark_read(self, wamid: str, *, typing: bool) -> None:
        """Marks a member's message, and all before it, as read; with `typing` shows that an answer is being written.

        The indicator goes with our next message, or after 25 s. Nothing depends on it if this raises `GraphError`.
        """
        body: dict[str, object] = {"messaging_product": "whatsapp", "status": "read", "message_id": wamid}
        if typing:
            body["typing_indicator"] = {"type": "text"}
        await self._post(body)

    async def _post(self, body: dict[str, object]) -> tuple[int, Any]:
        """The status and JSON of an answer that is no error."""
        try:
            async with asyncio.timeout(self._deadline_s):
                response = await self._http.post(
                    self._url, json=body, auth=self._bearer, timeout=self._timeout, follow_redirects=False
                )
        except TimeoutError:
            raise NoAnswerError(f"no answer within {self._deadline_s:g} s") from None
        except (httpx.HTTPError, aiohttp.ClientError) as error:
            kind = NotSentError if certainly_not_sent(error) else NoAnswerError
            # Without the cause: it holds the request, and the request the token.
            raise kind(self._safe(f"{named(error)}: {error}")) from None
        try:
            answer = parse(response.content)
        except (ValueError, RecursionError):
            answer = None
        if response.is_success and isinstance(answer, dict) and "error" not in answer:
            return response.status_code, answer
        raise self._refusal(response.status_code, answer)

    def _refusal(self, status: int, answer: Any) -> GraphError:
        error = table(answer, "error")
        said = text(table(error, "error_data"), "details") or text(error, "message") or "an answer without an error"
        code, subcode = integer(error, "code"), integer(error, "error_subcode")
        return graph_error(self._safe(said), code=code, subcode=subcode, http_status=status)

    def _safe(self, said: str) -> str:
        """The text for logs, without the token and what may be a member's number."""
        told = said.replace(self._secret, "[access token]") if self._secret else said
        return _LONG_NUMBER.sub(lambda found: found[0] if found[0] == self._number_id else "[number]", told)[
            :_LONGEST_DETAILS
        ]
