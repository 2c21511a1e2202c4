"""What the release before this one reads: its record definitions and its reader, frozen. Do not edit."""
