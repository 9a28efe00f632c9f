"""Changes of the fields of a workspace that concern what its documents hold."""
