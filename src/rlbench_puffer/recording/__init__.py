"""Pictures for people: videos, saved states drawn again, contact sheets, a viewer."""
