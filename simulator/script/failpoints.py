"""Failpoints and scripts of the mailbox as conversations name them."""

from __future__ import annotations

import yaml

from simulator.errors import did_you_mean
from simulator.script.yaml_reader import YamlReader

__all__ = ("read_point", "read_script")


def read_point(reading: YamlReader, node: yaml.Node, point: str, what: str) -> str | None:
    """A failpoint such as ``after createCredex``; ``what`` is what happens there, for the message."""
    # The failpoints derive from the service's scripts, whose import takes long: only conversations that name one pay.
    from simulator.world.failpoints import POINTS  # noqa: PLC0415

    if point in POINTS:
        return point
    reading.problem(node, f"no point to {what} at: {point!r}", did_you_mean(point, POINTS, "points"))
    return None


def read_script(reading: YamlReader, node: yaml.Node, key: str) -> str | None:
    """The name of a script of the mailbox, such as ``commit``."""
    from simulator.world.failpoints import SCRIPTS  # noqa: PLC0415 - as above

    script = reading.text(node, key)
    if script is not None and script not in SCRIPTS:
        reading.problem(node, f"no script of the mailbox: {script!r}", did_you_mean(script, SCRIPTS, "scripts"))
        return None
    return script
