"""Named, ordered schema changes, applied when a workspace is opened."""

HEAD = "0007"
"""The newest revision; a test holds it equal to the newest file in versions/."""
