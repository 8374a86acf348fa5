"""The notifications that the platform sends: what they say, when they are sent again, and where they go."""
