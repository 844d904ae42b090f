"""A user's own set-up: from a real camera to a real screen.

`filmed_code` is a time code that survives being filmed, `film` reads one film of both screens,
`serving` has the page that opens the camera, and `marks` carries the code through the program's own
step.
"""
