"""Recipes, and the loop that trains a member by them."""
