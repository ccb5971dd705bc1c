"""The fold of all events: what midas knows, and the frozen picture of it that doors see."""
