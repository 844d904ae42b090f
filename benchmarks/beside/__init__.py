"""Another checkout of this program beside this one: the same pictures, drawn by both."""
