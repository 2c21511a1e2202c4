"""The VPC: public subnets for the load balancer and the NAT gateways, private subnets for everything else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Final

from vimbisopay_infra.environment import REGION, Environment
from vimbisopay_infra.findings import accept
from vimbisopay_infra.log_groups import log_group
from vimbisopay_infra.policy import PolicyStatement, assume_role_policy_for, policy
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
ANY_IPV4: Final = "0.0.0.0/0"

SECURITY_GROUPS: Final = {
    "alb": "the load balancer: the only one that the world reaches",
    "web": "tasks of the service",
    "cache": "the cache Redis",
    "state": "the state Redis",
    "efs": "the files of the state Redis",
    "endpoints": "AWS services inside the network",
}

USED_BY_APPLICATION_STACK: Final = {"alb", "web", "cache", "state"}


@dataclass(frozen=True, slots=True)
class SecurityGroupRule:
    """Allows connections from one security group to a port of another; both are given by name."""

    source: str
    target: str
    port: int
    description: str


SECURITY_GROUP_RULES: Final = (
    SecurityGroupRule("alb", "web", APP_PORT, "requests"),
    SecurityGroupRule("web", "cache", CACHE_PORT, "cache"),
    SecurityGroupRule("web", "state", STATE_PORT, "state"),
    SecurityGroupRule("web", "endpoints", HTTPS, "images, secrets, logs"),
    SecurityGroupRule("state", "efs", NFS, "the append-only file"),
    SecurityGroupRule("state", "endpoints", HTTPS, "images, secrets, logs"),
)
ENDPOINTS: Final = ("ecr.api", "ecr.dkr", "logs", "secretsmanager", "kms", "elasticfilesystem")


class Network(Construct):
    """VPC, subnets, routes, endpoints, flow logs and security groups."""

    def __init__(self, scope: Construct, name: str, environment: Environment, *, account: str, key_arn: str) -> None:
        """Create the network."""
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
        # Resources without an explicit security group get this one, which allows no traffic.
        default_security_group.DefaultSecurityGroup(self, "default", vpc_id=self.vpc.id)
        self._flow_logs(account, key_arn)
        ranges = list(ip_network(environment.cidr).subnets(new_prefix=24))
        zones = environment.zones
        self.public = [self._subnet("public", zone, str(ranges[index])) for index, zone in enumerate(zones)]
        self.private = [self._subnet("private", zone, str(ranges[100 + index])) for index, zone in enumerate(zones)]
        private_tables = self._routes()
        self._security_groups = {
            name: self._security_group(name, description) for name, description in SECURITY_GROUPS.items()
        }
        self._security_group_rules()
        self.s3 = self._endpoints(private_tables)

    @property
    def private_subnet_ids(self) -> list[str]:
        """Ids of the private subnets."""
        return [each.id for each in self.private]

    @property
    def public_subnet_ids(self) -> list[str]:
        """Ids of the public subnets."""
        return [each.id for each in self.public]

    @property
    def security_group_ids(self) -> Mapping[str, str]:
        """Ids of the security groups by name."""
        return {name: group.id for name, group in self._security_groups.items()}

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
        """Create the gateways and routes; returns the ids of the private route tables."""
        gateway = internet_gateway.InternetGateway(self, "internet", vpc_id=self.vpc.id)
        public = route_table.RouteTable(self, "public", vpc_id=self.vpc.id)
        route.Route(
            self, "public-out", route_table_id=public.id, destination_cidr_block=ANY_IPV4, gateway_id=gateway.id
        )
        gateways = []
        for index, zone in enumerate(self._environment.zones):
            route_table_association.RouteTableAssociation(
                self, f"public-{zone}-routes", subnet_id=self.public[index].id, route_table_id=public.id
            )
            if index < self._environment.nat_gateways:
                address = eip.Eip(self, f"nat-{zone}-address", domain="vpc", depends_on=[gateway])
                gateways.append(
                    nat_gateway.NatGateway(
                        self, f"nat-{zone}", allocation_id=address.id, subnet_id=self.public[index].id
                    )
                )
        tables = []
        for index, zone in enumerate(self._environment.zones):
            table = route_table.RouteTable(self, f"private-{zone}-table", vpc_id=self.vpc.id)
            nat = gateways[index if index < len(gateways) else 0]
            route.Route(
                self,
                f"private-{zone}-out",
                route_table_id=table.id,
                destination_cidr_block=ANY_IPV4,
                nat_gateway_id=nat.id,
            )
            route_table_association.RouteTableAssociation(
                self, f"private-{zone}-routes", subnet_id=self.private[index].id, route_table_id=table.id
            )
            tables.append(table.id)
        return tables

    def _security_group(self, name: str, description: str) -> security_group.SecurityGroup:
        group_name = f"{self._environment.prefix}-{name}"
        group = security_group.SecurityGroup(
            self,
            f"group-{name}",
            name=group_name,
            description=description,
            vpc_id=self.vpc.id,
            tags={"Name": group_name},
        )
        if name in USED_BY_APPLICATION_STACK:
            accept(
                group, "CKV2_AWS_5", reason="its users are in the application stack, which this plan does not contain"
            )
        return group

    def _security_group_rules(self) -> None:
        ingress = vpc_security_group_ingress_rule.VpcSecurityGroupIngressRule
        egress = vpc_security_group_egress_rule.VpcSecurityGroupEgressRule
        for port in (HTTP, HTTPS):
            http_rule = ingress(
                self,
                f"world-to-alb-{port}",
                security_group_id=self._security_groups["alb"].id,
                cidr_ipv4=ANY_IPV4,
                from_port=port,
                to_port=port,
                ip_protocol="tcp",
                description="TLS" if port == HTTPS else "only to be sent on to TLS",
            )
            if port == HTTP:
                accept(http_rule, "CKV_AWS_260", reason="port 80 answers only with a redirect to HTTPS")
        for rule in SECURITY_GROUP_RULES:
            source, target = self._security_groups[rule.source], self._security_groups[rule.target]
            ingress(
                self,
                f"{rule.source}-into-{rule.target}",
                security_group_id=target.id,
                referenced_security_group_id=source.id,
                from_port=rule.port,
                to_port=rule.port,
                ip_protocol="tcp",
                description=rule.description,
            )
            egress(
                self,
                f"{rule.source}-to-{rule.target}",
                security_group_id=source.id,
                referenced_security_group_id=target.id,
                from_port=rule.port,
                to_port=rule.port,
                ip_protocol="tcp",
                description=rule.description,
            )
        egress(
            self,
            "web-to-world",
            security_group_id=self._security_groups["web"].id,
            cidr_ipv4=ANY_IPV4,
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
            policy=policy(PolicyStatement(["s3:GetObject"], [layers], sid="ImageLayers", principal="*")),
        )
        vpc_security_group_egress_rule.VpcSecurityGroupEgressRule(
            self,
            "state-to-s3",
            security_group_id=self._security_groups["state"].id,
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
                subnet_ids=self.private_subnet_ids,
                security_group_ids=[self._security_groups["endpoints"].id],
            )
        return s3

    def _flow_logs(self, account: str, key_arn: str) -> None:
        prefix = self._environment.prefix
        group = log_group(self, "flow-log-group", self._environment, name=f"/vpc/{prefix}", key_arn=key_arn)
        role = iam_role.IamRole(
            self,
            "flow-log-role",
            name=f"{prefix}-flow-logs",
            assume_role_policy=assume_role_policy_for("vpc-flow-logs.amazonaws.com", account=account),
            permissions_boundary=f"arn:aws:iam::{account}:policy/{prefix}-boundary",
        )
        iam_role_policy.IamRolePolicy(
            self,
            "flow-log-policy",
            name="write",
            role=role.id,
            policy=policy(
                PolicyStatement(
                    ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"], [f"{group.arn}:*"]
                )
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
