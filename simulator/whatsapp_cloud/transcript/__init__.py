"""Transcripts: what people saw on their phones, recorded and rendered."""
