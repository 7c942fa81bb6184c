"""Narrows: an identity-aware layer-7 gateway for AI inference."""

__version__ = "0.1.0"
