"""One cell on the terminal."""
