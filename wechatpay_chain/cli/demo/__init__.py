"""What the demo shows: the six spellings of a call, and what goes over the wire."""
