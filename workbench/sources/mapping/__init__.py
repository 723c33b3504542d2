"""How records become rows of the customer tables: the mapping file and what its parts mean."""
