"""Built-in aggregators: from members' maps or outputs to one."""
