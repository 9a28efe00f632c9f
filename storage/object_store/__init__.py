"""Originals and pictures kept by URL: in an object store, or in a folder that other machines see."""
