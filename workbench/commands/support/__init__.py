"""What several commands use: output, progress, streams, completion of arguments, and the way to the screens."""
