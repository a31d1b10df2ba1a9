"""How a call of the contract is declared, read, answered and refused: the same way in every room."""
