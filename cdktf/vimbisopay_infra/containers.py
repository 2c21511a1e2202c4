"""Container definitions, as ECS wants them: JSON in which references of Terraform stand."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from vimbisopay_infra.environment import REGION

__all__ = ("ContainerDefinition",)

STOP_TIMEOUT_S: Final = 60
"""The service ends within 25 seconds of SIGTERM, the state Redis as soon as its log is written."""


@dataclass(frozen=True, slots=True)
class ContainerDefinition:
    """The one container of a task.

    Attributes:
        image: with its tag.
        user: uid:gid; never root.
        port: where it listens.
        environment: plain settings.
        secrets: ARNs, by environment variable.
        log_group: where its output goes.
        healthy: the command that ends with 0 while it is well.
        retries: failures of that command, 30 seconds apart, after which it is replaced.
        writable: paths that may be written, by volume; all else is read-only.
        command: instead of the image's.
    """

    name: str
    image: str
    user: str
    port: int
    environment: Mapping[str, str]
    secrets: Mapping[str, str]
    log_group: str
    health_check_command: Sequence[str]
    health_check_retries: int
    mount_points: Mapping[str, str]
    command: Sequence[str] = field(default=())

    def to_json(self) -> str:
        """The JSON for a task definition."""
        definition: dict[str, Any] = {
            "name": self.name,
            "image": self.image,
            "essential": True,
            "user": self.user,
            "readonlyRootFilesystem": True,
            "privileged": False,
            "linuxParameters": {"initProcessEnabled": True, "capabilities": {"drop": ["ALL"]}},
            "portMappings": [{"containerPort": self.port, "protocol": "tcp"}],
            "environment": [{"name": name, "value": value} for name, value in sorted(self.environment.items())],
            "secrets": [{"name": name, "valueFrom": arn} for name, arn in sorted(self.secrets.items())],
            "mountPoints": [
                {"sourceVolume": volume, "containerPath": path, "readOnly": False}
                for volume, path in self.mount_points.items()
            ],
            "healthCheck": {
                "command": list(self.health_check_command),
                "interval": 30,
                "timeout": 5,
                "retries": self.health_check_retries,
                "startPeriod": 60,
            },
            "stopTimeout": STOP_TIMEOUT_S,
            "logConfiguration": {
                "logDriver": "awslogs",
                # A log that cannot be delivered must not stop the answers to members.
                "options": {
                    "awslogs-group": self.log_group,
                    "awslogs-region": REGION,
                    "awslogs-stream-prefix": self.name,
                    "mode": "non-blocking",
                    "max-buffer-size": "25m",
                },
            },
        }
        if self.command:
            definition["command"] = list(self.command)
        return json.dumps([definition])
