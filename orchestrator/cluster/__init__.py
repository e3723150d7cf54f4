"""The Ray cluster: joining or starting one, cluster files, runs submitted to one. Imports ray."""
