"""Policies, compiled and decided: who may do what, and which limits and rules apply. Pure: no I/O, no clock."""
