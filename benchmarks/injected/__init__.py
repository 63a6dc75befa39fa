"""What `benchmarks/injections.py` is made of: cases, a house without web, scripted models, a judge outside it."""
