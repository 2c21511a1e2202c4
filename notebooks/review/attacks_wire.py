"""Attacks on the wire: a real process of the service on a socket of this machine, and bytes that no client sends."""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from notebooks.review.attacks_place import Try
from notebooks.review.attacks_secrets import leaks
from service.door import BODY_WITHIN_S
from service.settings import Settings
from service.whatsapp import sign
from service.whatsapp.webhook import LARGEST_BODY
from simulator.programs import Program, ProgramError, bot, free_port

__all__ = ("crooked_requests", "served", "slow_bodies", "spoken")

READY_WITHIN_S: Final = 30
SLOW: Final = 40
"""Connections that begin and do not end: few enough for any machine, and many more than workers."""
LATEST_S: Final = 15.0
SERVED_WITHIN_S: Final = 2.0
"""What the others wait at most; on a machine with nothing else to do it is some 20 ms."""

SECRET: Final = Settings.model_construct().whatsapp_app_secret.get_secret_value()
NOTHING: Final = b'{"object":"whatsapp_business_account","entry":[]}'
"""A delivery with nothing in it: rightly signed it is taken."""

POST: Final = "POST /bot/webhook HTTP/1.1\r\nHost: bot\r\n"


@dataclass(frozen=True, slots=True)
class Spoken:
    """What came back on a connection.

    Attributes:
        statuses: of the answers, in their order.
        closed: the service closed it.
        seconds: until the last byte came.
        text: all of it.
    """

    statuses: tuple[int, ...]
    closed: bool
    seconds: float
    text: str


@contextmanager
def served() -> Iterator[Program]:
    """A process of the service, by itself: Credex core and WhatsApp are out of its reach."""
    nowhere = f"http://127.0.0.1:{free_port()}"
    environment = {"MYCREDEX_APP_URL": f"{nowhere}/v1/", "WHATSAPP_API_URL": f"{nowhere}/v25.0/"}
    with tempfile.TemporaryDirectory(prefix="vimbisopay-attacks-") as folder:
        program = bot(environment, port=free_port(), log=Path(folder) / "bot.log")
        try:
            _await_health(program)
            yield program
        finally:
            program.end()


def _await_health(program: Program) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline and not program.ended:
        try:
            if httpx.get(f"http://127.0.0.1:{program.port}/health/", trust_env=False).status_code == httpx.codes.OK:
                return
        except httpx.HTTPError:
            time.sleep(0.1)
    raise ProgramError(f"the service did not become ready:\n{program.said()}")


def _request(body: bytes = NOTHING, *more: str, signature: str | None = None) -> bytes:
    named = [f"X-Hub-Signature-256: {sign(SECRET, body) if signature is None else signature}", *more]
    if not any(each.lower().startswith("transfer-encoding") for each in more):
        named.append(f"Content-Length: {len(body)}")
    return POST.encode() + "\r\n".join(named).encode("latin-1") + b"\r\n\r\n" + body


async def spoken(port: int, data: bytes, *, patience_s: float = 0.5) -> Spoken:
    """Send these bytes, and hear what comes back until the service closes or is silent for so long."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    began, heard, closed = time.monotonic(), b"", False
    last = began
    try:
        writer.write(data)
        while not closed:
            part = await asyncio.wait_for(reader.read(65536), patience_s)
            heard, closed, last = heard + part, not part, time.monotonic()
    except TimeoutError:
        pass
    except ConnectionError:
        closed = True
    finally:
        writer.close()
    text = heard.decode("latin-1")
    statuses = tuple(int(each[:3]) for each in text.split("HTTP/1.1 ")[1:])
    return Spoken(statuses, closed, last - began, text)


_HEALTH: Final = b"GET /health/ HTTP/1.1\r\nHost: bot\r\n\r\n"
_CHUNKED: Final = "Transfer-Encoding: chunked"


def _cases() -> dict[str, tuple[bytes, Sequence[int], bool | None]]:
    """What is sent, the statuses that must come back, and whether the connection must be closed (None: either)."""
    right = sign(SECRET, NOTHING)
    both = f"{POST}Content-Length: 4\r\n{_CHUNKED}\r\n\r\n0\r\n\r\n".encode()
    forged = _request(NOTHING, signature="sha256=00")
    twice = f"X-Hub-Signature-256: sha256={'0' * 64}"
    chunks = b"%x\r\n" % (LARGEST_BODY + 1) + b" " * (LARGEST_BODY + 1) + b"\r\n0\r\n\r\n"
    return {
        "Content-Length and chunked, a second request hidden behind": (both + _HEALTH, (400,), True),
        "two lengths that differ": (f"{POST}Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcd".encode(), (400,), True),
        "two signatures, the right one last": (
            f"{POST}{twice}\r\nX-Hub-Signature-256: {right}\r\nContent-Length: {len(NOTHING)}\r\n\r\n".encode()
            + NOTHING,
            (401,),
            None,
        ),
        "a forged request right behind a signed one": (_request() + forged, (200, 401), None),
        "bytes behind the signed ones": (_request() + b"xx" + forged, (200, 405), None),
        "a header of 200,000 bytes": (_request(NOTHING, f"X-A: {'a' * 200_000}"), (400,), True),
        "30,000 headers": (_request(NOTHING, *["X-A: a"] * 30_000), (400,), True),
        "NUL in a header": (_request(NOTHING, "X-A: a\0b"), (400,), True),
        "3 MB and a byte, in one chunk": (f"{POST}{_CHUNKED}\r\n\r\n".encode() + chunks, (413,), None),
        "a negative length": (f"{POST}Content-Length: -1\r\n\r\n".encode(), (400,), True),
        "the hello of TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", (400,), True),
        "another path that looks like it": (
            _request().replace(b"/bot/webhook", b"/bot/%2e%2e/bot/webhook"),
            (404,),
            None,
        ),
    }


async def crooked_requests(port: int) -> list[Try]:
    """What proxies and servers read differently, and what should cost memory."""
    tries = []
    for what, (data, statuses, closed) in _cases().items():
        heard = await spoken(port, data)
        held = heard.statuses == tuple(statuses) and closed in {None, heard.closed} and not leaks(heard.text)
        alone = "each request is judged by itself" if len(heard.statuses) > 1 else "refused"
        came = "refused, and the rest is never read" if heard.closed else alone
        tries.append(Try(what, ", then ".join(map(str, heard.statuses)) or "no answer", came, held=held))
    return tries


async def slow_bodies(port: int) -> list[Try]:
    """Many connections that promise a body and do not send it, while others want to be served."""
    slow = f"{POST}X-Hub-Signature-256: sha256=00\r\nContent-Length: 4000\r\n\r\nabc".encode()
    tasks = [asyncio.create_task(spoken(port, slow, patience_s=LATEST_S)) for _ in range(SLOW)]
    halves = [await asyncio.open_connection("127.0.0.1", port) for _ in range(SLOW)]
    for _, writer in halves:
        writer.write(POST.encode())
    others = [await spoken(port, data) for data in (_HEALTH, _request(), _HEALTH, _request())]
    served_all = all(other.statuses == (200,) and other.seconds < SERVED_WITHIN_S for other in others)
    ended = await asyncio.gather(*tasks)
    for _, writer in halves:
        writer.close()
    late = all(one.statuses == (408,) and one.closed for one in ended)
    in_time = all(BODY_WITHIN_S - 1 <= one.seconds <= LATEST_S for one in ended)
    cut = f"all cut off after {BODY_WITHIN_S:g} s" if late and in_time else "not cut off in time"
    what = f"health and deliveries, while {2 * SLOW} connections hang"
    return [
        Try(f"{SLOW} bodies that stop after three bytes", "408" if late else "other", cut, held=late and in_time),
        Try(what, "200" if served_all else "other", f"each served within {SERVED_WITHIN_S:g} s", held=served_all),
    ]


def said_nothing(program: Program) -> Try:
    """What the process wrote about all of it: no traceback, no secret, no number."""
    log = program.said(last=1_000_000)
    found = leaks(log)
    quiet = "Traceback" not in log and not found
    lines = [line for line in log.splitlines() if line.startswith("{")]
    known = all(isinstance(json.loads(line), dict) for line in lines)
    came = "no traceback, secret or number" if quiet else ", ".join(found) or "a traceback"
    return Try("what the process wrote about it", "searched", came, held=quiet and known)
