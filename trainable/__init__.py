"""The science: no ray, no files, no tables."""

PROJECT = "stagegrid"
"""Other projects have packages of this name too: see orchestrator/start/stagegrid."""
