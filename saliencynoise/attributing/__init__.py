"""Networks in memory: people's own trained modules and a batch of images, attributed and measured as a bench does."""
