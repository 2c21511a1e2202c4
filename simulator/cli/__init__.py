"""The commands of the simulator's command line, one file each."""
