"""Everything that stands where Meta, Credex core and people stand in production."""
