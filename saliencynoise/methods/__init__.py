"""Built-in fused attribution methods, a module each."""
