"""Runs that train on another machine: over OpenSSH, followed from here as if they were here."""
