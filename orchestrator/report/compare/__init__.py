"""What sets two runs apart: their settings, and their scores."""
