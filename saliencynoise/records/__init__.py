"""The JSON files of a run's folder, a module for each kind: their types, and how they are read."""
