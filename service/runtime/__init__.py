"""The loops that handle inboxes and outboxes, and the rate limits they keep to."""
