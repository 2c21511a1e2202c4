"""The bot: a Litestar application that members talk to on WhatsApp."""
