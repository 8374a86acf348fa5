"""Files, which may be too big for memory: uploads, downloads, and the content of bills."""
