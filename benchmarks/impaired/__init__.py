"""Media over networks that lose, delay and reorder: a model of a link, and what is sent over it.

`twin` joins two peers in one process, on a virtual clock: the same seed gives the same figures on
any machine. `tunnels` joins two network namespaces in real time.
"""
