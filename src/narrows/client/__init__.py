"""The side of the person who calls a gate: signing in, keeping and renewing what that gives, and using it."""
