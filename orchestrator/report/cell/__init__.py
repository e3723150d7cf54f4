"""One cell of the grid in a terminal: its curves, scores, classes and suspects."""
