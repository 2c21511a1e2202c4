"""Rules about who can reach whom."""

from __future__ import annotations

from ipaddress import IPv4Network

from tests.infrastructure.stacks import Stack
from vimbisopay_infra.environment import ENVIRONMENTS

WORLD = ("0.0.0.0/0", "::/0")


def group_of(reference: str) -> str:
    """The role in a reference to a security group."""
    return reference.split("network_group-")[1].split("_", maxsplit=1)[0]


def test_only_the_load_balancer_faces_the_world(stack: Stack) -> None:
    """No other security group lets in anybody who is not named by a group."""
    ingress = [each.given for each in stack.all("aws_vpc_security_group_ingress_rule")]
    open_ = {(group_of(each["security_group_id"]), each["from_port"]) for each in ingress if "cidr_ipv4" in each}

    assert open_ == {("alb", 80), ("alb", 443)}
    assert all("cidr_ipv6" not in each for each in ingress)


def test_every_peer_is_a_security_group(stack: Stack) -> None:
    """Inside the network nobody is let in by address."""
    rules = [each.given for each in stack.all("aws_vpc_security_group_ingress_rule")]
    let_in = {
        (group_of(each["referenced_security_group_id"]), group_of(each["security_group_id"]), each["from_port"])
        for each in rules
        if "referenced_security_group_id" in each
    }

    assert let_in == {
        ("alb", "web", 8000),
        ("web", "cache", 6379),
        ("web", "state", 6380),
        ("web", "endpoints", 443),
        ("state", "efs", 2049),
        ("state", "endpoints", 443),
    }


def test_who_may_connect_is_also_let_out(stack: Stack) -> None:
    """Each way in has its way out, port by port, and no rule opens all ports."""
    into = {
        (group_of(each.given["referenced_security_group_id"]), group_of(each.given["security_group_id"]))
        for each in stack.all("aws_vpc_security_group_ingress_rule")
        if "referenced_security_group_id" in each.given
    }
    out = {
        (group_of(each.given["security_group_id"]), group_of(each.given["referenced_security_group_id"]))
        for each in stack.all("aws_vpc_security_group_egress_rule")
        if "referenced_security_group_id" in each.given
    }
    ports = {
        each.given["ip_protocol"]
        for kind in ("ingress", "egress")
        for each in stack.all(f"aws_vpc_security_group_{kind}_rule")
    }

    assert into == out
    assert ports == {"tcp"}


def test_only_the_service_reaches_out_to_the_world(stack: Stack) -> None:
    """WhatsApp and Credex core are outside; nobody else has business there, and only over TLS."""
    out = {
        (group_of(each.given["security_group_id"]), each.given["from_port"])
        for each in stack.all("aws_vpc_security_group_egress_rule")
        if each.given.get("cidr_ipv4") in WORLD
    }

    assert out == {("web", 443)}


def test_the_default_security_group_lets_nothing_through(stack: Stack) -> None:
    """Whoever forgets to name a group is alone."""
    given = stack.one("aws_default_security_group")

    assert set(given) == {"vpc_id"}


def test_tasks_caches_and_files_are_in_private_subnets(stack: Stack) -> None:
    """Only the load balancer has a foot in a public subnet, and no task has a public address."""
    for service in stack.all("aws_ecs_service"):
        network = service.given["network_configuration"]
        assert not network["assign_public_ip"]
        assert all("network_private-" in each for each in network["subnets"])
    assert all("network_private-" in each for each in stack.one("aws_elasticache_subnet_group")["subnet_ids"])
    assert all("network_private-" in each.given["subnet_id"] for each in stack.all("aws_efs_mount_target"))
    assert all("network_public-" in each for each in stack.one("aws_lb")["subnets"])


def test_private_subnets_go_out_through_nat(stack: Stack) -> None:
    """Only the public route table knows the internet gateway."""
    gateways = {each.name: set(each.given) for each in stack.all("aws_route")}

    assert [name for name, given in gateways.items() if "gateway_id" in given] == [
        name for name in gateways if "public-out" in name
    ]
    assert all("nat_gateway_id" in given for name, given in gateways.items() if "private-" in name)


def test_subnets_lie_in_several_zones_and_do_not_overlap(both: dict[str, Stack]) -> None:
    """A lost zone leaves another one; ranges are within the network's, which differ between environments."""
    for environment in ENVIRONMENTS:
        subnets = [each.given for each in both[environment.name].all("aws_subnet")]
        ranges = [IPv4Network(each["cidr_block"]) for each in subnets]
        zones = {each["availability_zone"] for each in subnets}

        assert zones == {f"af-south-1{zone}" for zone in environment.zones}
        assert len(zones) >= 2
        assert all(one.subnet_of(IPv4Network(environment.cidr)) for one in ranges)
        assert not any(one.overlaps(other) for one in ranges for other in ranges if one is not other)


def test_production_survives_the_loss_of_any_zone(both: dict[str, Stack]) -> None:
    """Each of its zones has a NAT gateway, and each private subnet uses that of its own zone."""
    routes = [each for each in both["production"].all("aws_route") if "nat_gateway_id" in each.given]

    assert len(both["production"].all("aws_nat_gateway")) == 3
    assert all(f"nat-{each.name.split('private-')[1][0]}_" in each.given["nat_gateway_id"] for each in routes)


def test_aws_services_are_reached_inside_the_network(stack: Stack) -> None:
    """Images, logs, secrets and keys do not depend on the NAT gateways."""
    ends = {each.given["service_name"].split("af-south-1.")[1] for each in stack.all("aws_vpc_endpoint")}

    assert ends == {"s3", "ecr.api", "ecr.dkr", "logs", "secretsmanager", "kms", "elasticfilesystem"}


def test_all_traffic_is_in_the_flow_log(stack: Stack) -> None:
    """What was accepted and what was rejected, both."""
    assert stack.one("aws_flow_log")["traffic_type"] == "ALL"
