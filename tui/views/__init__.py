"""The numbered screens, one file each: which panes they have and where these stand."""
