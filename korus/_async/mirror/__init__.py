"""The catalogue mirror: sweeps, and the mirror that a program holds."""
