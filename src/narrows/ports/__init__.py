"""Protocols only: what the engine needs of the world. Adapters implement them; `wiring` joins the two."""
