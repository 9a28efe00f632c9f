"""Documents in and out: files read, cleaned, grouped and stored; labels and values written for other tools."""
