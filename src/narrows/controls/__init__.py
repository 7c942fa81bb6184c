"""One governance feature a file. A control knows the call and its plan, never another control."""
