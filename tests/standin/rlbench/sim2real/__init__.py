"""Domain randomisation."""
