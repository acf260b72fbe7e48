"""The published documents of the contract, made from the models and the catalogue. Nothing here runs in a worker."""
