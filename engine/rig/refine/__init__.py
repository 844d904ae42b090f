"""A network corrects the rig's picture around lips that speak and lids that close."""
