"""All conversations, played in variant worlds whose difference members must not notice."""
