"""What a run leaves: the one owner of every file's name and schema."""
