"""Ray Tune and Ray Train: trials, fold workers, what they show while they go on. Imports ray."""
