"""The simulator as an HTTP server for a bot that runs elsewhere."""
