"""Which actions each type of resource needs: what the AWS provider calls to create, read, change and delete it."""

from __future__ import annotations

from typing import Final

__all__ = ("NEEDS", "STATE", "WORKFLOW", "verbs")


def verbs(service: str, *names: str) -> frozenset[str]:
    return frozenset(f"{service}:{name}" for name in names)


def _ec2(*names: str) -> frozenset[str]:
    return verbs("ec2", "CreateTags", "DeleteTags", *names)


_ALARM = verbs("cloudwatch", "ListTagsForResource", "TagResource", "UntagResource")
_LOGS = verbs("logs", "ListTagsForResource", "TagResource", "UntagResource")
_KEY_USE = verbs("kms", "CreateGrant", "Decrypt", "DescribeKey", "GenerateDataKey")
_SCALING_TAGS = verbs("application-autoscaling", "ListTagsForResource", "TagResource", "UntagResource")
_GROUP_RULE = ("DescribeSecurityGroupRules", "DescribeSecurityGroups", "ModifySecurityGroupRules")

NEEDS: Final[dict[str, frozenset[str]]] = {
    "aws_acm_certificate": verbs(
        "acm", "AddTagsToCertificate", "DeleteCertificate", "DescribeCertificate", "ListTagsForCertificate",
        "RemoveTagsFromCertificate", "RequestCertificate",
    ),
    "aws_acm_certificate_validation": verbs("acm", "DescribeCertificate"),
    "aws_appautoscaling_policy": verbs(
        "application-autoscaling", "DeleteScalingPolicy", "DescribeScalingPolicies", "PutScalingPolicy"
    ) | verbs("cloudwatch", "DeleteAlarms", "DescribeAlarms", "PutMetricAlarm"),
    "aws_appautoscaling_target": _SCALING_TAGS | verbs(
        "application-autoscaling", "DeregisterScalableTarget", "DescribeScalableTargets", "RegisterScalableTarget"
    ) | verbs("iam", "CreateServiceLinkedRole"),
    "aws_backup_plan": verbs(
        "backup", "CreateBackupPlan", "DeleteBackupPlan", "GetBackupPlan", "ListTags", "TagResource", "UntagResource",
        "UpdateBackupPlan",
    ),
    "aws_backup_restore_testing_plan": verbs(
        "backup", "CreateRestoreTestingPlan", "DeleteRestoreTestingPlan", "GetRestoreTestingPlan", "ListTags",
        "TagResource", "UntagResource", "UpdateRestoreTestingPlan",
    ) | verbs("iam", "CreateServiceLinkedRole"),
    "aws_backup_restore_testing_selection": verbs(
        "backup", "CreateRestoreTestingSelection", "DeleteRestoreTestingSelection", "GetRestoreTestingSelection",
        "UpdateRestoreTestingSelection",
    ) | verbs("iam", "PassRole"),
    "aws_backup_selection": verbs("backup", "CreateBackupSelection", "DeleteBackupSelection", "GetBackupSelection")
    | verbs("iam", "PassRole"),
    "aws_backup_vault": verbs(
        "backup", "CreateBackupVault", "DeleteBackupVault", "DescribeBackupVault", "ListRecoveryPointsByBackupVault",
        "DeleteRecoveryPoint", "ListTags", "TagResource", "UntagResource",
    ) | verbs("backup-storage", "MountCapsule") | _KEY_USE,
    "aws_cloudwatch_dashboard": verbs("cloudwatch", "DeleteDashboards", "GetDashboard", "PutDashboard"),
    "aws_cloudwatch_event_rule": verbs(
        "events", "DeleteRule", "DescribeRule", "ListTagsForResource", "PutRule", "TagResource", "UntagResource"
    ),
    "aws_cloudwatch_event_target": verbs("events", "ListTargetsByRule", "PutTargets", "RemoveTargets"),
    "aws_cloudwatch_log_group": _LOGS | verbs(
        "logs", "AssociateKmsKey", "CreateLogGroup", "DeleteLogGroup", "DescribeLogGroups", "DisassociateKmsKey",
        "PutRetentionPolicy",
    ),
    "aws_cloudwatch_log_metric_filter": verbs(
        "logs", "DeleteMetricFilter", "DescribeMetricFilters", "PutMetricFilter"
    ),
    "aws_cloudwatch_metric_alarm": _ALARM | verbs("cloudwatch", "DeleteAlarms", "DescribeAlarms", "PutMetricAlarm"),
    "aws_default_security_group": _ec2(
        "DescribeSecurityGroups", "RevokeSecurityGroupEgress", "RevokeSecurityGroupIngress"
    ),
    "aws_ecr_lifecycle_policy": verbs("ecr", "DeleteLifecyclePolicy", "GetLifecyclePolicy", "PutLifecyclePolicy"),
    "aws_ecr_repository": verbs(
        "ecr", "CreateRepository", "DeleteRepository", "DescribeRepositories", "ListTagsForResource",
        "PutImageScanningConfiguration", "PutImageTagMutability", "TagResource", "UntagResource",
    ) | _KEY_USE,
    "aws_ecs_cluster": verbs(
        "ecs", "CreateCluster", "DeleteCluster", "DescribeClusters", "TagResource", "UntagResource", "UpdateCluster",
        "UpdateClusterSettings",
    ) | verbs("iam", "CreateServiceLinkedRole"),
    "aws_ecs_service": verbs(
        "ecs", "CreateService", "DeleteService", "DescribeServices", "ListServiceDeployments",
        "DescribeServiceDeployments", "TagResource", "UntagResource", "UpdateService",
    ),
    "aws_ecs_task_definition": verbs(
        "ecs", "DeregisterTaskDefinition", "DescribeTaskDefinition", "RegisterTaskDefinition", "TagResource",
        "UntagResource",
    ) | verbs("iam", "PassRole"),
    "aws_efs_access_point": verbs(
        "elasticfilesystem", "CreateAccessPoint", "DeleteAccessPoint", "DescribeAccessPoints", "TagResource",
        "UntagResource",
    ),
    "aws_efs_file_system": verbs(
        "elasticfilesystem", "CreateFileSystem", "DeleteFileSystem", "DescribeFileSystems",
        "DescribeLifecycleConfiguration", "DescribeReplicationConfigurations", "TagResource", "UntagResource",
        "UpdateFileSystem",
    ) | _KEY_USE,
    "aws_efs_file_system_policy": verbs(
        "elasticfilesystem", "DeleteFileSystemPolicy", "DescribeFileSystemPolicy", "PutFileSystemPolicy"
    ),
    "aws_efs_mount_target": verbs(
        "elasticfilesystem", "CreateMountTarget", "DeleteMountTarget", "DescribeMountTargets",
        "DescribeMountTargetSecurityGroups", "ModifyMountTargetSecurityGroups",
    ) | verbs("ec2", "CreateNetworkInterface", "DeleteNetworkInterface", "DescribeNetworkInterfaces",
               "DescribeSubnets"),
    "aws_eip": _ec2("AllocateAddress", "DescribeAddresses", "DescribeAddressesAttribute", "DisassociateAddress",
                    "ReleaseAddress"),
    "aws_elasticache_parameter_group": verbs(
        "elasticache", "AddTagsToResource", "CreateCacheParameterGroup", "DeleteCacheParameterGroup",
        "DescribeCacheParameterGroups", "DescribeCacheParameters", "ListTagsForResource", "ModifyCacheParameterGroup",
        "RemoveTagsFromResource", "ResetCacheParameterGroup",
    ),
    "aws_elasticache_replication_group": verbs(
        "elasticache", "AddTagsToResource", "CreateReplicationGroup", "DecreaseReplicaCount", "DeleteReplicationGroup",
        "DescribeCacheClusters", "DescribeReplicationGroups", "IncreaseReplicaCount", "ListTagsForResource",
        "ModifyReplicationGroup", "ModifyReplicationGroupShardConfiguration", "RemoveTagsFromResource",
    ) | verbs("iam", "CreateServiceLinkedRole") | _KEY_USE,
    "aws_elasticache_subnet_group": verbs(
        "elasticache", "AddTagsToResource", "CreateCacheSubnetGroup", "DeleteCacheSubnetGroup",
        "DescribeCacheSubnetGroups", "ListTagsForResource", "ModifyCacheSubnetGroup", "RemoveTagsFromResource",
    ),
    "aws_flow_log": _ec2("CreateFlowLogs", "DeleteFlowLogs", "DescribeFlowLogs") | verbs("iam", "PassRole"),
    "aws_iam_role": verbs(
        "iam", "CreateRole", "DeleteRole", "GetRole", "ListAttachedRolePolicies", "ListInstanceProfilesForRole",
        "ListRolePolicies", "PutRolePermissionsBoundary", "TagRole", "UntagRole", "UpdateAssumeRolePolicy",
    ),
    "aws_iam_role_policy": verbs("iam", "DeleteRolePolicy", "GetRolePolicy", "PutRolePolicy"),
    "aws_iam_role_policy_attachment": verbs(
        "iam", "AttachRolePolicy", "DetachRolePolicy", "ListAttachedRolePolicies"
    ),
    "aws_internet_gateway": _ec2("AttachInternetGateway", "CreateInternetGateway", "DeleteInternetGateway",
                                 "DescribeInternetGateways", "DetachInternetGateway"),
    "aws_kms_alias": verbs("kms", "CreateAlias", "DeleteAlias", "ListAliases", "UpdateAlias"),
    "aws_kms_key": verbs(
        "kms", "CreateKey", "DescribeKey", "EnableKeyRotation", "GetKeyPolicy", "GetKeyRotationStatus",
        "ListResourceTags", "PutKeyPolicy", "ScheduleKeyDeletion", "TagResource", "UntagResource",
        "UpdateKeyDescription",
    ),
    "aws_lb": verbs(
        "elasticloadbalancing", "AddTags", "CreateLoadBalancer", "DeleteLoadBalancer", "DescribeCapacityReservation",
        "DescribeLoadBalancerAttributes", "DescribeLoadBalancers", "DescribeTags", "ModifyLoadBalancerAttributes",
        "RemoveTags", "SetSecurityGroups", "SetSubnets",
    ) | verbs("iam", "CreateServiceLinkedRole") | verbs("ec2", "DescribeAccountAttributes"),
    "aws_lb_listener": verbs(
        "elasticloadbalancing", "AddTags", "CreateListener", "DeleteListener", "DescribeListenerAttributes",
        "DescribeListeners", "DescribeTags", "ModifyListener", "ModifyListenerAttributes", "RemoveTags",
    ),
    "aws_lb_target_group": verbs(
        "elasticloadbalancing", "AddTags", "CreateTargetGroup", "DeleteTargetGroup", "DescribeTags",
        "DescribeTargetGroupAttributes", "DescribeTargetGroups", "DescribeTargetHealth", "ModifyTargetGroup",
        "ModifyTargetGroupAttributes", "RemoveTags",
    ),
    "aws_nat_gateway": _ec2("CreateNatGateway", "DeleteNatGateway", "DescribeNatGateways"),
    "aws_route": verbs("ec2", "CreateRoute", "DeleteRoute", "DescribeRouteTables", "ReplaceRoute"),
    "aws_route53_health_check": verbs(
        "route53", "ChangeTagsForResource", "CreateHealthCheck", "DeleteHealthCheck", "GetHealthCheck",
        "ListTagsForResource", "UpdateHealthCheck",
    ),
    "aws_route53_record": verbs(
        "route53", "ChangeResourceRecordSets", "GetChange", "GetHostedZone", "ListResourceRecordSets"
    ),
    "aws_route53_zone": verbs(
        "route53", "ChangeTagsForResource", "CreateHostedZone", "DeleteHostedZone", "GetChange", "GetDNSSEC",
        "GetHostedZone", "ListResourceRecordSets", "ListTagsForResource", "UpdateHostedZoneComment",
    ),
    "aws_route_table": _ec2("CreateRouteTable", "DeleteRouteTable", "DescribeRouteTables"),
    "aws_route_table_association": verbs(
        "ec2", "AssociateRouteTable", "DescribeRouteTables", "DisassociateRouteTable", "ReplaceRouteTableAssociation"
    ),
    "aws_s3_bucket": verbs(
        "s3", "CreateBucket", "DeleteBucket", "DeleteObject", "DeleteObjectVersion", "GetAccelerateConfiguration",
        "GetBucketAcl", "GetBucketCORS", "GetBucketLogging", "GetBucketObjectLockConfiguration",
        "GetBucketRequestPayment", "GetBucketTagging", "GetBucketWebsite", "GetReplicationConfiguration", "ListBucket",
        "ListBucketVersions", "PutBucketTagging",
    ),
    "aws_s3_bucket_lifecycle_configuration": verbs("s3", "GetLifecycleConfiguration", "PutLifecycleConfiguration"),
    "aws_s3_bucket_ownership_controls": verbs("s3", "GetBucketOwnershipControls", "PutBucketOwnershipControls"),
    "aws_s3_bucket_policy": verbs("s3", "DeleteBucketPolicy", "GetBucketPolicy", "PutBucketPolicy"),
    "aws_s3_bucket_public_access_block": verbs("s3", "GetBucketPublicAccessBlock", "PutBucketPublicAccessBlock"),
    "aws_s3_bucket_server_side_encryption_configuration": verbs(
        "s3", "GetEncryptionConfiguration", "PutEncryptionConfiguration"
    ),
    "aws_s3_bucket_versioning": verbs("s3", "GetBucketVersioning", "PutBucketVersioning"),
    "aws_secretsmanager_secret": verbs(
        "secretsmanager", "CreateSecret", "DeleteSecret", "DescribeSecret", "GetResourcePolicy", "TagResource",
        "UntagResource", "UpdateSecret",
    ) | _KEY_USE,
    "aws_secretsmanager_secret_version": verbs(
        "secretsmanager", "DescribeSecret", "GetSecretValue", "ListSecretVersionIds", "PutSecretValue",
        "UpdateSecretVersionStage",
    ) | _KEY_USE,
    "aws_security_group": _ec2(
        "CreateSecurityGroup", "DeleteSecurityGroup", "DescribeNetworkInterfaces", "DescribeSecurityGroups",
        "RevokeSecurityGroupEgress", "RevokeSecurityGroupIngress",
    ),
    "aws_service_discovery_private_dns_namespace": verbs(
        "servicediscovery", "CreatePrivateDnsNamespace", "DeleteNamespace", "GetNamespace", "GetOperation",
        "ListTagsForResource", "TagResource", "UntagResource", "UpdatePrivateDnsNamespace",
    ) | verbs("route53", "CreateHostedZone", "DeleteHostedZone", "ListHostedZonesByVPC", "AssociateVPCWithHostedZone"),
    "aws_service_discovery_service": verbs(
        "servicediscovery", "CreateService", "DeleteService", "GetOperation", "GetService", "ListTagsForResource",
        "TagResource", "UntagResource", "UpdateService",
    ),
    "aws_sns_topic": verbs(
        "sns", "CreateTopic", "DeleteTopic", "GetTopicAttributes", "ListTagsForResource", "SetTopicAttributes",
        "TagResource", "UntagResource",
    ),
    "aws_sns_topic_policy": verbs("sns", "GetTopicAttributes", "SetTopicAttributes"),
    "aws_sns_topic_subscription": verbs(
        "sns", "GetSubscriptionAttributes", "SetSubscriptionAttributes", "Subscribe", "Unsubscribe"
    ),
    "aws_subnet": _ec2("CreateSubnet", "DeleteSubnet", "DescribeSubnets", "ModifySubnetAttribute"),
    "aws_vpc": _ec2(
        "CreateVpc", "DeleteVpc", "DescribeNetworkAcls", "DescribeRouteTables", "DescribeSecurityGroups",
        "DescribeVpcAttribute", "DescribeVpcs", "ModifyVpcAttribute",
    ),
    "aws_vpc_endpoint": _ec2("CreateVpcEndpoint", "DeleteVpcEndpoints", "DescribePrefixLists", "DescribeVpcEndpoints",
                             "ModifyVpcEndpoint") | verbs("route53", "AssociateVPCWithHostedZone"),
    "aws_vpc_security_group_egress_rule": _ec2(
        "AuthorizeSecurityGroupEgress", "RevokeSecurityGroupEgress", *_GROUP_RULE
    ),
    "aws_vpc_security_group_ingress_rule": _ec2(
        "AuthorizeSecurityGroupIngress", "RevokeSecurityGroupIngress", *_GROUP_RULE
    ),
    "aws_wafv2_web_acl": verbs(
        "wafv2", "CreateWebACL", "DeleteWebACL", "GetWebACL", "ListTagsForResource", "TagResource", "UntagResource",
        "UpdateWebACL",
    ),
    "aws_wafv2_web_acl_association": verbs("wafv2", "AssociateWebACL", "DisassociateWebACL", "GetWebACLForResource")
    | verbs("elasticloadbalancing", "SetWebAcl"),
    "aws_wafv2_web_acl_logging_configuration": verbs(
        "wafv2", "DeleteLoggingConfiguration", "GetLoggingConfiguration", "PutLoggingConfiguration"
    ) | verbs("logs", "CreateLogDelivery", "DeleteLogDelivery", "DescribeLogGroups", "DescribeResourcePolicies",
               "PutResourcePolicy") | verbs("iam", "CreateServiceLinkedRole"),
    "data.aws_caller_identity": verbs("sts", "GetCallerIdentity"),
    "data.aws_secretsmanager_secret_version": verbs("secretsmanager", "GetSecretValue") | _KEY_USE,
}  # fmt: skip
"""Actions by type of resource (and `data.` with a type, of what is only read)."""

STATE: Final = verbs("s3", "DeleteObject", "GetObject", "ListBucket", "PutObject")
"""On the bucket with the state of Terraform, and its lock."""

WORKFLOW: Final = {
    "the state of Terraform": _KEY_USE,
    "pushing images": verbs(
        "ecr", "BatchCheckLayerAvailability", "BatchGetImage", "CompleteLayerUpload", "DescribeImages",
        "DescribeImageScanFindings", "GetAuthorizationToken", "GetDownloadUrlForLayer", "InitiateLayerUpload",
        "PutImage", "UploadLayerPart",
    ),
    "watching a deployment": verbs("ecs", "DescribeTasks", "ListTasks")
    | verbs("logs", "FilterLogEvents", "GetLogEvents")
    | verbs("elasticache", "DescribeReplicationGroups"),
}  # fmt: skip
"""What the workflow does besides Terraform."""
