"""The management API: one file a resource."""
