"""The detector table: rows of `Detector`, one file a domain, each with a `DETECTORS` tuple."""
