"""The logistics: data, Ray, results, reports."""

PROJECT = "stagegrid"
"""Other projects have packages of this name too: see start/stagegrid."""
