"""A model answers other programs over HTTP: `workbench serve`."""
