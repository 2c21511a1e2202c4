"""The web application firewall (AWS WAF) of the load balancer.

Webhooks from WhatsApp contain arbitrary text of members, up to 3 MB, and come from a few addresses of Meta. A rule that
classifies a member's text as an attack, or Meta as a single abusive client, would lose messages. The exact path of the
webhook is therefore exempt from the rules that inspect content, has its own rate limit, and must carry Meta's signature
header; the service verifies the signature over the whole body.
"""

from __future__ import annotations

from typing import Any, Final

from vimbisopay_infra.environment import Environment
from vimbisopay_infra.log_groups import log_group
from vimbisopay_infra.tf import (
    Construct,
    wafv2_web_acl,
    wafv2_web_acl_association,
    wafv2_web_acl_logging_configuration,
)

__all__ = ("CORE_PATHS", "WEBHOOK", "WebAcl")

WEBHOOK: Final = "/bot/webhook"
CORE_PATHS: Final = ("/bot/notify", "/api/webhooks/")
"""The paths that Credex core calls: one client with many requests."""
SIGNATURE: Final = "x-hub-signature-256"
WINDOW_S: Final = 300
RATE_LIMITS: Final = {"webhook": 1_500_000, "core": 60_000, "others": 2_000}
"""Maximum requests from one address in five minutes. WhatsApp's maximum of 1,000 messages per second, with three
statuses each, makes 1,200,000; core sends some tens of thousands of notices at most."""
MANAGED_RULE_GROUPS: Final = ("AWSManagedRulesCommonRuleSet", "AWSManagedRulesKnownBadInputsRuleSet")

# The provider has no types for statements: they are written as Terraform's JSON, and a test validates them against
# botocore's model of the WAF API.
JSON = dict[str, Any]
_NO_TRANSFORMATION: Final[list[JSON]] = [{"priority": 0, "type": "NONE"}]


def _path_equals(path: str) -> JSON:
    match = {
        "search_string": path,
        "positional_constraint": "EXACTLY",
        "field_to_match": {"uri_path": {}},
        "text_transformation": _NO_TRANSFORMATION,
    }
    return {"byte_match_statement": match}


def _or(*statements: JSON) -> JSON:
    return {"or_statement": {"statement": list(statements)}}


def _and(*statements: JSON) -> JSON:
    return {"and_statement": {"statement": list(statements)}}


def _not(statement: JSON) -> JSON:
    return {"not_statement": {"statement": [statement]}}


def _unsigned_delivery() -> JSON:
    post = {
        "search_string": "POST",
        "positional_constraint": "EXACTLY",
        "field_to_match": {"method": {}},
        "text_transformation": _NO_TRANSFORMATION,
    }
    signed = {
        "comparison_operator": "GT",
        "size": 0,
        "field_to_match": {"single_header": {"name": SIGNATURE}},
        "text_transformation": _NO_TRANSFORMATION,
    }
    return _and(_path_equals(WEBHOOK), {"byte_match_statement": post}, _not({"size_constraint_statement": signed}))


def _rate_limit(limit: int, scope_down: JSON) -> JSON:
    return {
        "rate_based_statement": {
            "limit": limit,
            "aggregate_key_type": "IP",
            "evaluation_window_sec": WINDOW_S,
            "scope_down_statement": scope_down,
        }
    }


def _rules() -> list[tuple[str, JSON]]:
    """The names and statements, in the order in which WAF evaluates them."""
    core = _or(*(_path_equals(path) for path in CORE_PATHS))
    machines = _or(*(_path_equals(path) for path in (WEBHOOK, *CORE_PATHS)))
    rules = [
        ("unsigned-delivery", _unsigned_delivery()),
        ("rate-webhook", _rate_limit(RATE_LIMITS["webhook"], _path_equals(WEBHOOK))),
        ("rate-core", _rate_limit(RATE_LIMITS["core"], core)),
        ("rate-others", _rate_limit(RATE_LIMITS["others"], _not(machines))),
    ]
    for group in MANAGED_RULE_GROUPS:
        managed = {"vendor_name": "AWS", "name": group, "scope_down_statement": _not(_path_equals(WEBHOOK))}
        rules.append((group, {"managed_rule_group_statement": managed}))
    return rules


class WebAcl(Construct):
    """The web ACL, its association with the load balancer, and a log of blocked requests."""

    def __init__(
        self, scope: Construct, name: str, environment: Environment, *, load_balancer_arn: str, key_arn: str
    ) -> None:
        """Create the web ACL, the association and the logging configuration."""
        super().__init__(scope, name)
        rule = wafv2_web_acl.Wafv2WebAclRule
        prefix = environment.prefix

        def visibility_config(metric: str) -> wafv2_web_acl.Wafv2WebAclRuleVisibilityConfig:
            return wafv2_web_acl.Wafv2WebAclRuleVisibilityConfig(
                cloudwatch_metrics_enabled=True, metric_name=metric, sampled_requests_enabled=False
            )

        rules = []
        for priority, (title, statement) in enumerate(_rules()):
            # Managed rule groups bring their own actions; our own rules block.
            managed = "managed_rule_group_statement" in statement
            action: JSON = (
                {
                    "override_action": wafv2_web_acl.Wafv2WebAclRuleOverrideAction(
                        none=wafv2_web_acl.Wafv2WebAclRuleOverrideActionNone()
                    )
                }
                if managed
                else {"action": wafv2_web_acl.Wafv2WebAclRuleAction(block=wafv2_web_acl.Wafv2WebAclRuleActionBlock())}
            )
            rules.append(
                rule(
                    name=title,
                    priority=priority,
                    statement=statement,
                    visibility_config=visibility_config(title),
                    **action,
                )
            )
        self.acl = wafv2_web_acl.Wafv2WebAcl(
            self,
            "acl",
            name=prefix,
            scope="REGIONAL",
            default_action=wafv2_web_acl.Wafv2WebAclDefaultAction(allow=wafv2_web_acl.Wafv2WebAclDefaultActionAllow()),
            rule=rules,
            visibility_config=wafv2_web_acl.Wafv2WebAclVisibilityConfig(
                cloudwatch_metrics_enabled=True, metric_name=prefix, sampled_requests_enabled=False
            ),
        )
        wafv2_web_acl_association.Wafv2WebAclAssociation(
            self, "association", resource_arn=load_balancer_arn, web_acl_arn=self.acl.arn
        )
        self._log(environment, key_arn)

    def _log(self, environment: Environment, key_arn: str) -> None:
        logging = wafv2_web_acl_logging_configuration
        # WAF accepts only log groups with this prefix.
        name = f"aws-waf-logs-{environment.prefix}"
        group = log_group(self, "log-group", environment, name=name, key_arn=key_arn)
        logging.Wafv2WebAclLoggingConfiguration(
            self,
            "logging",
            resource_arn=self.acl.arn,
            log_destination_configs=[group.arn],
            # The query contains the verify token of Meta's handshake, the headers core's API key and signatures.
            redacted_fields=[
                logging.Wafv2WebAclLoggingConfigurationRedactedFields(
                    single_header=logging.Wafv2WebAclLoggingConfigurationRedactedFieldsSingleHeader(name=header)
                )
                for header in ("authorization", "x-client-api-key", SIGNATURE)
            ]
            + [
                logging.Wafv2WebAclLoggingConfigurationRedactedFields(
                    query_string=logging.Wafv2WebAclLoggingConfigurationRedactedFieldsQueryString()
                )
            ],
            logging_filter=logging.Wafv2WebAclLoggingConfigurationLoggingFilter(
                default_behavior="DROP",
                filter=[
                    logging.Wafv2WebAclLoggingConfigurationLoggingFilterFilter(
                        behavior="KEEP",
                        requirement="MEETS_ANY",
                        condition=[
                            logging.Wafv2WebAclLoggingConfigurationLoggingFilterFilterCondition(
                                action_condition=logging.Wafv2WebAclLoggingConfigurationLoggingFilterFilterConditionActionCondition(
                                    action="BLOCK"
                                )
                            )
                        ],
                    )
                ],
            ),
        )
