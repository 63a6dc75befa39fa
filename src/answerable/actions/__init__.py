"""What agents can do in the world, and the boundary at which it is decided whether they may."""
