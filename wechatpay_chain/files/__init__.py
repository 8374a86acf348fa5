"""Bytes that are too many to be held: uploads, downloads and what is in them."""
