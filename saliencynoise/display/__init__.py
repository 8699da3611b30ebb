"""How things are shown: numbers, tables, figures and pages, with no feature in it."""
