"""The sizing calculator, and that it says which part of a member has grown."""

from __future__ import annotations

import pytest

from notebooks.review.memory_keys import Stored
from notebooks.review.memory_timeline import Moment
from notebooks.review.sizing import (
    KEY_BYTES,
    GrownError,
    Load,
    Part,
    StateSize,
    calculator,
    deployed,
    largest,
    message_dedup_bytes,
    true_still,
)
from vimbisopay_infra.sizing import MIB, NODE_MIB, RESERVED_PERCENT, smallest_node_type


def as_planned(**otherwise: int) -> list[Part]:
    """Parts that take what they were planned to, but for some."""
    return [Part(kind, planned // 2, otherwise.get(kind, planned), planned) for kind, planned in KEY_BYTES.items()]


def test_parts_that_are_as_planned_are_true_still() -> None:
    """Somewhat smaller is as planned, too: allocators differ."""
    assert (
        true_still(as_planned(session=KEY_BYTES["session"] - 24)) == f"all {len(KEY_BYTES)} keys have the assumed sizes"
    )


def test_a_part_that_grew_is_named() -> None:
    """With its bytes before and now, and where to correct them."""
    with pytest.raises(GrownError, match=r"^session grew from 624 to 752 bytes .* cdktf/vimbisopay_infra/sizing\.py"):
        true_still(as_planned(session=752))


def test_a_part_that_shrank_is_named() -> None:
    """Sizes that are far too large are wrong as well."""
    with pytest.raises(GrownError, match="intent shrank from 1,136 to 500 bytes"):
        true_still(as_planned(intent=500))


def test_the_largest_of_each_kind_counts() -> None:
    """Whenever that was."""

    def moment(size: int) -> Moment:
        keys = [f"{{0}}:{kind}:1" if kind not in {"token", "dashboard"} else f"{kind}:1" for kind in KEY_BYTES]
        return Moment("commit", 0, {key: Stored(key, "string", "raw", size, size, 0, ()) for key in keys})

    assert {part.payload for part in largest([moment(10), moment(30), moment(20)])} == {30}


def test_of_messages_only_the_newest_64_are_known() -> None:
    """So a member who never stops writing takes no more than one who wrote 64."""
    assert message_dedup_bytes(1) < message_dedup_bytes(64) == message_dedup_bytes(1000)
    one, many = (Load(1000, messages_per_week=count).state_bytes for count in (1, 64))
    assert {what for what in one if one[what] != many[what]} == {"message ids, 7 days"}


def test_the_task_that_is_needed_raises_no_alarm() -> None:
    """And the next smaller one would."""
    load = Load(100_000)
    size = StateSize.smallest_for(load)
    wanted = sum(load.state_bytes.values()) / MIB
    assert wanted <= size.max_memory_mib * size.alarm_percent / 100
    assert wanted > size.max_memory_mib / 2 * size.alarm_percent / 100


def test_more_members_than_a_task_can_hold_need_another_shard() -> None:
    """It says so, and does not name a size that does not exist."""
    with pytest.raises(ValueError, match="divide the state"):
        StateSize.smallest_for(Load(10_000_000))


def test_a_node_holds_the_load_beside_what_is_reserved() -> None:
    """A quarter of a node's memory is no room for data."""
    most = NODE_MIB["cache.t4g.micro"] * MIB * (100 - RESERVED_PERCENT) / 100
    fits = int(most / Load(1).cache_bytes)
    assert smallest_node_type(Load(fits)) == "cache.t4g.micro"
    assert smallest_node_type(Load(fits + 1)) == "cache.t4g.small"


def test_what_is_deployed_has_room_for_a_rewrite_of_its_file() -> None:
    """In compose as in the stacks: twice what Redis may keep."""
    rows = deployed().rows
    assert [row[0] for row in rows] == ["docker compose", "staging", "production"]
    assert all(int(str(memory)) >= 2 * int(str(limit)) for _, memory, limit, *_ in rows)


def test_the_calculator_has_a_row_for_each_load() -> None:
    """With the smallest task and node."""
    (row,) = calculator([Load(1000)]).rows
    assert row[:3] == (1000, 4000, 200)
    assert row[4:6] == (512, 256)
    assert row[8] == "cache.t4g.micro"
