"""Files of people: what may be read and written, by whatever name they give it."""
