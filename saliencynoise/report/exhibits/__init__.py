"""The figures of a report with their titles, captions, alternative texts and data."""
