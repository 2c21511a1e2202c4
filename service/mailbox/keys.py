"""Key names of one shard. Its tag in braces puts all of them into one slot of a cluster."""


class Keys:
    """Key names of one shard."""

    __slots__ = ("dead_letters", "inbox", "outbox", "tag")

    def __init__(self, shard: str) -> None:
        self.tag = f"{{{shard}}}".encode()
        self.inbox = self.tag + b":inbox"
        self.outbox = self.tag + b":outbox"
        self.dead_letters = self.tag + b":dead"

    def inbox_of(self, member: bytes) -> list[bytes]:
        """Keys of an inbox: due times of all members, the member's entries, the member's lease."""
        return [self.inbox, self.inbox + b":" + member, self.tag + b":lease:inbox:" + member]

    def outbox_of(self, member: bytes) -> list[bytes]:
        """Keys of an outbox: due times of all members, the member's entries, the member's lease."""
        return [self.outbox, self.outbox + b":" + member, self.tag + b":lease:outbox:" + member]

    def session_of(self, member: bytes) -> bytes:
        return self.tag + b":session:" + member

    def pending_writes_of(self, member: bytes) -> bytes:
        return self.tag + b":intent:" + member

    def message_dedup_of(self, member: bytes) -> bytes:
        """Digests of the member's last messages and when they were written, for deduplication."""
        return self.tag + b":seen:" + member

    def event_dedup_of(self, member: bytes) -> bytes:
        """Digests of the keys of events posted to the member and when, for deduplication."""
        return self.tag + b":posted:" + member
