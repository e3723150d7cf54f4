"""Files that appear whole or not at all, on disk or object storage; one driver at a time."""
