"""What operators are given: how workers are run and watched, the image, the Compose file, the units and the manifests."""
