"""Plans of all stacks: the base of each environment is applied to nothing, so that its application can be planned."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.infrastructure.terraform import Terraform, prepared

__all__ = ("Plans", "on_this_machine")


def on_this_machine(text: str, *, prefix: str = "") -> str:
    """A stack whose state is kept by the emulation of S3: it has no host name per bucket. Nothing else is changed."""
    stack = json.loads(text)
    places = [stack["terraform"]["backend"].get("s3")]
    places += [each["config"] for each in stack.get("data", {}).get("terraform_remote_state", {}).values()]
    for place in filter(None, places):
        place |= {"use_path_style": True, "key": prefix + place["key"]}
    return json.dumps(stack)


@dataclass
class Plans:
    """Plans as Terraform shows them in JSON, made when they are first asked for."""

    root: Path
    terraform: Terraform
    files: dict[str, Path]
    _made: dict[str, Path] = field(default_factory=dict)

    @classmethod
    def under(cls, root: Path, files: dict[str, Path], s3_url: str) -> Plans:
        """Ready to plan; nothing is planned yet."""
        return cls(root, prepared(root, list(files.values()), s3_url=s3_url), files)

    def plan(self, name: str) -> dict[str, Any]:
        """Of the stack of that name."""
        made: dict[str, Any] = json.loads(self.file(name).read_text("utf-8"))
        return made

    def file(self, name: str) -> Path:
        """Where the plan of the stack of that name is."""
        if name not in self._made:
            self._made[name] = self._planned(name)
        return self._made[name]

    def _planned(self, name: str) -> Path:
        environment, part = name.split("-", 1)
        if part == "application":
            self.file(f"{environment}-base")
        folder = self.root / name
        folder.mkdir()
        text = self.files[name].read_text("utf-8")
        (folder / "cdk.tf.json").write_text(on_this_machine(text, prefix="plans/"), "utf-8")
        run = self.terraform.run
        run("init", "-input=false", folder=folder)
        run("plan", "-input=false", "-out=plan", folder=folder)
        shown = folder / "plan.json"
        shown.write_text(run("show", "-json", "plan", folder=folder), "utf-8")
        if part == "base":
            run("apply", "-input=false", "plan", folder=folder)
        return shown
