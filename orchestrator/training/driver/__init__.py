"""What runs in the driver: Ray is joined, trials are made of legs, and told of."""
