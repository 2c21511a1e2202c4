"""The environments: everything in which staging and production differ, in one place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from vimbisopay_infra.sizing import NODE_MIB, StateSize

__all__ = ("ENVIRONMENTS", "PRODUCTION", "PROJECT", "REGION", "STAGING", "Cache", "Environment", "Tasks")

PROJECT: Final = "vimbiso-pay"
REGION: Final = "af-south-1"


@dataclass(frozen=True, slots=True)
class Tasks:
    """The service's tasks on Fargate: CPU units and MiB of each, and how many there are."""

    cpu: int
    memory_mib: int
    min_capacity: int
    max_capacity: int


@dataclass(frozen=True, slots=True)
class Cache:
    """The cache on ElastiCache.

    Attributes:
        node_type: each node's. Shards can only be scaled by memory on the large types of the m and r families.
        cluster: cluster mode: the client's scheme is then `rediss+cluster://`.
        least_shards: and `max_shards`: between them the number follows the use of memory.
    """

    node_type: str
    cluster: bool
    min_shards: int
    max_shards: int
    replicas: int = 1

    def __post_init__(self) -> None:
        """Refuse shards without cluster mode, and fewer than a failover needs."""
        if not self.cluster and (self.min_shards, self.max_shards) != (1, 1):
            raise ValueError("only cluster mode has more than one shard")
        if self.replicas < 1:
            raise ValueError("failover needs a replica")
        if self.node_type not in NODE_MIB:
            raise ValueError(f"the memory of {self.node_type} is not known: add it to sizing.py")

    @property
    def scheme(self) -> str:
        """Of the client's URL."""
        return "rediss+cluster" if self.cluster else "rediss"


@dataclass(frozen=True, slots=True)
class Environment:
    """One environment, in an AWS account of its own.

    Attributes:
        name: as in names of resources and in GitHub's environment.
        domain: the public name of the service, and of its DNS zone.
        cidr: the network's. Public and private subnets are /24 within it.
        zones: the letters of the availability zones.
        nat_gateways: one per zone survives the loss of a zone; a single one is cheaper.
        tasks: the service's.
        state: the state Redis.
        cache: the cache Redis.
        log_days: how long logs are kept.
        errors_in_5_minutes: log lines of level error that are a spike.
        keeps_data: whether a `destroy` must fail on what holds data or names (deletion protection).
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
        """Refuse what could not survive the loss of a zone."""
        if len(self.zones) < 2:  # noqa: PLR2004
            raise ValueError("a network over one availability zone is lost with it")
        if self.nat_gateways not in {1, len(self.zones)}:
            raise ValueError("either one NAT gateway or one per zone")

    @property
    def prefix(self) -> str:
        """With which all names begin."""
        return f"{PROJECT}-{self.name}"

    @property
    def log_group(self) -> str:
        """Of the service."""
        return f"/ecs/{self.prefix}"

    @property
    def state_log_group(self) -> str:
        """Of the state Redis."""
        return f"/ecs/{self.prefix}/redis-state"

    @property
    def private_domain(self) -> str:
        """The names inside the network."""
        return f"{self.prefix}.internal"

    @property
    def state_bucket(self) -> str:
        """Where Terraform keeps what it knows. Bucket names are global: change it here should it be taken."""
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
