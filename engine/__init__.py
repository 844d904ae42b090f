"""One driving frame in, one picture out: faces, models, backends, compositing."""
