"""Built-in samplers: where members come from."""
