"""Is there something cheaper than retraining?"""
