"""The checks of `doctor`: texts of settings, keys, network, clock, and a call that changes nothing."""
