"""The other half of the protocol: what the platform checks, and how it answers."""
