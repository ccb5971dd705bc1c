"""The compiled path: a strategy over arrays, with the fills of the event path or with a reason why not."""
