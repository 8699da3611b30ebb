"""What a report shows: figures with their titles, captions, texts for those who do not see them, and data."""
