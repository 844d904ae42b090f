"""Sources, sinks, the frame loop, the web page and the command line."""
