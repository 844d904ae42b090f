"""The server of `understudy serve`: a page, its API, WHIP in and WHEP out."""
