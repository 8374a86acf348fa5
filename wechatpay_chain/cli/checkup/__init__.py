"""What `doctor` checks, a subject a file: texts of settings, keys, network, clock, and a call that changes nothing."""
