"""What `doctor` checks, a subject a file: the texts of settings, keys, the network, and a call that changes nothing."""
