"""The screens in a browser: a process of the program for each visitor."""
