"""The cache Redis on ElastiCache: every key may be lost, so it evicts the least recently used keys."""

from __future__ import annotations

from typing import Any, Final

from vimbisopay_infra.environment import Environment
from vimbisopay_infra.network import CACHE_PORT
from vimbisopay_infra.secrets import Secrets
from vimbisopay_infra.sizing import RESERVED_PERCENT
from vimbisopay_infra.tf import (
    Construct,
    TerraformResourceLifecycle,
    appautoscaling_policy,
    appautoscaling_target,
    data_aws_secretsmanager_secret_version,
    elasticache_parameter_group,
    elasticache_replication_group,
    elasticache_subnet_group,
    secretsmanager_secret_version,
)

__all__ = ("RedisCache",)

ENGINE_VERSION: Final = "7.1"
MEMORY_TARGET_PERCENT: Final = 70
"""The memory usage of a shard at which shards are added. It falls again because every key of the cache has a TTL."""


class RedisCache(Construct):
    """Nodes in several zones with automatic failover, AUTH and TLS; in cluster mode the shards scale with memory."""

    def __init__(
        self,
        scope: Construct,
        name: str,
        environment: Environment,
        *,
        subnet_ids: list[str],
        security_group_id: str,
        key_arn: str,
        secrets: Secrets,
    ) -> None:
        """Create the cache and the secret that holds its URL."""
        super().__init__(scope, name)
        cache, identifier = environment.cache, f"{environment.prefix}-cache"
        parameters = self._parameters(environment, identifier)
        subnets = elasticache_subnet_group.ElasticacheSubnetGroup(
            self, "subnets", name=identifier, subnet_ids=subnet_ids
        )
        password = data_aws_secretsmanager_secret_version.DataAwsSecretsmanagerSecretVersion(
            self, "password", secret_id=secrets.arn("redis-cache-auth")
        )
        self.group = elasticache_replication_group.ElasticacheReplicationGroup(
            self,
            "redis",
            replication_group_id=identifier,
            description=f"{environment.prefix}: cache",
            engine="redis",
            engine_version=ENGINE_VERSION,
            node_type=cache.node_type,
            port=CACHE_PORT,
            parameter_group_name=parameters.name,
            subnet_group_name=subnets.name,
            security_group_ids=[security_group_id],
            automatic_failover_enabled=True,
            multi_az_enabled=True,
            at_rest_encryption_enabled="true",
            kms_key_id=key_arn,
            transit_encryption_enabled=True,
            auth_token=password.secret_string,
            auth_token_update_strategy="ROTATE",  # noqa: S106 - the old one works until all have the new
            snapshot_retention_limit=0,
            auto_minor_version_upgrade="true",
            apply_immediately=True,
            maintenance_window="sun:01:00-sun:02:00",
            # How many shards there are is the scaling's business.
            lifecycle=TerraformResourceLifecycle(ignore_changes=["num_node_groups"]) if cache.cluster else None,
            **_size(environment),
        )
        if cache.cluster:
            self._scaling(environment)
        host = self.group.configuration_endpoint_address if cache.cluster else self.group.primary_endpoint_address
        self.url = secretsmanager_secret_version.SecretsmanagerSecretVersion(
            self,
            "url",
            secret_id=secrets.arn("redis-cache-url"),
            secret_string=f"{cache.scheme}://:{password.secret_string}@{host}:{CACHE_PORT}/0",
        )

    def _parameters(
        self, environment: Environment, identifier: str
    ) -> elasticache_parameter_group.ElasticacheParameterGroup:
        parameter = elasticache_parameter_group.ElasticacheParameterGroupParameter
        return elasticache_parameter_group.ElasticacheParameterGroup(
            self,
            "parameters",
            name=identifier,
            family="redis7",
            description="A cache: the least recently used goes first",
            parameter=[
                parameter(name="maxmemory-policy", value="allkeys-lru"),
                # `maxmemory` is the rest of the node's memory.
                parameter(name="reserved-memory-percent", value=str(RESERVED_PERCENT)),
                parameter(name="cluster-enabled", value="yes" if environment.cache.cluster else "no"),
            ],
        )

    def _scaling(self, environment: Environment) -> None:
        cache = environment.cache
        target = appautoscaling_target.AppautoscalingTarget(
            self,
            "shards",
            service_namespace="elasticache",
            scalable_dimension="elasticache:replication-group:NodeGroups",
            resource_id=f"replication-group/{self.group.replication_group_id}",
            min_capacity=cache.min_shards,
            max_capacity=cache.max_shards,
        )
        policy = appautoscaling_policy
        memory = policy.AppautoscalingPolicyTargetTrackingScalingPolicyConfigurationPredefinedMetricSpecification(
            predefined_metric_type="ElastiCacheDatabaseMemoryUsageCountedForEvictPercentage"
        )
        policy.AppautoscalingPolicy(
            self,
            "shards-by-memory",
            name=f"{environment.prefix}-cache-memory",
            policy_type="TargetTrackingScaling",
            service_namespace=target.service_namespace,
            scalable_dimension=target.scalable_dimension,
            resource_id=target.resource_id,
            target_tracking_scaling_policy_configuration=policy.AppautoscalingPolicyTargetTrackingScalingPolicyConfiguration(
                target_value=MEMORY_TARGET_PERCENT,
                predefined_metric_specification=memory,
                scale_in_cooldown=900,
                scale_out_cooldown=600,
            ),
        )


def _size(environment: Environment) -> dict[str, Any]:
    cache = environment.cache
    if cache.cluster:
        return {"num_node_groups": cache.min_shards, "replicas_per_node_group": cache.replicas}
    return {"num_cache_clusters": 1 + cache.replicas}
