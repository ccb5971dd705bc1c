"""Line-API widgets: a strip per row, whole rows marked dirty."""
