"""The edge: our own HTTP/1.1 server protocol. It decides what is a well-formed request and nothing else."""
