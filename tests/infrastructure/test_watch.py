"""Rules about what is measured, drawn and told."""

from __future__ import annotations

import re
from typing import Any

from service.observability import metrics
from tests.infrastructure.stacks import Stack

PROMISED = {
    *("web-cpu", "web-memory", "state-cpu", "state-task-memory", "unhealthy-tasks", "health"),
    *("server-errors", "errors"),
    *("cache-memory", "state-memory", "inbox-age", "dead-letters", "certificate", "sending-stopped", "state-away"),
}


def alarms(stack: Stack) -> dict[str, dict[str, Any]]:
    """By the end of their name."""
    prefix = f"vimbiso-pay-{stack.environment}-"
    found = [each.given for each in stack.all("aws_cloudwatch_metric_alarm")]
    return {each["alarm_name"].removeprefix(prefix): each for each in found}


def dashboards(stack: Stack) -> dict[str, list[dict[str, Any]]]:
    """Widgets by dashboard."""
    prefix = f"vimbiso-pay-{stack.environment}-"
    return {
        each.given["dashboard_name"].removeprefix(prefix): each.given["dashboard_body"]["widgets"]
        for each in stack.all("aws_cloudwatch_dashboard")
    }


def own_metrics(stack: Stack) -> set[str]:
    """Names of our own metrics that alarms and dashboards use."""
    used = set()
    for alarm in alarms(stack).values():
        asked = [alarm, *(each["metric"] for each in alarm.get("metric_query", []) if "metric" in each)]
        used |= {each["metric_name"] for each in asked if each.get("namespace") == metrics.NAMESPACE}
    for widgets in dashboards(stack).values():
        for line in (line for widget in widgets for line in widget["properties"]["metrics"]):
            if line[0] == metrics.NAMESPACE:
                used.add(line[1])
            elif isinstance(line[0], dict):
                used |= set(re.findall(r'MetricName="(\w+)"', line[0]["expression"]))
    return used


def test_every_alarm_is_heard(stack: Stack) -> None:
    """It tells a topic of its own region that has a subscriber, when it begins and when it ends."""
    topics = {each.given["topic_arn"].split(".")[1] for each in stack.all("aws_sns_topic_subscription")}

    assert topics == {each.name for each in stack.all("aws_sns_topic")}
    for alarm in alarms(stack).values():
        (told,) = alarm["alarm_actions"]
        assert alarm["ok_actions"] == [told]
        assert ("alerts-global" in told) == (alarm.get("region") == "us-east-1")
        assert alarm["alarm_description"]


def test_all_that_was_promised_has_an_alarm(stack: Stack) -> None:
    """CPU, memory, health, errors, Redis, inbox age, dead letters, certificate."""
    assert set(alarms(stack)) >= PROMISED


def test_failed_deployments_backups_and_certificates_are_told_as_they_happen(stack: Stack) -> None:
    """Each rule of EventBridge has the topic as its target."""
    rules = {each.name: each.given for each in stack.all("aws_cloudwatch_event_rule")}
    heard = {each.given["rule"].split(".")[1] for each in stack.all("aws_cloudwatch_event_target")}
    patterns = [each["event_pattern"] for each in rules.values()]
    kinds = {kind for each in patterns for kind in each["detail-type"]}

    assert heard == set(rules)
    assert {"ECS Deployment State Change", "Backup Job State Change"} <= kinds
    assert "ACM Certificate Renewal Action Required" in kinds
    assert any(each.get("detail", {}).get("eventName") == ["SERVICE_DEPLOYMENT_FAILED"] for each in patterns)


def test_topics_are_encrypted_and_only_alarms_and_events_may_publish(stack: Stack) -> None:
    """With a key that CloudWatch and EventBridge may use: without that they would be silent."""
    for topic in stack.all("aws_sns_topic"):
        key = topic.given["kms_master_key_id"].split(".")[1]
        (policy,) = [each.given["policy"] for each in stack.all("aws_kms_key") if each.name == key]
        users = {
            service
            for statement in policy["Statement"]
            for service in (statement["Principal"].get("Service") or [])
            if isinstance(statement["Principal"].get("Service"), list)
        }
        assert users == {"cloudwatch.amazonaws.com", "events.amazonaws.com"}
    for policy in stack.all("aws_sns_topic_policy"):
        alarms_, events = policy.given["policy"]["Statement"]
        assert f":alarm:vimbiso-pay-{stack.environment}-" in alarms_["Condition"]["ArnLike"]["aws:SourceArn"]
        assert events["Principal"] == {"Service": "events.amazonaws.com"}


def test_eventbridge_is_let_in_without_a_condition(stack: Stack) -> None:
    """With one, neither a topic nor its key would ever hear of a failed deployment: AWS supports none there."""
    documents = [each.given["policy"] for kind in ("sns_topic_policy", "kms_key") for each in stack.all(f"aws_{kind}")]
    heard = [
        statement
        for document in documents
        for statement in document["Statement"]
        if "events.amazonaws.com" in str(statement["Principal"])
    ]

    assert [statement.get("Condition") for statement in heard] == [None] * 4


def test_a_task_that_operators_run_by_hand_is_no_trouble(stack: Stack) -> None:
    """It ends by itself, as it should: only tasks of services are told of."""
    (pattern,) = [
        each.given["event_pattern"]
        for each in stack.all("aws_cloudwatch_event_rule")
        if each.given["event_pattern"]["detail-type"] == ["ECS Task State Change"]
    ]

    assert pattern["detail"]["group"] == [{"prefix": "service:"}]


def test_our_metrics_are_those_of_the_one_list(stack: Stack) -> None:
    """No alarm and no picture waits for a metric that nobody publishes, and none is published that nobody sees."""
    assert own_metrics(stack) == {*metrics.BY_NAME, "log_errors"}


def test_our_metrics_are_asked_for_by_environment(stack: Stack) -> None:
    """Without the dimension there are no values."""
    for alarm in alarms(stack).values():
        if alarm.get("namespace") == metrics.NAMESPACE and alarm["metric_name"] != "log_errors":
            assert alarm["dimensions"] == {metrics.ENVIRONMENT: stack.environment}


def test_a_service_that_says_nothing_is_an_alarm(stack: Stack) -> None:
    """Silence of what is published every minute means that nobody is there."""
    silence = {name: alarm["treat_missing_data"] for name, alarm in alarms(stack).items()}

    for name in ("inbox-age", "outbox-age", "state-away", "too-few-tasks", "health"):
        assert silence[name] == "breaching"


def test_errors_are_counted_in_the_json_of_the_log(stack: Stack) -> None:
    """By the level of structlog's lines, into the metric that the alarm reads."""
    given = stack.one("aws_cloudwatch_log_metric_filter")
    into = given["metric_transformation"]

    assert '$.level = "error"' in given["pattern"]
    assert (into["namespace"], into["name"]) == (metrics.NAMESPACE, alarms(stack)["errors"]["metric_name"])


def test_there_is_a_dashboard_for_each_concern(stack: Stack) -> None:
    """Containers, load balancer, application, container insights and Redis, each with its promised pictures."""
    pages = dashboards(stack)
    titles = {page: {each["properties"]["title"] for each in widgets} for page, widgets in pages.items()}

    assert set(pages) == {"ecs", "alb", "application", "container-insights", "redis"}
    assert {"Messages", "Reply time, ms", "Failures by code", "Dead letters"} <= titles["application"]
    for redis in ("State", "Cache"):
        for what in ("memory", "CPU", "network", "hit rate", "clients", "evictions"):
            assert any(title.startswith(f"{redis}: {what}") for title in titles["redis"]), (redis, what)


def test_pictures_do_not_overlap(stack: Stack) -> None:
    """Each has its place on a grid 24 wide."""
    for widgets in dashboards(stack).values():
        places = [(each["x"], each["y"]) for each in widgets]
        assert len(set(places)) == len(places)
        assert all(each["x"] + each["width"] <= 24 for each in widgets)


def test_the_cache_is_watched_on_every_node_that_it_may_have(both: dict[str, Stack]) -> None:
    """Three shards of two nodes in production, one of two in staging."""
    nodes = {
        name: sorted(
            each["metric"]["dimensions"]["CacheClusterId"]
            for each in alarms(stack)["cache-memory"]["metric_query"]
            if "metric" in each
        )
        for name, stack in both.items()
    }

    assert nodes["staging"] == [f"vimbiso-pay-staging-cache-00{node}" for node in (1, 2)]
    assert nodes["production"] == [
        f"vimbiso-pay-production-cache-000{shard}-00{node}" for shard in (1, 2, 3) for node in (1, 2)
    ]
