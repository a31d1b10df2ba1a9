"""A browser at the product; a package, so that its browser ends with it and leaves no event loop to other tests."""
