"""The parts of the snapshot, as they stand on the screens."""
