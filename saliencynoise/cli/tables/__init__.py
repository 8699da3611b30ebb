"""Tables of commands that show no run."""
