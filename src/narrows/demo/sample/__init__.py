"""The built-in sample model's answers: what it says, and the wire shapes it says it in. Pure; no I/O, no clock."""
