"""The way to the model servers: pooled connections, the credential put on, every reply checked before it counts."""
