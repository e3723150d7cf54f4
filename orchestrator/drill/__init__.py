"""Faults injected into real runs of the user's own: what recovers, how fast, and whether equal."""
