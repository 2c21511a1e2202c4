"""The network: public subnets for the load balancer and the NAT gateways, private ones for all else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Final

from vimbisopay_infra.environment import REGION, Environment
from vimbisopay_infra.findings import accept
from vimbisopay_infra.log_groups import log_group
from vimbisopay_infra.policy import Statement, assumed_by, policy
from vimbisopay_infra.tf import (
    Construct,
    default_security_group,
    eip,
    flow_log,
    iam_role,
    iam_role_policy,
    internet_gateway,
    nat_gateway,
    route,
    route_table,
    route_table_association,
    security_group,
    subnet,
    vpc,
    vpc_endpoint,
    vpc_security_group_egress_rule,
    vpc_security_group_ingress_rule,
)

__all__ = ("APP_PORT", "CACHE_PORT", "STATE_PORT", "Network")

APP_PORT: Final = 8000
CACHE_PORT: Final = 6379
STATE_PORT: Final = 6380
HTTP, HTTPS, NFS = 80, 443, 2049
WORLD: Final = "0.0.0.0/0"

ROLES: Final = {
    "alb": "the load balancer: the only one that the world reaches",
    "web": "tasks of the service",
    "cache": "the cache Redis",
    "state": "the state Redis",
    "efs": "the files of the state Redis",
    "endpoints": "AWS services inside the network",
}

USED_LATER: Final = {"alb", "web", "cache", "state"}


@dataclass(frozen=True, slots=True)
class Peer:
    """Who may open connections to whom: both by the name of their security group."""

    source: str
    target: str
    port: int
    why: str


PEERS: Final = (
    Peer("alb", "web", APP_PORT, "requests"),
    Peer("web", "cache", CACHE_PORT, "cache"),
    Peer("web", "state", STATE_PORT, "state"),
    Peer("web", "endpoints", HTTPS, "images, secrets, logs"),
    Peer("state", "efs", NFS, "the append-only file"),
    Peer("state", "endpoints", HTTPS, "images, secrets, logs"),
)
ENDPOINTS: Final = ("ecr.api", "ecr.dkr", "logs", "secretsmanager", "kms", "elasticfilesystem")


class Network(Construct):
    """VPC, subnets, ways out, endpoints, flow logs and security groups."""

    def __init__(self, scope: Construct, name: str, environment: Environment, *, account: str, key_arn: str) -> None:
        """Create all of it."""
        super().__init__(scope, name)
        self._environment = environment
        self.vpc = vpc.Vpc(
            self,
            "vpc",
            cidr_block=environment.cidr,
            enable_dns_hostnames=True,
            enable_dns_support=True,
            tags={"Name": environment.prefix},
        )
        # Whoever forgets to name a security group gets this one, which lets nothing in or out.
        default_security_group.DefaultSecurityGroup(self, "default", vpc_id=self.vpc.id)
        self._flow_logs(account, key_arn)
        ranges = list(ip_network(environment.cidr).subnets(new_prefix=24))
        zones = environment.zones
        self.public = [self._subnet("public", zone, str(ranges[at])) for at, zone in enumerate(zones)]
        self.private = [self._subnet("private", zone, str(ranges[100 + at])) for at, zone in enumerate(zones)]
        private_tables = self._routes()
        self._groups = {role: self._group(role, about) for role, about in ROLES.items()}
        self._rules()
        self.s3 = self._endpoints(private_tables)

    @property
    def private_ids(self) -> list[str]:
        """Of the private subnets."""
        return [each.id for each in self.private]

    @property
    def public_ids(self) -> list[str]:
        """Of the public subnets."""
        return [each.id for each in self.public]

    @property
    def groups(self) -> Mapping[str, str]:
        """Ids of the security groups, by role."""
        return {role: group.id for role, group in self._groups.items()}

    def _subnet(self, kind: str, zone: str, cidr: str) -> subnet.Subnet:
        return subnet.Subnet(
            self,
            f"{kind}-{zone}",
            vpc_id=self.vpc.id,
            cidr_block=cidr,
            availability_zone=f"{REGION}{zone}",
            map_public_ip_on_launch=False,
            tags={"Name": f"{self._environment.prefix}-{kind}-{zone}"},
        )

    def _routes(self) -> list[str]:
        """Ways out; the ids of the private route tables."""
        gateway = internet_gateway.InternetGateway(self, "internet", vpc_id=self.vpc.id)
        public = route_table.RouteTable(self, "public", vpc_id=self.vpc.id)
        route.Route(self, "public-out", route_table_id=public.id, destination_cidr_block=WORLD, gateway_id=gateway.id)
        gateways = []
        for at, zone in enumerate(self._environment.zones):
            route_table_association.RouteTableAssociation(
                self, f"public-{zone}-routes", subnet_id=self.public[at].id, route_table_id=public.id
            )
            if at < self._environment.nat_gateways:
                address = eip.Eip(self, f"nat-{zone}-address", domain="vpc", depends_on=[gateway])
                gateways.append(
                    nat_gateway.NatGateway(self, f"nat-{zone}", allocation_id=address.id, subnet_id=self.public[at].id)
                )
        tables = []
        for at, zone in enumerate(self._environment.zones):
            table = route_table.RouteTable(self, f"private-{zone}-table", vpc_id=self.vpc.id)
            nat = gateways[at if at < len(gateways) else 0]
            route.Route(
                self,
                f"private-{zone}-out",
                route_table_id=table.id,
                destination_cidr_block=WORLD,
                nat_gateway_id=nat.id,
            )
            route_table_association.RouteTableAssociation(
                self, f"private-{zone}-routes", subnet_id=self.private[at].id, route_table_id=table.id
            )
            tables.append(table.id)
        return tables

    def _group(self, role: str, about: str) -> security_group.SecurityGroup:
        name = f"{self._environment.prefix}-{role}"
        made = security_group.SecurityGroup(
            self, f"group-{role}", name=name, description=about, vpc_id=self.vpc.id, tags={"Name": name}
        )
        if role in USED_LATER:
            accept(
                made, "CKV2_AWS_5", because="whoever has it is in the application stack, which this plan does not see"
            )
        return made

    def _rules(self) -> None:
        ingress = vpc_security_group_ingress_rule.VpcSecurityGroupIngressRule
        egress = vpc_security_group_egress_rule.VpcSecurityGroupEgressRule
        for port in (HTTP, HTTPS):
            opened = ingress(
                self,
                f"world-to-alb-{port}",
                security_group_id=self._groups["alb"].id,
                cidr_ipv4=WORLD,
                from_port=port,
                to_port=port,
                ip_protocol="tcp",
                description="TLS" if port == HTTPS else "only to be sent on to TLS",
            )
            if port == HTTP:
                accept(
                    opened, "CKV_AWS_260", because="people type names without https: all they get is a redirect to it"
                )
        for peer in PEERS:
            source, target = self._groups[peer.source], self._groups[peer.target]
            ingress(
                self,
                f"{peer.source}-into-{peer.target}",
                security_group_id=target.id,
                referenced_security_group_id=source.id,
                from_port=peer.port,
                to_port=peer.port,
                ip_protocol="tcp",
                description=peer.why,
            )
            egress(
                self,
                f"{peer.source}-to-{peer.target}",
                security_group_id=source.id,
                referenced_security_group_id=target.id,
                from_port=peer.port,
                to_port=peer.port,
                ip_protocol="tcp",
                description=peer.why,
            )
        egress(
            self,
            "web-to-world",
            security_group_id=self._groups["web"].id,
            cidr_ipv4=WORLD,
            from_port=HTTPS,
            to_port=HTTPS,
            ip_protocol="tcp",
            description="WhatsApp and Credex core",
        )

    def _endpoints(self, tables: list[str]) -> vpc_endpoint.VpcEndpoint:
        layers = f"arn:aws:s3:::prod-{REGION}-starport-layer-bucket/*"
        s3 = vpc_endpoint.VpcEndpoint(
            self,
            "endpoint-s3",
            vpc_id=self.vpc.id,
            service_name=f"com.amazonaws.{REGION}.s3",
            vpc_endpoint_type="Gateway",
            route_table_ids=tables,
            policy=policy(Statement(["s3:GetObject"], [layers], sid="ImageLayers", principal="*")),
        )
        vpc_security_group_egress_rule.VpcSecurityGroupEgressRule(
            self,
            "state-to-s3",
            security_group_id=self._groups["state"].id,
            prefix_list_id=s3.prefix_list_id,
            from_port=HTTPS,
            to_port=HTTPS,
            ip_protocol="tcp",
            description="layers of images",
        )
        for service in ENDPOINTS:
            vpc_endpoint.VpcEndpoint(
                self,
                f"endpoint-{service.replace('.', '-')}",
                vpc_id=self.vpc.id,
                service_name=f"com.amazonaws.{REGION}.{service}",
                vpc_endpoint_type="Interface",
                private_dns_enabled=True,
                subnet_ids=self.private_ids,
                security_group_ids=[self._groups["endpoints"].id],
            )
        return s3

    def _flow_logs(self, account: str, key_arn: str) -> None:
        prefix = self._environment.prefix
        group = log_group(self, "flow-log-group", self._environment, name=f"/vpc/{prefix}", key_arn=key_arn)
        role = iam_role.IamRole(
            self,
            "flow-log-role",
            name=f"{prefix}-flow-logs",
            assume_role_policy=assumed_by("vpc-flow-logs.amazonaws.com", account=account),
            permissions_boundary=f"arn:aws:iam::{account}:policy/{prefix}-boundary",
        )
        iam_role_policy.IamRolePolicy(
            self,
            "flow-log-policy",
            name="write",
            role=role.id,
            policy=policy(
                Statement(["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"], [f"{group.arn}:*"])
            ),
        )
        flow_log.FlowLog(
            self,
            "flow-log",
            vpc_id=self.vpc.id,
            traffic_type="ALL",
            log_destination=group.arn,
            iam_role_arn=role.arn,
            max_aggregation_interval=600,
        )
