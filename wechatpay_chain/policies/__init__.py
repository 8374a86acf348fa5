"""Policies: again, when, to which host, by whose time. Pure: they decide, and the steps wait."""
