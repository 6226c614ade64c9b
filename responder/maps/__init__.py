"""Where in the world: place names and pictures of maps, from files shipped with the package."""
