"""A data set's folder as clips with labels and folds."""
