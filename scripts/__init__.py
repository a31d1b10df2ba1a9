"""Set up, run and check the project on one machine. Nothing here is part of the product."""
