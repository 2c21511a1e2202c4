"""The load balancer: the only component that is reachable from the internet."""

from __future__ import annotations

from typing import Final

from vimbisopay_infra.buckets import Bucket
from vimbisopay_infra.environment import PROJECT, Environment
from vimbisopay_infra.findings import accept
from vimbisopay_infra.network import APP_PORT, HTTP, HTTPS
from vimbisopay_infra.policy import PolicyStatement
from vimbisopay_infra.tf import Construct, lb, lb_listener, lb_target_group

__all__ = ("LoadBalancer",)

TLS_POLICY: Final = "ELBSecurityPolicy-TLS13-1-2-2021-06"
"""TLS 1.2 and 1.3, with forward secrecy."""
LOG_RETENTION_DAYS: Final = 90
ELB_LOGGING_ACCOUNT: Final = "098369216593"
"""The AWS account that writes access logs in af-south-1, a region older than the log delivery principal."""


class LoadBalancer(Construct):
    """An application load balancer with TLS and access logs; its targets are the tasks of the service."""

    def __init__(
        self,
        scope: Construct,
        name: str,
        environment: Environment,
        *,
        account: str,
        vpc_id: str,
        subnet_ids: list[str],
        security_group_id: str,
        certificate_arn: str,
    ) -> None:
        """Create the load balancer, its target group, its listeners and its log bucket."""
        super().__init__(scope, name)
        logs = self._logs(environment, account)
        self.load_balancer = lb.Lb(
            self,
            "balancer",
            name=environment.prefix,
            load_balancer_type="application",
            internal=False,
            subnets=subnet_ids,
            security_groups=[security_group_id],
            drop_invalid_header_fields=True,
            desync_mitigation_mode="strictest",
            enable_deletion_protection=environment.deletion_protection,
            idle_timeout=60,
            access_logs=lb.LbAccessLogs(bucket=logs.name, prefix="alb", enabled=True),
            depends_on=[logs.policy],
        )
        self._accept_findings(environment)
        self.target_group = lb_target_group.LbTargetGroup(
            self,
            "targets",
            name=f"{environment.prefix}-web",
            vpc_id=vpc_id,
            target_type="ip",
            port=APP_PORT,
            protocol="HTTP",
            deregistration_delay="30",
            load_balancing_algorithm_type="least_outstanding_requests",
            # While the state Redis restarts, the tasks answer 503 through no fault of their own. Ten failed checks
            # tolerate five minutes of it; if no target is healthy, the load balancer sends requests to all of them.
            health_check=lb_target_group.LbTargetGroupHealthCheck(
                path="/health/",
                matcher="200",
                interval=30,
                timeout=5,
                healthy_threshold=2,
                unhealthy_threshold=10,
            ),
        )
        self._listeners(certificate_arn)

    def _accept_findings(self, environment: Environment) -> None:
        if not environment.deletion_protection:
            accept(
                self.load_balancer, "CKV_AWS_150", reason="staging is torn down and rebuilt; production is protected"
            )
        accept(
            self.load_balancer,
            "CKV2_AWS_76",
            reason="the rule group for known bad inputs is used, as a test verifies; "
            "checkov does not find it in an untyped statement",
        )

    def _listeners(self, certificate_arn: str) -> None:
        action = lb_listener.LbListenerDefaultAction
        self.https = lb_listener.LbListener(
            self,
            "https",
            load_balancer_arn=self.load_balancer.arn,
            port=HTTPS,
            protocol="HTTPS",
            ssl_policy=TLS_POLICY,
            certificate_arn=certificate_arn,
            default_action=[action(type="forward", target_group_arn=self.target_group.arn)],
        )
        redirect = lb_listener.LbListenerDefaultActionRedirect(
            port=str(HTTPS), protocol="HTTPS", status_code="HTTP_301"
        )
        lb_listener.LbListener(
            self,
            "http",
            load_balancer_arn=self.load_balancer.arn,
            port=HTTP,
            protocol="HTTP",
            default_action=[action(type="redirect", redirect=redirect)],
        )

    def _logs(self, environment: Environment, account: str) -> Bucket:
        bucket = f"{PROJECT}-alb-logs-{environment.name}-{account}"
        log_objects = f"arn:aws:s3:::{bucket}/alb/AWSLogs/{account}/*"
        log_bucket = Bucket(
            self,
            "logs",
            name=bucket,
            # Load balancers cannot write to buckets that are encrypted with a customer's key.
            key_arn=None,
            force_destroy=not environment.deletion_protection,
            expire_days=LOG_RETENTION_DAYS,
            statements=(
                PolicyStatement(
                    ["s3:PutObject"],
                    [log_objects],
                    sid="LoadBalancerOfThisRegion",
                    principal={"AWS": f"arn:aws:iam::{ELB_LOGGING_ACCOUNT}:root"},
                ),
                PolicyStatement(
                    ["s3:PutObject"],
                    [log_objects],
                    sid="LogDelivery",
                    principal={"Service": "logdelivery.elasticloadbalancing.amazonaws.com"},
                ),
            ),
        )
        accept(
            log_bucket.bucket,
            "CKV_AWS_145",
            reason="load balancers cannot write logs to buckets with a customer managed key",
        )
        accept(
            log_bucket.bucket,
            "CKV_AWS_144",
            reason="access logs, which are kept for 90 days, need no replica in another region",
        )
        accept(log_bucket.bucket, "CKV2_AWS_62", reason="no notification per log file is needed")
        return log_bucket
