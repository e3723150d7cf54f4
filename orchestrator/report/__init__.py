"""From the predictions of a run to tables, figures, diagnostics and the page."""
