"""The tools to show numbers, tables, figures and pages; no feature of the product is in this room."""
