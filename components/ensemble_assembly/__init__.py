"""Stage: trains the winner's initialisations, selects an ensemble of them, and delivers it."""
