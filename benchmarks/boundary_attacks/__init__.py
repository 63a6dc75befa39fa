"""What an agent that was taken over tries at the boundary of actions, and how it is judged."""
