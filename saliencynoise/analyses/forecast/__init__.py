"""How many more members does a study need?"""
