"""The built-in architectures: families of which one property at a time can be changed."""
