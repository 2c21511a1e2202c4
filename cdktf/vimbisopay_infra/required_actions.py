"""The IAM actions that the AWS provider calls to create, read, update and delete each type of resource."""

from __future__ import annotations

from typing import Final

__all__ = ("REQUIRED_ACTIONS", "STATE_BACKEND_ACTIONS", "WORKFLOW_ACTIONS", "actions")


def actions(service: str, *names: str) -> frozenset[str]:
    return frozenset(f"{service}:{name}" for name in names)


def _ec2(*names: str) -> frozenset[str]:
    return actions("ec2", "CreateTags", "DeleteTags", *names)


_ALARM = actions("cloudwatch", "ListTagsForResource", "TagResource", "UntagResource")
_LOGS = actions("logs", "ListTagsForResource", "TagResource", "UntagResource")
_KEY_USE = actions("kms", "CreateGrant", "Decrypt", "DescribeKey", "GenerateDataKey")
_SCALING_TAGS = actions("application-autoscaling", "ListTagsForResource", "TagResource", "UntagResource")
_GROUP_RULE = ("DescribeSecurityGroupRules", "DescribeSecurityGroups", "ModifySecurityGroupRules")

REQUIRED_ACTIONS: Final[dict[str, frozenset[str]]] = {
    "aws_acm_certificate": actions(
        "acm", "AddTagsToCertificate", "DeleteCertificate", "DescribeCertificate", "ListTagsForCertificate",
        "RemoveTagsFromCertificate", "RequestCertificate",
    ),
    "aws_acm_certificate_validation": actions("acm", "DescribeCertificate"),
    "aws_appautoscaling_policy": actions(
        "application-autoscaling", "DeleteScalingPolicy", "DescribeScalingPolicies", "PutScalingPolicy"
    ) | actions("cloudwatch", "DeleteAlarms", "DescribeAlarms", "PutMetricAlarm"),
    "aws_appautoscaling_target": _SCALING_TAGS | actions(
        "application-autoscaling", "DeregisterScalableTarget", "DescribeScalableTargets", "RegisterScalableTarget"
    ) | actions("iam", "CreateServiceLinkedRole"),
    "aws_backup_plan": actions(
        "backup", "CreateBackupPlan", "DeleteBackupPlan", "GetBackupPlan", "ListTags", "TagResource", "UntagResource",
        "UpdateBackupPlan",
    ),
    "aws_backup_restore_testing_plan": actions(
        "backup", "CreateRestoreTestingPlan", "DeleteRestoreTestingPlan", "GetRestoreTestingPlan", "ListTags",
        "TagResource", "UntagResource", "UpdateRestoreTestingPlan",
    ) | actions("iam", "CreateServiceLinkedRole"),
    "aws_backup_restore_testing_selection": actions(
        "backup", "CreateRestoreTestingSelection", "DeleteRestoreTestingSelection", "GetRestoreTestingSelection",
        "UpdateRestoreTestingSelection",
    ) | actions("iam", "PassRole"),
    "aws_backup_selection": actions("backup", "CreateBackupSelection", "DeleteBackupSelection", "GetBackupSelection")
    | actions("iam", "PassRole"),
    "aws_backup_vault": actions(
        "backup", "CreateBackupVault", "DeleteBackupVault", "DescribeBackupVault", "ListRecoveryPointsByBackupVault",
        "DeleteRecoveryPoint", "ListTags", "TagResource", "UntagResource",
    ) | actions("backup-storage", "MountCapsule") | _KEY_USE,
    "aws_cloudwatch_dashboard": actions("cloudwatch", "DeleteDashboards", "GetDashboard", "PutDashboard"),
    "aws_cloudwatch_event_rule": actions(
        "events", "DeleteRule", "DescribeRule", "ListTagsForResource", "PutRule", "TagResource", "UntagResource"
    ),
    "aws_cloudwatch_event_target": actions("events", "ListTargetsByRule", "PutTargets", "RemoveTargets"),
    "aws_cloudwatch_log_group": _LOGS | actions(
        "logs", "AssociateKmsKey", "CreateLogGroup", "DeleteLogGroup", "DescribeLogGroups", "DisassociateKmsKey",
        "PutRetentionPolicy",
    ),
    "aws_cloudwatch_log_metric_filter": actions(
        "logs", "DeleteMetricFilter", "DescribeMetricFilters", "PutMetricFilter"
    ),
    "aws_cloudwatch_metric_alarm": _ALARM | actions("cloudwatch", "DeleteAlarms", "DescribeAlarms", "PutMetricAlarm"),
    "aws_default_security_group": _ec2(
        "DescribeSecurityGroups", "RevokeSecurityGroupEgress", "RevokeSecurityGroupIngress"
    ),
    "aws_ecr_lifecycle_policy": actions("ecr", "DeleteLifecyclePolicy", "GetLifecyclePolicy", "PutLifecyclePolicy"),
    "aws_ecr_repository": actions(
        "ecr", "CreateRepository", "DeleteRepository", "DescribeRepositories", "ListTagsForResource",
        "PutImageScanningConfiguration", "PutImageTagMutability", "TagResource", "UntagResource",
    ) | _KEY_USE,
    "aws_ecs_cluster": actions(
        "ecs", "CreateCluster", "DeleteCluster", "DescribeClusters", "TagResource", "UntagResource", "UpdateCluster",
        "UpdateClusterSettings",
    ) | actions("iam", "CreateServiceLinkedRole"),
    "aws_ecs_service": actions(
        "ecs", "CreateService", "DeleteService", "DescribeServices", "ListServiceDeployments",
        "DescribeServiceDeployments", "TagResource", "UntagResource", "UpdateService",
    ),
    "aws_ecs_task_definition": actions(
        "ecs", "DeregisterTaskDefinition", "DescribeTaskDefinition", "RegisterTaskDefinition", "TagResource",
        "UntagResource",
    ) | actions("iam", "PassRole"),
    "aws_efs_access_point": actions(
        "elasticfilesystem", "CreateAccessPoint", "DeleteAccessPoint", "DescribeAccessPoints", "TagResource",
        "UntagResource",
    ),
    "aws_efs_file_system": actions(
        "elasticfilesystem", "CreateFileSystem", "DeleteFileSystem", "DescribeFileSystems",
        "DescribeLifecycleConfiguration", "DescribeReplicationConfigurations", "TagResource", "UntagResource",
        "UpdateFileSystem",
    ) | _KEY_USE,
    "aws_efs_file_system_policy": actions(
        "elasticfilesystem", "DeleteFileSystemPolicy", "DescribeFileSystemPolicy", "PutFileSystemPolicy"
    ),
    "aws_efs_mount_target": actions(
        "elasticfilesystem", "CreateMountTarget", "DeleteMountTarget", "DescribeMountTargets",
        "DescribeMountTargetSecurityGroups", "ModifyMountTargetSecurityGroups",
    ) | actions("ec2", "CreateNetworkInterface", "DeleteNetworkInterface", "DescribeNetworkInterfaces",
               "DescribeSubnets"),
    "aws_eip": _ec2("AllocateAddress", "DescribeAddresses", "DescribeAddressesAttribute", "DisassociateAddress",
                    "ReleaseAddress"),
    "aws_elasticache_parameter_group": actions(
        "elasticache", "AddTagsToResource", "CreateCacheParameterGroup", "DeleteCacheParameterGroup",
        "DescribeCacheParameterGroups", "DescribeCacheParameters", "ListTagsForResource", "ModifyCacheParameterGroup",
        "RemoveTagsFromResource", "ResetCacheParameterGroup",
    ),
    "aws_elasticache_replication_group": actions(
        "elasticache", "AddTagsToResource", "CreateReplicationGroup", "DecreaseReplicaCount", "DeleteReplicationGroup",
        "DescribeCacheClusters", "DescribeReplicationGroups", "IncreaseReplicaCount", "ListTagsForResource",
        "ModifyReplicationGroup", "ModifyReplicationGroupShardConfiguration", "RemoveTagsFromResource",
    ) | actions("iam", "CreateServiceLinkedRole") | _KEY_USE,
    "aws_elasticache_subnet_group": actions(
        "elasticache", "AddTagsToResource", "CreateCacheSubnetGroup", "DeleteCacheSubnetGroup",
        "DescribeCacheSubnetGroups", "ListTagsForResource", "ModifyCacheSubnetGroup", "RemoveTagsFromResource",
    ),
    "aws_flow_log": _ec2("CreateFlowLogs", "DeleteFlowLogs", "DescribeFlowLogs") | actions("iam", "PassRole"),
    "aws_iam_role": actions(
        "iam", "CreateRole", "DeleteRole", "GetRole", "ListAttachedRolePolicies", "ListInstanceProfilesForRole",
        "ListRolePolicies", "PutRolePermissionsBoundary", "TagRole", "UntagRole", "UpdateAssumeRolePolicy",
    ),
    "aws_iam_role_policy": actions("iam", "DeleteRolePolicy", "GetRolePolicy", "PutRolePolicy"),
    "aws_iam_role_policy_attachment": actions(
        "iam", "AttachRolePolicy", "DetachRolePolicy", "ListAttachedRolePolicies"
    ),
    "aws_internet_gateway": _ec2("AttachInternetGateway", "CreateInternetGateway", "DeleteInternetGateway",
                                 "DescribeInternetGateways", "DetachInternetGateway"),
    "aws_kms_alias": actions("kms", "CreateAlias", "DeleteAlias", "ListAliases", "UpdateAlias"),
    "aws_kms_key": actions(
        "kms", "CreateKey", "DescribeKey", "EnableKeyRotation", "GetKeyPolicy", "GetKeyRotationStatus",
        "ListResourceTags", "PutKeyPolicy", "ScheduleKeyDeletion", "TagResource", "UntagResource",
        "UpdateKeyDescription",
    ),
    "aws_lb": actions(
        "elasticloadbalancing", "AddTags", "CreateLoadBalancer", "DeleteLoadBalancer", "DescribeCapacityReservation",
        "DescribeLoadBalancerAttributes", "DescribeLoadBalancers", "DescribeTags", "ModifyLoadBalancerAttributes",
        "RemoveTags", "SetSecurityGroups", "SetSubnets",
    ) | actions("iam", "CreateServiceLinkedRole") | actions("ec2", "DescribeAccountAttributes"),
    "aws_lb_listener": actions(
        "elasticloadbalancing", "AddTags", "CreateListener", "DeleteListener", "DescribeListenerAttributes",
        "DescribeListeners", "DescribeTags", "ModifyListener", "ModifyListenerAttributes", "RemoveTags",
    ),
    "aws_lb_target_group": actions(
        "elasticloadbalancing", "AddTags", "CreateTargetGroup", "DeleteTargetGroup", "DescribeTags",
        "DescribeTargetGroupAttributes", "DescribeTargetGroups", "DescribeTargetHealth", "ModifyTargetGroup",
        "ModifyTargetGroupAttributes", "RemoveTags",
    ),
    "aws_nat_gateway": _ec2("CreateNatGateway", "DeleteNatGateway", "DescribeNatGateways"),
    "aws_route": actions("ec2", "CreateRoute", "DeleteRoute", "DescribeRouteTables", "ReplaceRoute"),
    "aws_route53_health_check": actions(
        "route53", "ChangeTagsForResource", "CreateHealthCheck", "DeleteHealthCheck", "GetHealthCheck",
        "ListTagsForResource", "UpdateHealthCheck",
    ),
    "aws_route53_record": actions(
        "route53", "ChangeResourceRecordSets", "GetChange", "GetHostedZone", "ListResourceRecordSets"
    ),
    "aws_route53_zone": actions(
        "route53", "ChangeTagsForResource", "CreateHostedZone", "DeleteHostedZone", "GetChange", "GetDNSSEC",
        "GetHostedZone", "ListResourceRecordSets", "ListTagsForResource", "UpdateHostedZoneComment",
    ),
    "aws_route_table": _ec2("CreateRouteTable", "DeleteRouteTable", "DescribeRouteTables"),
    "aws_route_table_association": actions(
        "ec2", "AssociateRouteTable", "DescribeRouteTables", "DisassociateRouteTable", "ReplaceRouteTableAssociation"
    ),
    "aws_s3_bucket": actions(
        "s3", "CreateBucket", "DeleteBucket", "DeleteObject", "DeleteObjectVersion", "GetAccelerateConfiguration",
        "GetBucketAcl", "GetBucketCORS", "GetBucketLogging", "GetBucketObjectLockConfiguration",
        "GetBucketRequestPayment", "GetBucketTagging", "GetBucketWebsite", "GetReplicationConfiguration", "ListBucket",
        "ListBucketVersions", "PutBucketTagging",
    ),
    "aws_s3_bucket_lifecycle_configuration": actions("s3", "GetLifecycleConfiguration", "PutLifecycleConfiguration"),
    "aws_s3_bucket_ownership_controls": actions("s3", "GetBucketOwnershipControls", "PutBucketOwnershipControls"),
    "aws_s3_bucket_policy": actions("s3", "DeleteBucketPolicy", "GetBucketPolicy", "PutBucketPolicy"),
    "aws_s3_bucket_public_access_block": actions("s3", "GetBucketPublicAccessBlock", "PutBucketPublicAccessBlock"),
    "aws_s3_bucket_server_side_encryption_configuration": actions(
        "s3", "GetEncryptionConfiguration", "PutEncryptionConfiguration"
    ),
    "aws_s3_bucket_versioning": actions("s3", "GetBucketVersioning", "PutBucketVersioning"),
    "aws_secretsmanager_secret": actions(
        "secretsmanager", "CreateSecret", "DeleteSecret", "DescribeSecret", "GetResourcePolicy", "TagResource",
        "UntagResource", "UpdateSecret",
    ) | _KEY_USE,
    "aws_secretsmanager_secret_version": actions(
        "secretsmanager", "DescribeSecret", "GetSecretValue", "ListSecretVersionIds", "PutSecretValue",
        "UpdateSecretVersionStage",
    ) | _KEY_USE,
    "aws_security_group": _ec2(
        "CreateSecurityGroup", "DeleteSecurityGroup", "DescribeNetworkInterfaces", "DescribeSecurityGroups",
        "RevokeSecurityGroupEgress", "RevokeSecurityGroupIngress",
    ),
    "aws_service_discovery_private_dns_namespace": actions(
        "servicediscovery", "CreatePrivateDnsNamespace", "DeleteNamespace", "GetNamespace", "GetOperation",
        "ListTagsForResource", "TagResource", "UntagResource", "UpdatePrivateDnsNamespace",
    ) | actions("route53", "AssociateVPCWithHostedZone", "CreateHostedZone", "DeleteHostedZone",
                "ListHostedZonesByVPC"),
    "aws_service_discovery_service": actions(
        "servicediscovery", "CreateService", "DeleteService", "GetOperation", "GetService", "ListTagsForResource",
        "TagResource", "UntagResource", "UpdateService",
    ),
    "aws_sns_topic": actions(
        "sns", "CreateTopic", "DeleteTopic", "GetTopicAttributes", "ListTagsForResource", "SetTopicAttributes",
        "TagResource", "UntagResource",
    ),
    "aws_sns_topic_policy": actions("sns", "GetTopicAttributes", "SetTopicAttributes"),
    "aws_sns_topic_subscription": actions(
        "sns", "GetSubscriptionAttributes", "SetSubscriptionAttributes", "Subscribe", "Unsubscribe"
    ),
    "aws_subnet": _ec2("CreateSubnet", "DeleteSubnet", "DescribeSubnets", "ModifySubnetAttribute"),
    "aws_vpc": _ec2(
        "CreateVpc", "DeleteVpc", "DescribeNetworkAcls", "DescribeRouteTables", "DescribeSecurityGroups",
        "DescribeVpcAttribute", "DescribeVpcs", "ModifyVpcAttribute",
    ),
    "aws_vpc_endpoint": _ec2("CreateVpcEndpoint", "DeleteVpcEndpoints", "DescribePrefixLists", "DescribeVpcEndpoints",
                             "ModifyVpcEndpoint") | actions("route53", "AssociateVPCWithHostedZone"),
    "aws_vpc_security_group_egress_rule": _ec2(
        "AuthorizeSecurityGroupEgress", "RevokeSecurityGroupEgress", *_GROUP_RULE
    ),
    "aws_vpc_security_group_ingress_rule": _ec2(
        "AuthorizeSecurityGroupIngress", "RevokeSecurityGroupIngress", *_GROUP_RULE
    ),
    "aws_wafv2_web_acl": actions(
        "wafv2", "CreateWebACL", "DeleteWebACL", "GetWebACL", "ListTagsForResource", "TagResource", "UntagResource",
        "UpdateWebACL",
    ),
    "aws_wafv2_web_acl_association": actions("wafv2", "AssociateWebACL", "DisassociateWebACL", "GetWebACLForResource")
    | actions("elasticloadbalancing", "SetWebAcl"),
    "aws_wafv2_web_acl_logging_configuration": actions(
        "wafv2", "DeleteLoggingConfiguration", "GetLoggingConfiguration", "PutLoggingConfiguration"
    ) | actions("logs", "CreateLogDelivery", "DeleteLogDelivery", "DescribeLogGroups", "DescribeResourcePolicies",
               "PutResourcePolicy") | actions("iam", "CreateServiceLinkedRole"),
    "data.aws_caller_identity": actions("sts", "GetCallerIdentity"),
    "data.aws_secretsmanager_secret_version": actions("secretsmanager", "GetSecretValue") | _KEY_USE,
}  # fmt: skip
"""Actions by resource type; data sources have the prefix `data.`."""

STATE_BACKEND_ACTIONS: Final = actions("s3", "DeleteObject", "GetObject", "ListBucket", "PutObject")
"""Actions on the bucket of Terraform's state, including the lock file."""

WORKFLOW_ACTIONS: Final = {
    "the state of Terraform": _KEY_USE,
    "pushing images": actions(
        "ecr", "BatchCheckLayerAvailability", "BatchGetImage", "CompleteLayerUpload", "DescribeImages",
        "DescribeImageScanFindings", "GetAuthorizationToken", "GetDownloadUrlForLayer", "InitiateLayerUpload",
        "PutImage", "UploadLayerPart",
    ),
    "watching a deployment": actions("ecs", "DescribeTasks", "ListTasks")
    | actions("logs", "FilterLogEvents", "GetLogEvents")
    | actions("elasticache", "DescribeReplicationGroups"),
}  # fmt: skip
"""Actions of the workflow outside Terraform."""
