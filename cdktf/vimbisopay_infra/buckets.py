"""Private S3 buckets."""

from __future__ import annotations

from vimbisopay_infra.policy import PolicyStatement, policy
from vimbisopay_infra.tf import (
    Construct,
    s3_bucket,
    s3_bucket_lifecycle_configuration,
    s3_bucket_ownership_controls,
    s3_bucket_policy,
    s3_bucket_public_access_block,
    s3_bucket_server_side_encryption_configuration,
    s3_bucket_versioning,
)

__all__ = ("Bucket",)


class Bucket(Construct):
    """A private, encrypted, versioned bucket that denies requests without TLS.

    Args:
        name: the bucket's name, which is globally unique.
        key_arn: the KMS key; None selects Amazon's own key (SSE-S3).
        force_destroy: whether `terraform destroy` may delete a bucket that is not empty.
        expire_days: the age at which objects are deleted; None keeps them.
        statements: further statements of the bucket policy.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        key_arn: str | None,
        force_destroy: bool,
        expire_days: int | None = None,
        statements: tuple[PolicyStatement, ...] = (),
    ) -> None:
        """Create the bucket and its settings."""
        super().__init__(scope, id_)
        self.bucket = s3_bucket.S3Bucket(self, "bucket", bucket=name, force_destroy=force_destroy)
        self.name = self.bucket.bucket
        public_access_block = s3_bucket_public_access_block.S3BucketPublicAccessBlock(
            self,
            "private",
            bucket=self.bucket.id,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
        )
        s3_bucket_ownership_controls.S3BucketOwnershipControls(
            self,
            "owner",
            bucket=self.bucket.id,
            rule=s3_bucket_ownership_controls.S3BucketOwnershipControlsRule(object_ownership="BucketOwnerEnforced"),
        )
        self._encryption(key_arn)
        s3_bucket_versioning.S3BucketVersioningA(
            self,
            "versions",
            bucket=self.bucket.id,
            versioning_configuration=s3_bucket_versioning.S3BucketVersioningVersioningConfiguration(status="Enabled"),
        )
        self._lifecycle(expire_days)
        arn = f"arn:aws:s3:::{name}"
        deny_without_tls = PolicyStatement(
            ["s3:*"],
            [arn, f"{arn}/*"],
            effect="Deny",
            sid="OnlyOverTls",
            principal="*",
            conditions={"Bool": {"aws:SecureTransport": "false"}},
        )
        self.policy = s3_bucket_policy.S3BucketPolicy(
            self,
            "policy",
            bucket=self.bucket.id,
            policy=policy(deny_without_tls, *statements),
            depends_on=[public_access_block],
        )

    def _encryption(self, key_arn: str | None) -> None:
        encryption = s3_bucket_server_side_encryption_configuration
        default = encryption.S3BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultA(
            sse_algorithm="aws:kms" if key_arn else "AES256", kms_master_key_id=key_arn
        )
        encryption.S3BucketServerSideEncryptionConfigurationA(
            self,
            "encryption",
            bucket=self.bucket.id,
            rule=[
                encryption.S3BucketServerSideEncryptionConfigurationRuleA(
                    apply_server_side_encryption_by_default=default, bucket_key_enabled=bool(key_arn)
                )
            ],
        )

    def _lifecycle(self, expire_days: int | None) -> None:
        cycle = s3_bucket_lifecycle_configuration
        rule = cycle.S3BucketLifecycleConfigurationRule
        everything = [cycle.S3BucketLifecycleConfigurationRuleFilter(prefix="")]
        cycle.S3BucketLifecycleConfiguration(
            self,
            "lifecycle",
            bucket=self.bucket.id,
            rule=[
                rule(
                    id="old-versions",
                    status="Enabled",
                    filter=everything,
                    noncurrent_version_expiration=[
                        cycle.S3BucketLifecycleConfigurationRuleNoncurrentVersionExpiration(noncurrent_days=90)
                    ],
                    abort_incomplete_multipart_upload=[
                        cycle.S3BucketLifecycleConfigurationRuleAbortIncompleteMultipartUpload(days_after_initiation=7)
                    ],
                ),
                *(
                    [
                        rule(
                            id="expire",
                            status="Enabled",
                            filter=everything,
                            expiration=[cycle.S3BucketLifecycleConfigurationRuleExpiration(days=expire_days)],
                        )
                    ]
                    if expire_days
                    else []
                ),
            ],
        )
