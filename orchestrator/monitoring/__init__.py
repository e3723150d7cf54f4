"""How far a run is, and what is planned, for people: terminal, live page, other tools."""
