"""What keys and commands do, one file a theme; each joins the application as a base class."""
