"""What a run is asked to do: settings, presets, model families, configuration files, the request."""
