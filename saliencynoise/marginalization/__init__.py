"""Built-in aggregators: how the maps of the members become one."""
