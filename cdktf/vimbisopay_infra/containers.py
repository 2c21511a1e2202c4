"""ECS container definitions: JSON that may contain Terraform references."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from vimbisopay_infra.environment import REGION

__all__ = ("ContainerDefinition",)

STOP_TIMEOUT_S: Final = 60
"""After SIGTERM the service stops within 25 seconds, the state Redis as soon as its append-only file is written."""


@dataclass(frozen=True, slots=True)
class ContainerDefinition:
    """The only container of a task.

    Attributes:
        image: the image with its tag.
        user: uid:gid; never root.
        port: the port on which the container listens.
        environment: environment variables that are not secret.
        secrets: ARNs of secrets by environment variable.
        log_group: the log group of its output.
        health_check_command: exits with 0 while the container is healthy.
        health_check_retries: successive failures, 30 seconds apart, after which the task is replaced.
        mount_points: writable paths by volume; the rest of the file system is read-only.
        command: replaces the image's command.
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
        """The `container_definitions` of a task definition."""
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
                # Non-blocking: a slow CloudWatch must not delay the replies to members.
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
