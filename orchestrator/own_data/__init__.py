"""A data set of the user's own: a first configuration for it, and a look at all of it."""
