"""The environments: every difference between staging and production."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from vimbisopay_infra.sizing import NODE_MIB, StateSize

__all__ = ("ENVIRONMENTS", "PRODUCTION", "PROJECT", "REGION", "STAGING", "Cache", "Environment", "Tasks")

PROJECT: Final = "vimbiso-pay"
REGION: Final = "af-south-1"


@dataclass(frozen=True, slots=True)
class Tasks:
    """The size of one task of the service on Fargate (CPU units, MiB), and the limits of their number."""

    cpu: int
    memory_mib: int
    min_capacity: int
    max_capacity: int


@dataclass(frozen=True, slots=True)
class Cache:
    """The cache Redis on ElastiCache.

    Attributes:
        node_type: the type of every node. ElastiCache scales shards by memory only for the large m and r types.
        cluster: whether cluster mode is on; the client's URL then begins with `rediss+cluster://`.
        min_shards: the minimum of automatic scaling.
        max_shards: the maximum of automatic scaling.
        replicas: replicas of each shard.
    """

    node_type: str
    cluster: bool
    min_shards: int
    max_shards: int
    replicas: int = 1

    def __post_init__(self) -> None:
        """Reject several shards without cluster mode, no replica, and unknown node types."""
        if not self.cluster and (self.min_shards, self.max_shards) != (1, 1):
            raise ValueError("only cluster mode has more than one shard")
        if self.replicas < 1:
            raise ValueError("failover needs a replica")
        if self.node_type not in NODE_MIB:
            raise ValueError(f"the memory of {self.node_type} is not known: add it to sizing.py")

    @property
    def scheme(self) -> str:
        """The scheme of the client's URL."""
        return "rediss+cluster" if self.cluster else "rediss"


@dataclass(frozen=True, slots=True)
class Environment:
    """One environment, in an AWS account of its own.

    Attributes:
        name: appears in the names of all resources; also the name of GitHub's environment.
        domain: the public name of the service and of its hosted zone.
        cidr: the address range of the VPC; its subnets are /24.
        zones: the letters of the availability zones.
        nat_gateways: one per zone survives the loss of a zone; a single one is cheaper.
        tasks: the tasks of the service.
        state: the size of the state Redis.
        cache: the cache Redis.
        log_retention_days: the retention of all log groups.
        errors_per_5_minutes: the alarm threshold for errors in the service's log.
        deletion_protection: whether `terraform destroy` must fail for resources with data or names.
    """

    name: Literal["staging", "production"]
    domain: str
    cidr: str
    zones: tuple[str, ...]
    nat_gateways: int
    tasks: Tasks
    state: StateSize
    cache: Cache
    log_retention_days: int
    errors_per_5_minutes: int
    deletion_protection: bool

    def __post_init__(self) -> None:
        """Reject a single availability zone, and NAT gateways in some zones only."""
        if len(self.zones) < 2:  # noqa: PLR2004
            raise ValueError("a network over one availability zone is lost with it")
        if self.nat_gateways not in {1, len(self.zones)}:
            raise ValueError("either one NAT gateway or one per zone")

    @property
    def prefix(self) -> str:
        """The prefix of all names."""
        return f"{PROJECT}-{self.name}"

    @property
    def log_group(self) -> str:
        """The log group of the service."""
        return f"/ecs/{self.prefix}"

    @property
    def state_log_group(self) -> str:
        """The log group of the state Redis."""
        return f"/ecs/{self.prefix}/redis-state"

    @property
    def private_domain(self) -> str:
        """The private DNS namespace."""
        return f"{self.prefix}.internal"

    @property
    def state_bucket(self) -> str:
        """The bucket of Terraform's state. Bucket names are globally unique: change it here if it is taken."""
        return f"{PROJECT}-terraform-state-{self.name}"


STAGING: Final = Environment(
    name="staging",
    domain="stage.whatsapp.vimbisopay.africa",
    cidr="10.2.0.0/16",
    zones=("a", "b"),
    nat_gateways=1,
    tasks=Tasks(cpu=512, memory_mib=1024, min_capacity=2, max_capacity=4),
    state=StateSize(cpu=512, memory_mib=1024, max_memory_mib=384),
    cache=Cache(node_type="cache.t4g.micro", cluster=False, min_shards=1, max_shards=1),
    log_retention_days=30,
    errors_per_5_minutes=20,
    deletion_protection=False,
)
PRODUCTION: Final = Environment(
    name="production",
    domain="whatsapp.vimbisopay.africa",
    cidr="10.0.0.0/16",
    zones=("a", "b", "c"),
    nat_gateways=3,
    tasks=Tasks(cpu=1024, memory_mib=2048, min_capacity=2, max_capacity=4),
    state=StateSize(cpu=1024, memory_mib=4096, max_memory_mib=2048),
    cache=Cache(node_type="cache.m6g.large", cluster=True, min_shards=1, max_shards=3),
    log_retention_days=365,
    errors_per_5_minutes=10,
    deletion_protection=True,
)
ENVIRONMENTS: Final = (STAGING, PRODUCTION)
