"""The chain of controls and the life of a call. Speaks to the world through ports only."""
