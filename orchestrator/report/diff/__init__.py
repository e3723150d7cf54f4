"""Two runs side by side on the terminal."""
