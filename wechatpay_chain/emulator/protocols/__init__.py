"""The protocols that merchants speak: each checks a call in its own way, and answers it from the same world."""
