"""Pure policies: whether to repeat a call, when, on which host, by which clock. Waiting is done elsewhere."""
