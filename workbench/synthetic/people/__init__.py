"""Who the customers are: a block of them, what their file says, their traits and permissions."""
