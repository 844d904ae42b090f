"""One driving frame in, one picture out: faces, models, runtimes, compositing."""
