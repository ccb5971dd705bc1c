"""Back-tests: loaded market events through the very engine that trades live, on a venue in this process."""
