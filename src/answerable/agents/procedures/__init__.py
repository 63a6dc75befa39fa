"""Following procedures: which one is wanted, what the customer's answers mean, and what comes next."""
