# waiting
