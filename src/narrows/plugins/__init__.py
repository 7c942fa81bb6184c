"""Runs plug-ins, each in processes of its own, and the adapters that come with Narrows."""
