"""What a record is made of: canonical bytes, commitments, sealing. Pure: no files, no clock, no threads."""
