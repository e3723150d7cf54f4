"""The report's tables and their forms: Markdown, CSV, LaTeX, terminal."""
