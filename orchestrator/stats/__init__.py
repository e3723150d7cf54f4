"""Scores, intervals, claims and masks: arrays in, intervals out."""
