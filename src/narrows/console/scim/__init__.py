"""SCIM 2.0 (RFC 7643, RFC 7644): providers keep people and groups up to date here."""
