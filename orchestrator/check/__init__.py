"""A data set looked at as a whole, before anything is computed from it."""
