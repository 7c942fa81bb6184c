"""Adapters that keep state on disk or in a database: each implements one or more of `narrows.ports`."""
