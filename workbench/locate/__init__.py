"""Where a value stands on a page, found without a model: layout, header words, candidates, alignment. No I/O."""
