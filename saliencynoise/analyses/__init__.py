"""What is measured across several benches, or on a finished one; a folder for each."""
