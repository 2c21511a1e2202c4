"""The loops that handle inboxes and outboxes, and their rate limits."""
