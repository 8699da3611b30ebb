"""Plan and run the grid of data set x architecture x method: train, attribute, reduce, collect."""
