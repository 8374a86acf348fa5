"""What goes over the wire, without any I/O: signed messages, headers, bodies, encrypted fields, refusals.

Client, emulator and everything that receives notifications share these functions. Clock and nonce are arguments.
"""
