"""Attacks on the socket of a real process of the service, with bytes that no client sends."""

from __future__ import annotations

import asyncio
import json
import socket
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from notebooks.review.attack_world import Attempt
from notebooks.review.attacks_secrets import leaks
from service.settings import Settings
from service.web.request_guard import BODY_WITHIN_S
from service.web.whatsapp_webhook import LARGEST_BODY
from service.whatsapp import sign
from simulator.processes.programs import Program, ProgramError, bot, free_port

__all__ = ("crooked_requests", "served", "slow_bodies", "spoken")

READY_WITHIN_S: Final = 60
PATIENCE_S: Final = 30.0
"""The time limit for an answer; generous, because a slow machine is not a vulnerability."""
AFTERWARDS_S: Final = 0.3
"""The time to wait for unexpected further answers."""
EARLY_S: Final = 1.0
"""The tolerance for early answers; lateness is not checked, because it depends on the machine."""
SLOW: Final = 40
"""The number of unfinished connections: many more than workers, and few enough for any machine."""

SECRET: Final = Settings.model_construct().whatsapp_app_secret.get_secret_value()
NOTHING: Final = b'{"object":"whatsapp_business_account","entry":[]}'
"""An empty delivery, which is accepted if its signature is valid."""

POST: Final = "POST /bot/webhook HTTP/1.1\r\nHost: bot\r\n"


@dataclass(frozen=True, slots=True)
class Spoken:
    """The answers on one connection.

    Attributes:
        statuses: the status codes in order.
        closed: whether the service closed the connection.
        seconds: the time until the last byte.
        text: everything that was received.
    """

    statuses: tuple[int, ...]
    closed: bool
    seconds: float
    text: str


@contextmanager
def served() -> Iterator[Program]:
    """A process of the service without access to Credex core and WhatsApp."""
    nowhere = f"http://127.0.0.1:{free_port()}"
    environment = {"MYCREDEX_APP_URL": f"{nowhere}/v1/", "WHATSAPP_API_URL": f"{nowhere}/v25.0/"}
    with tempfile.TemporaryDirectory(prefix="vimbisopay-attacks-") as folder:
        program = bot(environment, port=free_port(), log=Path(folder) / "bot.log")
        try:
            _await_health(program)
            yield program
        finally:
            program.stop()


def _await_health(program: Program) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline and not program.ended:
        try:
            if httpx.get(f"http://127.0.0.1:{program.port}/health/", trust_env=False).status_code == httpx.codes.OK:
                return
        except httpx.HTTPError:
            time.sleep(0.1)
    raise ProgramError(f"the service did not become ready:\n{program.log_tail()}")


def _request(body: bytes = NOTHING, *more: str, signature: str | None = None) -> bytes:
    named = [f"X-Hub-Signature-256: {sign(SECRET, body) if signature is None else signature}", *more]
    if not any(each.lower().startswith("transfer-encoding") for each in more):
        named.append(f"Content-Length: {len(body)}")
    return POST.encode() + "\r\n".join(named).encode("latin-1") + b"\r\n\r\n" + body


async def spoken(port: int, data: bytes, *, answers: int = 1, closes: bool = False) -> Spoken:
    """Send these bytes and collect the answers.

    Args:
        port: the port of the service.
        data: the bytes to send; sending stops if the service closes the connection.
        answers: the number of answers to wait for.
        closes: whether to wait until the service closes the connection.
    """
    loop, reply, closed = asyncio.get_running_loop(), b"", False
    with socket.socket() as line:
        line.setblocking(False)
        await loop.sock_connect(line, ("127.0.0.1", port))
        began = last = time.monotonic()
        sending = asyncio.create_task(loop.sock_sendall(line, data))
        try:
            while not closed:
                enough = reply.count(b"HTTP/1.1 ") >= answers and not closes
                patience_s = AFTERWARDS_S if enough else PATIENCE_S
                part = await asyncio.wait_for(loop.sock_recv(line, 65536), patience_s)
                reply, closed, last = reply + part, not part, time.monotonic()
        except TimeoutError:
            pass
        except ConnectionError:
            closed = True
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
    text = reply.decode("latin-1")
    statuses = tuple(int(each[:3]) for each in text.split("HTTP/1.1 ")[1:])
    return Spoken(statuses, closed, last - began, text)


_HEALTH: Final = b"GET /health/ HTTP/1.1\r\nHost: bot\r\n\r\n"
_CHUNKED: Final = "Transfer-Encoding: chunked"


def _cases() -> dict[str, tuple[bytes, Sequence[int], bool | None]]:
    """Cases: the bytes, the expected statuses, and whether the connection must be closed (None: either)."""
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


async def crooked_requests(port: int) -> list[Attempt]:
    """Requests that proxies and servers parse differently, or that try to exhaust memory."""
    attempts = []
    for what, (data, statuses, closed) in _cases().items():
        reply = await spoken(port, data, answers=len(statuses), closes=bool(closed))
        held = reply.statuses == tuple(statuses) and closed in {None, reply.closed} and not leaks(reply.text)
        alone = "each request is judged by itself" if len(reply.statuses) > 1 else "refused"
        effect = (
            ("refused, and the rest is never read" if reply.closed else "refused, and goes on") if closed else alone
        )
        attempts.append(Attempt(what, ", then ".join(map(str, reply.statuses)) or "no answer", effect, held=held))
    return attempts


async def slow_bodies(port: int) -> list[Attempt]:
    """Many connections announce a body and do not send it, while other requests arrive."""
    slow = f"{POST}X-Hub-Signature-256: sha256=00\r\nContent-Length: 4000\r\n\r\nabc".encode()
    tasks = [asyncio.create_task(spoken(port, slow, closes=True)) for _ in range(SLOW)]
    halves = [await asyncio.open_connection("127.0.0.1", port) for _ in range(SLOW)]
    for _, writer in halves:
        writer.write(POST.encode())
    others = [await spoken(port, data) for data in (_HEALTH, _request(), _HEALTH, _request())]
    # A request that had to wait for the stalled connections would be served only when they are closed.
    meanwhile = not any(task.done() for task in tasks)
    ended = await asyncio.gather(*tasks)
    for _, writer in halves:
        writer.close()
    refused = all(one.statuses == (408,) and one.closed for one in ended)
    waited = all(one.seconds >= BODY_WITHIN_S - EARLY_S for one in ended)
    served_all = meanwhile and all(other.statuses == (200,) for other in others)
    cut = f"all cut off, after {BODY_WITHIN_S:g} s" if refused and waited else "not cut off, or too early"
    return [
        Attempt(
            f"{SLOW} bodies that stop after three bytes", "408" if refused else "other", cut, held=refused and waited
        ),
        Attempt(
            f"health and deliveries, while {2 * SLOW} connections hang",
            "200" if served_all else "other",
            "served before any of those is cut off" if served_all else "they had to wait",
            held=served_all,
        ),
    ]


def said_nothing(program: Program) -> Attempt:
    """The output of the process must contain no traceback, secret or number."""
    log = program.log_tail(last=1_000_000)
    found = leaks(log)
    quiet = "Traceback" not in log and not found
    lines = [line for line in log.splitlines() if line.startswith("{")]
    known = all(isinstance(json.loads(line), dict) for line in lines)
    effect = "no traceback, secret or number" if quiet else ", ".join(found) or "a traceback"
    return Attempt("what the process wrote about it", "searched", effect, held=quiet and known)
