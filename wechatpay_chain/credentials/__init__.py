"""Who we are and whom we believe: the keys, and how they are renewed."""
