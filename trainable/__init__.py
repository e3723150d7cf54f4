"""The science: no ray, no files, no tables."""
