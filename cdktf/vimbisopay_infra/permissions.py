"""What whoever deploys may do: just what Terraform does for the types of resources that the stacks have.

`python cdktf/vimbisopay_infra/permissions.py` writes `vimbisopay-permissions.json` from this, and a test holds that the
file is this, that every type of resource is in it, and that nothing is in it for which there is no resource.
Which actions a type needs follows from what the AWS provider calls to create, read, change and delete it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

__all__ = ("NEEDS", "document", "text")

REGION: Final = "af-south-1"
HERE: Final = "${account}"
NAME: Final = "vimbiso-pay-${environment}"


def _verbs(service: str, *names: str) -> frozenset[str]:
    return frozenset(f"{service}:{name}" for name in names)


def _ec2(*names: str) -> frozenset[str]:
    return _verbs("ec2", "CreateTags", "DeleteTags", *names)


_ALARM = _verbs("cloudwatch", "ListTagsForResource", "TagResource", "UntagResource")
_LOGS = _verbs("logs", "ListTagsForResource", "TagResource", "UntagResource")
_KEY_USE = _verbs("kms", "CreateGrant", "Decrypt", "DescribeKey", "GenerateDataKey")
_SCALING_TAGS = _verbs("application-autoscaling", "ListTagsForResource", "TagResource", "UntagResource")
_GROUP_RULE = ("DescribeSecurityGroupRules", "DescribeSecurityGroups", "ModifySecurityGroupRules")

NEEDS: Final[dict[str, frozenset[str]]] = {
    "aws_acm_certificate": _verbs(
        "acm", "AddTagsToCertificate", "DeleteCertificate", "DescribeCertificate", "ListTagsForCertificate",
        "RemoveTagsFromCertificate", "RequestCertificate",
    ),
    "aws_acm_certificate_validation": _verbs("acm", "DescribeCertificate"),
    "aws_appautoscaling_policy": _verbs(
        "application-autoscaling", "DeleteScalingPolicy", "DescribeScalingPolicies", "PutScalingPolicy"
    ) | _verbs("cloudwatch", "DeleteAlarms", "DescribeAlarms", "PutMetricAlarm"),
    "aws_appautoscaling_target": _SCALING_TAGS | _verbs(
        "application-autoscaling", "DeregisterScalableTarget", "DescribeScalableTargets", "RegisterScalableTarget"
    ) | _verbs("iam", "CreateServiceLinkedRole"),
    "aws_backup_plan": _verbs(
        "backup", "CreateBackupPlan", "DeleteBackupPlan", "GetBackupPlan", "ListTags", "TagResource", "UntagResource",
        "UpdateBackupPlan",
    ),
    "aws_backup_restore_testing_plan": _verbs(
        "backup", "CreateRestoreTestingPlan", "DeleteRestoreTestingPlan", "GetRestoreTestingPlan", "ListTags",
        "TagResource", "UntagResource", "UpdateRestoreTestingPlan",
    ),
    "aws_backup_restore_testing_selection": _verbs(
        "backup", "CreateRestoreTestingSelection", "DeleteRestoreTestingSelection", "GetRestoreTestingSelection",
        "UpdateRestoreTestingSelection",
    ) | _verbs("iam", "PassRole"),
    "aws_backup_selection": _verbs("backup", "CreateBackupSelection", "DeleteBackupSelection", "GetBackupSelection")
    | _verbs("iam", "PassRole"),
    "aws_backup_vault": _verbs(
        "backup", "CreateBackupVault", "DeleteBackupVault", "DescribeBackupVault", "ListRecoveryPointsByBackupVault",
        "DeleteRecoveryPoint", "ListTags", "TagResource", "UntagResource",
    ) | _verbs("backup-storage", "MountCapsule") | _KEY_USE,
    "aws_cloudwatch_dashboard": _verbs("cloudwatch", "DeleteDashboards", "GetDashboard", "PutDashboard"),
    "aws_cloudwatch_event_rule": _verbs(
        "events", "DeleteRule", "DescribeRule", "ListTagsForResource", "PutRule", "TagResource", "UntagResource"
    ),
    "aws_cloudwatch_event_target": _verbs("events", "ListTargetsByRule", "PutTargets", "RemoveTargets"),
    "aws_cloudwatch_log_group": _LOGS | _verbs(
        "logs", "AssociateKmsKey", "CreateLogGroup", "DeleteLogGroup", "DescribeLogGroups", "DisassociateKmsKey",
        "PutRetentionPolicy",
    ),
    "aws_cloudwatch_log_metric_filter": _verbs(
        "logs", "DeleteMetricFilter", "DescribeMetricFilters", "PutMetricFilter"
    ),
    "aws_cloudwatch_metric_alarm": _ALARM | _verbs("cloudwatch", "DeleteAlarms", "DescribeAlarms", "PutMetricAlarm"),
    "aws_default_security_group": _ec2(
        "DescribeSecurityGroups", "RevokeSecurityGroupEgress", "RevokeSecurityGroupIngress"
    ),
    "aws_ecr_lifecycle_policy": _verbs("ecr", "DeleteLifecyclePolicy", "GetLifecyclePolicy", "PutLifecyclePolicy"),
    "aws_ecr_repository": _verbs(
        "ecr", "CreateRepository", "DeleteRepository", "DescribeRepositories", "ListTagsForResource",
        "PutImageScanningConfiguration", "PutImageTagMutability", "TagResource", "UntagResource",
    ) | _KEY_USE,
    "aws_ecs_cluster": _verbs(
        "ecs", "CreateCluster", "DeleteCluster", "DescribeClusters", "TagResource", "UntagResource", "UpdateCluster",
        "UpdateClusterSettings",
    ) | _verbs("iam", "CreateServiceLinkedRole"),
    "aws_ecs_service": _verbs(
        "ecs", "CreateService", "DeleteService", "DescribeServices", "ListServiceDeployments",
        "DescribeServiceDeployments", "TagResource", "UntagResource", "UpdateService",
    ),
    "aws_ecs_task_definition": _verbs(
        "ecs", "DeregisterTaskDefinition", "DescribeTaskDefinition", "RegisterTaskDefinition", "TagResource",
        "UntagResource",
    ) | _verbs("iam", "PassRole"),
    "aws_efs_access_point": _verbs(
        "elasticfilesystem", "CreateAccessPoint", "DeleteAccessPoint", "DescribeAccessPoints", "TagResource",
        "UntagResource",
    ),
    "aws_efs_file_system": _verbs(
        "elasticfilesystem", "CreateFileSystem", "DeleteFileSystem", "DescribeFileSystems",
        "DescribeLifecycleConfiguration", "DescribeReplicationConfigurations", "TagResource", "UntagResource",
        "UpdateFileSystem",
    ) | _KEY_USE,
    "aws_efs_file_system_policy": _verbs(
        "elasticfilesystem", "DeleteFileSystemPolicy", "DescribeFileSystemPolicy", "PutFileSystemPolicy"
    ),
    "aws_efs_mount_target": _verbs(
        "elasticfilesystem", "CreateMountTarget", "DeleteMountTarget", "DescribeMountTargets",
        "DescribeMountTargetSecurityGroups", "ModifyMountTargetSecurityGroups",
    ) | _verbs("ec2", "CreateNetworkInterface", "DeleteNetworkInterface", "DescribeNetworkInterfaces",
               "DescribeSubnets"),
    "aws_eip": _ec2("AllocateAddress", "DescribeAddresses", "DescribeAddressesAttribute", "DisassociateAddress",
                    "ReleaseAddress"),
    "aws_elasticache_parameter_group": _verbs(
        "elasticache", "AddTagsToResource", "CreateCacheParameterGroup", "DeleteCacheParameterGroup",
        "DescribeCacheParameterGroups", "DescribeCacheParameters", "ListTagsForResource", "ModifyCacheParameterGroup",
        "RemoveTagsFromResource", "ResetCacheParameterGroup",
    ),
    "aws_elasticache_replication_group": _verbs(
        "elasticache", "AddTagsToResource", "CreateReplicationGroup", "DecreaseReplicaCount", "DeleteReplicationGroup",
        "DescribeCacheClusters", "DescribeReplicationGroups", "IncreaseReplicaCount", "ListTagsForResource",
        "ModifyReplicationGroup", "ModifyReplicationGroupShardConfiguration", "RemoveTagsFromResource",
    ) | _verbs("iam", "CreateServiceLinkedRole") | _KEY_USE,
    "aws_elasticache_subnet_group": _verbs(
        "elasticache", "AddTagsToResource", "CreateCacheSubnetGroup", "DeleteCacheSubnetGroup",
        "DescribeCacheSubnetGroups", "ListTagsForResource", "ModifyCacheSubnetGroup", "RemoveTagsFromResource",
    ),
    "aws_flow_log": _ec2("CreateFlowLogs", "DeleteFlowLogs", "DescribeFlowLogs") | _verbs("iam", "PassRole"),
    "aws_iam_role": _verbs(
        "iam", "CreateRole", "DeleteRole", "GetRole", "ListAttachedRolePolicies", "ListInstanceProfilesForRole",
        "ListRolePolicies", "PutRolePermissionsBoundary", "TagRole", "UntagRole", "UpdateAssumeRolePolicy",
    ),
    "aws_iam_role_policy": _verbs("iam", "DeleteRolePolicy", "GetRolePolicy", "PutRolePolicy"),
    "aws_iam_role_policy_attachment": _verbs(
        "iam", "AttachRolePolicy", "DetachRolePolicy", "ListAttachedRolePolicies"
    ),
    "aws_internet_gateway": _ec2("AttachInternetGateway", "CreateInternetGateway", "DeleteInternetGateway",
                                 "DescribeInternetGateways", "DetachInternetGateway"),
    "aws_kms_alias": _verbs("kms", "CreateAlias", "DeleteAlias", "ListAliases", "UpdateAlias"),
    "aws_kms_key": _verbs(
        "kms", "CreateKey", "DescribeKey", "EnableKeyRotation", "GetKeyPolicy", "GetKeyRotationStatus",
        "ListResourceTags", "PutKeyPolicy", "ScheduleKeyDeletion", "TagResource", "UntagResource",
        "UpdateKeyDescription",
    ),
    "aws_lb": _verbs(
        "elasticloadbalancing", "AddTags", "CreateLoadBalancer", "DeleteLoadBalancer", "DescribeCapacityReservation",
        "DescribeLoadBalancerAttributes", "DescribeLoadBalancers", "DescribeTags", "ModifyLoadBalancerAttributes",
        "RemoveTags", "SetSecurityGroups", "SetSubnets",
    ) | _verbs("iam", "CreateServiceLinkedRole") | _verbs("ec2", "DescribeAccountAttributes"),
    "aws_lb_listener": _verbs(
        "elasticloadbalancing", "AddTags", "CreateListener", "DeleteListener", "DescribeListenerAttributes",
        "DescribeListeners", "DescribeTags", "ModifyListener", "ModifyListenerAttributes", "RemoveTags",
    ),
    "aws_lb_target_group": _verbs(
        "elasticloadbalancing", "AddTags", "CreateTargetGroup", "DeleteTargetGroup", "DescribeTags",
        "DescribeTargetGroupAttributes", "DescribeTargetGroups", "DescribeTargetHealth", "ModifyTargetGroup",
        "ModifyTargetGroupAttributes", "RemoveTags",
    ),
    "aws_nat_gateway": _ec2("CreateNatGateway", "DeleteNatGateway", "DescribeNatGateways"),
    "aws_route": _verbs("ec2", "CreateRoute", "DeleteRoute", "DescribeRouteTables", "ReplaceRoute"),
    "aws_route53_health_check": _verbs(
        "route53", "ChangeTagsForResource", "CreateHealthCheck", "DeleteHealthCheck", "GetHealthCheck",
        "ListTagsForResource", "UpdateHealthCheck",
    ),
    "aws_route53_record": _verbs(
        "route53", "ChangeResourceRecordSets", "GetChange", "GetHostedZone", "ListResourceRecordSets"
    ),
    "aws_route53_zone": _verbs(
        "route53", "ChangeTagsForResource", "CreateHostedZone", "DeleteHostedZone", "GetChange", "GetDNSSEC",
        "GetHostedZone", "ListResourceRecordSets", "ListTagsForResource", "UpdateHostedZoneComment",
    ),
    "aws_route_table": _ec2("CreateRouteTable", "DeleteRouteTable", "DescribeRouteTables"),
    "aws_route_table_association": _verbs(
        "ec2", "AssociateRouteTable", "DescribeRouteTables", "DisassociateRouteTable", "ReplaceRouteTableAssociation"
    ),
    "aws_s3_bucket": _verbs(
        "s3", "CreateBucket", "DeleteBucket", "DeleteObject", "DeleteObjectVersion", "GetAccelerateConfiguration",
        "GetBucketAcl", "GetBucketCORS", "GetBucketLogging", "GetBucketObjectLockConfiguration",
        "GetBucketRequestPayment", "GetBucketTagging", "GetBucketWebsite", "GetReplicationConfiguration", "ListBucket",
        "ListBucketVersions", "PutBucketTagging",
    ),
    "aws_s3_bucket_lifecycle_configuration": _verbs("s3", "GetLifecycleConfiguration", "PutLifecycleConfiguration"),
    "aws_s3_bucket_ownership_controls": _verbs("s3", "GetBucketOwnershipControls", "PutBucketOwnershipControls"),
    "aws_s3_bucket_policy": _verbs("s3", "DeleteBucketPolicy", "GetBucketPolicy", "PutBucketPolicy"),
    "aws_s3_bucket_public_access_block": _verbs("s3", "GetBucketPublicAccessBlock", "PutBucketPublicAccessBlock"),
    "aws_s3_bucket_server_side_encryption_configuration": _verbs(
        "s3", "GetEncryptionConfiguration", "PutEncryptionConfiguration"
    ),
    "aws_s3_bucket_versioning": _verbs("s3", "GetBucketVersioning", "PutBucketVersioning"),
    "aws_secretsmanager_secret": _verbs(
        "secretsmanager", "CreateSecret", "DeleteSecret", "DescribeSecret", "GetResourcePolicy", "TagResource",
        "UntagResource", "UpdateSecret",
    ) | _KEY_USE,
    "aws_secretsmanager_secret_version": _verbs(
        "secretsmanager", "DescribeSecret", "GetSecretValue", "ListSecretVersionIds", "PutSecretValue",
        "UpdateSecretVersionStage",
    ) | _KEY_USE,
    "aws_security_group": _ec2(
        "CreateSecurityGroup", "DeleteSecurityGroup", "DescribeNetworkInterfaces", "DescribeSecurityGroups",
        "RevokeSecurityGroupEgress", "RevokeSecurityGroupIngress",
    ),
    "aws_service_discovery_private_dns_namespace": _verbs(
        "servicediscovery", "CreatePrivateDnsNamespace", "DeleteNamespace", "GetNamespace", "GetOperation",
        "ListTagsForResource", "TagResource", "UntagResource", "UpdatePrivateDnsNamespace",
    ) | _verbs("route53", "CreateHostedZone", "DeleteHostedZone", "ListHostedZonesByVPC", "AssociateVPCWithHostedZone"),
    "aws_service_discovery_service": _verbs(
        "servicediscovery", "CreateService", "DeleteService", "GetOperation", "GetService", "ListTagsForResource",
        "TagResource", "UntagResource", "UpdateService",
    ),
    "aws_sns_topic": _verbs(
        "sns", "CreateTopic", "DeleteTopic", "GetTopicAttributes", "ListTagsForResource", "SetTopicAttributes",
        "TagResource", "UntagResource",
    ),
    "aws_sns_topic_policy": _verbs("sns", "GetTopicAttributes", "SetTopicAttributes"),
    "aws_sns_topic_subscription": _verbs(
        "sns", "GetSubscriptionAttributes", "SetSubscriptionAttributes", "Subscribe", "Unsubscribe"
    ),
    "aws_subnet": _ec2("CreateSubnet", "DeleteSubnet", "DescribeSubnets", "ModifySubnetAttribute"),
    "aws_vpc": _ec2(
        "CreateVpc", "DeleteVpc", "DescribeNetworkAcls", "DescribeRouteTables", "DescribeSecurityGroups",
        "DescribeVpcAttribute", "DescribeVpcs", "ModifyVpcAttribute",
    ),
    "aws_vpc_endpoint": _ec2("CreateVpcEndpoint", "DeleteVpcEndpoints", "DescribePrefixLists", "DescribeVpcEndpoints",
                             "ModifyVpcEndpoint") | _verbs("route53", "AssociateVPCWithHostedZone"),
    "aws_vpc_security_group_egress_rule": _ec2(
        "AuthorizeSecurityGroupEgress", "RevokeSecurityGroupEgress", *_GROUP_RULE
    ),
    "aws_vpc_security_group_ingress_rule": _ec2(
        "AuthorizeSecurityGroupIngress", "RevokeSecurityGroupIngress", *_GROUP_RULE
    ),
    "aws_wafv2_web_acl": _verbs(
        "wafv2", "CreateWebACL", "DeleteWebACL", "GetWebACL", "ListTagsForResource", "TagResource", "UntagResource",
        "UpdateWebACL",
    ),
    "aws_wafv2_web_acl_association": _verbs("wafv2", "AssociateWebACL", "DisassociateWebACL", "GetWebACLForResource")
    | _verbs("elasticloadbalancing", "SetWebAcl"),
    "aws_wafv2_web_acl_logging_configuration": _verbs(
        "wafv2", "DeleteLoggingConfiguration", "GetLoggingConfiguration", "PutLoggingConfiguration"
    ) | _verbs("logs", "CreateLogDelivery", "DeleteLogDelivery", "DescribeLogGroups", "DescribeResourcePolicies",
               "PutResourcePolicy") | _verbs("iam", "CreateServiceLinkedRole"),
    "data.aws_caller_identity": _verbs("sts", "GetCallerIdentity"),
    "data.aws_secretsmanager_secret_version": _verbs("secretsmanager", "GetSecretValue") | _KEY_USE,
}  # fmt: skip
"""Actions by type of resource (and `data.` with a type, of what is only read)."""

WORKFLOW: Final = {
    "the state of Terraform": _verbs("s3", "DeleteObject", "GetObject", "ListBucket", "PutObject") | _KEY_USE,
    "pushing images": _verbs(
        "ecr", "BatchCheckLayerAvailability", "BatchGetImage", "CompleteLayerUpload", "DescribeImages",
        "DescribeImageScanFindings", "GetAuthorizationToken", "GetDownloadUrlForLayer", "InitiateLayerUpload",
        "PutImage", "UploadLayerPart",
    ),
    "watching a deployment": _verbs("ecs", "DescribeTasks", "ListTasks")
    | _verbs("logs", "FilterLogEvents", "GetLogEvents")
    | _verbs("elasticache", "DescribeReplicationGroups"),
}  # fmt: skip
"""What the workflow does besides Terraform."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Where actions may be done: `resources`, within `conditions`."""

    sid: str
    resources: tuple[str, ...]
    conditions: tuple[tuple[str, str, tuple[str, ...]], ...] = ()


def _arn(service: str, rest: str, *, region: str = REGION) -> str:
    return f"arn:aws:{service}:{region}:{HERE}:{rest}"


_IN_REGION: Final = (("StringEquals", "aws:RequestedRegion", (REGION,)),)
_TWO_REGIONS: Final = (("StringEquals", "aws:RequestedRegion", (REGION, "us-east-1")),)
_ROLES: Final = f"arn:aws:iam::{HERE}:role/{NAME}-*"
_BOUNDED: Final = (("StringEquals", "iam:PermissionsBoundary", (f"arn:aws:iam::{HERE}:policy/{NAME}-boundary",)),)
_PASSED: Final = (
    (
        "StringEquals",
        "iam:PassedToService",
        ("backup.amazonaws.com", "ecs-tasks.amazonaws.com", "vpc-flow-logs.amazonaws.com"),
    ),
)
_LINKED: Final = tuple(
    f"{name}.amazonaws.com"
    for name in (
        *("ecs", "ecs.application-autoscaling", "elasticache", "elasticache.application-autoscaling"),
        *("elasticloadbalancing", "wafv2"),
    )
)
_SPECIAL: Final[dict[str, Scope]] = {
    **dict.fromkeys(
        _verbs("iam", "CreateRole", "PutRolePermissionsBoundary", "PutRolePolicy", "AttachRolePolicy"),
        Scope("RolesWithinTheBoundary", (_ROLES,), _BOUNDED),
    ),
    "iam:PassRole": Scope("RolesToServices", (_ROLES,), _PASSED),
    "iam:CreateServiceLinkedRole": Scope(
        "RolesOfServices",
        (f"arn:aws:iam::{HERE}:role/aws-service-role/*",),
        (("StringEquals", "iam:AWSServiceName", _LINKED),),
    ),
    "ecr:GetAuthorizationToken": Scope("RegistryLogin", ("*",)),
    "kms:CreateKey": Scope("NewKeys", ("*",), _TWO_REGIONS),
    "kms:ListAliases": Scope("NewKeys", ("*",), _TWO_REGIONS),
    "logs:DescribeLogGroups": Scope("LogsOfTheRegion", ("*",), _IN_REGION),
    **dict.fromkeys(
        _verbs("logs", "CreateLogDelivery", "DeleteLogDelivery", "DescribeResourcePolicies", "PutResourcePolicy"),
        Scope("LogsOfTheRegion", ("*",), _IN_REGION),
    ),
    **dict.fromkeys(
        _verbs("ecs", "DeregisterTaskDefinition", "DescribeTaskDefinition", "ListTasks", "RegisterTaskDefinition"),
        Scope("ContainersOfTheRegion", ("*",), _IN_REGION),
    ),
    **dict.fromkeys(
        _verbs("sns", "GetSubscriptionAttributes", "SetSubscriptionAttributes", "Unsubscribe"),
        Scope("AlertSubscriptions", ("*",), _TWO_REGIONS),
    ),
    "sts:GetCallerIdentity": Scope("WhoAmI", ("*",)),
}
_BY_SERVICE: Final[dict[str, Scope]] = {
    "acm": Scope("Certificates", ("*",), _IN_REGION),
    "application-autoscaling": Scope("Scaling", ("*",), _IN_REGION),
    "backup": Scope("Backups", ("*",), _IN_REGION),
    "backup-storage": Scope("Backups", ("*",), _IN_REGION),
    "cloudwatch": Scope("Watching", ("*",), _TWO_REGIONS),
    "ec2": Scope("Network", ("*",), _IN_REGION),
    "ecr": Scope("Images", (_arn("ecr", f"repository/{NAME}*"),)),
    "ecs": Scope(
        "Containers",
        tuple(
            _arn("ecs", f"{kind}/{NAME}*")
            for kind in ("cluster", "service", "service-deployment", "task", "task-definition")
        ),
    ),
    "elasticache": Scope(
        "Cache",
        tuple(
            _arn("elasticache", f"{kind}:*")
            for kind in ("cluster", "parametergroup", "replicationgroup", "subnetgroup")
        ),
    ),
    "elasticfilesystem": Scope("Files", ("*",), _IN_REGION),
    "elasticloadbalancing": Scope("LoadBalancers", ("*",), _IN_REGION),
    "events": Scope("Events", (_arn("events", f"rule/{NAME}-*"),)),
    "iam": Scope("Roles", (_ROLES,)),
    "kms": Scope("Keys", ("*",), (("StringEquals", "aws:ResourceAccount", (HERE,)), *_TWO_REGIONS)),
    "logs": Scope(
        "Logs",
        tuple(
            _arn("logs", f"log-group:{group}")
            for group in (
                f"/ecs/{NAME}*", f"/vpc/{NAME}*", f"/aws/ecs/containerinsights/{NAME}/*", f"aws-waf-logs-{NAME}*",
            )
        ),
    ),
    "route53": Scope("Names", ("*",)),
    "s3": Scope(
        "Buckets",
        tuple(
            f"arn:aws:s3:::{bucket}{rest}"
            for bucket in (
                "vimbiso-pay-terraform-state-${environment}",
                f"vimbiso-pay-alb-logs-${{environment}}-{HERE}",
            )
            for rest in ("", "/*")
        ),
    ),
    "secretsmanager": Scope("Secrets", (_arn("secretsmanager", f"secret:{NAME}/*"),)),
    "servicediscovery": Scope("PrivateNames", ("*",), _IN_REGION),
    "sns": Scope("Alerts", tuple(_arn("sns", f"{NAME}-alerts", region=region) for region in (REGION, "us-east-1"))),
    "wafv2": Scope("Firewall", ("*",), _IN_REGION),
}  # fmt: skip


def _scope(action: str) -> Scope:
    return _SPECIAL.get(action) or _BY_SERVICE[action.split(":", maxsplit=1)[0]]


def document(kinds: Iterable[str]) -> dict[str, Any]:
    """The policy for these types of resources, and for the workflow.

    Raises:
        KeyError: it is not written down what one of them needs.
    """
    actions = frozenset().union(*(NEEDS[kind] for kind in kinds), *WORKFLOW.values())
    scopes: dict[str, tuple[Scope, set[str]]] = {}
    for action in actions:
        scope = _scope(action)
        scopes.setdefault(scope.sid, (scope, set()))[1].add(action)
    return {
        "Version": "2012-10-17",
        "Statement": [_statement(scope, allowed) for _, (scope, allowed) in sorted(scopes.items())],
    }


def _statement(scope: Scope, allowed: set[str]) -> dict[str, Any]:
    made: dict[str, Any] = {
        "Sid": scope.sid,
        "Effect": "Allow",
        "Action": sorted(allowed),
        "Resource": sorted(scope.resources),
    }
    conditions: dict[str, dict[str, list[str]]] = {}
    for operator, key, values in scope.conditions:
        conditions.setdefault(operator, {})[key] = list(values)
    if conditions:
        made["Condition"] = conditions
    return made


def text() -> str:
    """The file."""
    return json.dumps(document(NEEDS), indent=2) + "\n"


if __name__ == "__main__":
    Path(__file__).parents[1].joinpath("vimbisopay-permissions.json").write_text(text(), "utf-8")
