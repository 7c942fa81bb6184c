"""Shipped rules on prompts and replies, as data: one module a pack, `shipped` lists them."""
