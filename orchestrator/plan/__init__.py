"""From the grid's cells to legs, what they get of a cluster, and how long they take."""
