"""The bot as real processes: soak test and benchmark."""
