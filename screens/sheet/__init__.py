"""The sheet screen: many texts at once, labelled by a class field."""
