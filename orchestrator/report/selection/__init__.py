"""What the selection mechanisms did to the unverified clips."""
