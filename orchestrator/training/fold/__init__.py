"""What runs in the worker of one fold."""
