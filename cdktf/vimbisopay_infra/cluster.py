"""The ECS cluster, its log groups, and the private DNS namespace of its services."""

from __future__ import annotations

from vimbisopay_infra.environment import Environment
from vimbisopay_infra.log_groups import log_group
from vimbisopay_infra.tf import (
    Construct,
    ecs_cluster,
    service_discovery_private_dns_namespace,
)

__all__ = ("Cluster",)


class Cluster(Construct):
    """The cluster, with Container Insights and without ECS Exec."""

    def __init__(self, scope: Construct, name: str, environment: Environment, *, vpc_id: str, key_arn: str) -> None:
        """Create the cluster, the log groups and the namespace."""
        super().__init__(scope, name)
        self.log_groups = {
            role: log_group(self, f"logs-{role}", environment, name=group, key_arn=key_arn)
            for role, group in (
                ("web", environment.log_group),
                ("state", environment.state_log_group),
                ("insights", f"/aws/ecs/containerinsights/{environment.prefix}/performance"),
            )
        }
        self.cluster = ecs_cluster.EcsCluster(
            self,
            "cluster",
            name=environment.prefix,
            setting=[ecs_cluster.EcsClusterSetting(name="containerInsights", value="enabled")],
            # Container Insights creates a missing log group without retention, so ours must exist first.
            depends_on=list(self.log_groups.values()),
        )
        self.namespace = service_discovery_private_dns_namespace.ServiceDiscoveryPrivateDnsNamespace(
            self, "namespace", name=environment.private_domain, vpc=vpc_id
        )
