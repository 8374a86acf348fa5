"""Keys of merchants, brands and the platform, and how platform certificates are renewed."""
