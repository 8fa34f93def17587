"""Photo to anime, and films."""
