"""Checksums and other rules that tell a real number from a look-alike. One file a family of rules."""
