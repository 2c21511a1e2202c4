"""The work of each command. Imported only when the command runs."""
