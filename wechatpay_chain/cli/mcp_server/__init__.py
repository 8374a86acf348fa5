"""Answers coding agents over the Model Context Protocol: the catalogue, what would be signed, a running emulator.

It takes no key and reaches nothing but an emulator on this machine, with keys that the emulator itself gives out.
"""
