"""All metrics: the list from which code, dashboards and alarms take them.

Plain data without dependencies, so that cdktf can import it. Each is published in CloudWatch's embedded
metric format under `NAMESPACE`, with the dimension `ENVIRONMENT` (and those that the metric names besides).
"""

from dataclasses import dataclass
from typing import Final, Literal

Unit = Literal["Count", "Milliseconds", "Bytes", "Percent"]
Statistic = Literal["Sum", "Maximum", "Average", "p50", "p99"]

NAMESPACE: Final = "VimbisoPay"
ENVIRONMENT: Final = "Environment"
"""The dimension that every metric has: staging or production."""
CODE: Final = "Code"
"""The dimension of failures: WhatsApp's error code, or `none`."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A number that the service publishes.

    Attributes:
        name: as CloudWatch shows it.
        unit: CloudWatch's name of it.
        statistic: how values of several processes and moments make one.
        meaning: what a value says.
        dimensions: those beside `ENVIRONMENT`. The metric is published without them, too, so that an alarm sees all.
    """

    name: str
    unit: Unit
    statistic: Statistic
    meaning: str
    dimensions: tuple[str, ...] = ()


MESSAGES_RECEIVED: Final = Metric("messages_received", "Count", "Sum", "Messages of members that were stored.")
MESSAGES_SENT: Final = Metric("messages_sent", "Count", "Sum", "Messages that WhatsApp accepted from us.")
TURNS: Final = Metric("turns", "Count", "Sum", "Turns that were committed.")
REPLY_MS: Final = Metric(
    "reply_ms", "Milliseconds", "p99", "From the arrival of a member's message to the end of the turn it began."
)
SEND_FAILURES: Final = Metric(
    "send_failures", "Count", "Sum", "Messages that WhatsApp refused or reported as failed.", (CODE,)
)
INBOX_AGE_MS: Final = Metric(
    "inbox_age_ms", "Milliseconds", "Maximum", "How long the inbox that waits longest has been due; 0 when none is."
)
OUTBOX_AGE_MS: Final = Metric(
    "outbox_age_ms", "Milliseconds", "Maximum", "How long the outbox that waits longest has been due; 0 when none is."
)
DEAD_LETTERS: Final = Metric("dead_letters", "Count", "Maximum", "Messages given up, that somebody has to look at.")
SENDING_STOPPED: Final = Metric(
    "sending_stopped", "Count", "Maximum", "1 while WhatsApp has stopped all our sending, else 0."
)
STATE_UP: Final = Metric("redis_state_up", "Count", "Maximum", "1 when the state Redis answered INFO, else 0.")
STATE_USED_MEMORY: Final = Metric("redis_state_used_memory_bytes", "Bytes", "Maximum", "INFO used_memory.")
STATE_MAX_MEMORY: Final = Metric("redis_state_maxmemory_bytes", "Bytes", "Maximum", "INFO maxmemory.")
STATE_MEMORY_PERCENT: Final = Metric(
    "redis_state_memory_percent",
    "Percent",
    "Maximum",
    "used_memory of maxmemory: at 100 no message is stored any more.",
)
STATE_CPU_PERCENT: Final = Metric(
    "redis_state_cpu_percent", "Percent", "Average", "used_cpu_sys + used_cpu_user since the last look, of one core."
)
STATE_CLIENTS: Final = Metric("redis_state_clients", "Count", "Maximum", "INFO connected_clients.")
STATE_NETWORK_IN: Final = Metric(
    "redis_state_network_in_bytes", "Bytes", "Sum", "total_net_input_bytes since the last look."
)
STATE_NETWORK_OUT: Final = Metric(
    "redis_state_network_out_bytes", "Bytes", "Sum", "total_net_output_bytes since the last look."
)
STATE_HIT_RATE: Final = Metric(
    "redis_state_hit_rate_percent", "Percent", "Average", "keyspace_hits of hits and misses since the last look."
)
STATE_EVICTED_KEYS: Final = Metric(
    "redis_state_evicted_keys", "Count", "Sum", "evicted_keys since the last look: anything but 0 is a wrong set-up."
)
STATE_AOF_FAILED: Final = Metric(
    "redis_state_aof_failed", "Count", "Maximum", "1 when aof_last_write_status is not ok, else 0."
)

BY_NAME: Final = {each.name: each for each in list(globals().values()) if isinstance(each, Metric)}
