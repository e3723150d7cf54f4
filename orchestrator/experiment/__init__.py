"""The settings of a grid, and how they are read."""
