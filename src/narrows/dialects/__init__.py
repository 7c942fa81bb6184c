"""The wire APIs, sans-IO: bytes become texts, deltas and usage; refusals become each API's own error shape.

May import ports, config and model. Knows nothing of connections in use, identities, policies, clocks or sockets.
"""
