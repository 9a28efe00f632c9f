"""Builders of models, a module a family."""
