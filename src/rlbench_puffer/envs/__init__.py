"""Environments: an engine, an episode limit, spaces, and PufferLib's forms."""
