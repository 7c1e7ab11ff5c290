"""The simulated Brightpearl: what its public API takes and answers."""
