"""The door for reps and their programs. The console is a client of it and of nothing else."""
