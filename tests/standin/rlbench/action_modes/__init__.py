"""Action modes."""
