"""Which method, architecture or run is less noisy?"""
