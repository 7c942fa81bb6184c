"""Anthropic's wire API and the servers compatible with it."""
