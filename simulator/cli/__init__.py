"""The command line of the simulator: one file per command, and its work in `runners`."""
