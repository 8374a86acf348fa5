"""The notifications that the platform sends: their content, when they are repeated, and where they are sent."""
