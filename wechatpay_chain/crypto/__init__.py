"""The cryptography of the protocol: pure functions over `cryptography`, no clock, no network."""
