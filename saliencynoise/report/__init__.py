"""The report of one study: tables for the terminal, figures and HTML pages."""
