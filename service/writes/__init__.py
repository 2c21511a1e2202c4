"""A write to Credex core, from the baseline to the report of what became of it."""
