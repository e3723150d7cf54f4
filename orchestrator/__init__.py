"""The logistics: data, Ray, results, reports."""
