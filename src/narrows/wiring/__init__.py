"""The composition root: builds every object once, and joins ports with their adapters."""
