"""One simulated world: virtual clock, network, Redis, bot processes and faults."""
