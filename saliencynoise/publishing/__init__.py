"""What of a study goes into a paper: its table, a statement of methods and results, and citations."""
