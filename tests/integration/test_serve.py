"""The stand-alone server: the real bot as a process beside it, people driven by HTTP, and a state that outlives it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from simulator.processes.programs import ROOT, bot, free_port

WITHIN_S = 300
"""Longer than any test here on any machine; only a defect waits for it."""

TARIRO, FARAI = "263771234567", "263712345678"
WAIT_MS = 60_000


class Server:
    """`simulator serve` as a process."""

    def __init__(self, port: int, *arguments: str) -> None:
        command = [sys.executable, "-m", "simulator", "serve", "--port", str(port), *arguments]
        environment = {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
        self.process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=WITHIN_S)
        self.said: list[str] = []
        # Reading its lines waits without polling; whatever goes wrong, the wait has an end.
        self._watchdog = threading.Timer(WITHIN_S, self.process.kill)
        self._watchdog.daemon = True
        self._watchdog.start()

    def until(self, text: str) -> None:
        """Read what it says until a line has this in it."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(line)
            if text in line:
                return
        raise AssertionError(f"it never said {text!r}, but:\n{''.join(self.said)}")

    def end(self) -> int:
        """End it as a container's host does."""
        self.process.terminate()
        assert self.process.stdout is not None
        self.said.extend(self.process.stdout)
        code = self.process.wait(WITHIN_S)
        self._watchdog.cancel()
        self.http.close()
        self.process.stdout.close()
        return code

    def get(self, path: str, **parameters: Any) -> Any:
        """What a GET is answered."""
        return self.http.get(path, params=parameters).raise_for_status().json()

    def post(self, path: str, **body: Any) -> Any:
        """What a POST is answered."""
        return self.http.post(path, json=body).raise_for_status().json()

    def act(self, phone: str, act: str, **body: Any) -> dict[str, Any]:
        """Have somebody do something; the message that the bot answers."""
        shown = self.post(f"/control/people/{phone}/{act}", wait_ms=WAIT_MS, **body)["screen"]["messages"]
        assert shown, f"no answer to {body}; the server said:\n{''.join(self.said)}"
        message: dict[str, Any] = shown[0]
        return message


@contextmanager
def serving(*arguments: str, port: int | None = None) -> Iterator[Server]:
    """A server for the length of the block; it is ended by its id, whatever happens."""
    server = Server(port or free_port(), *arguments)
    try:
        server.until("listening on")
        yield server
    finally:
        if server.process.poll() is None:
            server.end()


@contextmanager
def running_bot(port: int, simulator: int, folder: Path) -> Iterator[None]:
    """The service as a process, led to the simulator."""
    environment: Mapping[str, str] = {
        "MYCREDEX_APP_URL": f"http://127.0.0.1:{simulator}/v1/",
        "WHATSAPP_API_URL": f"http://127.0.0.1:{simulator}/v25.0/",
    }
    program = bot(environment, port=port, log=folder / "bot.log")
    try:
        yield
    finally:
        program.stop()


def titles(message: Mapping[str, Any]) -> list[str]:
    """What can be tapped on a message."""
    return [choice["title"] for choice in message["choices"]]


def test_a_person_makes_an_offer_and_confirms_it_after_the_simulator_was_restarted(tmp_path: Path) -> None:
    """The bot runs against the server; people are driven by HTTP; a restart with the state goes unnoticed."""
    port, bot_port, state = free_port(), free_port(), tmp_path / "world.json"
    options = ("--bot", f"http://127.0.0.1:{bot_port}", "--state", str(state))
    with running_bot(bot_port, port, tmp_path):
        with serving(*options, port=port) as server:
            server.until("the bot has verified its address")
            for phone, name, handle in ((TARIRO, "Tariro", "tariro_m"), (FARAI, "Farai", "farai_shop")):
                server.post("/control/people", phone=f"+{phone}", name=name)
                server.post(
                    "/control/core/members",
                    phone=phone, first_name=name, last_name="Moyo", tier=3, handle=handle, balances=["50 USD"],
                )  # fmt: skip
            assert "Offer a credex" in titles(server.act(TARIRO, "type", text="hi"))
            asked = server.act(TARIRO, "type", text="5=>farai_shop")
            assert titles(asked) == ["Confirm", "Pay later instead", "Cancel"]
            assert server.get("/control/core/offers") == []
            assert server.end() == 0
        assert json.loads(state.read_text("utf-8"))["format"] == "vimbisopay-simulator"

        with serving(*options, port=port) as server:
            server.until("the bot has verified its address")
            assert server.get(f"/control/people/{TARIRO}/screen")["messages"][-1]["body"] == asked["body"]
            done = server.act(TARIRO, "tap", choice="Confirm", message=asked["wamid"])
            assert "5.00 USD" in done["body"]
            offers = [{**each, "credex_id": ""} for each in server.get("/control/core/offers")]
    expected = {"credex_id": "", "sender": "tariro_m", "receiver": "farai_shop", "amount": "5.00 USD", "secured": True}
    assert offers == [expected]


def test_without_a_bot_messages_wait_over_a_restart_until_there_is_one(tmp_path: Path) -> None:
    """What people write before the bot runs is delivered when it does, by another server with the same state."""
    port, bot_port, state = free_port(), free_port(), tmp_path / "world.json"
    options = ("--bot", f"http://127.0.0.1:{bot_port}", "--state", str(state))
    with serving(*options, port=port) as server:
        server.until("webhooks wait for the bot")
        server.post("/control/people", phone=TARIRO, name="Tariro")
        server.post(f"/control/people/{TARIRO}/type", text="hi")
        health = server.get("/control/health")
        assert (health["status"], health["verified"], health["undelivered"]) == ("ok", False, 1)
        assert server.end() == 0
    with running_bot(bot_port, port, tmp_path), serving(*options, port=port) as server:
        server.until("the bot has verified its address")
        shown = server.get(f"/control/people/{TARIRO}/screen", wait_ms=WAIT_MS)["messages"]
        assert shown
        # The newest may still be under way: it tells of the status of what is shown.
        assert server.get("/control/deliveries", phone=TARIRO)[0]["status"] == 200


def test_a_state_that_is_none_stops_the_start_and_stays_as_it_is(tmp_path: Path) -> None:
    """The error names the file and what is wrong; nothing is written over it."""
    state = tmp_path / "world.json"
    state.write_text('{"format": "another"}', "utf-8")
    command = [sys.executable, "-m", "simulator", "serve", "--port", "0", "--state", str(state)]
    ended = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=WITHIN_S, check=False)
    assert ended.returncode == 1
    assert f"{state} cannot be read: no state of this simulator" in ended.stderr
    assert state.read_text("utf-8") == '{"format": "another"}'


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--fault", "on=messages do=refuse"], "'refuse' needs 'code'"),
        (["--fault", "on=messages do=duplicate"], "'duplicate' cannot be done to messages"),
        (["--fault", "nonsense"], "'nonsense' is not one key=value"),
        (["--quirk", "tired"], "no such quirk: tired"),
        (["--bot", "8000"], "'8000' is not the address of a bot"),
    ],
)
def test_what_is_wrong_on_the_command_line_is_said_before_anything_starts(arguments: list[str], said: str) -> None:
    """A wrong option ends with 2 and a message that names what is wrong."""
    command = [sys.executable, "-m", "simulator", "serve", "--port", "0", *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=WITHIN_S, check=False)
    assert ended.returncode == 2
    assert said in " ".join(ended.stderr.split())
