"""How dates are written for staff; Django finds the module of each language by its name."""
