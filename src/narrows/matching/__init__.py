"""Many patterns in one pass over a text: what masking, rules and inspection gate their work with."""
