"""A run as it fills: terminal, live page, gauges, curves elsewhere."""
