"""The conversation language: YAML files become typed steps."""
