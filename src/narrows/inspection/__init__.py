"""Building blocks of inspection: other views of a text, texts joined, shipped rules, echoes, floods, new content."""
