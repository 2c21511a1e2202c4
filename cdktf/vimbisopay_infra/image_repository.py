"""ECR repositories."""

from __future__ import annotations

import json
from typing import Final

from vimbisopay_infra.environment import Environment
from vimbisopay_infra.tf import Construct, ecr_lifecycle_policy, ecr_repository

__all__ = ("ImageRepository",)

MAX_IMAGES: Final = 20


class ImageRepository(Construct):
    """A repository with immutable tags and a scan on push; it keeps the newest 20 images."""

    def __init__(self, scope: Construct, name: str, environment: Environment, *, image: str, key_arn: str) -> None:
        """Create the repository named `image`."""
        super().__init__(scope, name)
        self.repository = ecr_repository.EcrRepository(
            self,
            "repository",
            name=image,
            image_tag_mutability="IMMUTABLE",
            image_scanning_configuration=ecr_repository.EcrRepositoryImageScanningConfiguration(scan_on_push=True),
            encryption_configuration=[
                ecr_repository.EcrRepositoryEncryptionConfiguration(encryption_type="KMS", kms_key=key_arn)
            ],
            force_delete=not environment.deletion_protection,
        )
        rule = {
            "rulePriority": 1,
            "description": f"The newest {MAX_IMAGES} images are kept",
            "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": MAX_IMAGES},
            "action": {"type": "expire"},
        }
        ecr_lifecycle_policy.EcrLifecyclePolicy(
            self, "lifecycle", repository=self.repository.name, policy=json.dumps({"rules": [rule]})
        )

    @property
    def arn(self) -> str:
        """The ARN of the repository."""
        return self.repository.arn

    @property
    def url(self) -> str:
        """The URL of the repository, without a tag."""
        return self.repository.repository_url
