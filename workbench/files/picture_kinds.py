"""The kinds of pictures that are opened. For some others Pillow runs programs: Ghostscript for EPS, whatever its name.

The names are those of Pillow.
"""

STORED = ("JPEG", "PNG", "WEBP")
"""Of the pages' pictures that a workspace keeps."""
READ = (*STORED, "TIFF", "BMP", "DIB", "GIF", "AVIF", "JPEG2000")
"""Of the pictures that are imported; HEIC comes with a package of its own."""
HEIC = "HEIF"
