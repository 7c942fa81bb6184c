"""The control plane: a process of its own, beside the gate, in which people decide and look."""
