"""Finds and masks sensitive data in texts. Pure: no I/O, no clock; it knows no wire format and no policy file."""
