"""The paper's claims and numbers, and what a run says about them."""
