"""What is in force: the workspace's files as assets, and the releases that pin them."""
