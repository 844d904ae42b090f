"""A camera of this machine in; a virtual camera, a window, a file out."""
