"""Inner parts that users reach into."""
