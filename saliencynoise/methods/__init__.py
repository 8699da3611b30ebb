"""Built-in attribution methods, one module per method."""
