"""Built-in samplers, the sources of members."""
