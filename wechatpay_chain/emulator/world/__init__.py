"""The emulated world: merchants, records of every product, a clock, and what is still to be announced."""
