"""Trained cells at work: tag recordings, write submissions, hand models on. `many` imports ray."""
