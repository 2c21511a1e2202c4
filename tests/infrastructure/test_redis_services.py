"""Rules about the two Redis services, the files of one of them, and their backups."""

from __future__ import annotations

from typing import Any

import pytest

from tests.infrastructure.stacks import Stack
from vimbisopay_infra.environment import ENVIRONMENTS, Cache, Environment
from vimbisopay_infra.sizing import StateSize


def cache(stack: Stack) -> dict[str, Any]:
    """The cache."""
    return stack.one("aws_elasticache_replication_group")


def state_task(stack: Stack) -> dict[str, Any]:
    """The state Redis's task."""
    (found,) = [
        each.given for each in stack.all("aws_ecs_task_definition") if each.given["family"].endswith("redis-state")
    ]
    return found


def state_service(stack: Stack) -> dict[str, Any]:
    """The state Redis's service."""
    return stack.named("aws_ecs_service", "redis-state")


# -- the cache --------------------------------------------------------------------------------------------------------


def test_the_cache_survives_a_zone(stack: Stack) -> None:
    """A replica in another zone takes over by itself."""
    given = cache(stack)
    nodes = given.get("num_cache_clusters") or 1 + given["replicas_per_node_group"]

    assert given["automatic_failover_enabled"] is True
    assert given["multi_az_enabled"] is True
    assert nodes >= 2


def test_the_cache_is_encrypted_and_asks_for_a_password(stack: Stack) -> None:
    """On disk with our key, on the wire with TLS, and with a password that comes from Secrets Manager."""
    given = cache(stack)

    assert given["at_rest_encryption_enabled"] == "true"
    assert given["kms_key_id"]
    assert given["transit_encryption_enabled"] is True
    assert given["auth_token"].startswith("${data.aws_secretsmanager_secret_version.")


def test_the_cache_forgets_what_was_used_least(stack: Stack) -> None:
    """`allkeys-lru` within a limit; nothing is kept on disk."""
    parameters = {each["name"]: each["value"] for each in stack.one("aws_elasticache_parameter_group")["parameter"]}

    assert parameters["maxmemory-policy"] == "allkeys-lru"
    assert int(parameters["reserved-memory-percent"]) == 25
    assert cache(stack)["snapshot_retention_limit"] == 0


def test_the_cache_of_production_is_a_cluster_of_one_to_three_shards(both: dict[str, Stack]) -> None:
    """Shards follow the memory; the client is chosen by the scheme of its URL."""
    production, staging = both["production"], both["staging"]
    (target,) = [
        each.given
        for each in production.all("aws_appautoscaling_target")
        if each.given["service_namespace"] == "elasticache"
    ]
    (policy,) = [
        each.given["target_tracking_scaling_policy_configuration"]
        for each in production.all("aws_appautoscaling_policy")
        if "cache_shards" in each.given["service_namespace"]
    ]
    metric = policy["predefined_metric_specification"]["predefined_metric_type"]

    assert (target["min_capacity"], target["max_capacity"]) == (1, 3)
    assert target["scalable_dimension"] == "elasticache:replication-group:NodeGroups"
    assert metric == "ElastiCacheDatabaseMemoryUsageCountedForEvictPercentage"
    assert cache(production)["lifecycle"] == {"ignore_changes": ["num_node_groups"]}
    assert url(production).startswith("rediss+cluster://")
    assert "configuration_endpoint_address" in url(production)
    assert url(staging).startswith("rediss://")
    assert "primary_endpoint_address" in url(staging)


def url(stack: Stack) -> str:
    """The cache's, as it is put into its secret."""
    text: str = stack.one("aws_secretsmanager_secret_version")["secret_string"]
    return text


def test_shards_scale_only_on_nodes_that_can(both: dict[str, Stack]) -> None:
    """ElastiCache scales shards only on the m and r families, large and more."""
    family, size = cache(both["production"])["node_type"].removeprefix("cache.").split(".")

    assert family[0] in "mr"
    assert size.endswith("large")


# -- the state --------------------------------------------------------------------------------------------------------


def test_the_state_has_one_writer_ever(stack: Stack) -> None:
    """ECS stops the old task before it starts the new one, is not asked for a second, and moves none about."""
    given = state_service(stack)

    assert given["desired_count"] == 1
    assert given["deployment_minimum_healthy_percent"] == 0
    assert given["deployment_maximum_percent"] == 100
    assert given["availability_zone_rebalancing"] == "DISABLED"
    scaled = [each.given["resource_id"] for each in stack.all("aws_appautoscaling_target")]
    assert not [each for each in scaled if "aws_ecs_service.state" in each]


def test_the_state_can_start_again_in_any_zone_on_the_same_files(stack: Stack) -> None:
    """A mount target in every private subnet, and the service may use them all."""
    mounts = {each.given["subnet_id"] for each in stack.all("aws_efs_mount_target")}
    zones = {each.given["availability_zone"] for each in stack.all("aws_subnet")}
    subnets = state_service(stack)["network_configuration"]["subnets"]

    assert len(mounts) == len(zones) == len(subnets)


def test_the_state_is_on_files_and_reaches_them_over_tls_with_its_role(stack: Stack) -> None:
    """Its directory is mounted through the access point."""
    (volume,) = [each for each in state_task(stack)["volume"] if each["name"] == "data"]
    files = volume["efs_volume_configuration"]
    (container,) = state_task(stack)["container_definitions"]
    paths = {each["sourceVolume"]: each["containerPath"] for each in container["mountPoints"]}

    assert files["transit_encryption"] == "ENABLED"
    assert files["authorization_config"]["iam"] == "ENABLED"
    assert "storage_access" in files["authorization_config"]["access_point_id"]
    assert paths["data"] == next(each["value"] for each in container["environment"] if each["name"] == "REDIS_DATA")


def test_the_state_is_named_where_its_certificate_says(stack: Stack) -> None:
    """`redis-state.<private domain>`: the name in the certificate, and in the URL that the service is given."""
    namespace = stack.one("aws_service_discovery_private_dns_namespace")["name"]
    discovery = stack.one("aws_service_discovery_service")

    assert f"{discovery['name']}.{namespace}" == f"redis-state.vimbiso-pay-{stack.environment}.internal"
    assert discovery["dns_config"]["dns_records"] == [{"ttl": 10, "type": "A"}]


@pytest.mark.parametrize("environment", ENVIRONMENTS, ids=lambda each: each.name)
def test_a_rewrite_of_the_log_finds_memory(environment: Environment, both: dict[str, Stack]) -> None:
    """While the append-only file is rewritten pages exist twice: the task has twice what Redis may keep."""
    (container,) = state_task(both[environment.name])["container_definitions"]
    limit = next(each["value"] for each in container["environment"] if each["name"] == "REDIS_MAX_MEMORY")

    assert limit == f"{environment.state.max_memory_mib}mb"
    assert environment.state.max_memory_mib * 2 <= environment.state.memory_mib


def test_sizes_that_could_not_work_cannot_be_written_down() -> None:
    """A task without room for a rewrite, shards without a cluster, a cache without a replica or of unknown nodes."""
    with pytest.raises(ValueError, match="twice"):
        StateSize(cpu=256, memory_mib=512, max_memory_mib=300)
    with pytest.raises(ValueError, match="cluster"):
        Cache(node_type="cache.t4g.micro", cluster=False, min_shards=1, max_shards=2)
    with pytest.raises(ValueError, match="replica"):
        Cache(node_type="cache.t4g.micro", cluster=False, min_shards=1, max_shards=1, replicas=0)
    with pytest.raises(ValueError, match="not known"):
        Cache(node_type="cache.t9.micro", cluster=False, min_shards=1, max_shards=1)


def test_the_alarm_leaves_time_to_make_the_state_larger() -> None:
    """How many members there may be until then follows from what one takes."""
    size = StateSize(cpu=512, memory_mib=1024, max_memory_mib=100, alarm_percent=50)

    assert size.members_until_alarm == int(50 * 1024 * 1024 / size.bytes_per_member)


# -- files and backups ------------------------------------------------------------------------------------------------


def test_files_are_encrypted_and_never_wait_for_credits(stack: Stack) -> None:
    """Our key; elastic throughput, as each write waits for the disk."""
    given = stack.one("aws_efs_file_system")

    assert given["encrypted"] is True
    assert given["kms_key_id"]
    assert given["throughput_mode"] == "elastic"


def test_files_refuse_whoever_comes_without_tls_or_past_the_access_point(stack: Stack) -> None:
    """The policy denies plain connections, and allows just the state's role through its directory."""
    deny, allow = stack.one("aws_efs_file_system_policy")["policy"]["Statement"]

    assert (deny["Effect"], deny["Action"]) == ("Deny", ["*"])
    assert deny["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert "elasticfilesystem:AccessPointArn" in allow["Condition"]["StringEquals"]
    assert allow["Condition"]["ArnEquals"]["aws:PrincipalArn"].endswith(f"vimbiso-pay-{stack.environment}-state")
    assert "elasticfilesystem:ClientRootAccess" not in allow["Action"]


def test_files_belong_to_the_user_that_redis_runs_as(stack: Stack) -> None:
    """Access point, directory and container agree."""
    point = stack.one("aws_efs_access_point")
    (container,) = state_task(stack)["container_definitions"]
    creation = point["root_directory"]["creation_info"]

    assert container["user"] == f"{point['posix_user']['uid']}:{point['posix_user']['gid']}"
    assert (creation["owner_uid"], creation["permissions"]) == (point["posix_user"]["uid"], "0750")


def test_files_are_backed_up_daily_and_kept_for_thirty_days(stack: Stack) -> None:
    """Into an encrypted vault."""
    (rule,) = stack.one("aws_backup_plan")["rule"]

    assert rule["schedule"] == "cron(0 1 * * ? *)"
    assert rule["lifecycle"] == {"delete_after": 30}
    assert stack.one("aws_backup_vault")["kms_key_arn"]
    assert "storage_files" in stack.one("aws_backup_selection")["resources"][0]


def test_restoring_is_tried_every_week(stack: Stack) -> None:
    """A backup that nobody has restored is a hope."""
    assert stack.one("aws_backup_restore_testing_plan")["schedule_expression"] == "cron(0 5 ? * MON *)"
    assert stack.one("aws_backup_restore_testing_selection")["protected_resource_type"] == "EFS"


def test_production_cannot_be_emptied_by_a_destroy(both: dict[str, Stack]) -> None:
    """What holds data or names is protected there."""
    production = both["production"]

    assert production.one("aws_lb")["enable_deletion_protection"] is True
    assert production.one("aws_route53_zone")["force_destroy"] is False
    assert production.one("aws_backup_vault")["force_destroy"] is False
    assert all(not each.given["force_delete"] for each in production.all("aws_ecr_repository"))
    assert all(not each.given["force_destroy"] for each in production.all("aws_s3_bucket"))
    for kind in ("aws_efs_file_system", "aws_route53_zone", "aws_kms_key"):
        assert [each.given["lifecycle"] for each in production.all(kind)] == [{"prevent_destroy": True}] * len(
            production.all(kind)
        )
