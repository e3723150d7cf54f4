"""A first configuration for a folder of recordings and tables."""
