"""The database backend and the router that says which table lives in which schema."""
