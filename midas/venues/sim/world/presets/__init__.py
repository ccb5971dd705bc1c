"""The shipped worlds, as files that a world of your own may begin from."""
