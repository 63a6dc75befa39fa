"""The door to language models: endpoints, their errors and prices, and the boundary at which calls are recorded."""
