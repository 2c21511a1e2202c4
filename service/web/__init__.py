"""HTTP in: WhatsApp's webhook, Credex core's events, health, the error envelope and the request guard."""
