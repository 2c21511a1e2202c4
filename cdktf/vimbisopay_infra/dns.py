"""The public DNS name: hosted zone, certificate, record and health check."""

from __future__ import annotations

from vimbisopay_infra.environment import Environment
from vimbisopay_infra.findings import accept
from vimbisopay_infra.keys import prevent_destroy
from vimbisopay_infra.tf import (
    Construct,
    TerraformResourceLifecycle,
    acm_certificate,
    acm_certificate_validation,
    lb,
    route53_health_check,
    route53_record,
    route53_zone,
)

__all__ = ("Certificate", "HostedZone", "PublicDnsName")


class HostedZone(Construct):
    """The hosted zone. Certificates can be validated once the parent zone delegates to its name servers."""

    def __init__(self, scope: Construct, name: str, environment: Environment) -> None:
        """Create the hosted zone."""
        super().__init__(scope, name)
        self.zone = route53_zone.Route53Zone(
            self,
            "zone",
            name=environment.domain,
            comment=f"{environment.prefix}: the public name",
            force_destroy=not environment.deletion_protection,
            # A replacement would have other name servers, to which the parent zone does not delegate.
            lifecycle=prevent_destroy(environment),
        )
        accept(
            self.zone,
            "CKV2_AWS_38",
            reason="DNSSEC requires that the parent zone, which others operate, publishes our key; "
            "TLS with a validated certificate does not depend on it",
        )


class Certificate(Construct):
    """A certificate for the public name; AWS renews it while its validation record is in the zone."""

    def __init__(self, scope: Construct, name: str, environment: Environment, *, zone_id: str) -> None:
        """Request the certificate, create the validation record, and wait until it is issued."""
        super().__init__(scope, name)
        self.certificate = acm_certificate.AcmCertificate(
            self,
            "certificate",
            domain_name=environment.domain,
            validation_method="DNS",
            lifecycle=TerraformResourceLifecycle(create_before_destroy=True),
        )
        # Terraform learns the number of options only when it applies, but one name has exactly one.
        option = "${one(" + self.certificate.fqn + ".domain_validation_options)."
        validation_record = route53_record.Route53Record(
            self,
            "proof",
            zone_id=zone_id,
            name=f"{option}resource_record_name}}",
            type=f"{option}resource_record_type}}",
            records=[f"{option}resource_record_value}}"],
            ttl=60,
            allow_overwrite=True,
        )
        self.validation = acm_certificate_validation.AcmCertificateValidation(
            self,
            "validation",
            certificate_arn=self.certificate.arn,
            validation_record_fqdns=[validation_record.fqdn],
        )

    @property
    def arn(self) -> str:
        """The ARN of the certificate, available once it is issued."""
        return self.validation.certificate_arn


class PublicDnsName(Construct):
    """The alias record to the load balancer, and the Route 53 health check of `/health/`."""

    def __init__(
        self, scope: Construct, name: str, environment: Environment, *, zone_id: str, load_balancer: lb.Lb
    ) -> None:
        """Create the record and the health check."""
        super().__init__(scope, name)
        route53_record.Route53Record(
            self,
            "address",
            zone_id=zone_id,
            name=environment.domain,
            type="A",
            alias=route53_record.Route53RecordAlias(
                name=load_balancer.dns_name, zone_id=load_balancer.zone_id, evaluate_target_health=True
            ),
        )
        self.health = route53_health_check.Route53HealthCheck(
            self,
            "health",
            fqdn=environment.domain,
            port=443,
            type="HTTPS",
            resource_path="/health/",
            enable_sni=True,
            request_interval=30,
            failure_threshold=3,
            regions=["us-east-1", "eu-west-1", "ap-southeast-1"],
            tags={"Name": environment.domain},
        )
