"""Rules about the load balancer, the firewall before it, and the public name."""

from __future__ import annotations

from typing import Any

import pytest

from tests.infrastructure.firewall import Request, decides
from tests.infrastructure.stacks import Stack
from vimbisopay_infra.environment import ENVIRONMENTS

SIGNED = {"x-hub-signature-256": "sha256=" + "0" * 64}
LARGEST = 3 * 1024 * 1024


def acl(stack: Stack) -> dict[str, Any]:
    """The firewall's rules."""
    return stack.one("aws_wafv2_web_acl")


def test_a_delivery_of_3_mb_reaches_the_webhook(stack: Stack) -> None:
    """Meta's largest notification passes."""
    assert decides(acl(stack), Request("/bot/webhook", "POST", SIGNED, b"x" * LARGEST)) == "allowed"


@pytest.mark.parametrize("text", [b"<script>alert(1)</script>", b"${jndi:ldap://x}"])
def test_members_may_write_what_looks_like_an_attack(stack: Stack, text: bytes) -> None:
    """Their words are not judged by the firewall: it would lose the message, and Meta would repeat it for days."""
    assert decides(acl(stack), Request("/bot/webhook", "POST", SIGNED, text)) == "allowed"


@pytest.mark.parametrize("path", ["/", "/health/", "/bot/notify", "/bot/webhook/../admin", "/BOT/WEBHOOK"])
def test_everywhere_else_bodies_are_judged(stack: Stack, path: str) -> None:
    """The exemption is for the exact path alone."""
    assert decides(acl(stack), Request(path, "POST", SIGNED, b"x" * LARGEST)) == "AWSManagedRulesCommonRuleSet"


def test_a_delivery_without_a_signature_is_stopped_at_the_door(stack: Stack) -> None:
    """Nobody but Meta can make one; whoever brings none costs the service nothing."""
    assert decides(acl(stack), Request("/bot/webhook", "POST", {}, b"{}")) == "unsigned-delivery"
    assert decides(acl(stack), Request("/bot/webhook", "POST", {"x-hub-signature-256": ""})) == "unsigned-delivery"


def test_the_handshake_of_the_webhook_passes(stack: Stack) -> None:
    """Meta's GET carries no signature."""
    assert decides(acl(stack), Request("/bot/webhook")) == "allowed"


def test_meta_is_not_throttled_as_one_client(stack: Stack) -> None:
    """1,000 messages a second, with three statuses each, all from one address, for five minutes."""
    busy = Request("/bot/webhook", "POST", SIGNED, b"{}", in_window=1000 * 4 * 300)

    assert decides(acl(stack), busy) == "allowed"


def test_others_are_throttled(stack: Stack) -> None:
    """2,000 requests in five minutes from one address are enough."""
    assert decides(acl(stack), Request("/health/", in_window=2_001)) == "rate-others"
    assert decides(acl(stack), Request("/health/", in_window=2_000)) == "allowed"


@pytest.mark.parametrize("path", ["/bot/notify", "/api/webhooks/"])
def test_credex_core_may_bring_many_notices(stack: Stack, path: str) -> None:
    """It is one client with one address, too: 200 a second pass."""
    assert decides(acl(stack), Request(path, "POST", {}, b"{}", in_window=200 * 300)) == "allowed"
    assert decides(acl(stack), Request(path, "POST", {}, b"{}", in_window=200 * 300 + 1)) == "rate-core"


def test_amazons_rules_and_known_bad_inputs_are_asked(stack: Stack) -> None:
    """Their findings block: nothing is merely counted."""
    managed = [each for each in acl(stack)["rule"] if "managed_rule_group_statement" in each["statement"]]
    names = {each["statement"]["managed_rule_group_statement"]["name"] for each in managed}

    assert names == {"AWSManagedRulesCommonRuleSet", "AWSManagedRulesKnownBadInputsRuleSet"}
    assert all(each["override_action"] == {"none": {}} for each in managed)
    assert all(each["action"] == {"block": {}} for each in acl(stack)["rule"] if each not in managed)


def test_the_firewall_guards_the_load_balancer_and_writes_down_what_it_blocked(stack: Stack) -> None:
    """Secrets in headers and in the handshake's query are left out of that log."""
    logged = stack.one("aws_wafv2_web_acl_logging_configuration")
    redacted = {each.get("single_header", {}).get("name", "query") for each in logged["redacted_fields"]}

    assert "door_balancer" in stack.one("aws_wafv2_web_acl_association")["resource_arn"]
    assert redacted == {"authorization", "x-client-api-key", "x-hub-signature-256", "query"}


def test_only_tls_1_2_and_better_is_spoken(stack: Stack) -> None:
    """Plain HTTP is only sent on to TLS."""
    https, http = sorted((each.given for each in stack.all("aws_lb_listener")), key=lambda each: -each["port"])
    (sent_on,) = http["default_action"]

    assert (https["port"], https["protocol"]) == (443, "HTTPS")
    assert https["ssl_policy"] == "ELBSecurityPolicy-TLS13-1-2-2021-06"
    assert "acm_certificate_validation" in https["certificate_arn"]
    assert (http["port"], sent_on["type"]) == (80, "redirect")
    assert sent_on["redirect"] == {"port": "443", "protocol": "HTTPS", "status_code": "HTTP_301"}
    assert "aws_lb_listener_rule" not in {each.kind for each in stack.all()}


def test_the_certificate_renews_itself(stack: Stack) -> None:
    """It is validated by a record that stays, and replaced before it is removed."""
    certificate = stack.one("aws_acm_certificate")

    assert certificate["validation_method"] == "DNS"
    assert certificate["lifecycle"] == {"create_before_destroy": True}


def test_the_public_name_is_the_environments(both: dict[str, Stack]) -> None:
    """Zone, certificate, address and health check have one name."""
    domains = {"staging": "stage.whatsapp.vimbisopay.africa", "production": "whatsapp.vimbisopay.africa"}
    for environment in ENVIRONMENTS:
        stack = both[environment.name]
        (address,) = [each.given for each in stack.all("aws_route53_record") if each.given["type"] == "A"]
        found = {
            stack.one("aws_route53_zone")["name"],
            stack.one("aws_acm_certificate")["domain_name"],
            stack.one("aws_route53_health_check")["fqdn"],
            address["name"],
        }

        assert found == {domains[environment.name]}


def test_the_zone_does_not_wait_for_what_waits_for_it(stack: Stack) -> None:
    """Zone in the base, certificate in the application: the name can be delegated between the two."""
    (zone,) = stack.all("aws_route53_zone")
    (certificate,) = stack.all("aws_acm_certificate_validation")

    assert (zone.stack, certificate.stack) == ("base", "application")
    assert "name_servers" in stack.parts["base"]["output"]


def test_every_request_is_logged(stack: Stack) -> None:
    """Into a private bucket, for 90 days; malformed headers are dropped."""
    balancer = stack.one("aws_lb")
    rules = [rule for each in stack.all("aws_s3_bucket_lifecycle_configuration", part="application")
             for rule in each.given["rule"]]  # fmt: skip

    assert balancer["access_logs"]["enabled"] is True
    assert balancer["drop_invalid_header_fields"] is True
    assert balancer["desync_mitigation_mode"] == "strictest"
    assert [{"days": 90}] in [rule.get("expiration") for rule in rules]


def test_buckets_are_private_encrypted_versioned_and_only_spoken_to_over_tls(stack: Stack) -> None:
    """All of them, whatever they hold."""
    for part in ("bootstrap", "application"):
        (bucket,) = stack.all("aws_s3_bucket", part=part)
        (private,) = stack.all("aws_s3_bucket_public_access_block", part=part)
        (encryption,) = stack.all("aws_s3_bucket_server_side_encryption_configuration", part=part)
        (versions,) = stack.all("aws_s3_bucket_versioning", part=part)
        (policy,) = stack.all("aws_s3_bucket_policy", part=part)
        refused = policy.given["policy"]["Statement"][0]

        for setting in ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets"):
            assert private.given[setting] is True
        (rule,) = encryption.given["rule"]
        algorithm = rule["apply_server_side_encryption_by_default"]["sse_algorithm"]
        assert algorithm == ("aws:kms" if part == "bootstrap" else "AES256")
        assert versions.given["versioning_configuration"] == {"status": "Enabled"}
        assert (refused["Effect"], refused["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
        assert bucket.given["bucket"]
