"""What can be typed, by who types it."""
