"""The service: two to four tasks behind the load balancer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from vimbisopay_infra.containers import ContainerDefinition
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

__all__ = ("WebService",)

CONTAINER: Final = "web"
USER: Final = "10001:10001"
"""uid:gid, as in the Dockerfile."""
TARGET_UTILIZATION_PERCENT: Final = 80
REQUESTS_PER_TARGET_PER_MINUTE: Final = 3_000
"""Requests per task at which a task is added. A member's message causes four: itself and three statuses."""
HEALTH_CHECK: Final = "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/health/', timeout=4)"


class WebService(Construct):
    """The task definition, the ECS service and its automatic scaling."""

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
        security_group_id: str,
        key_arn: str,
        secrets: Secrets,
        settings: Mapping[str, str],
        load_balancer: lb.Lb,
        target_group: lb_target_group.LbTargetGroup,
        depends_on: list[TerraformResource],
    ) -> None:
        """Create them; `settings` are environment variables that are not secret."""
        super().__init__(scope, name)
        secret_arns = secrets.arns_for("web")
        roles = TaskRoles(
            self,
            "roles",
            environment,
            account=account,
            task="web",
            repository_arn=repository_arn,
            secret_arns=list(secret_arns.values()),
            key_arn=key_arn,
        )
        container = self._container(environment, image, secret_arns, settings)
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
            container_definitions=container.to_json(),
            volume=[ecs_task_definition.EcsTaskDefinitionVolume(name="tmp")],
            depends_on=roles.policies,
        )
        self.service = self._service(environment, cluster_id, subnet_ids, security_group_id, target_group, depends_on)
        self._scaling(environment, cluster_name, f"{load_balancer.arn_suffix}/{target_group.arn_suffix}")

    @staticmethod
    def _container(
        environment: Environment, image: str, secret_arns: Mapping[str, str], settings: Mapping[str, str]
    ) -> ContainerDefinition:
        return ContainerDefinition(
            name=CONTAINER,
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
            secrets=secret_arns,
            log_group=environment.log_group,
            health_check_command=["CMD", "python", "-c", HEALTH_CHECK],
            health_check_retries=10,
            mount_points={"tmp": "/tmp"},  # noqa: S108 - a volume of the task's own
        )

    def _service(
        self,
        environment: Environment,
        cluster_id: str,
        subnet_ids: list[str],
        security_group_id: str,
        target_group: lb_target_group.LbTargetGroup,
        depends_on: list[TerraformResource],
    ) -> ecs_service.EcsService:
        return ecs_service.EcsService(
            self,
            "service",
            name=environment.prefix,
            cluster=cluster_id,
            task_definition=self.task.arn,
            launch_type="FARGATE",
            platform_version="LATEST",
            desired_count=environment.tasks.min_capacity,
            deployment_minimum_healthy_percent=100,
            deployment_maximum_percent=200,
            availability_zone_rebalancing="ENABLED",
            deployment_circuit_breaker=ecs_service.EcsServiceDeploymentCircuitBreaker(enable=True, rollback=True),
            enable_execute_command=False,
            health_check_grace_period_seconds=120,
            propagate_tags="SERVICE",
            network_configuration=ecs_service.EcsServiceNetworkConfiguration(
                subnets=subnet_ids, security_groups=[security_group_id], assign_public_ip=False
            ),
            load_balancer=[
                ecs_service.EcsServiceLoadBalancer(
                    target_group_arn=target_group.arn, container_name=CONTAINER, container_port=APP_PORT
                )
            ],
            lifecycle=TerraformResourceLifecycle(ignore_changes=["desired_count"]),
            depends_on=depends_on,
        )

    def _scaling(self, environment: Environment, cluster_name: str, label: str) -> None:
        target = appautoscaling_target.AppautoscalingTarget(
            self,
            "count",
            service_namespace="ecs",
            scalable_dimension="ecs:service:DesiredCount",
            resource_id=f"service/{cluster_name}/{self.service.name}",
            min_capacity=environment.tasks.min_capacity,
            max_capacity=environment.tasks.max_capacity,
        )
        policy = appautoscaling_policy
        for title, metric, value, resource in (
            ("cpu", "ECSServiceAverageCPUUtilization", TARGET_UTILIZATION_PERCENT, None),
            ("memory", "ECSServiceAverageMemoryUtilization", TARGET_UTILIZATION_PERCENT, None),
            ("requests", "ALBRequestCountPerTarget", REQUESTS_PER_TARGET_PER_MINUTE, label),
        ):
            metric_specification = (
                policy.AppautoscalingPolicyTargetTrackingScalingPolicyConfigurationPredefinedMetricSpecification(
                    predefined_metric_type=metric, resource_label=resource
                )
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
                    predefined_metric_specification=metric_specification,
                    scale_in_cooldown=300,
                    scale_out_cooldown=60,
                ),
            )
