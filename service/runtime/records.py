"""The records that the loops store in the mailbox, each with its own version and migrations."""

from typing import Final

from service.conversation import Session
from service.domain import InboundMessage
from service.mailbox.versioning import RecordType
from service.messages import Outgoing
from service.writes.pending_write import PendingWrites

INBOX_ENTRY: Final = RecordType(InboundMessage, version=1)
OUTBOX_ENTRY: Final = RecordType(Outgoing, version=1)
PENDING_WRITES: Final = RecordType(PendingWrites, version=1)
SESSION: Final = RecordType(Session, version=1)
