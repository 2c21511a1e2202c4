"""The stacks of an environment: bootstrap (an administrator, once), base (long-lived), application (each release).

The application stack waits until the certificate is issued, which requires that the parent zone delegates to the hosted
zone. Therefore the hosted zone is in the base stack, and the first deployment takes two steps.
"""

from __future__ import annotations

from typing import Final

from vimbisopay_infra.alarms import Alarms
from vimbisopay_infra.alerts import AlarmTopic
from vimbisopay_infra.bootstrap import Boundary, Deployer, StateBucket
from vimbisopay_infra.cloudwatch import MonitoredResources
from vimbisopay_infra.cluster import Cluster
from vimbisopay_infra.dashboards import Dashboards
from vimbisopay_infra.dns import Certificate, HostedZone, PublicDnsName
from vimbisopay_infra.environment import ENVIRONMENTS, PROJECT, REGION, Environment
from vimbisopay_infra.event_rules import EventRules
from vimbisopay_infra.image_repository import ImageRepository
from vimbisopay_infra.keys import Key
from vimbisopay_infra.load_balancer import LoadBalancer
from vimbisopay_infra.network import Network
from vimbisopay_infra.redis_cache import RedisCache
from vimbisopay_infra.redis_state import RedisState
from vimbisopay_infra.secrets import Secrets
from vimbisopay_infra.storage import Storage
from vimbisopay_infra.tf import (
    App,
    Construct,
    LocalBackend,
    S3Backend,
    TerraformOutput,
    TerraformStack,
    TerraformVariable,
    TerraformVariableValidationConfig,
    data_aws_caller_identity,
    provider,
)
from vimbisopay_infra.waf import WebAcl
from vimbisopay_infra.web import WebService

__all__ = ("ApplicationStack", "BaseStack", "BootstrapStack", "build")

TERRAFORM_VERSION: Final = ">= 1.11"
"""The first version whose S3 backend can lock by a lock file."""


class _Stack(TerraformStack):
    """The common part of all stacks: provider, default tags, account, variables and outputs."""

    def __init__(self, scope: Construct, environment: Environment, part: str) -> None:
        super().__init__(scope, f"{environment.name}-{part}")
        self.environment = environment
        self.add_override("terraform.required_version", TERRAFORM_VERSION)
        provider.AwsProvider(
            self,
            "aws",
            region=REGION,
            default_tags=[
                provider.AwsProviderDefaultTags(
                    tags={
                        "Project": PROJECT,
                        "Environment": environment.name,
                        "Application": "whatsapp-bot",
                        "ManagedBy": "cdktf",
                    }
                )
            ],
        )
        self.account = data_aws_caller_identity.DataAwsCallerIdentity(self, "account").account_id

    def _s3_backend(self, part: str) -> None:
        """Keep Terraform's state in the bucket of the bootstrap stack, which encrypts it by default."""
        S3Backend(self, bucket=self.environment.state_bucket, key=f"{part}.tfstate", region=REGION)
        self.add_override("terraform.backend.s3.use_lockfile", value=True)

    def _variable(
        self, name: str, description: str, *, default: str | None = None, pattern: str = "", error_message: str = ""
    ) -> str:
        """Declare a Terraform variable (TF_VAR_<name>); returns the reference to it."""
        rules = []
        if pattern:
            condition = '${can(regex("' + pattern + f'", var.{name}))}}'
            rules.append(TerraformVariableValidationConfig(condition=condition, error_message=error_message))
        variable = TerraformVariable(
            self,
            name,
            type="string",
            description=description,
            default=default,
            nullable=False,
            validation=rules or None,
        )
        text: str = variable.string_value
        return text

    def _output(self, name: str, value: object, description: str) -> None:
        TerraformOutput(self, name, value=value, description=description, static_id=True)


class BootstrapStack(_Stack):
    """Applied once by an administrator, who keeps its state file: the state bucket does not exist before."""

    def __init__(self, scope: Construct, environment: Environment) -> None:
        """Declare the resources."""
        super().__init__(scope, environment, "bootstrap")
        # Terraform runs in cdktf.out/stacks/<stack>, which is disposable: the state file lies beside cdktf.json.
        LocalBackend(self, path=f"../../../terraform.{environment.name}-bootstrap.tfstate")
        repository = self._variable(
            "github_repository",
            "owner/name of the repository whose workflow deploys",
            pattern="^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$",
            error_message="Must look like owner/name.",
        )
        state = StateBucket(self, "terraform", environment, account=self.account)
        Boundary(self, "boundary", environment, account=self.account)
        deployer = Deployer(self, "deployer", environment, account=self.account, repository=repository)
        self._output("state_bucket", state.bucket.name, "Where the other stacks keep their state")
        self._output("deployer_role_arn", deployer.role.arn, "What the workflow assumes")


class BaseStack(_Stack):
    """Long-lived resources: network, keys, image repositories, zone, secrets, files, backups, cluster, alarm topics."""

    def __init__(self, scope: Construct, environment: Environment) -> None:
        """Declare the resources."""
        super().__init__(scope, environment, "base")
        self._s3_backend("base")
        alarm_email = self._variable(
            "alarm_email",
            "who is told of alarms; must confirm once",
            pattern="^[^@ ]+@[^@ ]+$",
            error_message="Must be an address of electronic mail.",
        )
        account = self.account
        self.key = Key(
            self, "key", environment, account=account, purpose="data", services=(f"logs.{REGION}.amazonaws.com",)
        )
        self.network = Network(self, "network", environment, account=account, key_arn=self.key.arn)
        self.images = {
            role: ImageRepository(self, f"images-{role}", environment, image=image, key_arn=self.key.arn)
            for role, image in (("web", environment.prefix), ("state", f"{environment.prefix}-redis-state"))
        }
        self.cluster = Cluster(self, "cluster", environment, vpc_id=self.network.vpc.id, key_arn=self.key.arn)
        self.zone = HostedZone(self, "name", environment)
        self.secrets = Secrets(self, "secrets", environment, key_arn=self.key.arn)
        self.storage = Storage(
            self,
            "storage",
            environment,
            account=account,
            key_arn=self.key.arn,
            subnet_ids=self.network.private_subnet_ids,
            security_group_id=self.network.security_group_ids["efs"],
        )
        self.alerts = AlarmTopic(self, "alerts", environment, account=account, email=alarm_email)
        self.global_alerts = AlarmTopic(
            self, "alerts-global", environment, account=account, email=alarm_email, region="us-east-1"
        )
        EventRules(self, "events", environment, account=account, topic_arn=self.alerts.arn)
        self._output("name_servers", self.zone.zone.name_servers, "To be put into the parent zone as NS")
        self._output("repository_url", self.images["web"].url, "Where the service's image is pushed")
        self._output("state_repository_url", self.images["state"].url, "Where the state Redis's image is pushed")
        self._output("cluster_name", self.cluster.cluster.name, "ECS cluster")


_IMAGE_TAG: Final = {
    "pattern": "^[0-9a-f]{40}(-[0-9]+)?$",
    "error_message": "Must be a full SHA, and after a dash the run that built it anew: tags never change meaning.",
}


class ApplicationStack(_Stack):
    """Resources that releases change: tasks, load balancer, firewall, cache, alarms and dashboards."""

    def __init__(self, scope: Construct, environment: Environment, base: BaseStack) -> None:
        """Declare the resources; they refer to those of `base`."""
        super().__init__(scope, environment, "application")
        self._s3_backend("application")
        self._base = base
        image_tag = self._variable("image_tag", "of the service's image: its commit", **_IMAGE_TAG)
        state_image_tag = self._variable("state_image_tag", "of the state Redis's image: its sources", **_IMAGE_TAG)
        network = base.network
        certificate = Certificate(self, "certificate", environment, zone_id=base.zone.zone.zone_id)
        load_balancer = LoadBalancer(
            self,
            "door",
            environment,
            account=self.account,
            vpc_id=network.vpc.id,
            subnet_ids=network.public_subnet_ids,
            security_group_id=network.security_group_ids["alb"],
            certificate_arn=certificate.arn,
        )
        WebAcl(self, "firewall", environment, load_balancer_arn=load_balancer.load_balancer.arn, key_arn=base.key.arn)
        name = PublicDnsName(
            self, "public", environment, zone_id=base.zone.zone.zone_id, load_balancer=load_balancer.load_balancer
        )
        cache = RedisCache(
            self,
            "cache",
            environment,
            subnet_ids=network.private_subnet_ids,
            security_group_id=network.security_group_ids["cache"],
            key_arn=base.key.arn,
            secrets=base.secrets,
        )
        state = self._state(f"{base.images['state'].url}:{state_image_tag}")
        web = WebService(
            self,
            "web",
            environment,
            account=self.account,
            cluster_id=base.cluster.cluster.id,
            cluster_name=base.cluster.cluster.name,
            image=f"{base.images['web'].url}:{image_tag}",
            repository_arn=base.images["web"].arn,
            subnet_ids=network.private_subnet_ids,
            security_group_id=network.security_group_ids["web"],
            key_arn=base.key.arn,
            secrets=base.secrets,
            settings=self._settings(),
            load_balancer=load_balancer.load_balancer,
            target_group=load_balancer.target_group,
            # ECS rejects a target group that no listener uses. Both Redises must exist before the service starts.
            depends_on=[load_balancer.https, state.service, cache.url],
        )
        self._monitoring(web, state, load_balancer, name, certificate)
        self._output("service_name", web.service.name, "ECS service of the bot")
        self._output("state_service_name", state.service.name, "ECS service of the state Redis")
        self._output("task_definition", web.task.arn, "What the service runs once it is stable")
        self._output("state_task_definition", state.task.arn, "What the state Redis's service runs once it is stable")
        self._output("public_name", f"https://{environment.domain}", "Where Meta and Credex core call")
        self._output("log_group", environment.log_group, "Of the bot's tasks")

    def _state(self, image: str) -> RedisState:
        base = self._base
        return RedisState(
            self,
            "state",
            self.environment,
            account=self.account,
            cluster_id=base.cluster.cluster.id,
            namespace_id=base.cluster.namespace.id,
            image=image,
            repository_arn=base.images["state"].arn,
            subnet_ids=base.network.private_subnet_ids,
            security_group_id=base.network.security_group_ids["state"],
            key_arn=base.key.arn,
            storage=base.storage,
            secrets=base.secrets,
        )

    def _settings(self) -> dict[str, str]:
        """The service's settings that are not secret, by environment variable, each from a Terraform variable."""
        https = {"pattern": "^https://", "error_message": "Must begin with https://."}
        digits = {"pattern": "^[0-9]+$", "error_message": "Must be the digits that Meta shows."}
        variable = self._variable
        return {
            "MYCREDEX_APP_URL": variable("mycredex_app_url", "Credex core, with its prefix", **https),
            "CREDEX_CALLS_PER_MINUTE": variable(
                "credex_calls_per_minute", "that core allows one address", default="50"
            ),
            "WHATSAPP_API_URL": variable(
                "whatsapp_api_url", "the Graph API with its version", default="https://graph.facebook.com/v25.0/"
            ),
            "WHATSAPP_PHONE_NUMBER_ID": variable("whatsapp_phone_number_id", "Meta's id of our number", **digits),
            "WHATSAPP_BUSINESS_ID": variable("whatsapp_business_id", "Meta's id of our business account", **digits),
            "WHATSAPP_MESSAGES_PER_SECOND": variable("whatsapp_messages_per_second", "that Meta allows", default="80"),
            "USE_PROGRESSIVE_FLOW": variable("use_progressive_flow", "True: questions; False: forms", default="True"),
            "WHATSAPP_REGISTRATION_FLOW_ID": variable("whatsapp_registration_flow_id", "of the form", default=""),
            "WHATSAPP_COMPANY_REGISTRATION_FLOW_ID": variable(
                "whatsapp_company_registration_flow_id", "of the form", default=""
            ),
        }

    def _monitoring(
        self,
        web: WebService,
        state: RedisState,
        load_balancer: LoadBalancer,
        name: PublicDnsName,
        certificate: Certificate,
    ) -> None:
        base = self._base
        resources = MonitoredResources(
            environment=self.environment,
            cluster_name=self.environment.prefix,
            web_service=web.service.name,
            state_service=state.service.name,
            load_balancer=load_balancer.load_balancer.arn_suffix,
            target_group=load_balancer.target_group.arn_suffix,
            file_system_id=base.storage.file_system.id,
            health_check_id=name.health.id,
            certificate_arn=certificate.certificate.arn,
        )
        Alarms(self, "alarms", resources, topic_arn=base.alerts.arn, global_topic_arn=base.global_alerts.arn)
        Dashboards(self, "dashboards", resources)


def build(app: App) -> None:
    """Declare all stacks of all environments."""
    for environment in ENVIRONMENTS:
        BootstrapStack(app, environment)
        base = BaseStack(app, environment)
        ApplicationStack(app, environment, base)
