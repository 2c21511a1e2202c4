"""The service itself: two to four tasks behind the load balancer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from vimbisopay_infra.containers import Container
from vimbisopay_infra.environment import Environment
from vimbisopay_infra.network import APP_PORT
from vimbisopay_infra.roles import TaskRoles
from vimbisopay_infra.secrets import Secrets
from vimbisopay_infra.tf import (
    Construct,
    TerraformResource,
    TerraformResourceLifecycle,
    appautoscaling_policy,
    appautoscaling_target,
    ecs_service,
    ecs_task_definition,
    lb,
    lb_target_group,
)

__all__ = ("Web",)

USER: Final = "10001:10001"
"""As in the Dockerfile."""
BUSY_PERCENT: Final = 80
REQUESTS_A_MINUTE: Final = 3_000
"""Of one task, at which another is added. A member's message is some four requests: itself and three statuses."""
_HEALTHY: Final = "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/health/', timeout=4)"


class Web(Construct):
    """Task, service, and the scaling of it."""

    def __init__(
        self,
        scope: Construct,
        name: str,
        environment: Environment,
        *,
        account: str,
        cluster_id: str,
        cluster_name: str,
        image: str,
        repository_arn: str,
        subnet_ids: list[str],
        group_id: str,
        key_arn: str,
        secrets: Secrets,
        settings: Mapping[str, str],
        balancer: lb.Lb,
        targets: lb_target_group.LbTargetGroup,
        after: list[TerraformResource],
    ) -> None:
        """Create all of it; `settings` are plain environment variables."""
        super().__init__(scope, name)
        given = secrets.given_to("web")
        roles = TaskRoles(
            self,
            "roles",
            environment,
            account=account,
            task="web",
            repository_arn=repository_arn,
            secret_arns=list(given.values()),
            key_arn=key_arn,
        )
        container = Container(
            name="web",
            image=image,
            user=USER,
            port=APP_PORT,
            environment={
                "DJANGO_ENV": "production",
                "DEBUG": "False",
                "ENVIRONMENT": environment.name,
                "HOST": "0.0.0.0",  # noqa: S104 - within its own network interface
                "PORT": str(APP_PORT),
                **settings,
            },
            secrets=given,
            log_group=environment.log_group,
            healthy=["CMD", "python", "-c", _HEALTHY],
            retries=10,
            writable={"tmp": "/tmp"},  # noqa: S108 - a volume of the task's own
        )
        self.task = ecs_task_definition.EcsTaskDefinition(
            self,
            "task",
            family=environment.prefix,
            requires_compatibilities=["FARGATE"],
            network_mode="awsvpc",
            cpu=str(environment.tasks.cpu),
            memory=str(environment.tasks.memory_mib),
            execution_role_arn=roles.execution.arn,
            task_role_arn=roles.task.arn,
            container_definitions=container.definitions(),
            volume=[ecs_task_definition.EcsTaskDefinitionVolume(name="tmp")],
            depends_on=roles.policies,
        )
        self.service = ecs_service.EcsService(
            self,
            "service",
            name=environment.prefix,
            cluster=cluster_id,
            task_definition=self.task.arn,
            launch_type="FARGATE",
            platform_version="LATEST",
            desired_count=environment.tasks.least,
            deployment_minimum_healthy_percent=100,
            deployment_maximum_percent=200,
            availability_zone_rebalancing="ENABLED",
            deployment_circuit_breaker=ecs_service.EcsServiceDeploymentCircuitBreaker(enable=True, rollback=True),
            enable_execute_command=False,
            health_check_grace_period_seconds=120,
            propagate_tags="SERVICE",
            network_configuration=ecs_service.EcsServiceNetworkConfiguration(
                subnets=subnet_ids, security_groups=[group_id], assign_public_ip=False
            ),
            load_balancer=[
                ecs_service.EcsServiceLoadBalancer(
                    target_group_arn=targets.arn, container_name=container.name, container_port=APP_PORT
                )
            ],
            lifecycle=TerraformResourceLifecycle(ignore_changes=["desired_count"]),
            depends_on=after,
        )
        self._scaling(environment, cluster_name, f"{balancer.arn_suffix}/{targets.arn_suffix}")

    def _scaling(self, environment: Environment, cluster_name: str, label: str) -> None:
        target = appautoscaling_target.AppautoscalingTarget(
            self,
            "count",
            service_namespace="ecs",
            scalable_dimension="ecs:service:DesiredCount",
            resource_id=f"service/{cluster_name}/{self.service.name}",
            min_capacity=environment.tasks.least,
            max_capacity=environment.tasks.most,
        )
        policy = appautoscaling_policy
        for title, metric, value, resource in (
            ("cpu", "ECSServiceAverageCPUUtilization", BUSY_PERCENT, None),
            ("memory", "ECSServiceAverageMemoryUtilization", BUSY_PERCENT, None),
            ("requests", "ALBRequestCountPerTarget", REQUESTS_A_MINUTE, label),
        ):
            measured = policy.AppautoscalingPolicyTargetTrackingScalingPolicyConfigurationPredefinedMetricSpecification(
                predefined_metric_type=metric, resource_label=resource
            )
            policy.AppautoscalingPolicy(
                self,
                f"by-{title}",
                name=f"{environment.prefix}-{title}",
                policy_type="TargetTrackingScaling",
                service_namespace=target.service_namespace,
                scalable_dimension=target.scalable_dimension,
                resource_id=target.resource_id,
                target_tracking_scaling_policy_configuration=policy.AppautoscalingPolicyTargetTrackingScalingPolicyConfiguration(
                    target_value=value,
                    predefined_metric_specification=measured,
                    scale_in_cooldown=300,
                    scale_out_cooldown=60,
                ),
            )
