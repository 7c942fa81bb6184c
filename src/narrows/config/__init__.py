"""The typed, frozen schema of narrows.yaml, loaded and validated once."""
