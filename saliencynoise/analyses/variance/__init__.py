"""Which randomness makes the noise?"""
