"""Would untrained networks show the same?"""
