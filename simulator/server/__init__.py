"""The simulator as an HTTP server for a bot that runs as a process of its own."""
