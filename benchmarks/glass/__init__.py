"""Glass to glass: from the drawing of a picture with a time code to the reading of what returns.

`page` is the measuring page for a real Chromium (`chromium` drives it), `peer` the same with
aiortc alone, `serving` the program's own server with a model that carries the code (`stamped`),
`figures` what becomes of the samples.
"""
