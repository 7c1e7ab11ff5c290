"""A simulated day of several shops, drawn from a seed, under faults, with an auditor who keeps books of his own.

``python -m tests.simulation --help``; the page is ``docs/simulation.md``.
"""
