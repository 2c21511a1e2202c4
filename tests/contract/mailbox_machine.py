"""A machine that does to a mailbox what a bad day does, in any order, and compares every answer with the model.

Workers and senders die, wake up late, and repeat steps whose answer was lost; Meta delivers again; Redis is full for a
while. Beside the model stand counts of its own: what was accepted, what took effect, what left. At the end the trouble
stops, all work is done, and they must agree.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from service.mailbox import CommitResult, InboxEntry, InboxLease, Mailbox, OutboxLease, StateFullError, open_state
from service.mailbox.scripts import Scripts, sources
from tests.contract.mailbox_model import Model, Queue
from tests.contract.mailbox_steps import LEASE, NOW, SECOND

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from service.mailbox.scripts import ScriptCall

T = TypeVar("T")

MOST_MESSAGES = 60  # a member's digests beyond 64 are forgotten, which is a rule of its own
RESTING_KEYS = ("lease:inbox", "lease:outbox", "seen", "session")

# Mostly the likely thing, or little would come of a day: the last claim, an answer that arrives, a repeat at once.
picks = st.sampled_from((0, 0, 0, 0, 1, 2, 3, 5))
often = st.sampled_from((True, True, True, False))
rarely = st.sampled_from((False, False, False, True))
losses = st.sampled_from(("", "", "", "", "repeated at once", "repeated later"))
fates = st.sampled_from(("answer", "answer", "status", "timeout", "death"))
moments = st.sampled_from((0, 0, SECOND))
intents = st.sampled_from((None, None, None, None, "never", 0, 30 * SECOND, 30 * SECOND))
waits = st.sampled_from((1, SECOND, 15 * SECOND, 30 * SECOND, LEASE, LEASE + 1, 3_600 * SECOND))


class FullableScripts(Scripts):
    """Scripts on fakeredis, which knows no memory limit: when `full`, it refuses what Redis would refuse."""

    full = False

    async def run(self, name: str, call: ScriptCall) -> Any:
        if self.full and not sources()[name].startswith("#!lua flags=allow-oom"):
            seen, digest = call.keys[-1], call.args[1]
            if await self._redis.zscore(seen, digest) is None:  # a message seen before needs no memory
                raise StateFullError("full")
        return await super().run(name, call)

    async def run_each(self, name: str, calls: Sequence[ScriptCall]) -> list[Any]:
        return [await self.run(name, call) for call in calls] if self.full else await super().run_each(name, calls)


class MailboxMachine(RuleBasedStateMachine):
    """The machine; subclasses name the Redis, the members, and the scripts if they are not the project's own."""

    url: ClassVar[str] = "embedded://"
    texts: ClassVar[Mapping[str, str] | None] = None
    members: ClassVar[Sequence[str]] = ("1", "2")

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.redis = open_state(self.url, max_connections=1)
        self.scripts = FullableScripts(self.redis, self.texts)
        self.mailbox = Mailbox(self.redis, scripts=self.scripts)
        self.model = Model(LEASE)
        self.now = NOW
        self.full = False
        self.sound = True  # so far every answer was right: only then the end is worth judging
        self.arrivals: list[InboxEntry] = []
        self.reply_lost = False
        self.claims: list[InboxLease] = []
        self.postings: list[tuple[OutboxLease, int]] = []
        self.asleep: list[OutboxLease] = []
        self.unanswered: list[Callable[[], None]] = []
        self.accepted: dict[str, list[bytes]] = defaultdict(list)
        self.effects: dict[str, list[bytes]] = defaultdict(list)
        self.answers: dict[str, list[bytes]] = defaultdict(list)
        self.left: dict[str, list[bytes]] = defaultdict(list)
        self.left_ids: list[tuple[str, int]] = []
        if self.url != "embedded://":
            self.run(self.redis.config_set("maxmemory", 0))
            self.run(self.redis.flushall())

    def run(self, step: Awaitable[T]) -> T:
        """Runs one step on the real mailbox."""

        async def awaited() -> T:
            return await step

        sound, self.sound = self.sound, False
        result = self.runner.run(awaited())
        self.sound = sound
        return result

    def agree(self, actual: T, expected: T) -> T:
        """Both must say the same."""
        self.sound = self.sound and actual == expected
        assert actual == expected
        return actual

    def step(self, action: Callable[[], None], loss: str) -> None:
        """Does it; when the answer is lost, it is done again, at once or at any later time."""
        self.reply_lost = bool(loss)
        action()
        self.reply_lost = False
        if loss == "repeated at once":
            action()
        elif loss:
            self.unanswered.append(action)

    # Time, Meta, and the state of Redis

    @precondition(lambda self: self.accepted)
    @rule(ms=waits)
    def time_passes(self, ms: int) -> None:
        self._look_at_the_keys()  # whatever has a time to live now could be gone when it has passed
        self.now += ms

    @rule(which=st.lists(st.tuples(st.integers(0, 1), often, picks), min_size=1, max_size=2), late=waits)
    def meta_delivers(self, which: list[tuple[int, bool, int]], late: int) -> None:
        batch = []
        for who, is_new, pick in which:
            if self.arrivals and (not is_new or len(self.arrivals) >= MOST_MESSAGES):
                batch.append(self.arrivals[-1 - pick % len(self.arrivals)])
                continue
            name = f"m{len(self.arrivals)}"
            self.arrivals.append(
                InboxEntry(self.members[who % len(self.members)], name, self.now + SECOND - late, name.encode())
            )
            batch.append(self.arrivals[-1])
        known = all(a.wamid in self.model.seen.get(a.member, {}) for a in batch)
        try:
            actual = self.run(self.mailbox.ingest(batch, self.now))
        except StateFullError:
            self.sound = True
            assert self.full
            assert not known
            return
        assert known or not self.full
        expected = [self.model.ingest(a.member, a.wamid, a.sent_at_ms, a.entry, self.now) for a in batch]
        for arrival, is_new in zip(batch, self.agree(actual, expected), strict=True):
            if is_new:
                self.accepted[arrival.member].append(arrival.entry)

    @precondition(lambda self: self.accepted)
    @rule(full=rarely)
    def redis_fills_up_or_has_room_again(self, *, full: bool) -> None:
        self.full = full
        if self.url == "embedded://":
            self.scripts.full = self.full
        else:
            self.run(self.redis.config_set("maxmemory", int(self.full)))

    @precondition(lambda self: self.unanswered)
    @rule(pick=picks)
    def a_step_without_an_answer_runs_again(self, pick: int) -> None:
        self.unanswered.pop(-1 - pick % len(self.unanswered))()

    # Workers. A claim stays in the list for ever: its worker may be dead, slow, or done with it.

    @rule(who=st.integers(0, 1), most=st.sampled_from((0, 1, 9)), intent_in=intents, loss=losses)
    def member_writes_and_is_answered(self, *, who: int, most: int, intent_in: int | str | None, loss: str) -> None:
        self.meta_delivers(which=[(who, True, 0)], late=SECOND)
        self.worker_handles_what_is_due(patient=False, most=most, intent_in=intent_in, loss=loss)

    @precondition(lambda self: self._has_work(self.model.inboxes))
    @rule(patient=often, most=st.sampled_from((0, 1, 1, 9, 9)), intent_in=intents, loss=losses)
    def worker_handles_what_is_due(self, *, patient: bool, most: int, intent_in: int | str | None, loss: str) -> None:
        known = len(self.claims)
        self.worker_claims(patient=patient, lost=False)
        for _ in range(most):
            if len(self.claims) == known:
                return
            known = len(self.claims)
            self.worker_commits(pick=0, more=True, intent_in=intent_in, loss=loss)

    @precondition(lambda self: self._has_work(self.model.inboxes))
    @rule(patient=often, lost=rarely)
    def worker_claims(self, *, patient: bool, lost: bool) -> None:
        self._wait_for(self.model.inboxes if patient else {})
        claim = self.agree(self.run(self.mailbox.claim(self.now)), self.model.claim(self.now))
        if isinstance(claim, InboxLease) and not lost:
            self.claims.append(claim)

    def _has_work(self, queues: dict[str, Queue]) -> bool:
        return any(queue.due is not None for queue in queues.values())

    def _wait_for(self, queues: dict[str, Queue]) -> None:
        due = min((queue.due for queue in queues.values() if queue.due is not None), default=self.now)
        self.now = max(self.now, due)

    @precondition(lambda self: self.claims)
    @rule(pick=picks, more=rarely, intent_in=intents, loss=losses)
    def worker_commits(self, *, pick: int, more: bool, intent_in: int | str | None, loss: str) -> None:
        claim = self._picked(pick)
        self.step(lambda: self._commit(claim, more=more, intent_in=intent_in), loss)

    def _picked(self, pick: int, *, fresh: bool = False) -> InboxLease:
        if fresh:
            self.worker_claims(patient=True, lost=False)
        return self.claims[-1 - pick % len(self.claims)]

    def _commit(self, claim: InboxLease, *, more: bool = False, intent_in: int | str | None = None) -> None:
        done = claim.entry or b"look"
        session = (claim.session or b"") + done
        outbox = [b"re:" + done, *([b"more"] if more else [])]
        intent = None if intent_in is None else b"intent"
        due = self.now + intent_in if isinstance(intent_in, int) else None
        expected = self.model.commit(claim, self.now, session, outbox, intent, due)
        commit = self.mailbox.commit(claim, self.now, session=session, outbox=outbox, pending_writes=intent, due_ms=due)
        actual = self.agree(self.run(commit), expected)
        self._took_effect(claim, actual.result, outbox, actual.next)

    def _took_effect(
        self, claim: InboxLease, outcome: CommitResult, outbox: list[bytes], following: InboxLease | None
    ) -> None:
        if outcome is CommitResult.COMMITTED:
            self.answers[claim.member] += outbox
            if claim.entry is not None:
                self.effects[claim.member].append(claim.entry)
        if following is not None:
            self.claims.append(following)
        effects = self.effects[claim.member]
        self.agree(effects, self.accepted[claim.member][: len(effects)])

    @precondition(lambda self: self.claims)
    @rule(pick=picks, fresh=st.booleans(), due_in=st.just(0) | waits, counted=st.booleans(), loss=losses)
    def worker_gives_back(self, *, pick: int, fresh: bool, due_in: int, counted: bool, loss: str) -> None:
        claim = self._picked(pick, fresh=fresh)
        due = self.now + due_in

        def release() -> None:
            expected = self.model.release(claim, self.now, due, counted=counted)
            self.agree(self.run(self.mailbox.release(claim, self.now, due_ms=due, counted=counted)), expected)

        self.step(release, loss)

    @precondition(lambda self: self.claims)
    @rule(pick=picks, fresh=st.booleans(), loss=losses)
    def worker_gives_up(self, *, pick: int, fresh: bool, loss: str) -> None:
        claim = self._picked(pick, fresh=fresh)

        def dead_letter() -> None:
            expected = self.model.dead_letter(claim, self.now, [b"sorry"])
            actual = self.agree(
                self.run(self.mailbox.dead_letter(claim, self.now, reason="r", outbox=[b"sorry"])), expected
            )
            self._took_effect(claim, actual.result, [b"sorry"], actual.next)

        self.step(dead_letter, loss)

    @precondition(lambda self: self.claims)
    @rule(pick=picks, fresh=st.booleans(), loss=losses)
    def worker_stores_an_intent(self, *, pick: int, fresh: bool, loss: str) -> None:
        claim = self._picked(pick, fresh=fresh)

        def store() -> None:
            expected = self.model.store_pending_writes(claim, self.now, b"intent")
            self.agree(self.run(self.mailbox.store_pending_writes(claim, self.now, b"intent")), expected)

        self.step(store, loss)

    @precondition(lambda self: self.claims)
    @rule(pick=picks, fresh=st.booleans(), loss=losses)
    def worker_says_that_it_takes_longer(self, *, pick: int, fresh: bool, loss: str) -> None:
        claim = self._picked(pick, fresh=fresh)

        def post_progress() -> None:
            expected = self.model.post_progress(claim, self.now, b"wait")
            if (
                self.agree(self.run(self.mailbox.post_progress(claim, self.now, b"wait")), expected)
                is CommitResult.COMMITTED
            ):
                self.answers[claim.member].append(b"wait")

        self.step(post_progress, loss)

    @precondition(lambda self: self.model.dead and not self.full)
    @rule(pick=picks)
    def operator_puts_back(self, pick: int) -> None:
        letters = self.run(self.mailbox.dead_letters())
        self.agree([(letter.member, letter.seq, letter.entry) for letter in letters], self.model.dead)
        number = pick % len(letters)
        expected = self.model.redrive(number, self.now)
        outcome = self.agree(self.run(self.mailbox.redrive(letters[number], self.now)), expected)
        if outcome is CommitResult.COMMITTED and not letters[number].is_pending_writes:
            self.accepted[letters[number].member].append(letters[number].entry)

    # Senders

    @precondition(lambda self: self._has_work(self.model.outboxes))
    @rule(patient=often, took=moments, loss=losses)
    def sender_sends_what_is_due(self, *, patient: bool, took: int, loss: str) -> None:
        known = len(self.postings)
        self.sender_claims(patient=patient, lost=False)
        if len(self.postings) > known:
            self.sender_posts(pick=0, leaves=True, fate="answer", took=took, loss=loss)

    @precondition(lambda self: self._has_work(self.model.outboxes))
    @rule(patient=often, lost=rarely)
    def sender_claims(self, *, patient: bool, lost: bool) -> None:
        self._wait_for(self.model.outboxes if patient else {})
        found = self.agree(self.run(self.mailbox.claim_outbox(self.now)), self.model.claim_outbox(self.now))
        if isinstance(found, OutboxLease) and not lost:
            self._hold(found)

    def _hold(self, posting: OutboxLease) -> None:
        if self.reply_lost:
            return  # the sender learns of this lease by its repeat only
        self.postings.append((posting, self.now + LEASE))
        if posting.uncertain_since_ms is None:
            assert (posting.member, posting.seq) not in self.left_ids, "it has left, and its sender was not warned"

    @precondition(lambda self: self.postings)
    @rule(pick=picks, leaves=often, fate=fates, took=moments, loss=losses)
    def sender_posts(self, *, pick: int, leaves: bool, fate: str, took: int, loss: str) -> None:
        posting, deadline = self.postings.pop(-1 - pick % len(self.postings))
        leaves = leaves and self.now < deadline
        if leaves:
            self._leaves(posting)
        elif fate == "death":
            return
        since = posting.uncertain_since_ms or self.now
        self.now += took
        if leaves and fate == "status":
            self.status_arrives(0)
        if fate == "death":
            self.asleep.append(posting)
        elif fate == "timeout" or (not leaves and posting.uncertain_since_ms):
            self.step(lambda: self._end_attempt(posting, self.now + 30 * SECOND, since), loss)
        elif leaves:
            self.step(lambda: self._end_attempt(posting, None, None), loss)
        else:
            self.step(lambda: self._end_attempt(posting, self.now + 6 * SECOND, None), loss)

    def _leaves(self, posting: OutboxLease) -> None:
        if (posting.member, posting.seq) not in self.left_ids:
            self.left_ids.append((posting.member, posting.seq))
            self.left[posting.member].append(posting.entry)
        left = self.left[posting.member]
        self.agree(left, self.answers[posting.member][: len(left)])

    def _end_attempt(self, posting: OutboxLease, again: int | None, since: int | None) -> None:
        expected = self.model.end_attempt(posting, self.now, again, since)
        if again is None:
            ended = self.run(self.mailbox.ack(posting, self.now))
        else:
            ended = self.run(self.mailbox.reschedule(posting, self.now, due_ms=again, uncertain_since_ms=since))
        actual = self.agree(ended, expected)
        if actual.next is not None:
            self._hold(actual.next)

    @precondition(lambda self: self.asleep)
    @rule(pick=picks)
    def sender_wakes_up_late(self, pick: int) -> None:
        self._end_attempt(self.asleep.pop(pick % len(self.asleep)), None, None)

    @precondition(lambda self: self.left_ids)
    @rule(pick=picks)
    def status_arrives(self, pick: int) -> None:
        member, seq = self.left_ids[-1 - pick % len(self.left_ids)]
        expected = self.model.confirm_delivery(member, seq, self.now)
        self.agree(self.run(self.mailbox.confirm_delivery(f"0:{member}:{seq}", self.now)), expected)

    # When the trouble stops

    def _look_at_the_keys(self) -> None:
        names = [key.decode().removeprefix("{0}:") for key in self.run(self._keys())]
        work = {"inbox": self.model.inboxes, "outbox": self.model.outboxes}
        for name in names:
            kind, _, member = name.rpartition(":")
            lasts = self.run(self.redis.ttl("{0}:" + name)) == -1
            if kind.startswith("lease:"):
                self.agree(lasts, work[kind.removeprefix("lease:")][member].due is not None)
            elif kind in work:
                self.agree(lasts and work[kind][member].entries != [], True)
            elif kind:
                self.agree((kind in {"seen", "session", "intent"}, lasts), (True, False))
            else:
                self.agree(name in {"inbox", "outbox", "dead"} and lasts, True)

    async def _keys(self) -> list[bytes]:
        return [key async for key in self.redis.scan_iter() if isinstance(key, bytes)]

    def teardown(self) -> None:
        try:
            if self.sound:
                self._finish()
        finally:
            self.runner.run(self.redis.aclose())
            self.runner.close()

    def _finish(self) -> None:
        if self.full:
            self.redis_fills_up_or_has_room_again(full=False)
        self._look_at_the_keys()
        while (due := self._work_once()) is not None:
            self.now = max(self.now, due)
        self.agree(dict(self.effects), {m: e for m, e in self.accepted.items() if e or m in self.effects})
        self.agree(dict(self.left), {m: e for m, e in self.answers.items() if e or m in self.left})
        interruptible = {f"{{0}}:{kind}:{member}" for kind in RESTING_KEYS for member in self.members}
        kept = {f"{{0}}:intent:{member}" for member in self.model.intents}
        if self.model.dead:
            kept.add("{0}:dead")
        self.agree({key.decode() for key in self.run(self._keys())} - interruptible, kept)

    def _work_once(self) -> int | None:
        """Handles and sends one thing; says when to come again, or None when all is done."""
        claim = self.agree(self.run(self.mailbox.claim(self.now)), self.model.claim(self.now))
        if isinstance(claim, InboxLease):
            self._commit(claim)
            return self.now
        posting = self.agree(self.run(self.mailbox.claim_outbox(self.now)), self.model.claim_outbox(self.now))
        if isinstance(posting, OutboxLease):
            self._hold(posting)
            self._leaves(posting)
            self._end_attempt(posting, None, None)
            return self.now
        times = [idle.next_due_ms for idle in (claim, posting) if idle.next_due_ms is not None]
        return min(times, default=None)
