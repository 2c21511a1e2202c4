"""HTTP in: WhatsApp's webhook, Credex core's events, health, and the guard in front of them."""
