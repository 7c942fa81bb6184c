"""Frozen values that every layer speaks in. Knows nothing of any other layer, does no I/O, reads no clock."""
