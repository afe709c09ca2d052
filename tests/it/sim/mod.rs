//! Simulation: random days in a world whose disk survives and whose courier stutters.
