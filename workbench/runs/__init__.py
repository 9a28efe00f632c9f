"""A run as the terminal sees it: its folder, its configuration, its process. No torch."""
