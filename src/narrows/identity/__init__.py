"""Who asks: OIDC access tokens, introspected tokens and service-account keys become verified identities."""
