"""The firewall before the load balancer.

WhatsApp's webhooks are what members say: up to 3 MB, in any words, and most come from few addresses of Meta. A rule
that takes a member's words for an attack, or Meta for one impatient client, would lose messages. So the exact path of
the webhook is exempt from the rules that judge content, has a rate limit of its own, and must carry Meta's signature,
which the service checks over the whole body.
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
"""Where Credex core calls: one client, and many calls."""
SIGNATURE: Final = "x-hub-signature-256"
WINDOW_S: Final = 300
RATE_LIMITS: Final = {"webhook": 1_500_000, "core": 60_000, "others": 2_000}
"""Requests from one address in five minutes. 1,000 messages a second, WhatsApp's most, with three statuses each are
1,200,000; core's notices are some tens of thousands at worst."""
MANAGED_RULE_GROUPS: Final = ("AWSManagedRulesCommonRuleSet", "AWSManagedRulesKnownBadInputsRuleSet")

# Statements are of no type in the provider: they are written as Terraform wants them, and checked against AWS's own
# description of the interface.
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
    """Name and statement, in the order in which they are asked."""
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
    """The rules, what they protect, and a log of what they stopped."""

    def __init__(
        self, scope: Construct, name: str, environment: Environment, *, load_balancer_arn: str, key_arn: str
    ) -> None:
        """Create all of it."""
        super().__init__(scope, name)
        rule = wafv2_web_acl.Wafv2WebAclRule
        prefix = environment.prefix

        def visibility_config(metric: str) -> wafv2_web_acl.Wafv2WebAclRuleVisibilityConfig:
            return wafv2_web_acl.Wafv2WebAclRuleVisibilityConfig(
                cloudwatch_metrics_enabled=True, metric_name=metric, sampled_requests_enabled=False
            )

        rules = []
        for priority, (title, statement) in enumerate(_rules()):
            # A group of rules brings its own actions; what is ours blocks.
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
        # WAF writes only to groups whose name begins so.
        name = f"aws-waf-logs-{environment.prefix}"
        group = log_group(self, "log-group", environment, name=name, key_arn=key_arn)
        logging.Wafv2WebAclLoggingConfiguration(
            self,
            "logging",
            resource_arn=self.acl.arn,
            log_destination_configs=[group.arn],
            # The handshake's word is in the query, core's key in a header.
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
