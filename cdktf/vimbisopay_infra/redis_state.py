"""The state Redis: acknowledged writes are on disk, and at most one process writes to the files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from vimbisopay_infra.containers import ContainerDefinition
from vimbisopay_infra.environment import Environment
from vimbisopay_infra.network import STATE_PORT
from vimbisopay_infra.policy import PolicyStatement
from vimbisopay_infra.roles import TaskRoles
from vimbisopay_infra.secrets import Secrets
from vimbisopay_infra.storage import REDIS_UID, Storage
from vimbisopay_infra.tf import (
    Construct,
    ecs_service,
    ecs_task_definition,
    service_discovery_service,
)

__all__ = ("DISCOVERY_NAME", "RedisState")

DISCOVERY_NAME: Final = "redis-state"
DATA_PATH: Final = "/data"
RUN_PATH: Final = "/run/redis"


class RedisState(Construct):
    """One task with its append-only file on EFS. A deployment stops the old task before it starts the new one."""

    def __init__(
        self,
        scope: Construct,
        name: str,
        environment: Environment,
        *,
        account: str,
        cluster_id: str,
        namespace_id: str,
        image: str,
        repository_arn: str,
        subnet_ids: list[str],
        security_group_id: str,
        key_arn: str,
        storage: Storage,
        secrets: Secrets,
    ) -> None:
        """Create the roles, the task definition and the service."""
        super().__init__(scope, name)
        secret_arns = secrets.arns_for("state")
        roles = TaskRoles(
            self,
            "roles",
            environment,
            account=account,
            task="state",
            repository_arn=repository_arn,
            secret_arns=list(secret_arns.values()),
            key_arn=key_arn,
            task_statements=(
                PolicyStatement(
                    ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"],
                    [storage.file_system.arn],
                    sid="ItsDirectory",
                    conditions={
                        "StringEquals": {"elasticfilesystem:AccessPointArn": storage.access_point.arn},
                        "Bool": {"aws:SecureTransport": "true"},
                    },
                ),
            ),
        )
        container = self._container(environment, image, secret_arns)
        self.task = ecs_task_definition.EcsTaskDefinition(
            self,
            "task",
            family=f"{environment.prefix}-redis-state",
            requires_compatibilities=["FARGATE"],
            network_mode="awsvpc",
            cpu=str(environment.state.cpu),
            memory=str(environment.state.memory_mib),
            execution_role_arn=roles.execution.arn,
            task_role_arn=roles.task.arn,
            container_definitions=container.to_json(),
            volume=[self._data_volume(storage), ecs_task_definition.EcsTaskDefinitionVolume(name="run")],
            depends_on=roles.policies,
        )
        self.service = self._service(environment, cluster_id, namespace_id, subnet_ids, security_group_id)

    @staticmethod
    def _container(environment: Environment, image: str, secret_arns: Mapping[str, str]) -> ContainerDefinition:
        return ContainerDefinition(
            name="redis-state",
            image=image,
            user=f"{REDIS_UID}:{REDIS_UID}",
            port=STATE_PORT,
            environment={
                "REDIS_DATA": DATA_PATH,
                "REDIS_RUN": RUN_PATH,
                "REDIS_PORT": str(STATE_PORT),
                "REDIS_MAX_MEMORY": f"{environment.state.max_memory_mib}mb",
            },
            secrets=secret_arns,
            log_group=environment.state_log_group,
            health_check_command=["CMD", "/usr/local/bin/redis-state-healthy"],
            health_check_retries=4,
            mount_points={"data": DATA_PATH, "run": RUN_PATH},
        )

    @staticmethod
    def _data_volume(storage: Storage) -> ecs_task_definition.EcsTaskDefinitionVolume:
        return ecs_task_definition.EcsTaskDefinitionVolume(
            name="data",
            efs_volume_configuration=ecs_task_definition.EcsTaskDefinitionVolumeEfsVolumeConfiguration(
                file_system_id=storage.file_system.id,
                transit_encryption="ENABLED",
                authorization_config=ecs_task_definition.EcsTaskDefinitionVolumeEfsVolumeConfigurationAuthorizationConfig(
                    access_point_id=storage.access_point.id, iam="ENABLED"
                ),
            ),
        )

    def _service(
        self,
        environment: Environment,
        cluster_id: str,
        namespace_id: str,
        subnet_ids: list[str],
        security_group_id: str,
    ) -> ecs_service.EcsService:
        discovery = service_discovery_service.ServiceDiscoveryService(
            self,
            "discovery",
            name=DISCOVERY_NAME,
            dns_config=service_discovery_service.ServiceDiscoveryServiceDnsConfig(
                namespace_id=namespace_id,
                routing_policy="MULTIVALUE",
                dns_records=[service_discovery_service.ServiceDiscoveryServiceDnsConfigDnsRecords(ttl=10, type="A")],
            ),
            health_check_custom_config=service_discovery_service.ServiceDiscoveryServiceHealthCheckCustomConfig(),
        )
        return ecs_service.EcsService(
            self,
            "service",
            name=f"{environment.prefix}-redis-state",
            cluster=cluster_id,
            task_definition=self.task.arn,
            launch_type="FARGATE",
            platform_version="LATEST",
            desired_count=1,
            # A single writer: ECS must not run two tasks, not even during a deployment.
            deployment_minimum_healthy_percent=0,
            deployment_maximum_percent=100,
            availability_zone_rebalancing="DISABLED",
            deployment_circuit_breaker=ecs_service.EcsServiceDeploymentCircuitBreaker(enable=True, rollback=True),
            enable_execute_command=False,
            propagate_tags="SERVICE",
            network_configuration=ecs_service.EcsServiceNetworkConfiguration(
                subnets=subnet_ids, security_groups=[security_group_id], assign_public_ip=False
            ),
            service_registries=ecs_service.EcsServiceServiceRegistries(registry_arn=discovery.arn),
        )
