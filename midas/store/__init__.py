"""What lasts: the journal, the tape, session directories, the kill latch, and the proof that it is whole."""
