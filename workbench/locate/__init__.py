"""Places of values on a page, without a model: layout, header phrases, candidates, alignment. No I/O."""
