"""The emulated world: merchants, records of every product, a clock, and announcements."""
